package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;

/** What a running lab answers: one line for one line. */
final class LabCommands {
  static final String ERROR = "error: ";

  private static final String OK = "ok";
  private static final String PATH = "PATH";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Lab lab;
  private final LabView view;
  private final Path state;
  private final CountDownLatch stopped;

  LabCommands(Lab lab, LabView view, Path state, CountDownLatch stopped) {
    this.lab = lab;
    this.view = view;
    this.state = state;
    this.stopped = stopped;
  }

  /** {@code ok}, {@code error: …}, or what was asked for. */
  String answer(String line) {
    List<String> words = List.of(line.split(" ", -1));
    String name = words.size() > 1 ? words.get(1) : "";
    try {
      return switch (words.getFirst()) {
        case "cut" -> cut(name, words);
        case "heal" -> {
          lab.heal(name);
          view.event(line);
          yield OK;
        }
        case "stop" -> {
          stopped.countDown();
          view.event(line);
          yield OK;
        }
        case "where" -> where();
        default -> ERROR + "unknown command";
      };
    } catch (IOException e) {
      return ERROR + e.getMessage();
    }
  }

  private String cut(String name, List<String> words) throws IOException {
    Part part = Part.ALL;
    for (Part each : Part.values()) {
      part = words.contains(each.word()) ? each : part;
    }
    boolean kill = words.contains("kill");
    lab.cut(name, part, kill ? Processes.Fate.KILL : Processes.Fate.FREEZE);
    view.event(
        "cut " + name + (part == Part.ALL ? "" : " --" + part.word()) + (kill ? " --kill" : ""));
    return OK;
  }

  /** Where this lab is, as JSON in one line. */
  private String where() throws IOException {
    ObjectNode node = JSON.createObjectNode();
    node.put("pid", ProcessHandle.current().pid());
    ObjectNode variables = node.putObject("variables");
    variables.put("PORTOLAN_ADMIN_ADDRESS", lab.scenario().controlPlanes().getFirst().admin());
    KubernetesMesh kubernetes = lab.kubernetes();
    if (kubernetes != null) {
      variables.put("KUBECONFIG", kubernetes.kubeconfig().toString());
      node.put("path", kubectl(kubernetes.kubectl()).toString());
    }
    return JSON.writeValueAsString(node);
  }

  /** A directory with a kubectl, for where there is none. */
  private Path kubectl(List<String> command) throws IOException {
    Path directory = Files.createDirectories(state.resolve("bin"));
    String words =
        command.stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" "));
    Path script = directory.resolve("kubectl");
    Files.writeString(script, "#!/bin/sh\nexec " + words + " \"$@\"\n", StandardCharsets.UTF_8);
    if (!script.toFile().setExecutable(true)) {
      throw new IOException(script + " cannot be made executable");
    }
    return directory;
  }

  /**
   * Where a running lab is.
   *
   * @param pid its process
   * @param variables environment of commands
   * @param path directory with programs that the PATH may lack, or empty
   */
  record Where(long pid, Map<String, String> variables, String path) {
    Where {
      variables = Map.copyOf(variables);
    }

    static Where of(String answer) throws IOException {
      JsonNode node = JSON.readTree(answer);
      Map<String, String> variables = new TreeMap<>();
      node.path("variables")
          .properties()
          .forEach(one -> variables.put(one.getKey(), one.getValue().asText()));
      return new Where(node.path("pid").asLong(), variables, node.path("path").asText());
    }

    int run(List<String> command) throws IOException {
      Map<String, String> environment = new TreeMap<>(variables);
      String own = System.getenv().getOrDefault(PATH, "");
      if (!path.isEmpty()) {
        environment.put(PATH, own + File.pathSeparator + path);
      }
      try {
        return LabNamespace.runWithin(pid, command, environment);
      } catch (IOException e) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "'%s' cannot be run in the lab: %s",
                String.join(" ", command),
                e.getMessage()),
            e);
      }
    }
  }
}
