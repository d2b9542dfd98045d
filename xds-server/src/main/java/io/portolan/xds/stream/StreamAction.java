package io.portolan.xds.stream;

import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.snapshot.ResourceType;
import java.util.List;

/** What is to be done. */
public sealed interface StreamAction {
  /**
   * Send a response.
   *
   * @param version of the whole set; in delta for people only
   * @param removed names that are gone; empty in state-of-the-world
   */
  record Send(
      ResourceType type,
      String version,
      String nonce,
      List<EncodedResource> resources,
      List<String> removed)
      implements StreamAction {}

  /** The client accepted a response. */
  record Acked(ResourceType type, String nonce) implements StreamAction {}

  /** The client refused a response; nothing is sent again until its content changes. */
  record Nacked(ResourceType type, String nonce, String reason) implements StreamAction {}

  /** Nothing came of the event; said for counters. */
  record Ignored(String reason) implements StreamAction {}
}
