package io.portolan.registry.source.kubernetes;

import io.fabric8.kubernetes.client.http.HttpClient;
import io.portolan.registry.change.ClusterFeed;
import java.net.URI;
import java.time.InstantSource;
import java.util.concurrent.ScheduledExecutorService;
import java.util.random.RandomGenerator;

/**
 * What the reflectors of a cluster share.
 *
 * @param server address of the API server
 * @param wake has each reflector woken that waits for the API server; returns at once
 */
record ClusterLink(
    String cluster,
    String server,
    HttpClient http,
    ReaderSettings settings,
    ClusterFeed feed,
    ScheduledExecutorService timer,
    InstantSource clock,
    RandomGenerator random,
    Interner interner,
    Runnable wake) {
  /** The address of a path of the API. */
  URI uri(String path, String query) {
    String base = server.endsWith("/") ? server.substring(0, server.length() - 1) : server;
    return URI.create(base + path + "?" + query);
  }
}
