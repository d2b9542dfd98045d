package io.portolan.ca.store;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.ClusterAuthority;
import io.portolan.ca.sign.SerialNumbers;
import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.template.CertificateTemplate;
import io.portolan.ca.trust.TrustBundle;
import io.portolan.ca.validate.CertificateCheck;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CA of a data directory: a root that was given or made on first start, and one intermediate
 * per cluster below it. Safe for any thread.
 */
public final class CaDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(CaDirectory.class);
  private static final Duration ROOT_LIFETIME = Duration.ofDays(3650);

  private final Path data;
  private final @Nullable Path given;
  private final ClusterIssuers issuers;
  private final Duration longest;
  private final InstantSource clock;
  private final Map<String, ClusterAuthority> adopted = new ConcurrentHashMap<>();
  private final Map<String, ClusterAuthority> own = new ConcurrentHashMap<>();
  private volatile State state;

  /** What the CA's files say; replaced whole, under the lock of {@code own}. */
  private record State(SigningKey top, TrustBundle bundle, Intermediates intermediates) {}

  private CaDirectory(
      Path data,
      @Nullable Path given,
      String trustDomain,
      CaMaterial.Sound material,
      Duration longest,
      InstantSource clock) {
    this.data = data;
    this.given = given;
    this.issuers = new ClusterIssuers(data.resolve("issuers"));
    this.longest = longest;
    this.clock = clock;
    this.state = state(data, trustDomain, material);
  }

  private static State state(Path data, String trustDomain, CaMaterial.Sound material) {
    SigningKey top = material.signing();
    return new State(
        top,
        new TrustBundle(trustDomain, material.roots()),
        new Intermediates(data.resolve("intermediates"), top, trustDomain));
  }

  /**
   * Opens the CA.
   *
   * @param data owner-only directory of the control plane
   * @param given directory with the four CA files; equal to {@code data/ca} when the control plane
   *     keeps its own, which is made on first start
   * @param longest longest lifetime of a workload certificate; positive
   * @throws IOException naming the file and what is wrong with it
   * @throws IllegalArgumentException when the trust domain or the lifetime is not usable
   */
  public static CaDirectory open(
      Path data, Path given, String trustDomain, Duration longest, InstantSource clock)
      throws IOException {
    check(trustDomain, longest);
    OwnerOnlyFiles.directory(data);
    if (given.equals(data.resolve("ca")) && !CaFiles.hasAny(given)) {
      make(given, trustDomain, clock.instant());
    }
    CaMaterial.Sound material = CaFiles.read(given, clock.instant());
    return new CaDirectory(data, given, trustDomain, material, longest, clock);
  }

  /**
   * Opens the CA with files that are not on disk, such as those of a Kubernetes Secret {@code
   * cacerts}; only the intermediates are kept in the data directory.
   *
   * @param cacerts content by file name
   * @throws IOException naming the file and what is wrong with it
   * @throws IllegalArgumentException when the trust domain or the lifetime is not usable
   */
  public static CaDirectory open(
      Path data,
      Map<String, byte[]> cacerts,
      String trustDomain,
      Duration longest,
      InstantSource clock)
      throws IOException {
    check(trustDomain, longest);
    OwnerOnlyFiles.directory(data);
    CaMaterial.Sound material = CaMaterial.parse(cacerts, clock.instant());
    return new CaDirectory(data, null, trustDomain, material, longest, clock);
  }

  private static void check(String trustDomain, Duration longest) {
    if (!SpiffeId.isTrustDomain(trustDomain)) {
      throw new IllegalArgumentException(
          "trust domain '" + trustDomain + "' (expected 1..255 of a-z 0-9 . - _)");
    }
    if (!longest.isPositive()) {
      throw new IllegalArgumentException("longest lifetime " + longest + " (expected more than 0)");
    }
  }

  private static void make(Path directory, String trustDomain, Instant now) throws IOException {
    Path next = OwnerOnlyFiles.directoryBeside(directory);
    try {
      KeyPair keys = SigningKey.newKeys();
      X509Certificate root =
          CertificateTemplate.root(trustDomain, keys, SerialNumbers.next(), now, ROOT_LIFETIME);
      List<String> problems = CertificateCheck.root(root, keys.getPublic(), now, ROOT_LIFETIME);
      if (!problems.isEmpty()) {
        throw new GeneralSecurityException(String.join("; ", problems));
      }
      SigningKey key = new SigningKey(root, keys.getPrivate(), List.of(), root);
      CaFiles.write(next, key);
      publish(next, directory);
      LOG.info(
          "root made trustDomain={} fingerprint={} notAfter={} directory={}",
          trustDomain,
          key.fingerprint(),
          root.getNotAfter().toInstant(),
          directory);
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot make a root certificate: " + e.getMessage(), e);
    } finally {
      CaFiles.delete(next);
    }
  }

  /** All four files appear at once; a root that another process made meanwhile stays. */
  private static void publish(Path next, Path directory) throws IOException {
    try {
      Files.move(next, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (!CaFiles.hasAny(directory)) {
        throw new IOException(
            directory
                + ": is not empty and holds no CA files (remedy: empty it, or put them there)",
            e);
      }
    }
  }

  /** The roots that proxies accept. */
  public TrustBundle trustBundle() {
    return state.bundle();
  }

  /** The authority that signs server certificates. */
  public SigningKey top() {
    return state.top();
  }

  /**
   * Reads the files of a CA in a directory again and takes them over when they changed; does
   * nothing for a CA that is not in a directory.
   *
   * @return true when they changed
   * @throws IOException when they are not sound or would break trust; the earlier ones stay
   */
  public boolean reload() throws IOException {
    return given != null && replace(CaFiles.read(given, clock.instant()));
  }

  /**
   * Takes over other files, as {@link #reload} does.
   *
   * @param cacerts content by file name
   */
  public boolean replace(Map<String, byte[]> cacerts) throws IOException {
    return replace(CaMaterial.parse(cacerts, clock.instant()));
  }

  /**
   * The roots change in three steps, each given time to reach every proxy: the new root beside the
   * old one, then the new signing certificate, then the old root taken away. A change that skips
   * one would cut proxies off from each other.
   */
  private boolean replace(CaMaterial.Sound next) throws IOException {
    synchronized (own) {
      State now = state;
      State then = state(data, now.bundle().trustDomain(), next);
      boolean sameSigner = then.top().certificate().equals(now.top().certificate());
      if (sameSigner && then.bundle().equals(now.bundle())) {
        return false;
      }
      if (!now.bundle().roots().contains(then.top().root())) {
        throw new IOException(
            "CA material: signs below a root that proxies do not have yet (remedy: first add it to "
                + CaMaterial.ROOT
                + " and keep the signing certificate)");
      }
      if (!then.bundle().roots().contains(now.top().root())) {
        throw new IOException(
            "CA material: the root in use is missing in "
                + CaMaterial.ROOT
                + " (remedy: keep it until certificates below it have been renewed)");
      }
      if (!sameSigner) {
        own.clear();
      }
      state = then;
      LOG.info(
          "CA replaced signing={} notAfter={} roots={} bundle={}",
          then.top().fingerprint(),
          then.top().certificate().getNotAfter().toInstant(),
          then.bundle().roots().size(),
          then.bundle().fingerprint());
      return true;
    }
  }

  /**
   * Whether an authority signs or has signed for a cluster, so that certificates below it are that
   * cluster's: the cluster's adopted authorities, its own intermediates, earlier ones of both while
   * they are valid.
   *
   * <p>Clusters that share one signer, because the given CA may not sign authorities or because one
   * {@code cacerts} was adopted for several, cannot be told apart by a certificate: what it signs
   * is accepted as a certificate of each of them. Trust domain, namespace and service account hold
   * even then; a proxy could only claim to be the same workload in another of these clusters.
   *
   * @param issuer from a chain that leads to a root of the trust bundle
   */
  public boolean signsFor(String cluster, X509Certificate issuer) {
    State now = state;
    return issuers.contains(cluster, issuer)
        || now.intermediates().isOf(cluster, issuer)
        || (issuer.equals(now.top().certificate())
            && !now.top().maySignAuthorities()
            && !adopted.containsKey(cluster));
  }

  /**
   * The authority of a cluster: the adopted one; else its intermediate, made when it is not there
   * or near its end; the given CA itself where that may not sign authorities.
   *
   * @throws IOException when the intermediate cannot be read or written
   */
  public ClusterAuthority forCluster(String cluster) throws IOException {
    ClusterAuthority given = adopted.get(cluster);
    if (given != null) {
      return given;
    }
    ClusterAuthority known = own.get(cluster);
    if (known != null && isGood(known)) {
      return known;
    }
    synchronized (own) {
      ClusterAuthority second = own.get(cluster);
      if (second != null && isGood(second)) {
        return second;
      }
      SigningKey top = state.top();
      SigningKey key =
          top.maySignAuthorities() ? state.intermediates().of(cluster, clock.instant()) : top;
      issuers.add(cluster, key.certificate(), clock.instant());
      ClusterAuthority made = new ClusterAuthority(cluster, key, longest, clock);
      own.put(cluster, made);
      return made;
    }
  }

  private boolean isGood(ClusterAuthority authority) {
    return authority.certificate().equals(state.top().certificate())
        || !Intermediates.isNearEnd(authority.certificate(), clock.instant());
  }

  /**
   * Gives a cluster an authority of its own, from its {@code cacerts} Secret, in place of an
   * earlier one. It is used until it is replaced, and refuses to sign once it has expired.
   *
   * @throws IOException when it is not sound, or its root is not the mesh's; the earlier one stays
   */
  public void adopt(String cluster, Map<String, byte[]> cacerts) throws IOException {
    if (cluster.isEmpty()) {
      throw new IOException("CA material for a cluster without an id");
    }
    SigningKey key =
        CaMaterial.parse("CA material of cluster " + cluster, cacerts, clock.instant()).signing();
    if (!state.bundle().roots().contains(key.root())) {
      throw new IOException(
          "CA material of cluster " + cluster + ": its root is not the mesh's shared root");
    }
    if (Intermediates.isNearEnd(key.certificate(), clock.instant())) {
      LOG.warn(
          "CA of a cluster is near its end cluster={} notAfter={}",
          cluster,
          key.certificate().getNotAfter().toInstant());
    }
    issuers.add(cluster, key.certificate(), clock.instant());
    adopted.put(cluster, new ClusterAuthority(cluster, key, longest, clock));
  }
}
