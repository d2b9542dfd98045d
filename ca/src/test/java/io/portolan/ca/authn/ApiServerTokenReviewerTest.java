package io.portolan.ca.authn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The adapter against HTTP answers as an API server gives them. */
class ApiServerTokenReviewerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private HttpServer server;
  private KubernetesClient client;
  private ApiServerTokenReviewer reviewer;
  private volatile int code = 201;
  private volatile String status = "";
  private volatile String path = "";
  private volatile String asked = "";

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    server.createContext(
        "/",
        exchange -> {
          path = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
          asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          byte[] answer =
              ("{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\","
                      + "\"metadata\":{}"
                      + (status.isEmpty() ? "" : ",\"status\":" + status)
                      + "}")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.sendResponseHeaders(code, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(Config.empty())
                    .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .build();
    reviewer = new ApiServerTokenReviewer(client);
  }

  @AfterEach
  void stop() {
    client.close();
    server.stop(0);
  }

  @Test
  void theQuestionCarriesTokenAndAudiences() throws Exception {
    status =
        """
        {"authenticated": true, "audiences": ["istio-ca"], "user": {
          "username": "system:serviceaccount:demo:web", "uid": "u",
          "groups": ["system:serviceaccounts", "system:serviceaccounts:demo"],
          "extra": {"authentication.kubernetes.io/pod-name": ["web-1"]}}}
        """;
    assertEquals(
        new TokenReviewer.Review(
            true,
            "system:serviceaccount:demo:web",
            List.of("system:serviceaccounts", "system:serviceaccounts:demo"),
            List.of("istio-ca"),
            Map.of("authentication.kubernetes.io/pod-name", List.of("web-1")),
            ""),
        reviewer.review("the-token", List.of("istio-ca", "portolan")));
    assertEquals("POST /apis/authentication.k8s.io/v1/tokenreviews", path);
    JsonNode spec = JSON.readTree(asked).path("spec");
    assertEquals("the-token", spec.path("token").textValue());
    assertEquals("[\"istio-ca\",\"portolan\"]", spec.path("audiences").toString());
  }

  @Test
  void aTokenThatIsNotKnownHasItsReason() throws Exception {
    status = "{\"user\":{},\"error\":\"[invalid bearer token]\"}";
    TokenReviewer.Review review = reviewer.review("the-token", List.of("portolan"));
    assertFalse(review.authenticated());
    assertEquals("[invalid bearer token]", review.error());
    assertEquals(List.of(), review.audiences());
  }

  @Test
  void whatIsNoAnswerIsAnErrorWithoutTheToken() {
    assertMessage("without a status");
    code = 403;
    assertMessage("system:auth-delegator");
    code = 401;
    assertMessage("own credential");
    code = 500;
    assertMessage("HTTP 500");
    server.stop(0);
    assertMessage("no answer");
  }

  private void assertMessage(String expected) {
    IOException error =
        assertThrows(IOException.class, () -> reviewer.review("the-token", List.of("portolan")));
    assertTrue(String.valueOf(error.getMessage()).contains(expected), error.getMessage());
    assertFalse(String.valueOf(error.getMessage()).contains("the-token"), error.getMessage());
  }
}
