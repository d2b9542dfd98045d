package io.portolan.registry.source.kubernetes;

import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.kubernetes.ReadState.Ending;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Tree;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists and watches one kind of one cluster, for ever. Safe for any thread: everything happens
 * under its lock, one request at a time, and what an earlier request still says is not heard.
 */
final class Reflector {
  private static final Logger LOG = LoggerFactory.getLogger(Reflector.class);
  private static final int QUIET_CHECKS = 4;
  private static final Duration IDLE = Duration.ofSeconds(1);
  private static final int GONE = 410;

  private final ClusterLink shared;
  private final ApiResource resource;
  private final ObjectReader reader;
  private final KindObjects objects = new KindObjects();
  private ReadState state = ReadState.START;
  private KindStatus.State doing = KindStatus.State.LISTING;
  private @Nullable Request request;
  private @Nullable ScheduledFuture<?> waiting;
  private @Nullable Instant lastProgress;
  private String problem = "";
  private long lists;
  private long watches;
  private boolean unanswered;
  private boolean closed;

  Reflector(ClusterLink shared, ApiResource resource) {
    this.shared = shared;
    this.resource = resource;
    this.reader =
        new ObjectReader(shared.cluster(), resource, shared.settings(), shared.interner());
  }

  synchronized void start() {
    next(Duration.ZERO);
  }

  synchronized void close() {
    closed = true;
    doing = KindStatus.State.CLOSED;
    if (waiting != null) {
      waiting.cancel(false);
    }
    if (request != null) {
      request.end();
    }
  }

  /** The API server answers another reflector again: what waits for it need not wait longer. */
  synchronized void wake() {
    if (!closed && unanswered && waiting != null && waiting.cancel(false)) {
      send();
    }
  }

  /** Lists again soon: the last list is believed only when another one says the same. */
  synchronized void confirm() {
    if (!closed && request != null && doing == KindStatus.State.WATCHING) {
      expired(request, "the last list is to be confirmed");
    }
  }

  synchronized KindStatus status() {
    return new KindStatus(
        resource.kind(),
        resource.collection(state.variant()),
        doing,
        state.version(),
        lastProgress,
        lists,
        watches,
        state.failures(),
        objects.size(),
        problem);
  }

  synchronized List<Finding> findings() {
    List<Finding> all = new ArrayList<>(objects.findings());
    if (doing == KindStatus.State.MISSING) {
      all.add(
          link(
              Finding.Severity.INFO,
              "the API server does not have this kind (remedy, where it is wanted: apply its"
                  + " CustomResourceDefinition); it counts as empty"));
    } else if (!problem.isEmpty()) {
      all.add(link(Finding.Severity.WARNING, problem + "; what was read last stays"));
    }
    return all;
  }

  private Finding link(Finding.Severity severity, String message) {
    return new Finding(severity, resource.collection(state.variant()), 0, "", "", message);
  }

