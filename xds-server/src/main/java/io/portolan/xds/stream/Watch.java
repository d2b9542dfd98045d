package io.portolan.xds.stream;

import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceSet;
import io.portolan.xds.snapshot.ResourceType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One type on one stream: what the client wants, what it holds, what it owes an answer to.
 *
 * <p>What the client holds is the set {@code base}, shared with all proxies that hold the same, so
 * that a watch costs no memory per resource.
 */
final class Watch {
  final ResourceType type;
  final Set<String> names = new HashSet<>();

  /** Names that must be answered with the next response, whatever the client holds. */
  final Set<String> owed = new HashSet<>();

  /** Load assignments whose clusters changed before the client asked for any on this stream. */
  final Set<String> awaited = new HashSet<>();

  /** Clusters the client still holds and that go once no route needs them. */
  final Map<String, Optional<EncodedResource>> leaving = new TreeMap<>();

  /** Versions of names that were answered ahead of a push that still waits. */
  final Map<String, String> ahead = new HashMap<>();

  private final ArrayDeque<String> outstanding = new ArrayDeque<>();
  boolean opened;
  boolean wildcard;
  boolean answerEvenIfEmpty;
  boolean heldBefore;
  private boolean legacyOpen = true;

  /** Versions from an earlier stream, until the first answer. */
  private Map<String, String> initial = Map.of();

  ResourceSet base = ResourceSet.EMPTY;

  /** True until the first answer: the client holds at most what {@code initial} says. */
  boolean blank = true;

  String lastNonce = "";
  long sent;
  long acked;
  long nacked;
  long resourcesSent;
  String ackedVersion = "";
  String sentVersion = "";
  @Nullable String lastNack;

  private final SecretVersions secretVersions;

  Watch(ResourceType type, SecretVersions secretVersions) {
    this.type = type;
    this.secretVersions = secretVersions;
  }

  boolean wants(String name) {
    return wildcard || names.contains(name);
  }

  /** True while a response waits for its ACK: pushes wait, answers to requests do not. */
  boolean isOutstanding() {
    return !outstanding.isEmpty();
  }

  void sent(String nonce, String version, int resources) {
    outstanding.addLast(nonce);
    lastNonce = nonce;
    sentVersion = version;
    sent++;
    resourcesSent += resources;
  }

  /** Settles the response of this nonce and those before it; false when it is not known. */
  boolean settle(String nonce) {
    if (!outstanding.contains(nonce)) {
      return false;
    }
    String settled;
    do {
      settled = outstanding.removeFirst();
    } while (!settled.equals(nonce));
    return true;
  }

  /**
   * Applies the list of a state-of-the-world request. Names of resources that exist are kept as the
   * resource's own string, which all streams share.
   */
  void replaceNames(List<String> wanted, String version, ResourceSet current) {
    boolean first = !opened;
    opened = true;
    boolean wasWildcard = wildcard;
    if (wanted.isEmpty() && legacyOpen) {
      wildcard = type.legacyWildcard();
    } else {
      legacyOpen = false;
      wildcard = wanted.contains("*");
    }
    Set<String> next = HashSet.newHashSet(wanted.size());
    for (String name : wanted) {
      EncodedResource known = current.get(name);
      next.add(known == null ? name : known.name());
    }
    next.remove("*");
    for (String name : next) {
      if (!names.contains(name)) {
        owed.add(name);
      }
    }
    names.clear();
    names.addAll(next);
    owed.retainAll(names);
    if (wildcard && !wasWildcard) {
      // On a new stream the version tells of a wildcard client that already holds everything.
      heldBefore = first && !version.isEmpty() && version.equals(current.version());
      answerEvenIfEmpty = !heldBefore;
    }
  }

  /** Applies the lists of a delta request: subscriptions before unsubscriptions. */
  List<String> change(StreamEvent.Delta request, ResourceSet current) {
    boolean first = !opened;
    opened = true;
    if (first) {
      initial = Map.copyOf(request.initialVersions());
    }
    if (legacyOpen && first && request.subscribe().isEmpty() && type.legacyWildcard()) {
      wildcard = true;
      answerEvenIfEmpty = true;
    }
    for (String name : request.subscribe()) {
      legacyOpen = false;
      if (name.equals("*")) {
        answerEvenIfEmpty |= !wildcard;
        wildcard = true;
      } else {
        EncodedResource known = current.get(name);
        String own = known == null ? name : known.name();
        names.add(own);
        // What the client brings is judged against the snapshot when it is answered.
        if (!first || !initial.containsKey(own) || awaited.contains(own)) {
          owed.add(own);
        }
      }
    }
    awaited.clear();
    List<String> answer = new ArrayList<>();
    for (String name : request.unsubscribe()) {
      if (name.equals("*")) {
        wildcard = false;
      } else if (names.remove(name)) {
        owed.remove(name);
        if (wildcard) {
          answer.add(name);
        }
      }
    }
    return answer;
  }

  private boolean isHeldInitially(EncodedResource current) {
    String version = initial.get(current.name());
    return version != null
        && (version.equals(current.version())
            || (type == ResourceType.SECRET
                && secretVersions.isCurrent(current.name(), version, current.version())));
  }

  /**
   * What the client lacks of {@code current}, and names it holds that are gone.
   *
   * @param gone receives the names
   */
  List<EncodedResource> missing(ResourceSet current, List<String> gone) {
    Map<String, EncodedResource> missing = new TreeMap<>();
    if (blank && !initial.isEmpty()) {
      for (EncodedResource resource : wildcard ? current.sorted() : named(current)) {
        if (!isHeldInitially(resource)) {
          missing.put(resource.name(), resource);
        }
      }
      initial.keySet().stream()
          .filter(name -> current.get(name) == null)
          .sorted()
          .forEach(gone::add);
    } else {
      var diff = current.diffFrom(base);
      for (EncodedResource resource : diff.changed()) {
        if (wants(resource.name())) {
          missing.put(resource.name(), resource);
        }
      }
      diff.removed().stream().filter(this::wants).forEach(gone::add);
      ahead.forEach(
          (name, version) -> {
            EncodedResource now = current.get(name);
            if (now != null && now.version().equals(version)) {
              missing.remove(name);
            } else if (now != null && wants(name)) {
              missing.put(name, now);
            }
          });
    }
    return new ArrayList<>(missing.values());
  }

  private List<EncodedResource> named(ResourceSet current) {
    List<EncodedResource> found = new ArrayList<>();
    names.stream()
        .sorted()
        .forEach(
            name -> {
              EncodedResource resource = current.get(name);
              if (resource != null) {
                found.add(resource);
              }
            });
    return found;
  }

  /** The client now holds {@code current} as far as it wants it. */
  void caughtUp(ResourceSet current) {
    base = current;
    blank = false;
    initial = Map.of();
    owed.clear();
    ahead.clear();
    answerEvenIfEmpty = false;
  }
}
