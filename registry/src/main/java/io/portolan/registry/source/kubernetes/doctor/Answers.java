package io.portolan.registry.source.kubernetes.doctor;

import io.portolan.registry.source.kubernetes.membership.ReaderRole.Permission;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a visit found out.
 *
 * @param host of the server
 * @param serverName the name its certificate must have
 * @param failure why the API server gave no answer at all, empty when it did
 * @param chain certificates the server shows, leaf first; empty when there was no TLS
 * @param authorities certificates of the kubeconfig's CA
 * @param authKind kind of credential
 * @param credentialExpiry null when it has no end or does not say
 * @param version gitVersion, empty when not told
 * @param serverTime from the Date header, null without one
 * @param askedAt own time of that answer
 * @param allowed each permission that is needed
 * @param mayReadSecrets the credential may list Secrets; null when not told
 * @param rootNamespace name of the root namespace
 * @param network network label of the root namespace, empty without one
 * @param rootMissing there is no root namespace
 * @param gateways east-west gateway Services with the state of each address
 * @param permissionFailure why permissions could not be asked, empty when they could
 * @param meshFailure why root namespace or gateways could not be read, empty when they could
 */
public record Answers(
    String host,
    String serverName,
    String failure,
    List<X509Certificate> chain,
    List<X509Certificate> authorities,
    String authKind,
    @Nullable Instant credentialExpiry,
    String version,
    @Nullable Instant serverTime,
    Instant askedAt,
    Map<Permission, Boolean> allowed,
    @Nullable Boolean mayReadSecrets,
    String rootNamespace,
    String network,
    boolean rootMissing,
    List<Gateway> gateways,
    String permissionFailure,
    String meshFailure) {

  /**
   * An east-west gateway.
   *
   * @param addresses {@code address:port} and what a TLS hello to it met; empty while the load
   *     balancer has none
   */
  public record Gateway(String service, String network, Map<String, Reached> addresses) {}

  /**
   * What came of knocking at an address.
   *
   * @param detail what was seen
   */
  public record Reached(boolean ok, String detail) {}
}
