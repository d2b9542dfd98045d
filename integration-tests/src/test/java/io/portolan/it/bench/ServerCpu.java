package io.portolan.it.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** CPU of this process without the JIT compiler, which does not work in a server's steady state. */
final class ServerCpu {
  private static final Path TASKS = Path.of("/proc/self/task");

  private ServerCpu() {}

  /** Nanoseconds; on systems without {@code schedstat} the whole process, compiler included. */
  static long nanos() throws IOException {
    if (!Files.exists(Path.of("/proc/self/schedstat"))) {
      return ((com.sun.management.OperatingSystemMXBean)
              ManagementFactory.getOperatingSystemMXBean())
          .getProcessCpuTime();
    }
    long sum = 0;
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
      for (Path task : tasks) {
        sum += nanos(task);
      }
    }
    return sum;
  }

  private static long nanos(Path task) throws IOException {
    try {
      String name = Files.readString(task.resolve("comm"), StandardCharsets.UTF_8);
      if (name.startsWith("C1 Compiler") || name.startsWith("C2 Compiler")) {
        return 0;
      }
      String times = Files.readString(task.resolve("schedstat"), StandardCharsets.UTF_8);
      return Long.parseLong(times.substring(0, times.indexOf(' ')));
    } catch (NoSuchFileException e) {
      return 0; // ended meanwhile
    }
  }
}
