package io.portolan.registry.source.kubernetes.membership;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The cluster that this process belongs to, as a member like any other. Its files are read again
 * and again, so that a rotated CA is followed too; a token is followed by its own file.
 */
public final class OwnCluster implements AutoCloseable {
  private final String cluster;
  private final Supplier<KubeconfigParser.Parsed> read;
  private final Membership membership;
  private final ScheduledExecutorService timer;

  /** Name of this source of claims. */
  public static final String SOURCE = "own cluster";

  /**
   * @param cluster own cluster id
   * @param read {@link InCluster#read} or a kubeconfig file
   * @param timer polls; closed with this object
   */
  public OwnCluster(
      String cluster,
      Supplier<KubeconfigParser.Parsed> read,
      Membership membership,
      ScheduledExecutorService timer) {
    this.cluster = cluster;
    this.read = read;
    this.membership = membership;
    this.timer = timer;
  }

  /** Reads, first at once and then with this pause. */
  public void start(Duration pause) {
    var _ =
        timer.scheduleWithFixedDelay(
            () ->
                membership.claims(
                    SOURCE, List.of(new Claim(cluster, SOURCE, Instant.EPOCH, true, read.get()))),
            0,
            pause.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
