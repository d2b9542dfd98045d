package io.portolan.xds.push;

import io.portolan.ca.identity.SpiffeId;
import io.portolan.xds.grpc.ProxyGate;
import io.portolan.xds.node.ProxyNode;
import io.portolan.xds.snapshot.Layer;
import io.portolan.xds.snapshot.ResourceSet;
import io.portolan.xds.snapshot.Snapshot;
import io.portolan.xds.view.ProxyScope;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One proxy with an open stream. Mutated by the planner's thread only, read by the admin port. */
public final class ConnectedProxy {
  private final ProxyNode node;
  private final ProxyGate.Connection connection;
  private final @Nullable SpiffeId identity;
  final @Nullable ProxySecrets secrets;
  private final Instant since;
  final AtomicLong bytesSent = new AtomicLong();
  final AtomicLong resourcesSent = new AtomicLong();
  final AtomicLong responses = new AtomicLong();
  final AtomicLong pushes = new AtomicLong();
  volatile @Nullable ProxyScope scope;
  volatile @Nullable Snapshot snapshot;
  volatile Layer ownClusters = Layer.EMPTY;
  volatile Layer ownListeners = Layer.EMPTY;
  volatile List<String> notes = List.of();
  volatile @Nullable String failure;

  ConnectedProxy(
      ProxyNode node,
      ProxyGate.Connection connection,
      @Nullable SpiffeId identity,
      @Nullable ProxySecrets secrets,
      Instant since) {
    this.node = node;
    this.connection = connection;
    this.identity = identity;
    this.secrets = secrets;
    this.since = since;
  }

  /** Who it says it is, checked. */
  public ProxyNode node() {
    return node;
  }

  /** Its stream. */
  public ProxyGate.Connection connection() {
    return connection;
  }

  /** Its authenticated identity, null on the plaintext port. */
  public @Nullable SpiffeId identity() {
    return identity;
  }

  /** Since when the stream is open. */
  public Instant since() {
    return since;
  }

  /** Bytes of resources in all responses of this stream. */
  public long bytesSent() {
    return bytesSent.get();
  }

  /** Resources in all responses of this stream. */
  public long resourcesSent() {
    return resourcesSent.get();
  }

  /**
   * Snapshots handed to this stream, the first one included. A stream may skip all but the last.
   */
  public long pushes() {
    return pushes.get();
  }

  /** Responses on this stream. */
  public long responses() {
    return responses.get();
  }

  /** Its scope, null before the first snapshot. */
  public @Nullable ProxyScope scope() {
    return scope;
  }

  /** What it should hold, null before the first image. */
  public @Nullable Snapshot snapshot() {
    return snapshot;
  }

  /** What a reader might expect but is not there. */
  public List<String> notes() {
    return notes;
  }

  /** Why its last generation failed, null when it did not. */
  public @Nullable String failure() {
    return failure;
  }

  /** The snapshot of these parts. */
  Snapshot compose(ScopeLayers shared) {
    return compose(
        shared, ownClusters, ownListeners, secrets == null ? Layer.EMPTY : secrets.layer());
  }

  static Snapshot compose(
      ScopeLayers shared, Layer ownClusters, Layer ownListeners, Layer secrets) {
    return new Snapshot(
        new ResourceSet(shared.clusters(), ownClusters),
        new ResourceSet(shared.endpoints(), Layer.EMPTY),
        new ResourceSet(shared.listeners(), ownListeners),
        new ResourceSet(shared.routes(), Layer.EMPTY),
        new ResourceSet(Layer.EMPTY, secrets));
  }
}
