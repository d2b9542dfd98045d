package io.portolan.registry.source.kubernetes.roots;

/** Hears of writes, for metrics. Any thread. */
public interface RootEvents {
  /** Hears nothing. */
  RootEvents NONE =
      new RootEvents() {
        @Override
        public void written(String cluster) {}

        @Override
        public void failed(String cluster) {}
      };

  /** A ConfigMap was written. */
  void written(String cluster);

  /** A write failed. */
  void failed(String cluster);
}
