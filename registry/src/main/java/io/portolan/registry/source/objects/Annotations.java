package io.portolan.registry.source.objects;

/**
 * Which annotations are read. The others, such as the last applied configuration, are left out by
 * every source: they would take memory and make equal objects differ.
 */
public final class Annotations {
  private Annotations() {}

  /** True for keys of {@code istio.io} and {@code service.kubernetes.io}. */
  public static boolean areRead(String key) {
    int slash = key.indexOf('/');
    if (slash < 0) {
      return false;
    }
    String domain = key.substring(0, slash);
    return domain.equals("istio.io")
        || domain.endsWith(".istio.io")
        || domain.equals("service.kubernetes.io");
  }
}
