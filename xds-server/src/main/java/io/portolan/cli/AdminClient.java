package io.portolan.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Reads the admin port of a control plane. */
public final class AdminClient {
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
  private final ObjectMapper json = new ObjectMapper();
  private final String base;

  /** A client of {@code host:port}. */
  public AdminClient(String address) {
    this.base = "http://" + address;
  }

  /** An answer. */
  public record Answer(int status, String body) {}

  /**
   * Reads a page as it is.
   *
   * @throws IOException when nobody answers
   */
  public Answer text(String path) throws IOException {
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(URI.create(base + path))
                  .timeout(Duration.ofSeconds(5))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /**
   * Reads a page as JSON.
   *
   * @throws IOException when nobody answers or the page says an error; the message is that error
   */
  public JsonNode json(String path) throws IOException {
    Answer answer = text(path);
    JsonNode node = json.readTree(answer.body());
    if (answer.status() != 200) {
      throw new IOException(node.path("error").asText("status " + answer.status()));
    }
    return node;
  }
}
