package io.portolan.xds.stream;

import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceSet;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The state of one ADS stream, state-of-the-world or delta. Not thread-safe: its owner calls it
 * serially.
 *
 * <p>A change goes out as clusters that are new or changed, at once their load assignments (Envoy
 * warms a changed cluster until it has one, and acknowledges CDS only then), after the CDS
 * acknowledgement listeners and routes, and last the removal of clusters no route names any more.
 */
public final class StreamSession {
  private final boolean delta;
  private final Map<ResourceType, Watch> watches = new EnumMap<>(ResourceType.class);
  private @Nullable Snapshot snapshot;
  private long nonces;

  /**
   * @param delta which protocol the stream speaks
   */
  public StreamSession(boolean delta, SecretVersions secretVersions) {
    this.delta = delta;
    for (ResourceType type : ResourceType.values()) {
      watches.put(type, new Watch(type, secretVersions));
    }
  }

  /** Takes an event; the actions are to be carried out in order. */
  public List<StreamAction> on(StreamEvent event) {
    List<StreamAction> actions = new ArrayList<>();
    switch (event) {
      case StreamEvent.Sotw request -> sotw(request, actions);
      case StreamEvent.Delta request -> delta(request, actions);
      case StreamEvent.UnknownType unknown ->
          actions.add(new StreamAction.Ignored("unknown type URL " + unknown.typeUrl()));
      case StreamEvent.SnapshotChanged changed -> snapshot = changed.snapshot();
    }
    advance(actions);
    return actions;
  }

  private void sotw(StreamEvent.Sotw request, List<StreamAction> actions) {
    Watch watch = watch(request.type());
    if (!request.nonce().isEmpty() && !watch.lastNonce.isEmpty()) {
      if (!request.nonce().equals(watch.lastNonce)) {
        actions.add(new StreamAction.Ignored("stale nonce of " + watch.type.shortName()));
        return;
      }
      settle(watch, request.nonce(), request.error(), actions);
    }
    watch.replaceNames(request.names(), request.version(), current(watch));
    if (watch.heldBefore) {
      watch.heldBefore = false;
      watch.caughtUp(current(watch));
    }
  }

  private void delta(StreamEvent.Delta request, List<StreamAction> actions) {
    Watch watch = watch(request.type());
    if (!request.nonce().isEmpty()) {
      settle(watch, request.nonce(), request.error(), actions);
    }
    List<String> unsubscribed = watch.change(request, current(watch));
    if (!unsubscribed.isEmpty()) {
      List<EncodedResource> still = new ArrayList<>();
      List<String> gone = new ArrayList<>();
      for (String name : unsubscribed) {
        EncodedResource resource = current(watch).get(name);
        if (resource == null) {
          gone.add(name);
        } else {
          still.add(resource);
        }
      }
      send(watch, still, gone, actions);
    }
  }

  private static void settle(
      Watch watch, String nonce, @Nullable String error, List<StreamAction> actions) {
    if (!watch.settle(nonce)) {
      actions.add(new StreamAction.Ignored("stale nonce of " + watch.type.shortName()));
    } else if (error != null) {
      watch.nacked++;
      watch.lastNack = error;
      actions.add(new StreamAction.Nacked(watch.type, nonce, error));
    } else {
      watch.acked++;
      watch.ackedVersion = watch.sentVersion;
      actions.add(new StreamAction.Acked(watch.type, nonce));
    }
  }

  /** Sends what may be sent now. */
  private void advance(List<StreamAction> actions) {
    if (snapshot == null) {
      return;
    }
    Watch clusters = watch(ResourceType.CLUSTER);
    clusters(clusters, actions);
    plain(watch(ResourceType.ENDPOINT), actions, true);
    plain(watch(ResourceType.SECRET), actions, true);
    boolean clustersReady = !clusters.isOutstanding() && isClean(clusters);
    plain(watch(ResourceType.LISTENER), actions, clustersReady);
    plain(watch(ResourceType.ROUTE), actions, clustersReady);
    removeClusters(clusters, actions);
  }

  private void clusters(Watch watch, List<StreamAction> actions) {
    if (!watch.opened) {
      return;
    }
    boolean asked = watch.answerEvenIfEmpty || !watch.owed.isEmpty();
    if (!asked && (watch.isOutstanding() || isClean(watch))) {
      return;
    }
    ResourceSet current = current(watch);
    List<String> gone = new ArrayList<>();
    Map<String, EncodedResource> changed = byName(watch.missing(current, gone));
    List<String> absent = addOwed(watch, current, changed);
    ResourceSet old = watch.base;
    boolean answer = asked || !changed.isEmpty();
    gone.forEach(name -> watch.leaving.put(name, Optional.ofNullable(old.get(name))));
    changed.keySet().forEach(watch.leaving::remove);
    watch.caughtUp(current);
    if (answer || !absent.isEmpty()) {
      send(watch, new ArrayList<>(changed.values()), absent, actions);
      Watch endpoints = watch(ResourceType.ENDPOINT);
      for (EncodedResource cluster : changed.values()) {
        String name = cluster.endpointsOf();
        if (name != null && !endpoints.opened) {
          endpoints.awaited.add(name);
        } else if (name != null && endpoints.names.contains(name)) {
          endpoints.owed.add(name);
        }
      }
    }
  }

