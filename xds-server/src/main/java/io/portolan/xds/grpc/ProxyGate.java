package io.portolan.xds.grpc;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.StatusException;
import io.portolan.ca.authn.PeerCredential;
import io.portolan.xds.snapshot.Snapshot;
import io.portolan.xds.stream.SecretVersions;
import io.portolan.xds.stream.StreamAction;
import io.portolan.xds.stream.StreamSession;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Where streams meet the rest of the control plane. */
public interface ProxyGate {
  /**
   * A stream has sent its first request. Called on a thread of its own that may block; the stream
   * reads nothing more until this returns. A proxy whose stream has ended meanwhile is dropped: it
   * is neither opened nor closed.
   *
   * @throws StatusException when the proxy is refused; the stream ends with this status
   */
  Proxy connect(Node node, Connection connection) throws StatusException;

  /**
   * What is known about the stream.
   *
   * @param id unique in this process
   * @param delta which protocol it speaks
   * @param peer remote address
   * @param credential what the peer brought to prove who it is, not checked yet
   * @param sink takes the newest snapshot from any thread without blocking; an older one that was
   *     not sent yet is replaced
   * @param status the session's state for people, any thread
   * @param close ends the stream with a reason, any thread
   */
  record Connection(
      long id,
      boolean delta,
      String peer,
      PeerCredential credential,
      Consumer<Snapshot> sink,
      Supplier<List<StreamSession.TypeStatus>> status,
      Consumer<io.grpc.Status> close) {}

  /** The rest's view of one connected proxy. Methods are called on the stream's executor. */
  interface Proxy {
    /** Decides about secrets that the client brings. */
    SecretVersions secretVersions();

    /** The stream is ready for snapshots: deliver the first one now. */
    void opened();

    /**
     * Something happened; {@code bytes} is the size of the resources in a sent response, else 0.
     */
    void on(StreamAction action, int bytes);

    /** The stream has ended. */
    void closed();
  }
}
