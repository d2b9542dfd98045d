package io.portolan.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * A lab scenario: {@code scenario.yaml} beside a {@code mesh/} directory.
 *
 * @param title one line
 * @param workloads applications with a sidecar
 * @param gateways proxies of role router
 * @param clients where the lab sends requests
 * @param script steps of {@code --once}
 */
public record Scenario(
    String name,
    Path directory,
    String title,
    List<Workload> workloads,
    List<Gateway> gateways,
    List<Client> clients,
    List<Step> script) {
  public Scenario {
    workloads = List.copyOf(workloads);
    gateways = List.copyOf(gateways);
    clients = List.copyOf(clients);
    script = List.copyOf(script);
  }

  /**
   * An application with its sidecar.
   *
   * @param address pod address, where the sidecar listens
   * @param app address the application itself listens on
   * @param port port the application listens on
   * @param calls {@code host:port} of a service it calls for each request, or empty
   */
  public record Workload(
      String cluster,
      String namespace,
      String name,
      String serviceAccount,
      String zone,
      String address,
      String app,
      int port,
      String calls) {}

  /** A proxy of role router. */
  public record Gateway(
      String cluster,
      String namespace,
      String name,
      String serviceAccount,
      String address,
      Map<String, String> labels) {
    public Gateway {
      labels = Map.copyOf(labels);
    }
  }

  /**
   * Where requests are sent.
   *
   * @param address of its sidecar, which the lab runs; empty when {@code target} is a gateway
   * @param target {@code address:port} requests go to
   * @param host host name asked for
   */
  public record Client(
      String cluster,
      String namespace,
      String name,
      String serviceAccount,
      String address,
      String target,
      String host) {}

  /** A step with its arguments. */
  public record Step(String action, Map<String, String> arguments) {
    public Step {
      arguments = Map.copyOf(arguments);
    }

    String get(String key, String fallback) {
      return arguments.getOrDefault(key, fallback);
    }
  }

  /** Names of the clusters that have something to cut. */
  public List<String> clusters() {
    return java.util.stream.Stream.concat(
            workloads.stream().map(Workload::cluster), gateways.stream().map(Gateway::cluster))
        .distinct()
        .sorted()
        .toList();
  }

  /**
   * Reads a scenario.
   *
   * @throws IOException naming file and field
   */
  public static Scenario read(Path directory) throws IOException {
    Path file = directory.resolve("scenario.yaml");
    try {
      Object root =
          new Load(LoadSettings.builder().setLabel(file.toString()).build())
              .loadFromString(Files.readString(file, StandardCharsets.UTF_8));
      Fields fields = new Fields(file.toString(), root);
      return new Scenario(
          String.valueOf(directory.getFileName()),
          directory,
          fields.text("title"),
          fields.list("workloads", Scenario::workload),
          fields.list("gateways", Scenario::gateway),
          fields.list("clients", Scenario::client),
          fields.list("script", Scenario::step));
    } catch (YamlEngineException e) {
      throw new IOException(file + ": not YAML: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static Workload workload(Fields f) {
    return new Workload(
        f.text("cluster"),
        f.text("namespace", "demo"),
        f.text("name"),
        f.text("serviceAccount"),
        f.text("zone", ""),
        f.text("address"),
        f.text("app"),
        f.number("port"),
        f.text("calls", ""));
  }

  private static Gateway gateway(Fields f) {
    return new Gateway(
        f.text("cluster"),
        f.text("namespace", "istio-system"),
        f.text("name"),
        f.text("serviceAccount"),
        f.text("address"),
        f.texts("labels"));
  }

  private static Client client(Fields f) {
    return new Client(
        f.text("cluster"),
        f.text("namespace", "demo"),
        f.text("name"),
        f.text("serviceAccount", "client"),
        f.text("address", ""),
        f.text("target"),
        f.text("host"));
  }

  private static Step step(Fields f) {
    Map<String, String> all = new LinkedHashMap<>(f.texts());
    String action = f.text("do");
    all.remove("do");
    return new Step(action, all);
  }

  /** Reads one mapping. */
  private record Fields(String where, Map<?, ?> map) {
    Fields(String where, Object node) {
      this(where, check(where, node));
    }

    private static Map<?, ?> check(String where, Object node) {
      if (node instanceof Map<?, ?> map) {
        return map;
      }
      throw new IllegalArgumentException(where + ": is not an object");
    }

    String text(String key) {
      Object value = map.get(key);
      if (value == null) {
        throw new IllegalArgumentException(where + ": " + key + " is missing");
      }
      return String.valueOf(value);
    }

    String text(String key, String fallback) {
      Object value = map.get(key);
      return value == null ? fallback : String.valueOf(value);
    }

    int number(String key) {
      try {
        return Integer.parseInt(text(key));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            where + ": " + key + ": " + text(key) + " (expected a number)", e);
      }
    }

    Map<String, String> texts() {
      Map<String, String> all = new TreeMap<>();
      map.forEach((k, v) -> all.put(String.valueOf(k), String.valueOf(v)));
      return all;
    }

    Map<String, String> texts(String key) {
      Object value = map.get(key);
      return value == null ? Map.of() : new Fields(where + "." + key, value).texts();
    }

    <T> List<T> list(String key, java.util.function.Function<Fields, T> reader) {
      Object value = map.get(key);
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof List<?> items)) {
        throw new IllegalArgumentException(where + ": " + key + " is not a list");
      }
      List<T> all = new ArrayList<>();
      for (int i = 0; i < items.size(); i++) {
        Object item = items.get(i);
        String at = where + ": " + key + "[" + i + "]";
        if (item == null) {
          throw new IllegalArgumentException(at + " is empty");
        }
        all.add(reader.apply(new Fields(at, item)));
      }
      return all;
    }
  }
}
