package io.portolan.registry.image;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.NamespaceObject;
import io.portolan.registry.model.ObjectRef;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Finds the network of an address of one cluster: label of the workload, then {@code fromCidr},
 * then the label of the root namespace, then {@code fromRegistry}, then the cluster's own setting.
 */
final class NetworkResolver {
  static final String NETWORK_LABEL = "topology.istio.io/network";

  private final MeshSettings settings;
  private final List<Range> ranges;
  private final String clusterNetwork;

  private record Range(BigInteger base, int shift, int bytes, String network) {}

  NetworkResolver(MeshSettings settings, ClusterImage cluster) {
    this.settings = settings;
    this.ranges = ranges(settings);
    this.clusterNetwork = clusterNetwork(settings, cluster);
  }

  /** The settings it follows. */
  MeshSettings settings() {
    return settings;
  }

  /** The network of the cluster as a whole; empty when unknown. */
  String ofCluster() {
    return clusterNetwork;
  }

  String of(String address, Map<String, String> labels, String explicit) {
    if (!explicit.isEmpty()) {
      return explicit;
    }
    String label = labels.getOrDefault(NETWORK_LABEL, "");
    if (!label.isEmpty()) {
      return label;
    }
    if (!ranges.isEmpty()) {
      byte[] bytes = addressBytes(address);
      BigInteger value = new BigInteger(1, bytes);
      for (Range range : ranges) {
        if (range.bytes == bytes.length && value.shiftRight(range.shift).equals(range.base)) {
          return range.network;
        }
      }
    }
    return clusterNetwork;
  }

  private static String clusterNetwork(MeshSettings settings, ClusterImage cluster) {
    var root = new ObjectRef(cluster.id(), Kind.NAMESPACE, "", settings.rootNamespace());
    if (cluster.get(root) instanceof NamespaceObject namespace) {
      String label = namespace.labels().getOrDefault(NETWORK_LABEL, "");
      if (!label.isEmpty()) {
        return label;
      }
    }
    for (var entry : new java.util.TreeMap<>(settings.networks()).entrySet()) {
      if (entry.getValue().fromRegistry().contains(cluster.id())) {
        return entry.getKey();
      }
    }
    var own = settings.clusters().get(cluster.id());
    return own == null ? "" : own.network();
  }

  private static List<Range> ranges(MeshSettings settings) {
    List<Range> ranges = new ArrayList<>();
    settings
        .networks()
        .forEach(
            (name, network) -> {
              for (String cidr : network.fromCidr()) {
                int slash = cidr.indexOf('/');
                byte[] base = addressBytes(slash < 0 ? cidr : cidr.substring(0, slash));
                if (base.length == 0) {
                  continue;
                }
                int bits =
                    slash < 0 ? base.length * 8 : Integer.parseInt(cidr.substring(slash + 1));
                int shift = base.length * 8 - bits;
                ranges.add(
                    new Range(new BigInteger(1, base).shiftRight(shift), shift, base.length, name));
              }
            });
    // The most specific range wins; equal ones by name, so that order of input never matters.
    ranges.sort(java.util.Comparator.comparingInt(Range::shift).thenComparing(Range::network));
    return ranges;
  }

  /** True for an IPv4 or IPv6 address. */
  static boolean isAddress(String text) {
    return text.indexOf(':') >= 0
        || (!text.isEmpty() && text.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9')));
  }

  /** The bytes of a literal address; empty for anything else, so that no name is ever looked up. */
  private static byte[] addressBytes(String text) {
    if (!isAddress(text)) {
      return new byte[0];
    }
    try {
      return InetAddress.ofLiteral(text).getAddress();
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }
}
