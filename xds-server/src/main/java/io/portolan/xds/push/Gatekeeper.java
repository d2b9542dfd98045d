package io.portolan.xds.push;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Status;
import io.grpc.StatusException;
import io.portolan.ca.authn.AuthResult;
import io.portolan.ca.authn.JoinTokens;
import io.portolan.ca.authn.PeerIdentity;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.store.CaDirectory;
import io.portolan.xds.grpc.PeerCredential;
import io.portolan.xds.grpc.ProxyGate;
import io.portolan.xds.node.NodeParser;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.stream.SecretVersions;
import io.portolan.xds.stream.StreamAction;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
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
  private final JoinTokens tokens;
  private final CaDirectory ca;
  private final String trustDomain;
  private final Duration lifetime;
  private final InstantSource clock;

  /**
   * @param lifetime of the certificates proxies get
   */
  public Gatekeeper(
      PushPlanner planner,
      PushMetrics metrics,
      JoinTokens tokens,
      CaDirectory ca,
      String trustDomain,
      Duration lifetime,
      InstantSource clock) {
    this.planner = planner;
    this.metrics = metrics;
    this.tokens = tokens;
    this.ca = ca;
    this.trustDomain = trustDomain;
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
    SpiffeId identity = authenticate(node, connection.identity());
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
    LOG.info(
        "proxy connected proxy={} cluster={} identity={} protocol={} peer={}",
        node.id(),
        node.cluster(),
        identity,
        connection.delta() ? "delta" : "sotw",
        connection.peer());
    return new Session(proxy);
  }

  private @Nullable SpiffeId authenticate(ProxyNode node, PeerCredential credential)
      throws StatusException {
    return switch (credential) {
      case PeerCredential.Plaintext p -> null;
      case PeerCredential.Nothing n ->
          throw Status.UNAUTHENTICATED
              .withDescription(
                  "no credential (expected a join token as 'authorization: Bearer …', made with"
                      + " 'portolan token', or a client certificate of the mesh)")
              .asException();
      case PeerCredential.Token t -> byToken(node, t.token());
      case PeerCredential.Certificate c -> byCertificate(node, c);
    };
  }

  private SpiffeId byToken(ProxyNode node, String token) throws StatusException {
    return switch (tokens.verify(token)) {
      case AuthResult.Refused refused ->
          throw Status.UNAUTHENTICATED.withDescription(refused.detail()).asException();
      case AuthResult.Verified verified -> {
        var who = verified.identity();
        require("cluster", who.cluster(), node.cluster());
        require("namespace", who.namespace(), node.namespace());
        requireAccount(who.serviceAccount(), node);
        yield who.spiffeId(trustDomain);
      }
    };
  }

  private SpiffeId byCertificate(ProxyNode node, PeerCredential.Certificate credential)
      throws StatusException {
    X509Certificate leaf = credential.chain().getFirst();
    try {
      SpiffeId id = PeerIdentity.of(leaf);
      require("trust domain", id.trustDomain(), trustDomain);
      require("namespace", id.namespace(), node.namespace());
      requireAccount(id.serviceAccount(), node);
      X509Certificate authority = ca.forCluster(node.cluster()).certificate();
      leaf.verify(authority.getPublicKey());
      return id;
    } catch (GeneralSecurityException | IOException e) {
      throw Status.PERMISSION_DENIED
          .withDescription(
              "client certificate is not of cluster " + node.cluster() + ": " + e.getMessage())
          .asException();
    }
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
