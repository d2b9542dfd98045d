package io.portolan.xds.grpc;

import java.time.Duration;

/**
 * Bounds of one stream.
 *
 * @param nodeBytes largest node message in bytes
 * @param names most names in one request
 * @param nameLength longest resource name in characters
 * @param stall how long a stream may leave a response unread before it is ended
 */
public record StreamLimits(int nodeBytes, int names, int nameLength, Duration stall) {
  /** 256 KiB of node, 100,000 names of 1,024 characters, 60 s. */
  public static final StreamLimits DEFAULT =
      new StreamLimits(256 * 1024, 100_000, 1024, Duration.ofSeconds(60));
}
