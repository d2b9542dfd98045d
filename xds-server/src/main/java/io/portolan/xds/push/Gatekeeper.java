package io.portolan.xds.push;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Status;
import io.grpc.StatusException;
import io.portolan.ca.authn.AuthResult;
import io.portolan.ca.authn.Authenticator;
import io.portolan.ca.authn.JoinIdentity;
import io.portolan.ca.authn.PeerCredential;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.store.CaDirectory;
import io.portolan.xds.grpc.ProxyGate;
import io.portolan.xds.node.NodeParser;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.stream.SecretVersions;
import io.portolan.xds.stream.StreamAction;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a proxy in when its claims agree with its authenticated identity: cluster, namespace,
 * service account and trust domain.
 */
public final class Gatekeeper implements ProxyGate {
  private static final Logger LOG = LoggerFactory.getLogger(Gatekeeper.class);

  private final PushPlanner planner;
  private final PushMetrics metrics;
  private final Authenticator authenticator;
  private final CaDirectory ca;
  private final Duration lifetime;
  private final InstantSource clock;

  /**
   * @param lifetime of the certificates proxies get
   */
  public Gatekeeper(
      PushPlanner planner,
      PushMetrics metrics,
      Authenticator authenticator,
      CaDirectory ca,
      Duration lifetime,
      InstantSource clock) {
    this.planner = planner;
    this.metrics = metrics;
    this.authenticator = authenticator;
    this.ca = ca;
    this.lifetime = lifetime;
    this.clock = clock;
  }

  @Override
  public Proxy connect(Node message, Connection connection) throws StatusException {
    try {
      return admit(message, connection);
    } catch (StatusException e) {
      metrics.refused(e.getStatus().getCode());
      LOG.warn(
          "proxy refused peer={} node={} status={} reason=\"{}\"",
          connection.peer(),
          shorten(message.getId()),
          e.getStatus().getCode(),
          e.getStatus().getDescription());
      throw e;
    }
  }

  private Proxy admit(Node message, Connection connection) throws StatusException {
    ProxyNode node =
        switch (NodeParser.parse(message)) {
          case NodeParser.Parsed.Ok ok -> ok.node();
          case NodeParser.Parsed.Bad bad ->
              throw Status.INVALID_ARGUMENT
                  .withDescription(String.join("; ", bad.problems()))
                  .asException();
        };
    SpiffeId identity = authenticate(node, connection.credential());
    ProxySecrets secrets = null;
    if (identity != null) {
      secrets = new ProxySecrets(identity, node.cluster(), ca, lifetime, clock);
      try {
        secrets.issue();
      } catch (IOException e) {
        LOG.error("no certificate for proxy={}", node.id(), e);
        throw Status.UNAVAILABLE
            .withDescription("no certificate can be issued: " + e.getMessage())
            .asException();
      }
    }
    ConnectedProxy proxy = new ConnectedProxy(node, connection, identity, secrets, clock.instant());
    return new Session(proxy);
  }

  /** The identity behind the credential, null on the plaintext port. */
  private @Nullable SpiffeId authenticate(ProxyNode node, PeerCredential credential)
      throws StatusException {
    if (credential instanceof PeerCredential.Plaintext) {
      return null;
    }
    return switch (authenticator.authenticate(credential, node.cluster())) {
      case AuthResult.Unavailable unavailable ->
          throw Status.UNAVAILABLE.withDescription(unavailable.detail()).asException();
      case AuthResult.Refused refused ->
          throw Status.fromCode(
                  refused.reason() == AuthResult.Reason.CERTIFICATE
                      ? Status.Code.PERMISSION_DENIED
                      : Status.Code.UNAUTHENTICATED)
              .withDescription(refused.detail())
              .asException();
      case AuthResult.Verified verified -> {
        JoinIdentity who = verified.identity();
        require("cluster", who.cluster(), node.cluster());
        require("namespace", who.namespace(), node.namespace());
        requireAccount(who.serviceAccount(), node);
        yield who.spiffeId(ca.trustBundle().trustDomain());
      }
    };
  }

  private static void requireAccount(String own, ProxyNode node) throws StatusException {
    if (!node.serviceAccount().isEmpty()) {
      require("service account", own, node.serviceAccount());
    }
  }

  private static void require(String what, String own, String claimed) throws StatusException {
    if (!own.equals(claimed)) {
      throw Status.PERMISSION_DENIED
          .withDescription(
              "the node claims "
                  + what
                  + " '"
                  + shorten(claimed)
                  + "', its credential is for '"
                  + own
                  + "'")
          .asException();
    }
  }

  private static String shorten(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }

  private final class Session implements Proxy {
    private final ConnectedProxy proxy;

    Session(ConnectedProxy proxy) {
      this.proxy = proxy;
    }

    @Override
    public SecretVersions secretVersions() {
      ProxySecrets secrets = proxy.secrets;
      return secrets != null
          ? secrets
          : (name, clientVersion, currentVersion) -> clientVersion.equals(currentVersion);
    }

    @Override
    public void opened() {
      metrics.connected();
      LOG.info(
          "proxy connected proxy={} cluster={} identity={} protocol={} peer={}",
          proxy.node().id(),
          proxy.node().cluster(),
          proxy.identity(),
          proxy.connection().delta() ? "delta" : "sotw",
          proxy.connection().peer());
      planner.add(proxy);
    }

    @Override
    public void on(StreamAction action, int bytes) {
      switch (action) {
        case StreamAction.Send send -> {
          proxy.bytesSent.addAndGet(bytes);
          proxy.resourcesSent.addAndGet(send.resources().size());
          proxy.responses.incrementAndGet();
          metrics.sent(send.type(), bytes);
        }
        case StreamAction.Acked acked -> metrics.acked(acked.type());
        case StreamAction.Nacked nacked -> {
          metrics.nacked(nacked.type());
          LOG.warn(
              "proxy refused config proxy={} type={} reason=\"{}\"",
              proxy.node().id(),
              nacked.type().shortName(),
              nacked.reason());
        }
        case StreamAction.Ignored ignored -> {
          metrics.ignored();
          LOG.debug("request ignored proxy={} reason={}", proxy.node().id(), ignored.reason());
        }
      }
    }

    @Override
    public void closed() {
      metrics.disconnected();
      planner.remove(proxy);
      LOG.info("proxy disconnected proxy={}", proxy.node().id());
    }
  }
}
