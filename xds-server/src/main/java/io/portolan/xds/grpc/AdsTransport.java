package io.portolan.xds.grpc;

import io.grpc.netty.NettyServerBuilder;
import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.channel.ChannelOption;

/** How a gRPC server carries ADS streams, the same on every port. */
public final class AdsTransport {
  /** Requests are small; a small window bounds what a client can make the server hold. */
  private static final int WINDOW = 64 * 1024;

  private AdsTransport() {}

  /**
   * Sets executor, receive window and buffers; limits and credentials stay the caller's.
   *
   * <p>gRPC's own allocator returns every 2 MiB chunk that is empty to the system, and so a push
   * clears fresh memory for each of its responses. Netty's adaptive allocator keeps them.
   */
  public static NettyServerBuilder configure(NettyServerBuilder builder) {
    return builder
        .directExecutor()
        .flowControlWindow(WINDOW)
        .withChildOption(ChannelOption.ALLOCATOR, new AdaptiveByteBufAllocator(true));
  }
}
