package io.portolan.xds.grpc;

import com.google.rpc.Status;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.grpc.StatusException;
import io.portolan.xds.snapshot.ResourceType;
import io.portolan.xds.stream.StreamEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads requests of one protocol into events, within the limits. */
sealed interface Requests<R> {
  /** The node of a request. */
  Node node(R request);

  /** True for the delta protocol. */
  boolean isDelta();

  /**
   * The event of a request.
   *
   * @throws StatusException INVALID_ARGUMENT when a limit is exceeded
   */
  StreamEvent event(R request) throws StatusException;

  /** State of the world. */
  record Sotw(StreamLimits limits) implements Requests<DiscoveryRequest> {
    @Override
    public Node node(DiscoveryRequest request) {
      return request.getNode();
    }

    @Override
    public boolean isDelta() {
      return false;
    }

    @Override
    public StreamEvent event(DiscoveryRequest request) throws StatusException {
      ResourceType type = ResourceType.ofTypeUrl(request.getTypeUrl()).orElse(null);
      if (type == null) {
        return new StreamEvent.UnknownType(shorten(request.getTypeUrl()));
      }
      return new StreamEvent.Sotw(
          type,
          checked(request.getResourceNamesList(), limits),
          request.getVersionInfo(),
          request.getResponseNonce(),
          request.hasErrorDetail() ? error(request.getErrorDetail()) : null);
    }
  }

  /** Delta. */
  record Delta(StreamLimits limits) implements Requests<DeltaDiscoveryRequest> {
    @Override
    public Node node(DeltaDiscoveryRequest request) {
      return request.getNode();
    }

    @Override
    public boolean isDelta() {
      return true;
    }

    @Override
    public StreamEvent event(DeltaDiscoveryRequest request) throws StatusException {
      ResourceType type = ResourceType.ofTypeUrl(request.getTypeUrl()).orElse(null);
      if (type == null) {
        return new StreamEvent.UnknownType(shorten(request.getTypeUrl()));
      }
      if (request.getInitialResourceVersionsCount() > limits.names()) {
        throw tooMany(request.getInitialResourceVersionsCount(), limits);
      }
      return new StreamEvent.Delta(
          type,
          checked(request.getResourceNamesSubscribeList(), limits),
          checked(request.getResourceNamesUnsubscribeList(), limits),
          request.getInitialResourceVersionsMap(),
          request.getResponseNonce(),
          request.hasErrorDetail() ? error(request.getErrorDetail()) : null);
    }
  }

  private static List<String> checked(List<String> names, StreamLimits limits)
      throws StatusException {
    if (names.size() > limits.names()) {
      throw tooMany(names.size(), limits);
    }
    for (String name : names) {
      if (name.length() > limits.nameLength()) {
        throw io.grpc.Status.INVALID_ARGUMENT
            .withDescription(
                "resource name of "
                    + name.length()
                    + " characters (expected at most "
                    + limits.nameLength()
                    + ")")
            .asException();
      }
    }
    return List.copyOf(names);
  }

  private static StatusException tooMany(int count, StreamLimits limits) {
    return io.grpc.Status.INVALID_ARGUMENT
        .withDescription(
            count + " resource names in one request (expected at most " + limits.names() + ")")
        .asException();
  }

  private static @Nullable String error(Status status) {
    return shorten(
        status.getMessage().isEmpty() ? "code " + status.getCode() : status.getMessage());
  }

  private static String shorten(String text) {
    return text.length() <= 2000 ? text : text.substring(0, 2000) + "…";
  }
}