  private void plain(Watch watch, List<StreamAction> actions, boolean mayPush) {
    if (!watch.opened) {
      return;
    }
    boolean asked = watch.answerEvenIfEmpty || !watch.owed.isEmpty();
    if (!asked && (!mayPush || watch.isOutstanding() || isClean(watch))) {
      if (watch.blank && isClean(watch)) {
        watch.caughtUp(current(watch));
      }
      return;
    }
    ResourceSet current = current(watch);
    List<String> gone = new ArrayList<>();
    Map<String, EncodedResource> changed = new LinkedHashMap<>();
    List<String> absent;
    if (mayPush || watch.blank) {
      changed = byName(watch.missing(current, gone));
      absent = addOwed(watch, current, changed);
      if (watch.type == ResourceType.LISTENER) {
        absent.addAll(gone);
      }
      boolean answer = asked || !changed.isEmpty() || !absent.isEmpty();
      watch.caughtUp(current);
      if (answer) {
        send(watch, new ArrayList<>(changed.values()), absent, actions);
      }
    } else {
      // An answer goes out at once; the push behind it still waits for the clusters.
      absent = addOwed(watch, current, changed);
      changed.forEach((name, resource) -> watch.ahead.put(name, resource.version()));
      watch.owed.clear();
      watch.answerEvenIfEmpty = false;
      send(watch, new ArrayList<>(changed.values()), absent, actions);
    }
  }

  /** Adds what is owed by name; returns the names nobody makes and that can be said to be gone. */
  private List<String> addOwed(
      Watch watch, ResourceSet current, Map<String, EncodedResource> changed) {
    List<String> absent = new ArrayList<>();
    for (String name : watch.owed.stream().sorted().toList()) {
      EncodedResource resource = current.get(name);
      if (resource == null) {
        resource = Snapshot.absent(watch.type, name);
      }
      if (resource == null) {
        absent.add(name);
      } else {
        changed.put(name, resource);
      }
    }
    return absent;
  }

  private void removeClusters(Watch clusters, List<StreamAction> actions) {
    if (clusters.leaving.isEmpty()
        || clusters.isOutstanding()
        || !isSettled(watch(ResourceType.LISTENER))
        || !isSettled(watch(ResourceType.ROUTE))) {
      return;
    }
    List<String> gone = new ArrayList<>(clusters.leaving.keySet());
    clusters.leaving.clear();
    send(clusters, List.of(), gone, actions);
  }

  private boolean isSettled(Watch watch) {
    return !watch.opened || (!watch.isOutstanding() && isClean(watch));
  }

  /** True when the client holds what it wants of the current snapshot. */
  private boolean isClean(Watch watch) {
    if (!watch.opened) {
      return true;
    }
    if (watch.answerEvenIfEmpty || !watch.owed.isEmpty()) {
      return false;
    }
    List<String> gone = new ArrayList<>();
    boolean nothingMissing = watch.missing(current(watch), gone).isEmpty();
    return nothingMissing
        && (gone.isEmpty()
            || (watch.type != ResourceType.CLUSTER && watch.type != ResourceType.LISTENER));
  }

  private void send(
      Watch watch,
      List<EncodedResource> resources,
      List<String> removed,
      List<StreamAction> actions) {
    ResourceSet current = current(watch);
    List<EncodedResource> content = resources;
    if (!delta && watch.wildcard) {
      // Absence is removal in state-of-the-world, so clusters that are still needed stay listed.
      Map<String, EncodedResource> all = new TreeMap<>();
      watch.leaving.forEach((name, held) -> held.ifPresent(r -> all.put(name, r)));
      current.sorted().forEach(r -> all.put(r.name(), r));
      content = new ArrayList<>(all.values());
    }
    String nonce = Long.toString(++nonces);
    String version = current.version();
    watch.sent(nonce, version, content.size());
    actions.add(
        new StreamAction.Send(
            watch.type,
            version,
            nonce,
            List.copyOf(content),
            delta ? List.copyOf(removed) : List.of()));
  }

  private static Map<String, EncodedResource> byName(List<EncodedResource> resources) {
    Map<String, EncodedResource> map = new LinkedHashMap<>();
    resources.forEach(r -> map.put(r.name(), r));
    return map;
  }

  private Watch watch(ResourceType type) {
    Watch watch = watches.get(type);
    if (watch == null) {
      throw new IllegalStateException("no watch of " + type);
    }
    return watch;
  }

  private ResourceSet current(Watch watch) {
    return snapshot == null ? ResourceSet.EMPTY : snapshot.of(watch.type);
  }

  /** The state of every type the client has asked for, for people. */
  public List<TypeStatus> status() {
    List<TypeStatus> all = new ArrayList<>();
    for (Watch watch : watches.values()) {
      if (watch.opened) {
        all.add(
            new TypeStatus(
                watch.type,
                watch.wildcard,
                watch.names.size(),
                watch.sentVersion,
                watch.ackedVersion,
                watch.sent,
                watch.acked,
                watch.nacked,
                watch.resourcesSent,
                watch.isOutstanding(),
                watch.lastNack));
      }
    }
    return all;
  }

  /** One type of a stream. Counts are of responses, {@code resourcesSent} of resources in them. */
  public record TypeStatus(
      ResourceType type,
      boolean wildcard,
      int names,
      String sentVersion,
      String ackedVersion,
      long sent,
      long acked,
      long nacked,
      long resourcesSent,
      boolean outstanding,
      @Nullable String lastNack) {}
}
