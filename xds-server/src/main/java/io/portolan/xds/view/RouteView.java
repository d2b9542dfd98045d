package io.portolan.xds.view;

import io.portolan.registry.model.VirtualServiceObject.HttpMatch;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One route configuration.
 *
 * @param name its resource name
 * @param hosts virtual hosts, in order of name
 * @param catchAll what happens to requests of unknown hosts
 * @param sources provenance, not part of the bytes
 */
public record RouteView(
    String name, List<VirtualHost> hosts, CatchAll catchAll, List<String> sources) {
  public RouteView {
    hosts = List.copyOf(hosts);
    sources = List.copyOf(sources);
  }

  /** What happens to requests of unknown hosts. */
  public enum CatchAll {
    /** No virtual host: 404. */
    NONE,
    /** To the original destination. */
    ALLOW_ANY,
    /** 502 from a virtual host named {@code block_all}. */
    BLOCK_ALL
  }

  /** A virtual host; domains are unique within a route configuration. */
  public record VirtualHost(String name, List<String> domains, List<Rule> rules) {
    public VirtualHost {
      domains = List.copyOf(domains);
      rules = List.copyOf(rules);
    }
  }

  /**
   * One rule.
   *
   * @param matches any of them, empty matches everything
   * @param targets weighted clusters; empty answers 500, since a destination is missing
   * @param rewritePrefix replaces the matched prefix, empty keeps it
   * @param timeout of the whole request, null for none
   * @param retries null for the default policy
   */
  public record Rule(
      String name,
      List<HttpMatch> matches,
      List<Target> targets,
      String rewritePrefix,
      @Nullable Duration timeout,
      Retry retries) {
    public Rule {
      matches = List.copyOf(matches);
      targets = List.copyOf(targets);
    }
  }

  /** A weighted cluster. */
  public record Target(String cluster, int weight) {}

  /**
   * The retry policy.
   *
   * @param attempts retries after the first try, 0 for none; the generator adds one to the built-in
   *     policy, for the next priority
   * @param retryOn conditions
   * @param perTryTimeout null for none
   */
  public record Retry(int attempts, String retryOn, @Nullable Duration perTryTimeout) {
    /** Istio's default policy. */
    public static final Retry DEFAULT =
        new Retry(
            2, "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes", null);
  }
}
