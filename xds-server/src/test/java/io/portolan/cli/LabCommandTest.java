package io.portolan.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class LabCommandTest {
  private final StringWriter text = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(text, true));
    line.setErr(new PrintWriter(text, true));
    return line.execute(arguments);
  }

  @Test
  void aCutTakesOnePartAtMost() {
    assertEquals(Exit.USAGE, run("lab", "cut", "west", "--data", "--control"));
    assertTrue(text.toString().contains("mutually exclusive"), text.toString());
  }

  @Test
  void helpAndCompletionKnowTheParts() {
    assertEquals(Exit.OK, run("lab", "cut", "--help"));
    for (String part : new String[] {"--data", "--control", "--gateway", "--kill"}) {
      assertTrue(text.toString().contains(part), part);
      assertTrue(Main.completion().contains(part), part);
    }
  }

  @Test
  void whatOnlyTheLabItselfPassesIsNotShown() {
    assertEquals(Exit.OK, run("lab", "--help"));
    assertFalse(text.toString().contains("--inside-of"), text.toString());
  }
}
