package io.portolan.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Where a command writes. */
final class Terminal {
  private Terminal() {}

  static PrintWriter out(@Nullable CommandSpec spec) {
    return spec != null
        ? spec.commandLine().getOut()
        : new PrintWriter(System.out, true, StandardCharsets.UTF_8);
  }

  static PrintWriter err(@Nullable CommandSpec spec) {
    return spec != null
        ? spec.commandLine().getErr()
        : new PrintWriter(System.err, true, StandardCharsets.UTF_8);
  }
}
