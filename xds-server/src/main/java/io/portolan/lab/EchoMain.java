package io.portolan.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/**
 * The applications of one cluster in one process: each answers with who it is and whom it sees, and
 * asks the service it depends on through its own sidecar.
 */
public final class EchoMain {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int BACKLOG = 256;

  private EchoMain() {}

  /**
   * Serves until killed.
   *
   * @param args per application {@code name,cluster,zone,app address,port,sidecar
   *     address,host:port}
   */
  public static void main(String[] args) throws Exception {
    System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    for (String arg : args) {
      String[] parts = arg.split(",", -1);
      HttpServer server =
          HttpServer.create(new InetSocketAddress(parts[3], Integer.parseInt(parts[4])), BACKLOG);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      server.createContext("/", exchange -> answer(exchange, parts, client));
      server.start();
    }
    System.out.println("echo ready");
    new CountDownLatch(1).await();
  }

  private static void answer(HttpExchange exchange, String[] who, HttpClient client)
      throws IOException {
    ObjectNode answer = JSON.createObjectNode();
    answer.put("workload", who[0]).put("cluster", who[1]).put("zone", who[2]);
    String peer = exchange.getRequestHeaders().getFirst("x-forwarded-client-cert");
    answer.put("peer", peer == null ? "" : uri(peer));
    int status = 200;
    if (!who[6].isEmpty()) {
      int colon = who[6].indexOf(':');
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://" + who[5] + who[6].substring(colon) + "/"))
              .header("Host", who[6].substring(0, colon))
              .timeout(Duration.ofSeconds(8))
              .build();
      try {
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() == 200) {
          answer.set("next", JSON.readTree(response.body()));
        } else {
          status = 502;
          answer.put(
              "error", who[6] + " answered " + response.statusCode() + " " + response.body());
        }
      } catch (IOException e) {
        status = 502;
        answer.put("error", who[6] + ": " + e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        status = 503;
      }
    }
    byte[] body = JSON.writeValueAsBytes(answer);
    try (exchange) {
      exchange
          .getResponseHeaders()
          .putAll(Map.of("Content-Type", java.util.List.of("application/json")));
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** The URI field of the header. */
  private static String uri(String header) {
    for (String part : header.split(";", -1)) {
      if (part.startsWith("URI=")) {
        return part.substring(4);
      }
    }
    return "";
  }
}
