package io.portolan.registry.source.kubernetes;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * One GET to an API server: its answer is cut into objects as it arrives. A piece is asked for when
 * the last one has been dealt with, so a slow reader slows the sender. The receiver is called by
 * the client's threads, one call at a time, and exactly one of the last three calls ends it.
 */
final class Exchange {
  /** Takes what comes. */
  interface Receiver {
    /** The answer is 200: pieces follow. */
    void answered();

    /** A piece came, and was dealt with. */
    void heard();

    /** One object of the answer, valid during the call only; see {@link JsonFrames.Sink#frame}. */
    void frame(byte[] bytes, int length, long size);

    /**
     * The answer ended.
     *
     * @param whole whether it did between objects
     * @param envelope of a list, the list without its items
     */
    void ended(boolean whole, byte[] envelope);

    /**
     * The answer is not 200.
     *
     * @param message what the API server says
     * @param least how long it asks to wait
     */
    void refused(int code, String message, Duration least);

    /** There is no answer, or it broke off. */
    void broken(String reason);
  }

  private static final int MAX_MESSAGE = 16 * 1024;
  private static final int OK = 200;
  private static final Duration MAX_WAIT = Duration.ofMinutes(2);

  private final Receiver receiver;
  private final JsonFrames frames;
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private volatile int code;
  private @Nullable CompletableFuture<HttpResponse<AsyncBody>> answer;
  private volatile @Nullable AsyncBody body;
  private volatile boolean cancelled;

  Exchange(JsonFrames.Shape shape, Receiver receiver) {
    this.receiver = receiver;
    this.frames = new JsonFrames(shape, ObjectReader.MAX_BYTES, receiver::frame);
  }

  /** Sends the request. */
  void open(HttpClient http, URI uri) {
    HttpRequest request =
        http.newHttpRequestBuilder()
            .uri(uri)
            .header("Accept", "application/json")
            .forStreaming()
            .build();
    var sent = http.consumeBytes(request, this::piece);
    answer = sent;
    var _ =
        sent.whenComplete(
            (response, failure) -> {
              if (failure != null) {
                receiver.broken(reason(failure));
              } else {
                begin(response);
              }
            });
  }

  private void begin(HttpResponse<AsyncBody> response) {
    code = response.code();
    AsyncBody opened = response.body();
    body = opened;
    if (cancelled) {
      opened.cancel();
      return;
    }
    if (code == OK) {
      receiver.answered();
    }
    Duration least = retryAfter(response);
    var _ =
        opened
            .done()
            .whenComplete(
                (nothing, failure) -> {
                  if (code != OK) {
                    receiver.refused(code, said(), least);
                  } else if (failure != null) {
                    receiver.broken(reason(failure));
                  } else {
                    receiver.ended(frames.whole(), frames.envelope());
                  }
                });
    opened.consume();
  }

  private void piece(List<ByteBuffer> buffers, AsyncBody from)
      throws JsonFrames.MalformedException {
    for (ByteBuffer buffer : buffers) {
      if (cancelled) {
        return;
      }
      if (code == OK) {
        frames.feed(buffer);
      } else {
        byte[] bytes = new byte[Math.min(buffer.remaining(), MAX_MESSAGE - message.size())];
        buffer.get(bytes);
        message.writeBytes(bytes);
      }
    }
    receiver.heard();
    if (message.size() >= MAX_MESSAGE) {
      from.cancel();
      return;
    }
    from.consume();
  }

  /** The message of the Status that an API server answers with, or the beginning of its text. */
  private String said() {
    byte[] bytes = message.toByteArray();
    JsonTrees.Parsed status = JsonTrees.object(bytes, bytes.length, Keep.ALL);
    String text = JsonTrees.text(status.tree(), "message");
    return oneLine(
        text.isEmpty() ? new String(bytes, java.nio.charset.StandardCharsets.UTF_8) : text);
  }

  private static Duration retryAfter(HttpResponse<?> response) {
    List<String> values = response.headers("Retry-After");
    try {
      long seconds = values.isEmpty() ? 0 : Long.parseLong(values.getFirst().strip());
      return Duration.ofSeconds(Math.clamp(seconds, 0, MAX_WAIT.toSeconds()));
    } catch (NumberFormatException e) {
      // A date: our own back-off is as good.
      return Duration.ZERO;
    }
  }

  /** Ends it; the receiver may still be called. */
  void cancel() {
    cancelled = true;
    var sent = answer;
    if (sent != null) {
      sent.cancel(true);
    }
    AsyncBody opened = body;
    if (opened != null) {
      opened.cancel();
    }
  }

  /** One line for people. */
  static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof JsonFrames.MalformedException) {
      return "malformed answer: " + cause.getMessage();
    }
    if (cause instanceof CancellationException) {
      return "cancelled";
    }
    String name = cause.getClass().getSimpleName();
    String message = null;
    for (Throwable c = cause; c != null && message == null; c = c.getCause()) {
      message = c.getMessage();
    }
    return switch (cause) {
      case java.net.http.HttpConnectTimeoutException e -> "no connection in time";
      case java.net.ConnectException e ->
          "cannot connect" + (message == null ? "" : ": " + oneLine(message));
      default -> message == null ? name : name + ": " + oneLine(message);
    };
  }

  private static String oneLine(String text) {
    String line = text.replace('\n', ' ').replace('\r', ' ').strip();
    return line.length() > 300 ? line.substring(0, 300) + "…" : line;
  }
}
