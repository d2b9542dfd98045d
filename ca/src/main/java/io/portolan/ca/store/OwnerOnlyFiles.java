package io.portolan.ca.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files that only their owner may read. Safe for any thread and for several processes. */
public final class OwnerOnlyFiles {
  private static final FileAttribute<Set<PosixFilePermission>> DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final Set<PosixFilePermission> OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  private OwnerOnlyFiles() {}

  /** Makes a directory and its parents; a new one is owner-only. */
  public static void directory(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    Path parent = directory.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      Files.createDirectory(directory, DIRECTORY);
    } catch (FileAlreadyExistsException e) {
      // Another process may have been faster; a plain file of that name is an error.
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
  }

  /** Writes a file whole or not at all, in place of an earlier one. */
  public static void write(Path file, byte[] content) throws IOException {
    Path next = next(file, content);
    try {
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(next);
    }
  }

  /**
   * Writes a file whole unless it is there already.
   *
   * @return false when it was there; it stays as it is
   */
  public static boolean writeNew(Path file, byte[] content) throws IOException {
    Path next = next(file, content);
    try {
      // A link, unlike a rename, never replaces what another process wrote in the meantime.
      Files.createLink(file, next);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } finally {
      Files.deleteIfExists(next);
    }
  }

  /** An empty owner-only directory beside {@code directory}. */
  static Path directoryBeside(Path directory) throws IOException {
    Path absolute = directory.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new IOException(directory + ": cannot be a data directory");
    }
    return Files.createTempDirectory(parent, "." + absolute.getFileName() + ".", DIRECTORY);
  }

  private static Path next(Path file, byte[] content) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new IOException(file + ": is not a file name");
    }
    Path next = Files.createTempFile(parent, "." + absolute.getFileName() + ".", ".next", FILE);
    try (FileChannel out = FileChannel.open(next, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        out.write(buffer);
      }
      // Otherwise a power cut may leave the new name on an empty file.
      out.force(true);
    } catch (IOException e) {
      Files.deleteIfExists(next);
      throw e;
    }
    return next;
  }

  /** True when somebody besides the owner has a right to the file. */
  public static boolean isOpenToOthers(Path file) throws IOException {
    Set<PosixFilePermission> rights = Files.getPosixFilePermissions(file);
    return rights.stream().anyMatch(OTHERS::contains);
  }
}
