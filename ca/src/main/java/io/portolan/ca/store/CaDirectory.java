package io.portolan.ca.store;

import io.portolan.ca.sign.ClusterAuthority;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.sign.SigningKeys;
import io.portolan.ca.template.CertificateTemplate;
import io.portolan.ca.trust.Pem;
import io.portolan.ca.trust.TrustBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CA of a data directory: a root that was given or made on first start, and one intermediate per
 * cluster below it. Safe for any thread.
 */
public final class CaDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(CaDirectory.class);
  private static final Duration ROOT_LIFETIME = Duration.ofDays(3650);
  private static final Duration INTERMEDIATE_LIFETIME = Duration.ofDays(365);
  private static final List<String> FILES =
      List.of(CaMaterial.ROOT, CaMaterial.CHAIN, CaMaterial.CERT, CaMaterial.KEY);

  private final Path data;
  private final String trustDomain;
  private final SigningKey top;
  private final Duration longest;
  private final InstantSource clock;
  private final Map<String, ClusterAuthority> authorities = new ConcurrentHashMap<>();

  private CaDirectory(
      Path data, String trustDomain, SigningKey top, Duration longest, InstantSource clock) {
    this.data = data;
    this.trustDomain = trustDomain;
    this.top = top;
    this.longest = longest;
    this.clock = clock;
  }

  /**
   * Opens the CA.
   *
   * @param data owner-only directory of the control plane
   * @param given directory with the four CA files; equal to {@code data/ca} when the control plane
   *     keeps its own, which is made on first start
   * @param longest longest lifetime of a workload certificate
   * @throws IOException naming the file and what is wrong with it
   */
  public static CaDirectory open(
      Path data, Path given, String trustDomain, Duration longest, InstantSource clock)
      throws IOException {
    OwnerOnlyFiles.directory(data);
    boolean own = given.equals(data.resolve("ca"));
    if (own && !Files.exists(given.resolve(CaMaterial.KEY))) {
      make(given, trustDomain, clock.instant());
    }
    SigningKey top = read(given, clock.instant());
    return new CaDirectory(data, trustDomain, top, longest, clock);
  }

  private static void make(Path directory, String trustDomain, Instant now) throws IOException {
    OwnerOnlyFiles.directory(directory);
    try {
      KeyPair keys = SigningKeys.newP256();
      X509Certificate root = CertificateTemplate.root(trustDomain, keys, now, ROOT_LIFETIME);
      SigningKey key = new SigningKey(root, keys.getPrivate(), List.of(root), root);
      write(directory, key);
      LOG.info("root made trustDomain={} fingerprint={} notAfter={} directory={}",
          trustDomain, key.fingerprint(), root.getNotAfter().toInstant(), directory);
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot make a root certificate: " + e.getMessage(), e);
    }
  }

  private static void write(Path directory, SigningKey key) throws IOException {
    List<X509Certificate> chain =
        key.isRoot() ? List.of(key.certificate()) : key.chain();
    OwnerOnlyFiles.write(directory.resolve(CaMaterial.ROOT), Pem.of(List.of(key.root())));
    OwnerOnlyFiles.write(directory.resolve(CaMaterial.CHAIN), Pem.of(chain));
    OwnerOnlyFiles.write(directory.resolve(CaMaterial.CERT), Pem.of(List.of(key.certificate())));
    // The key comes last: its presence says that the directory is complete.
    OwnerOnlyFiles.write(directory.resolve(CaMaterial.KEY), key.keyPem());
  }

  private static SigningKey read(Path directory, Instant now) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    for (String name : FILES) {
      Path file = directory.resolve(name);
      if (Files.exists(file)) {
        files.put(name, Files.readAllBytes(file));
      }
    }
    Path keyFile = directory.resolve(CaMaterial.KEY);
    if (Files.exists(keyFile) && OwnerOnlyFiles.isOpenToOthers(keyFile)) {
      throw new IOException(
          keyFile + ": readable by others than its owner (remedy: chmod 600 " + keyFile + ")");
    }
    try {
      return CaMaterial.parse(files, now);
    } catch (IOException e) {
      throw new IOException(directory + ": " + e.getMessage(), e);
    }
  }

  /** The roots that proxies accept. */
  public TrustBundle trustBundle() {
    return new TrustBundle(trustDomain, List.of(top.root()));
  }

  /** The authority that signs server certificates. */
  public SigningKey top() {
    return top;
  }

  /**
   * The authority of a cluster: its intermediate, made when it is not there or near its end; the
   * given CA itself where that may not sign authorities.
   *
   * @throws IOException when the intermediate cannot be read or written
   */
  public ClusterAuthority forCluster(String cluster) throws IOException {
    ClusterAuthority known = authorities.get(cluster);
    if (known != null && !isNearEnd(known.certificate(), clock.instant())) {
      return known;
    }
    synchronized (this) {
      ClusterAuthority made =
          new ClusterAuthority(cluster, signingKey(cluster), longest, clock);
      authorities.put(cluster, made);
      return made;
    }
  }

  /**
   * Gives a cluster an authority of its own, from its {@code cacerts} Secret.
   *
   * @throws IOException when it is not sound, or its root is not the mesh's
   */
  public void adopt(String cluster, Map<String, byte[]> cacerts) throws IOException {
    SigningKey key = CaMaterial.parse(cacerts, clock.instant());
    if (!key.root().equals(top.root())) {
      throw new IOException(
          "CA material of cluster " + cluster + ": its root is not the mesh's shared root");
    }
    authorities.put(cluster, new ClusterAuthority(cluster, key, longest, clock));
  }

  private SigningKey signingKey(String cluster) throws IOException {
    if (!top.maySignAuthorities()) {
      return top;
    }
    if (!isFileName(cluster)) {
      throw new IOException(
          "cluster id '" + cluster + "' cannot name a directory (expected letters, digits, . - _)");
    }
    Path directory = data.resolve("intermediates").resolve(cluster);
    Instant now = clock.instant();
    if (Files.exists(directory.resolve(CaMaterial.KEY))) {
      SigningKey kept = read(directory, now);
      if (kept.root().equals(top.root()) && !isNearEnd(kept.certificate(), now)) {
        return kept;
      }
    }
    return makeIntermediate(cluster, directory, now);
  }

  private SigningKey makeIntermediate(String cluster, Path directory, Instant now)
      throws IOException {
    try {
      KeyPair keys = SigningKeys.newP256();
      X509Certificate certificate =
          CertificateTemplate.intermediate(
              top, cluster, trustDomain, keys.getPublic(), now, INTERMEDIATE_LIFETIME);
      List<X509Certificate> chain = new ArrayList<>();
      chain.add(certificate);
      if (!top.isRoot()) {
        chain.addAll(top.chain());
      }
      SigningKey key = new SigningKey(certificate, keys.getPrivate(), chain, top.root());
      OwnerOnlyFiles.directory(data.resolve("intermediates"));
      OwnerOnlyFiles.directory(directory);
      write(directory, key);
      LOG.info("intermediate made cluster={} fingerprint={} notAfter={}",
          cluster, key.fingerprint(), certificate.getNotAfter().toInstant());
      return key;
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "cannot make the intermediate of cluster " + cluster + ": " + e.getMessage(), e);
    }
  }

  /** Less than a third of its life is left. */
  private static boolean isNearEnd(X509Certificate certificate, Instant now) {
    Instant start = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    Duration third = Duration.between(start, end).dividedBy(3);
    return now.isAfter(end.minus(third));
  }

  private static boolean isFileName(String text) {
    return !text.isEmpty()
        && text.length() <= 200
        && !text.startsWith(".")
        && text.chars()
            .allMatch(c -> Character.isLetterOrDigit(c) || c == '.' || c == '-' || c == '_');
  }
}
