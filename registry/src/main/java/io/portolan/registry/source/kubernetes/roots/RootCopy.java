package io.portolan.registry.source.kubernetes.roots;

import io.portolan.registry.source.kubernetes.ConfigMapObject;
import java.util.HashMap;
import java.util.Map;

/**
 * The ConfigMap of one namespace.
 *
 * @param version its resource version
 * @param pem the roots in it, empty when there are none
 * @param writer id of the cluster whose control plane wrote it, empty when none of ours did
 * @param epoch fencing number of that writer, -1 when it does not say one
 */
record RootCopy(String version, String pem, String writer, int epoch) {
  /** The key Istio's proxies read. */
  static final String KEY = "root-cert.pem";

  /** Marks what Istio's control plane configures. */
  static final Map<String, String> LABELS = Map.of("istio.io/config", "true");

  private static final String WRITER = "portolan.io/written-by-cluster";
  private static final String EPOCH = "portolan.io/leader-epoch";

  /** Beyond it a number was made up: no Lease changes hands that often. */
  private static final int MAX_EPOCH = 1 << 30;

  static RootCopy of(ConfigMapObject map) {
    return new RootCopy(
        map.version(),
        map.data().getOrDefault(KEY, ""),
        map.annotations().getOrDefault(WRITER, ""),
        epoch(map.annotations().getOrDefault(EPOCH, "")));
  }

  private static int epoch(String text) {
    try {
      int number = Integer.parseInt(text);
      return number > MAX_EPOCH ? -1 : number;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** The annotations that a writer leaves. */
  static Map<String, String> annotations(String writer, int epoch) {
    Map<String, String> annotations = new HashMap<>();
    annotations.put(WRITER, writer);
    annotations.put(EPOCH, Integer.toString(epoch));
    return annotations;
  }
}
