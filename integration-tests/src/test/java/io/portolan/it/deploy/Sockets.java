package io.portolan.it.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Which TCP ports a process of this machine listens on; Linux. */
final class Sockets {
  private static final String LISTEN = "0A";

  private Sockets() {}

  /** Ports of the listening sockets that the process holds. */
  static Set<Integer> listening(long pid) throws IOException {
    Set<String> inodes = new HashSet<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          String target = Files.readSymbolicLink(descriptor).toString();
          if (target.startsWith("socket:[")) {
            inodes.add(target.substring("socket:[".length(), target.length() - 1));
          }
        } catch (java.nio.file.NoSuchFileException e) {
          continue; // closed since the listing
        }
      }
    }
    Set<Integer> ports = new TreeSet<>();
    for (String table : List.of("tcp", "tcp6")) {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/net/" + table))) {
        // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
        String[] fields = line.strip().split(" +", -1);
        if (fields.length > 9 && fields[3].equals(LISTEN) && inodes.contains(fields[9])) {
          ports.add(Integer.parseInt(fields[1].substring(fields[1].indexOf(':') + 1), 16));
        }
      }
    }
    return ports;
  }
}
