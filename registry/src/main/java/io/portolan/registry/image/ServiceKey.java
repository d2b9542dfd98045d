package io.portolan.registry.image;

import java.util.Comparator;

/**
 * Identity of a service across clusters: same host name and namespace is the same service
 * (namespace sameness).
 */
public record ServiceKey(String hostname, String namespace) implements Comparable<ServiceKey> {
  private static final Comparator<ServiceKey> ORDER =
      Comparator.comparing(ServiceKey::hostname).thenComparing(ServiceKey::namespace);

  @Override
  public int compareTo(ServiceKey other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return namespace + "/" + hostname;
  }
}
