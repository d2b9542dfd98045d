package io.portolan.registry.source.kubernetes;

import java.time.Duration;

/**
 * Where the reading of one kind stands: a pure value. What ended a request decides the next one and
 * the pause before it.
 *
 * @param version resource version to watch from, empty when a list comes next
 * @param streams whether lists are streamed: until the API server refuses it
 * @param fromCache whether a paged list may come from the API server's cache: until a resource
 *     version has expired, since the cache may be what is behind
 * @param variant which API version is asked for
 * @param failures requests in a row that failed
 * @param expiries lists in a row that had to be repeated before a watch brought anything
 * @param idleCloses watches in a row that were closed at once and brought nothing
 */
record ReadState(
    String version,
    boolean streams,
    boolean fromCache,
    int variant,
    int failures,
    int expiries,
    int idleCloses) {
  /**
   * So many watches that are closed at once without a word mean that the resource version is no
   * good though nobody says so: https://github.com/fabric8io/kubernetes-client/issues/7896.
   */
  static final int IDLE_CLOSES = 5;

  /**
   * So many requests in a row that found no server, a watch that broke off and one that could not
   * be sent again, are an outage in which its state may have been set back. A watch would go on
   * from a version of the lost history as soon as the new one has grown past it, and never say so:
   * what follows is a list.
   */
  static final int OUTAGE = 2;

  private static final int MAX_DOUBLINGS = 20;

  static final ReadState START = new ReadState("", true, true, 0, 0, 0, 0);

  /** What to do next, and how long to wait before. */
  record Turn(ReadState state, Duration pause) {}

  /** How a request ended. */
  sealed interface Ending {
    /** The list is complete, and a watch comes next. */
    record Listed(String version) implements Ending {}

    /** The API server closed the watch; {@code idle} when at once and without a word. */
    record Closed(boolean idle) implements Ending {}

    /** The resource version is too old, or not one of this API server's. */
    record Expired() implements Ending {}

    /** There is no such kind in this API version. */
    record Missing() implements Ending {}

    /** The API server does not stream lists. */
    record NotStreamed() implements Ending {}

    /** Nobody answered, or a balancer without a server behind it. */
    record Away() implements Ending {}

    /** Anything else; {@code least} is how long the API server asks to wait. */
    record Failed(Duration least) implements Ending {
      static final Failed AT_ONCE = new Failed(Duration.ZERO);
    }
  }

  /** A watch has moved on. */
  ReadState progressed(String to) {
    return new ReadState(to, streams, fromCache, variant, 0, 0, 0);
  }

  /** A watch was accepted. */
  ReadState answered() {
    return new ReadState(version, streams, fromCache, variant, 0, expiries, idleCloses);
  }

  /** Whether a list comes next. */
  boolean lists() {
    return version.isEmpty();
  }

  /**
   * After a request has ended.
   *
   * @param variants how many API versions the kind has
   * @param chance spreads pauses, 0..1
   */
  Turn after(Ending ending, int variants, ReaderSettings settings, double chance) {
    return switch (ending) {
      case Ending.Listed listed ->
          new Turn(
              new ReadState(listed.version(), streams, fromCache, variant, 0, expiries, 0),
              Duration.ZERO);
      case Ending.Closed closed -> closed(closed.idle(), settings, chance);
      // Also the first relist waits: many clusters may have lost their place at one time.
      case Ending.Expired() ->
          new Turn(
              new ReadState("", streams, false, variant, failures, expiries + 1, 0),
              backOff(expiries + 1, settings, chance));
      case Ending.Missing() ->
          variant + 1 < variants
              ? new Turn(
                  new ReadState("", streams, fromCache, variant + 1, failures, expiries, 0),
                  Duration.ZERO)
              : new Turn(
                  new ReadState("", streams, fromCache, 0, 0, 0, 0),
                  spread(settings.missingRetry(), chance));
      case Ending.NotStreamed() ->
          new Turn(
              new ReadState("", false, fromCache, variant, failures, expiries, 0), Duration.ZERO);
      case Ending.Away() -> {
        boolean outage = failures + 1 >= OUTAGE && !version.isEmpty();
        yield new Turn(
            new ReadState(
                outage ? "" : version,
                streams,
                fromCache && !outage,
                variant,
                failures + 1,
                outage ? expiries + 1 : expiries,
                idleCloses),
            backOff(Math.max(failures, outage ? expiries : 0) + 1, settings, chance));
      }
      case Ending.Failed failed -> {
        Duration pause = backOff(failures + 1, settings, chance);
        yield new Turn(
            new ReadState(version, streams, fromCache, variant, failures + 1, expiries, idleCloses),
            failed.least().compareTo(pause) > 0 ? failed.least() : pause);
      }
    };
  }

  private Turn closed(boolean idle, ReaderSettings settings, double chance) {
    if (!idle) {
      return new Turn(
          new ReadState(version, streams, fromCache, variant, 0, expiries, 0), Duration.ZERO);
    }
    int closes = idleCloses + 1;
    return new Turn(
        closes < IDLE_CLOSES
            ? new ReadState(version, streams, fromCache, variant, failures, expiries, closes)
            : new ReadState("", streams, false, variant, failures, expiries + 1, 0),
        backOff(closes + expiries, settings, chance));
  }

  private static Duration backOff(int attempts, ReaderSettings settings, double chance) {
    Duration bound =
        settings.backOffLeast().multipliedBy(1L << Math.min(MAX_DOUBLINGS, attempts - 1));
    return spread(
        bound.compareTo(settings.backOffMost()) > 0 ? settings.backOffMost() : bound, chance);
  }

  /** Between one half of a pause and all of it. */
  private static Duration spread(Duration pause, double chance) {
    long half = pause.toNanos() / 2;
    return Duration.ofNanos(half + (long) (chance * half));
  }
}
