package io.portolan.xds.grpc;

import com.google.common.util.concurrent.MoreExecutors;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusException;
import io.portolan.ca.authn.PeerCredential;
import io.portolan.ca.grpc.PeerCredentials;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.Snapshot;
import io.portolan.xds.stream.StreamAction;
import io.portolan.xds.stream.StreamEvent;
import io.portolan.xds.stream.StreamSession;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One ADS stream: an adapter around a {@link StreamSession}. Everything runs on one serial
 * executor, except that the gate is asked on a thread that may block; until it has answered, no
 * further request is read. Other threads touch nothing but the slot for the newest snapshot.
 *
 * @param <R> request message
 */
final class AdsStream<R> extends ServerCall.Listener<R> implements StreamDrain.Stream {
  private static final Logger LOG = LoggerFactory.getLogger(AdsStream.class);

  /** gRPC reports readiness again once less than this waits in a stream. */
  private static final int READY_BELOW = 32 * 1024;

  private final long id;
  private final ServerCall<R, StreamAction.Send> call;
  private final Requests<R> requests;
  private final ProxyGate gate;
  private final StreamLimits limits;
  private final Executor serial;
  private final SendBudget budget;
  private final Executor admission;
  private final ScheduledExecutorService timer;
  private final Consumer<StreamDrain.Stream> gone;
  private final PeerCredential credential;
  private final AtomicReference<@Nullable Snapshot> newest = new AtomicReference<>();

  /** At most one answer per type can wait: the session owes no second push before an ACK. */
  private final ArrayDeque<StreamAction.Send> waiting = new ArrayDeque<>();

  private @Nullable StreamSession session;
  private ProxyGate.@Nullable Proxy proxy;
  private SendBudget.@Nullable Claim next;
  private SendBudget.@Nullable Claim sent;
  private @Nullable ScheduledFuture<?> stalled;
  private boolean ended;
  private volatile List<StreamSession.TypeStatus> status = List.of();

  AdsStream(
      long id,
      ServerCall<R, StreamAction.Send> call,
      Requests<R> requests,
      ProxyGate gate,
      StreamLimits limits,
      SendBudget budget,
      Executor executor,
      Executor admission,
      ScheduledExecutorService timer,
      Consumer<StreamDrain.Stream> gone) {
    this.id = id;
    this.call = call;
    this.requests = requests;
    this.gate = gate;
    this.limits = limits;
    this.budget = budget;
    this.serial = MoreExecutors.newSequentialExecutor(executor);
    this.admission = admission;
    this.timer = timer;
    this.gone = gone;
    this.credential = PeerCredentials.current();
  }

  ServerCall.Listener<R> open() {
    call.sendHeaders(new Metadata());
    call.request(1);
    return this;
  }

  @Override
  public void onMessage(R request) {
    step(() -> handle(request));
  }

  /** A part of the stream's work; what it throws ends the stream. */
  private interface Step {
    void run() throws StatusException;
  }

  private void step(Step step) {
    serial.execute(
        () -> {
          if (ended) {
            return;
          }
          try {
            step.run();
          } catch (StatusException e) {
            close(e.getStatus());
          } catch (RuntimeException e) {
            fail(e);
          }
        });
  }

  private void fail(RuntimeException e) {
    LOG.error("stream failed stream={}", id, e);
    close(Status.INTERNAL.withDescription("internal error, see the log of the control plane"));
  }

  private void handle(R request) throws StatusException {
    if (session == null) {
      connect(requests.node(request), request);
    } else {
      answer(request);
    }
  }

  private void answer(R request) throws StatusException {
    feed(requests.event(request));
    call.request(1);
  }

  private void connect(Node node, R first) throws StatusException {
    if (node.getId().isEmpty()) {
      throw Status.INVALID_ARGUMENT.withDescription("missing node information").asException();
    }
    if (node.getSerializedSize() > limits.nodeBytes()) {
      throw Status.INVALID_ARGUMENT
          .withDescription(
              "node of "
                  + node.getSerializedSize()
                  + " bytes (expected at most "
                  + limits.nodeBytes()
                  + ")")
          .asException();
    }
    Object peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    ProxyGate.Connection connection =
        new ProxyGate.Connection(
            id,
            requests.isDelta(),
            String.valueOf(peer),
            credential,
            this::offer,
            () -> status,
            this::end);
    try {
      admission.execute(() -> admit(node, connection, first));
    } catch (RejectedExecutionException e) {
      throw Status.UNAVAILABLE
          .withDescription("the control plane is stopping")
          .withCause(e)
          .asException();
    }
  }

