package io.portolan.registry.source.kubernetes.doctor;

import io.fabric8.kubernetes.api.model.LoadBalancerIngress;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.portolan.registry.source.kubernetes.membership.ClientFailures;
import io.portolan.registry.source.kubernetes.membership.Credentials;
import io.portolan.registry.source.kubernetes.membership.Kubeconfig;
import io.portolan.registry.source.kubernetes.membership.KubernetesClients;
import io.portolan.registry.source.kubernetes.membership.PemKeys;
import io.portolan.registry.source.kubernetes.membership.ReaderRole;
import io.portolan.registry.source.kubernetes.membership.ReaderRole.Permission;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Asks a cluster everything that the doctor wants to know. Blocks; one visit, one thread. */
public final class ClusterVisit {
  private static final String NETWORK = "topology.istio.io/network";
  private static final String GATEWAY_PORT = "networking.istio.io/gatewayPort";
  private static final int TLS_PORT = 15443;
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final KubernetesClients clients;
  private final Reach reach;
  private final InstantSource clock;

  /** Knocks at a gateway. Never throws. */
  @FunctionalInterface
  public interface Reach {
    /** Connects and waits for a reaction. */
    Answers.Reached reach(String address, int port, Duration patience);
  }

  /** A visitor. */
  public ClusterVisit(KubernetesClients clients, Reach reach, InstantSource clock) {
    this.clients = clients;
    this.reach = reach;
    this.clock = clock;
  }

  /** Gathered on the way. */
  private static final class Notes {
    private String failure = "";
    private String version = "";
    private Instant askedAt = Instant.EPOCH;
    private @Nullable Instant serverTime;
    private final Map<Permission, Boolean> allowed = new LinkedHashMap<>();
    private @Nullable Boolean secrets;
    private String permissionFailure = "";
    private String network = "";
    private boolean rootMissing;
    private final List<Answers.Gateway> gateways = new ArrayList<>();
    private String meshFailure = "";
  }

  /**
   * Visits a cluster.
   *
   * @param rootNamespace where the network label is
   * @param istioKinds ask for the rights to read Istio's kinds too
   */
  public Answers visit(Kubeconfig kubeconfig, String rootNamespace, boolean istioKinds) {
    Notes notes = new Notes();
    Dates dates = new Dates();
    notes.askedAt = clock.instant();
    try (KubernetesClient client = clients.open(kubeconfig, dates)) {
      version(client, notes);
      notes.serverTime = dates.last;
      if (notes.failure.isEmpty()) {
        permissions(client, istioKinds, notes);
        mesh(client, rootNamespace, notes);
      }
    } catch (IOException e) {
      notes.failure = String.valueOf(e.getMessage());
    }
    String host = kubeconfig.server().getHost();
    String name = kubeconfig.tlsServerName().isEmpty() ? host : kubeconfig.tlsServerName();
    return new Answers(
        kubeconfig.server().toString(),
        name.startsWith("[") ? name.substring(1, name.length() - 1) : name,
        notes.failure,
        ShownCertificates.of(kubeconfig.server(), name, PATIENCE),
        authorities(kubeconfig),
        kubeconfig.auth().kind(),
        Credentials.expiry(kubeconfig.auth()),
        notes.version,
        notes.serverTime,
        notes.askedAt,
        notes.allowed,
        notes.secrets,
        rootNamespace,
        notes.network,
        notes.rootMissing,
        notes.gateways,
        notes.permissionFailure,
        notes.meshFailure);
  }

  private static List<X509Certificate> authorities(Kubeconfig kubeconfig) {
    try {
      return kubeconfig.caPem().isEmpty() ? List.of() : PemKeys.certificates(kubeconfig.caPem());
    } catch (CertificateException e) {
      return List.of();
    }
  }

  private void version(KubernetesClient client, Notes notes) {
    try {
      notes.version = client.getKubernetesVersion().getGitVersion();
      notes.askedAt = clock.instant();
      // The version is public; whether the credential is good shows only elsewhere.
      review(client, new Permission("list", "", "services"));
    } catch (KubernetesClientException | UncheckedIOException e) {
      notes.failure = ClientFailures.reason(e);
    }
  }

