package io.portolan.registry.source.kubernetes.membership;

import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of kubeconfigs, one cluster a file. The cluster id is the file name without its
 * extension: what {@code ls} shows, whatever names a file uses inside.
 *
 * <p>The whole directory is read again at every poll and compared by content, so that edits,
 * renames and the swap of {@code ..data} in a mounted volume are all noticed, and files that a
 * kubeconfig refers to count as its content.
 */
public final class KubeconfigDirectory implements AutoCloseable {
  /** Most files that are read. */
  static final int MAX_FILES = 1000;

  private static final Logger LOG = LoggerFactory.getLogger(KubeconfigDirectory.class);
  private static final Set<String> EXTENSIONS =
      Set.of("yaml", "yml", "json", "kubeconfig", "config", "conf");

  private final Path directory;
  private final boolean allowInsecure;
  private final Membership membership;
  private final ScheduledExecutorService timer;
  private volatile String failure = "";

  /**
   * @param allowInsecure servers may go unchecked
   * @param timer polls; closed with this object
   */
  public KubeconfigDirectory(
      Path directory,
      boolean allowInsecure,
      Membership membership,
      ScheduledExecutorService timer) {
    this.directory = directory;
    this.allowInsecure = allowInsecure;
    this.membership = membership;
    this.timer = timer;
  }

  /** Name of this source of claims. */
  public static String source(Path directory) {
    return "directory " + directory;
  }

  /** Polls, first at once and then with this pause. */
  public void start(Duration pause) {
    var _ = timer.scheduleWithFixedDelay(this::poll, 0, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** What is wrong with the directory itself. */
  public List<Finding> findings() {
    return failure.isEmpty()
        ? List.of()
        : List.of(new Finding(Finding.Severity.ERROR, directory.toString(), 0, "", "", failure));
  }

  void poll() {
    try {
      membership.claims(source(directory), scan(directory, allowInsecure));
      failure = "";
    } catch (IOException | RuntimeException e) {
      String reason = "cannot be read, its clusters stay members: " + e.getMessage();
      if (!reason.equals(failure)) {
        LOG.error("kubeconfig directory={} {}", directory, reason);
      }
      failure = reason;
    }
  }

  /**
   * Reads a directory.
   *
   * @throws IOException when it cannot be listed or has too many files
   */
  static List<Claim> scan(Path directory, boolean allowInsecure) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(directory)) {
      files =
          entries
              .filter(f -> !f.getFileName().toString().startsWith("."))
              .sorted()
              .limit(MAX_FILES + 1L)
              .toList();
    }
    if (files.size() > MAX_FILES) {
      throw new IOException("more than " + MAX_FILES + " files");
    }
    List<Claim> claims = new ArrayList<>();
    for (Path file : files) {
      String cluster = cluster(file.getFileName().toString());
      if (!cluster.isEmpty() && !Files.isDirectory(file)) {
        claims.add(claim(cluster, file, allowInsecure));
      }
    }
    return claims;
  }

  private static Claim claim(String cluster, Path file, boolean allowInsecure) {
    KubeconfigParser.Parsed content;
    try {
      if (Files.size(file) > KubeconfigParser.MAX_BYTES) {
        throw new IOException("more than " + KubeconfigParser.MAX_BYTES + " bytes");
      }
      content =
          KubeconfigParser.parse(
              Files.readString(file, StandardCharsets.UTF_8),
              KubeconfigRules.file(file).allowInsecure(allowInsecure));
    } catch (NoSuchFileException e) {
      // Listed a moment ago: a dangling link, or swapped just now.
      content = new KubeconfigParser.Refused(List.of("vanished while it was read"));
    } catch (IOException e) {
      content = new KubeconfigParser.Refused(List.of("cannot be read: " + e.getMessage()));
    }
    // Files have no creation time to trust; before Secrets they come first, then by name.
    return new Claim(cluster, "file " + file, Instant.EPOCH, false, content);
  }

  /** The cluster id of a file name, empty for files that are no kubeconfigs. */
  static String cluster(String file) {
    int dot = file.lastIndexOf('.');
    if (dot < 0) {
      return file;
    }
    return EXTENSIONS.contains(file.substring(dot + 1)) ? file.substring(0, dot) : "";
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
