package io.portolan.xds.stream;

/** Decides whether a secret that a client brings from an earlier stream may stay. */
@FunctionalInterface
public interface SecretVersions {
  /**
   * @param name resource name of the secret
   * @param clientVersion the version the client holds
   * @param currentVersion the version in the snapshot
   */
  boolean isCurrent(String name, String clientVersion, String currentVersion);
}
