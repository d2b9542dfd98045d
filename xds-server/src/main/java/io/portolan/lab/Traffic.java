package io.portolan.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A steady stream of GET requests of one client; GET may be repeated, so a lost try is retried. */
final class Traffic implements AutoCloseable {
  private static final int KEEP = 60_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Scenario.Client client;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .build();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("traffic").factory());
  private final Deque<Sample> samples = new ArrayDeque<>();

  Traffic(Scenario.Client client) {
    this.client = client;
  }

  Scenario.Client client() {
    return client;
  }

  void start(int perSecond) {
    long period = 1_000_000_000L / perSecond;
    var _ =
        timer.scheduleAtFixedRate(
            () -> Thread.ofVirtual().start(this::request), 0, period, TimeUnit.NANOSECONDS);
  }

  /** Sends one request and keeps what came of it. */
  private void request() {
    long started = System.nanoTime();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + client.target() + "/"))
            .header("Host", client.host())
            .timeout(Duration.ofSeconds(10))
            .build();
    Sample sample;
    try {
      HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
      sample = sample(started, response);
    } catch (IOException e) {
      sample = failed(started, e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    synchronized (samples) {
      samples.addLast(sample);
      if (samples.size() > KEEP) {
        samples.removeFirst();
      }
    }
  }

  private static Sample sample(long started, HttpResponse<String> response) throws IOException {
    if (response.statusCode() != 200) {
      return failed(started, response.statusCode() + " " + response.body());
    }
    JsonNode answer = JSON.readTree(response.body());
    JsonNode next = answer.path("next");
    return new Sample(
        started,
        System.nanoTime(),
        true,
        answer.path("workload").asText(),
        answer.path("cluster").asText(),
        answer.path("zone").asText(),
        answer.path("peer").asText(),
        next.path("cluster").asText(),
        next.path("zone").asText(),
        next.path("peer").asText(),
        "");
  }

  private static Sample failed(long started, String error) {
    return new Sample(
        started,
        System.nanoTime(),
        false,
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        error.length() > 200 ? error.substring(0, 200) : error);
  }

  /** Requests started at or after this time that have ended, in order of their end. */
  List<Sample> since(long nanos) {
    synchronized (samples) {
      List<Sample> found = new ArrayList<>();
      for (Sample sample : samples) {
        if (sample.started() >= nanos) {
          found.add(sample);
        }
      }
      return found;
    }
  }

  /** Requests that ended at or after this time without an answer. */
  List<Sample> failuresSince(long nanos) {
    synchronized (samples) {
      return samples.stream().filter(s -> s.ended() >= nanos && !s.ok()).toList();
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    http.shutdownNow();
  }
}
