package io.portolan.registry.source.files;

import io.portolan.registry.change.ChangeSink;
import io.portolan.registry.source.objects.CaCertsSecret;
import io.portolan.registry.source.objects.Finding;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Scans a mesh directory again and again and offers what has changed. */
public final class FileSource implements AutoCloseable {
  /** Name of this source. */
  public static final String NAME = "files";

  private static final Logger LOG = LoggerFactory.getLogger(FileSource.class);

  private final MeshDirectory directory;
  private final MeshDirectory.Scan first;
  private final ChangeSink sink;
  private final Consumer<CaCertsSecret> cacerts;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("file-source").factory());
  private volatile List<Finding> findings = List.of();
  private String lastFailure = "";

  /**
   * @param directory has been scanned once
   * @param first what that scan found; its CA material is the caller's to take
   * @param cacerts takes CA material of clusters that changes later, on the source's thread
   */
  public FileSource(
      MeshDirectory directory,
      MeshDirectory.Scan first,
      ChangeSink sink,
      Consumer<CaCertsSecret> cacerts) {
    this.directory = directory;
    this.first = first;
    this.sink = sink;
    this.cacerts = cacerts;
  }

  /** Offers the first scan and goes on scanning with this pause. */
  public void start(Duration pause) {
    offer(first);
    sink.synced(NAME);
    var _ = thread.scheduleWithFixedDelay(this::scan, 0, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Everything that is wrong with the directory now. */
  public List<Finding> findings() {
    return findings;
  }

  private void scan() {
    try {
      MeshDirectory.Scan scan = directory.scan();
      scan.cacerts().forEach(cacerts);
      offer(scan);
      lastFailure = "";
    } catch (IOException | RuntimeException e) {
      String failure = String.valueOf(e.getMessage());
      if (!failure.equals(lastFailure)) {
        lastFailure = failure;
        LOG.error("mesh directory cannot be read, last state stays reason=\"{}\"", failure);
      }
    }
  }

  private void offer(MeshDirectory.Scan scan) {
    if (!scan.changes().isEmpty()) {
      sink.offer(NAME, scan.changes());
    }
    report(scan.findings());
  }

  private void report(List<Finding> now) {
    List<Finding> before = findings;
    findings = now;
    for (Finding finding : now) {
      if (!before.contains(finding)) {
        switch (finding.severity()) {
          case ERROR -> LOG.error("{}", finding);
          case WARNING -> LOG.warn("{}", finding);
          case INFO -> LOG.debug("{}", finding);
        }
      }
    }
    for (Finding finding : before) {
      if (finding.severity() != Finding.Severity.INFO && !now.contains(finding)) {
        LOG.info("settled: {}", finding);
      }
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