  private void next(Duration pause) {
    if (!closed && pause.isZero()) {
      send();
    } else if (!closed) {
      waiting = shared.timer().schedule(this::waited, pause.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private synchronized void waited() {
    if (!closed) {
      send();
    }
  }

  private void send() {
    waiting = null;
    unanswered = false;
    doing = state.lists() ? KindStatus.State.LISTING : KindStatus.State.WATCHING;
    long seconds =
        shared
            .random()
            .nextLong(
                shared.settings().watchLeast().toSeconds(),
                shared.settings().watchMost().toSeconds() + 1);
    if (!state.lists()) {
      new Request(null, false).open(resource.watchQuery(state.version(), seconds));
    } else if (state.streams()) {
      new Request(new KindObjects.Listing(), false).open(resource.streamQuery(seconds));
    } else {
      page(new KindObjects.Listing(), null);
    }
  }

  private void page(KindObjects.Listing listing, @Nullable String token) {
    new Request(listing, true)
        .open(resource.listQuery(shared.settings().pageSize(), state.fromCache(), token));
  }

  private String verb() {
    return (state.lists() ? "list " : "watch ") + resource.collection(state.variant());
  }

  private void finish(Request of, Ending ending) {
    if (request != of) {
      return;
    }
    of.end();
    ReadState.Turn turn =
        state.after(
            ending, resource.prefixes().size(), shared.settings(), shared.random().nextDouble());
    state = turn.state();
    if (!turn.pause().isZero() && doing != KindStatus.State.REFUSED) {
      doing = KindStatus.State.WAITING;
    }
    next(turn.pause());
  }

  private void failed(Request of, String reason, Ending ending) {
    if (request != of) {
      return;
    }
    String told = verb() + ": " + reason;
    if (!told.equals(problem)) {
      problem = told;
      LOG.warn(
          "API server not read cluster={} kind={} resource_version={} reason=\"{}\"",
          shared.cluster(),
          resource.kind().kubernetesName(),
          state.version(),
          told);
    }
    shared.feed().failed(told);
    finish(of, ending);
  }

  private void unanswered(Request of, String reason) {
    if (request == of) {
      failed(of, reason, new Ending.Away());
      unanswered = true;
    }
  }

  private void progress() {
    lastProgress = shared.clock().instant();
    shared.feed().alive();
  }

  private void settled() {
    if (!problem.isEmpty()) {
      problem = "";
      shared.wake().run();
      LOG.info(
          "API server read again cluster={} kind={}",
          shared.cluster(),
          resource.kind().kubernetesName());
    }
  }

  private void expired(Request of, String why) {
    String kind = resource.kind().kubernetesName();
    LOG.info("list again cluster={} kind={} reason=\"{}\"", shared.cluster(), kind, why);
    finish(of, new Ending.Expired());
  }

  private void listed(Request of, KindObjects.Listing listing, String version) {
    List<MeshObject> all = objects.listed(listing);
    lists++;
    settled();
    LOG.info(
        "listed cluster={} kind={} objects={} resource_version={}",
        shared.cluster(),
        resource.kind().kubernetesName(),
        all.size(),
        version);
    shared.feed().listed(resource.kind(), all);
    if (of.paged) {
      finish(of, new Ending.Listed(version));
    } else {
      state = state.after(new Ending.Listed(version), 1, shared.settings(), 0).state();
      doing = KindStatus.State.WATCHING;
      of.listing = null;
    }
  }

  private void missing(Request of) {
    boolean last = state.variant() + 1 == resource.prefixes().size();
    if (last) {
      problem = "";
      lists++;
      shared.feed().listed(resource.kind(), objects.listed(new KindObjects.Listing()));
    }
    finish(of, new Ending.Missing());
    if (last) {
      doing = KindStatus.State.MISSING;
    }
  }

  /** One request; its calls count while it is the present one. */
  private final class Request implements Exchange.Receiver {
    private final boolean paged;
    private final Exchange exchange;
    private KindObjects.@Nullable Listing listing;
    private @Nullable ScheduledFuture<?> check;
    private int quiet;
    private boolean heardAny;
    private @Nullable Instant answered;

    Request(KindObjects.@Nullable Listing listing, boolean paged) {
      this.listing = listing;
      this.paged = paged;
      this.exchange = new Exchange(paged ? JsonFrames.Shape.LIST : JsonFrames.Shape.OBJECTS, this);
    }

    void open(String query) {
      request = this;
      long nanos = shared.settings().silence().toNanos() / QUIET_CHECKS;
      check = shared.timer().scheduleAtFixedRate(this::check, nanos, nanos, TimeUnit.NANOSECONDS);
      exchange.open(shared.http(), shared.uri(resource.collection(state.variant()), query));
    }

    void end() {
      request = null;
      if (check != null) {
        check.cancel(false);
      }
      exchange.cancel();
    }

    private void check() {
      synchronized (Reflector.this) {
        if (request == this && ++quiet >= QUIET_CHECKS) {
          silent(
              "silence for "
                  + shared.settings().silence().toSeconds()
                  + " s (expected an event or a bookmark)");
        }
      }
    }

    private void silent(String reason) {
      if (answered == null || paged) {
        unanswered(this, reason);
        return;
      }
      shared.feed().failed(verb() + ": " + reason);
      if (listing != null) {
        // It may be a server that takes the query for an ordinary watch.
        finish(this, new Ending.NotStreamed());
      } else {
        // A watch from a version that the server has yet to reach, since it lost its state, is
        // accepted and hears nothing, not even bookmarks.
        expired(this, reason);
      }
    }

    @Override
    public void answered() {
      synchronized (Reflector.this) {
        if (request == this) {
          answered = shared.clock().instant();
          quiet = 0;
          if (listing == null) {
            watches++;
            state = state.answered();
            settled();
          }
          progress();
        }
      }
    }

    @Override
    public void heard() {
      synchronized (Reflector.this) {
        if (request == this) {
          quiet = 0;
          heardAny = true;
          progress();
        }
      }
    }

    @Override
    public void frame(byte[] bytes, int length, long size) {
      synchronized (Reflector.this) {
        if (request != this) {
          return;
        }
        KindObjects.Listing list = listing;
        if (paged && list != null) {
          list.add(reader.item(bytes, length, size, state.variant()));
        } else {
          event(reader.event(bytes, length, size));
        }
      }
    }

    private void event(ObjectReader.Event event) {
      String version = event.parsed().known("resourceVersion");
      switch (event.type()) {
        case "BOOKMARK" -> bookmark(event, version);
        case "ERROR" -> error(event.object());
        case "ADDED", "MODIFIED", "DELETED" -> change(event, version);
        default -> {
          String problem = "an event cannot be read: " + event.parsed().problem();
          shared.feed().failed(verb() + ": " + problem);
          expired(this, problem);
        }
      }
    }

    private void bookmark(ObjectReader.Event event, String version) {
      KindObjects.Listing list = listing;
      if (list != null) {
        String end =
            JsonTrees.text(event.object(), "metadata", "annotations", Keep.INITIAL_EVENTS_END);
        if (end.equals("true")) {
          listed(this, list, version);
        } else {
          finish(this, new Ending.NotStreamed());
        }
      } else if (Versions.older(version, state.version())) {
        // An API server that lost its state, or whose state was set back.
        expired(this, "a bookmark went back to " + version);
      } else if (!version.isEmpty()) {
        state = state.progressed(version);
      }
    }

    private void error(Tree.Mapping status) {
      String message = JsonTrees.text(status, "message");
      String code = JsonTrees.text(status, "code");
      if (code.equals(String.valueOf(GONE))) {
        expired(this, message);
      } else {
        failed(this, "error " + code + ": " + message, Ending.Failed.AT_ONCE);
      }
    }

    private void change(ObjectReader.Event event, String version) {
      KindObjects.Listing list = listing;
      boolean deleted = event.type().equals("DELETED");
      Optional<ObjectRef> ref = reader.ref(event.parsed().known());
      if (list != null) {
        if (deleted) {
          ref.ifPresent(list::remove);
        } else {
          list.add(reader.read(event, state.variant()));
        }
        return;
      }
      if (Versions.older(version, state.version())) {
        return;
      }
      if (deleted) {
        ref.filter(objects::remove).ifPresent(shared.feed()::remove);
      } else {
        objects.put(reader.read(event, state.variant())).ifPresent(shared.feed()::put);
      }
      if (!version.isEmpty()) {
        state = state.progressed(version);
      }
    }

    @Override
    public void ended(boolean whole, byte[] envelope) {
      synchronized (Reflector.this) {
        if (request != this) {
          return;
        }
        KindObjects.Listing list = listing;
        if (list == null) {
          Instant since = answered;
          boolean idle =
              !heardAny && since != null && shared.clock().instant().isBefore(since.plus(IDLE));
          finish(this, new Ending.Closed(idle));
        } else if (!paged || !whole) {
          failed(this, "the answer ended before the list was complete", Ending.Failed.AT_ONCE);
        } else {
          pageEnded(list, JsonTrees.object(envelope, envelope.length, Keep.ALL));
        }
      }
    }

    private void pageEnded(KindObjects.Listing list, JsonTrees.Parsed envelope) {
      String version = envelope.known("resourceVersion");
      String token = envelope.known("continue");
      if (version.isEmpty()) {
        failed(this, "a list without resourceVersion " + envelope.problem(), Ending.Failed.AT_ONCE);
      } else if (token.isEmpty()) {
        listed(this, list, version);
      } else {
        end();
        page(list, token);
      }
    }

    @Override
    public void refused(int code, String message, Duration least) {
      synchronized (Reflector.this) {
        if (request != this) {
          return;
        }
        progress();
        Refusal refusal = Refusal.of(code, message, resource, listing != null && !paged);
        switch (refusal.meaning()) {
          case EXPIRED -> expired(this, refusal.text());
          case MISSING -> missing(this);
          case NOT_STREAMED -> finish(this, new Ending.NotStreamed());
          case CREDENTIAL -> {
            doing = KindStatus.State.REFUSED;
            failed(this, refusal.text(), new Ending.Failed(least));
          }
          case AWAY -> failed(this, refusal.text(), new Ending.Away());
          case FAILED -> failed(this, refusal.text(), new Ending.Failed(least));
        }
      }
    }

    @Override
    public void broken(String reason) {
      synchronized (Reflector.this) {
        unanswered(this, answered == null ? reason : "the answer broke off: " + reason);
      }
    }
  }
}