  private static boolean review(KubernetesClient client, Permission permission) {
    SelfSubjectAccessReview question =
        new SelfSubjectAccessReviewBuilder()
            .withNewSpec()
            .withNewResourceAttributes()
            .withVerb(permission.verb())
            .withGroup(permission.group())
            .withResource(permission.resource())
            .endResourceAttributes()
            .endSpec()
            .build();
    var status = client.resource(question).create().getStatus();
    return status != null && Boolean.TRUE.equals(status.getAllowed());
  }

  private static void permissions(KubernetesClient client, boolean istioKinds, Notes notes) {
    try {
      for (Permission permission : ReaderRole.permissions(istioKinds)) {
        notes.allowed.put(permission, review(client, permission));
      }
      notes.secrets =
          review(client, new Permission("list", "", "secrets"))
              || review(client, new Permission("get", "", "secrets"));
    } catch (KubernetesClientException e) {
      notes.permissionFailure = ClientFailures.reason(e);
    }
  }

  private void mesh(KubernetesClient client, String rootNamespace, Notes notes) {
    try {
      // With the rights of a reader: list, not get.
      Namespace root =
          client.namespaces().withField("metadata.name", rootNamespace).list().getItems().stream()
              .findFirst()
              .orElse(null);
      notes.rootMissing = root == null;
      notes.network = root == null ? "" : label(root.getMetadata().getLabels());
      for (Service service :
          client.services().inAnyNamespace().withLabel(NETWORK).list().getItems()) {
        notes.gateways.add(gateway(service));
      }
    } catch (KubernetesClientException e) {
      notes.meshFailure = ClientFailures.reason(e);
    }
  }

  private static String label(@Nullable Map<String, String> labels) {
    return labels == null ? "" : labels.getOrDefault(NETWORK, "");
  }

  private Answers.Gateway gateway(Service service) {
    Map<String, Answers.Reached> addresses = new TreeMap<>();
    int port = port(service);
    for (String address : addresses(service)) {
      String host = address.indexOf(':') >= 0 ? "[" + address + "]" : address;
      addresses.put(host + ":" + port, reach.reach(address, port, PATIENCE));
    }
    return new Answers.Gateway(
        service.getMetadata().getNamespace() + "/" + service.getMetadata().getName(),
        label(service.getMetadata().getLabels()),
        addresses);
  }

  /** The port for mesh traffic: by label, by its well-known number, or by name. */
  private static int port(Service service) {
    Map<String, String> labels = service.getMetadata().getLabels();
    String named = labels == null ? "" : labels.getOrDefault(GATEWAY_PORT, "");
    for (ServicePort port : service.getSpec().getPorts()) {
      if (String.valueOf(port.getPort()).equals(named)) {
        return port.getPort();
      }
    }
    return TLS_PORT;
  }

  private static List<String> addresses(Service service) {
    List<String> addresses = new ArrayList<>(service.getSpec().getExternalIPs());
    if (service.getStatus() != null && service.getStatus().getLoadBalancer() != null) {
      for (LoadBalancerIngress ingress : service.getStatus().getLoadBalancer().getIngress()) {
        if (ingress.getIp() != null) {
          addresses.add(ingress.getIp());
        } else if (ingress.getHostname() != null) {
          addresses.add(ingress.getHostname());
        }
      }
    }
    return addresses.stream().distinct().toList();
  }

  /** Keeps the Date header of the last answer (RFC 9110 6.6.1). */
  private static final class Dates implements Interceptor {
    private volatile @Nullable Instant last;

    @Override
    public void after(
        HttpRequest request,
        HttpResponse<?> response,
        AsyncBody.Consumer<List<ByteBuffer>> consumer) {
      String date = response.header("Date");
      if (date != null) {
        try {
          last = ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        } catch (DateTimeException e) {
          last = null;
        }
      }
    }
  }
}
