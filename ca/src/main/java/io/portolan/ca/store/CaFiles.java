package io.portolan.ca.store;

import io.portolan.ca.sign.SigningKey;
import io.portolan.ca.trust.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The four files of a CA in a directory. */
final class CaFiles {
  private static final List<String> NAMES =
      List.of(CaMaterial.ROOT, CaMaterial.CHAIN, CaMaterial.CERT, CaMaterial.KEY);
  private static final int MAX_BYTES = 1024 * 1024;

  private CaFiles() {}

  static boolean hasAny(Path directory) {
    return NAMES.stream().anyMatch(n -> Files.exists(directory.resolve(n)));
  }

  /**
   * Reads and checks them.
   *
   * @throws CaMaterialException when they are there and not usable
   * @throws IOException when they cannot be read
   */
  static CaMaterial.Sound read(Path directory, Instant now) throws IOException {
    List<String> refusals = refusals(directory);
    Map<String, byte[]> files = new HashMap<>();
    for (String name : NAMES) {
      Path file = directory.resolve(name);
      if (Files.exists(file) && Files.size(file) <= MAX_BYTES) {
        files.put(name, Files.readAllBytes(file));
      }
    }
    try {
      CaMaterial.Sound sound = CaMaterial.parse(directory.toString(), files, now);
      if (refusals.isEmpty()) {
        return sound;
      }
    } catch (CaMaterialException e) {
      refusals.addAll(e.problems());
    }
    throw new CaMaterialException(directory.toString(), refusals);
  }

  /** Why the files may not be used, whatever they contain. */
  static List<String> refusals(Path directory) throws IOException {
    List<String> refusals = new ArrayList<>();
    for (String name : NAMES) {
      Path file = directory.resolve(name);
      if (Files.exists(file) && Files.size(file) > MAX_BYTES) {
        refusals.add(name + ": longer than " + MAX_BYTES + " bytes");
      }
    }
    Path key = directory.resolve(CaMaterial.KEY);
    if (Files.exists(key) && OwnerOnlyFiles.isOpenToOthers(key)) {
      refusals.add(
          CaMaterial.KEY + ": readable by others than its owner (remedy: chmod 600 " + key + ")");
    }
    return refusals;
  }

  /** Writes them into an owner-only directory. */
  static void write(Path directory, SigningKey key) throws IOException {
    OwnerOnlyFiles.write(directory.resolve(CaMaterial.ROOT), Pem.of(List.of(key.root())));
    OwnerOnlyFiles.write(
        directory.resolve(CaMaterial.CHAIN),
        Pem.of(key.isRoot() ? List.of(key.certificate()) : key.chain()));
    OwnerOnlyFiles.write(directory.resolve(CaMaterial.CERT), Pem.of(List.of(key.certificate())));
    OwnerOnlyFiles.write(directory.resolve(CaMaterial.KEY), key.keyPem());
  }

  /** Removes a directory with nothing but these files; does nothing when it is not there. */
  static void delete(Path directory) throws IOException {
    for (String name : NAMES) {
      Files.deleteIfExists(directory.resolve(name));
    }
    Files.deleteIfExists(directory);
  }
}