  /** On a thread that may block. */
  private void admit(Node node, ProxyGate.Connection connection, R first) {
    try {
      ProxyGate.Proxy accepted = gate.connect(node, connection);
      step(() -> admitted(accepted, first));
    } catch (StatusException e) {
      serial.execute(() -> close(e.getStatus()));
    } catch (RuntimeException e) {
      serial.execute(() -> fail(e));
    }
  }

  /** Not reached when the stream ended while the gate was asked: such a proxy never opens. */
  private void admitted(ProxyGate.Proxy accepted, R first) throws StatusException {
    proxy = accepted;
    session = new StreamSession(requests.isDelta(), accepted.secretVersions());
    accepted.opened();
    takeNewest();
    answer(first);
  }

  /** Any thread: keeps the newest snapshot only. */
  private void offer(Snapshot snapshot) {
    if (newest.getAndSet(snapshot) == null) {
      serial.execute(this::takeNewest);
    }
  }

  private void takeNewest() {
    if (ended || session == null || !waiting.isEmpty()) {
      return;
    }
    Snapshot snapshot = newest.getAndSet(null);
    if (snapshot != null) {
      feed(new StreamEvent.SnapshotChanged(snapshot));
    }
  }

  private void feed(StreamEvent event) {
    StreamSession current = session;
    ProxyGate.Proxy owner = proxy;
    if (current == null || owner == null) {
      return;
    }
    for (StreamAction action : current.on(event)) {
      switch (action) {
        case StreamAction.Send send -> waiting.add(send);
        case StreamAction.Acked a -> owner.on(a, 0);
        case StreamAction.Nacked n -> owner.on(n, 0);
        case StreamAction.Ignored i -> owner.on(i, 0);
      }
    }
    status = current.status();
    write();
  }

  private void write() {
    ProxyGate.Proxy owner = proxy;
    while (!waiting.isEmpty() && !ended && owner != null) {
      if (!call.isReady()) {
        watchStall();
        return;
      }
      if (stalled != null) {
        stalled.cancel(false);
        stalled = null;
      }
      returnRoom();
      StreamAction.Send send = waiting.getFirst();
      int bytes = size(send);
      if (bytes >= READY_BELOW && !mayHold(bytes)) {
        return;
      }
      waiting.removeFirst();
      call.sendMessage(send);
      sent = next;
      next = null;
      owner.on(send, bytes);
    }
    if (call.isReady()) {
      returnRoom();
    }
  }

  /** The room of a response is held until the transport has it on the wire. */
  private boolean mayHold(int bytes) {
    SendBudget.Claim asked = next;
    if (asked == null) {
      asked = budget.claim(bytes, () -> serial.execute(this::write));
      next = asked;
    }
    return asked.isGranted();
  }

  private void returnRoom() {
    if (sent != null) {
      sent.release();
      sent = null;
    }
  }

  private static int size(StreamAction.Send send) {
    return send.resources().stream().mapToInt(EncodedResource::size).sum();
  }

  private void watchStall() {
    if (stalled == null) {
      stalled =
          timer.schedule(
              () ->
                  end(
                      Status.UNAVAILABLE.withDescription(
                          "response not read for " + limits.stall().toSeconds() + " s")),
              limits.stall().toMillis(),
              TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void onReady() {
    serial.execute(
        () -> {
          write();
          takeNewest();
        });
  }

  @Override
  public void onHalfClose() {
    end(Status.OK);
  }

  @Override
  public void onCancel() {
    serial.execute(this::finish);
  }

  @Override
  public void onComplete() {
    serial.execute(this::finish);
  }

  @Override
  public void end(Status reason) {
    serial.execute(() -> close(reason));
  }

  private void close(Status reason) {
    if (!ended) {
      call.close(reason, new Metadata());
    }
    finish();
  }

  private void finish() {
    if (ended) {
      return;
    }
    ended = true;
    waiting.clear();
    newest.set(null);
    returnRoom();
    if (next != null) {
      next.release();
      next = null;
    }
    if (stalled != null) {
      stalled.cancel(false);
    }
    gone.accept(this);
    if (proxy != null) {
      proxy.closed();
    }
  }
}
