package io.portolan.registry.federation;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last good snapshot of every cluster on disk: one owner-only file each, replaced as a whole.
 * Holds model objects only, so no key, token or Secret. Nothing here ever throws at a caller: a
 * disk that is full or read-only is a reason in status, and serving goes on from memory.
 *
 * <p>Safe for any thread; disk is touched on the executor alone, but for {@link #known}.
 */
public final class LastGood {
  /** Largest file by default: about ten million endpoints. */
  public static final long DEFAULT_MAX_BYTES = 256L << 20;

  private static final Logger LOG = LoggerFactory.getLogger(LastGood.class);
  private static final String SUFFIX = ".snapshot";
  private static final String ASIDE = ".refused";
  private static final int LONGEST_NAME = 200;
  private static final int BUFFER = 1 << 16;

  private final Path directory;
  private final SnapshotFormat format;
  private final Executor io;

  /**
   * @param directory made owner-only when missing
   * @param maxBytes largest file that is written or read
   * @param io runs blocking tasks one after another, in order
   */
  public LastGood(Path directory, long maxBytes, Executor io) {
    this.directory = directory;
    this.format = new SnapshotFormat(maxBytes);
    this.io = io;
  }

  /** Ids of the clusters that have a file. Blocks on the disk. */
  Set<String> known() {
    Set<String> ids = new TreeSet<>();
    if (!Files.isDirectory(directory)) {
      return ids;
    }
    try (Stream<Path> files = Files.list(directory)) {
      files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.endsWith(SUFFIX) && !name.startsWith("."))
          .map(name -> decoded(name.substring(0, name.length() - SUFFIX.length())))
          .filter(id -> !id.isEmpty())
          .forEach(ids::add);
    } catch (IOException | java.io.UncheckedIOException e) {
      LOG.error("snapshots not listed directory={} reason=\"{}\"", directory, e.getMessage());
    }
    return ids;
  }

  /**
   * Reads the snapshot of a cluster. A file that is damaged or not ours is put aside under another
   * name.
   *
   * @param result called on the executor with the snapshot, or with null and the reason; the reason
   *     is empty when there is no file
   */
  void load(String cluster, BiConsumer<@Nullable Snapshot, String> result) {
    run(
        () -> {
          Path file = file(cluster);
          if (file == null || !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            result.accept(null, "");
            return;
          }
          try {
            checkOwner(file);
            result.accept(format.read(file, cluster), "");
          } catch (IOException e) {
            String reason = file + ": " + e.getMessage();
            LOG.error(
                "snapshot refused cluster={} reason=\"{}\" aside={}",
                cluster,
                reason,
                putAside(file));
            result.accept(null, "refused: " + reason);
          }
        },
        reason -> result.accept(null, reason));
  }

  /**
   * Replaces the snapshot of a cluster.
   *
   * @param result called on the executor: empty when written, else why not
   */
  void save(Snapshot snapshot, Consumer<String> result) {
    run(
        () -> {
          try {
            write(snapshot);
            result.accept("");
          } catch (IOException e) {
            String reason = e.getClass().getSimpleName() + ": " + e.getMessage();
            LOG.error(
                "snapshot not written cluster={} directory={} reason=\"{}\" (serving goes on from"
                    + " memory)",
                snapshot.cluster(),
                directory,
                reason);
            result.accept("not written: " + reason);
          }
        },
        result);
  }

  /** Removes the snapshot of a cluster that has left. */
  void delete(String cluster) {
    run(
        () -> {
          Path file = file(cluster);
          try {
            if (file != null) {
              Files.deleteIfExists(file);
            }
          } catch (IOException e) {
            LOG.error("snapshot not deleted cluster={} reason=\"{}\"", cluster, e.getMessage());
          }
        },
        reason -> LOG.debug("snapshot not deleted cluster={} reason=\"{}\"", cluster, reason));
  }

  private void run(Runnable task, Consumer<String> refused) {
    try {
      io.execute(task);
    } catch (RejectedExecutionException e) {
      refused.accept("the control plane stops");
    }
  }

  private void write(Snapshot snapshot) throws IOException {
    Path file = file(snapshot.cluster());
    if (file == null) {
      throw new IOException("the cluster id is too long for a file name");
    }
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    Path next =
        Files.createTempFile(
            directory,
            ".",
            ".next",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
        format.write(snapshot, out);
        out.flush();
        // Otherwise a power cut may leave the new name on an empty file.
        channel.force(true);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(next);
    }
  }

  private static void checkOwner(Path file) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isRegularFile()) {
      throw new IOException("is not a regular file");
    }
    Set<PosixFilePermission> rights = attributes.permissions();
    if (rights.contains(PosixFilePermission.GROUP_WRITE)
        || rights.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException("may be written by others (expected owner only)");
    }
  }

  private static String putAside(Path file) {
    Path aside = file.resolveSibling(file.getFileName() + ASIDE);
    try {
      Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
      return aside.toString();
    } catch (IOException e) {
      return "not moved: " + e.getMessage();
    }
  }

  private @Nullable Path file(String cluster) {
    String name = encoded(cluster);
    return name.isEmpty() || name.length() > LONGEST_NAME ? null : directory.resolve(name + SUFFIX);
  }

  /** Letters, digits, minus, underscore as they are; every other byte as {@code %xx}. */
  private static String encoded(String id) {
    StringBuilder name = new StringBuilder();
    for (byte b : id.getBytes(StandardCharsets.UTF_8)) {
      if ((b >= 'a' && b <= 'z')
          || (b >= 'A' && b <= 'Z')
          || (b >= '0' && b <= '9')
          || b == '-'
          || b == '_') {
        name.append((char) b);
      } else {
        name.append('%').append(HexFormat.of().toHexDigits(b));
      }
    }
    return name.toString();
  }

  private static String decoded(String name) {
    byte[] bytes = new byte[name.length()];
    int length = 0;
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) != '%') {
        bytes[length++] = (byte) name.charAt(i);
      } else if (i + 2 < name.length()
          && HexFormat.isHexDigit(name.charAt(i + 1))
          && HexFormat.isHexDigit(name.charAt(i + 2))) {
        bytes[length++] = (byte) HexFormat.fromHexDigits(name, i + 1, i + 3);
        i += 2;
      } else {
        return "";
      }
    }
    String id = new String(bytes, 0, length, StandardCharsets.UTF_8);
    return encoded(id).equals(name) ? id : "";
  }
}
