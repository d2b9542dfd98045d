package io.portolan.registry.source.kubernetes;

import io.portolan.registry.change.ClusterFeed;
import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A feed that keeps what it is told, as one line each: {@code put web 10.0.0.1}. */
final class RecordedFeed implements ClusterFeed {
  final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  final AtomicInteger alive = new AtomicInteger();

  @Override
  public void listed(Kind kind, List<MeshObject> objects) {
    lines.add(
        "listed "
            + kind.kubernetesName()
            + " "
            + objects.stream().map(o -> o.ref().name()).sorted().toList());
  }

  @Override
  public void put(MeshObject object) {
    lines.add("put " + object.ref().name());
  }

  @Override
  public void remove(ObjectRef ref) {
    lines.add("remove " + ref.name());
  }

  @Override
  public void alive() {
    alive.incrementAndGet();
  }

  @Override
  public void failed(String reason) {
    lines.add("failed " + reason);
  }

  String next() throws InterruptedException {
    String line = lines.poll(20, TimeUnit.SECONDS);
    if (line == null) {
      throw new AssertionError("nothing reported in 20 s");
    }
    return line;
  }
}
