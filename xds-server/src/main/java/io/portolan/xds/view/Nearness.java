package io.portolan.xds.view;

import io.portolan.registry.image.Endpoint;
import io.portolan.registry.model.Locality;
import io.portolan.registry.model.LocalityPattern;
import io.portolan.registry.model.TrafficPolicy;
import io.portolan.registry.model.TrafficPolicy.LocalityLb;
import java.util.List;

/**
 * Where endpoints stand for the proxies of a scope. Near first is the default: no policy is needed
 * for it. Source: Istio's {@code localityLbSetting}.
 *
 * <ul>
 *   <li>{@code distribute} for the scope's place: what it names shares the traffic, what it does
 *       not name gets none, except the failover region of the scope's region, which comes after.
 *   <li>else {@code failoverPriority}: the more of its labels agree, in order, the earlier. An
 *       endpoint on another network comes after all of the own one where the network is the first
 *       label. With {@code failover} beside it, regions rank the equal ones.
 *   <li>else by place, the region that {@code failover} names before other regions.
 * </ul>
 */
final class Nearness {
  /** No pattern of {@code distribute} names it. */
  static final int UNNAMED = -1;

  private static final int SUBZONE = 0;
  private static final int ZONE = 1;
  private static final int REGION = 2;
  private static final int FAILOVER = 3;
  private static final int REST = 4;
  private static final int PLACES = 5;
  private static final int WHOLE = 100;

  /** The label of a node with its name. */
  static final String HOSTNAME = "kubernetes.io/hostname";

  private static final String NETWORK = "topology.istio.io/network";

  /** What {@code trafficDistribution: PreferClose} and {@code PreferSameZone} mean. */
  static final LocalityLb SAME_ZONE =
      byPriority(NETWORK, "topology.kubernetes.io/region", "topology.kubernetes.io/zone");

  /** What {@code trafficDistribution: PreferSameNode} means. */
  static final LocalityLb SAME_NODE =
      byPriority(
          NETWORK,
          "topology.kubernetes.io/region",
          "topology.kubernetes.io/zone",
          "topology.istio.io/subzone",
          HOSTNAME);

  private static LocalityLb byPriority(String... labels) {
    return new LocalityLb(true, List.of(), java.util.Map.of(), List.of(labels));
  }

  /**
   * Where an endpoint stands.
   *
   * @param rank smaller is earlier; below {@link AssignmentBuilder#DEMOTED}
   * @param pattern index of the pattern of {@code distribute} that names it, or {@link #UNNAMED}
   */
  record Standing(int rank, int pattern) {
    /** It gets no traffic at all. */
    static final Standing OUT = new Standing(-1, UNNAMED);

    static Standing at(int rank) {
      return new Standing(rank, UNNAMED);
    }
  }

  private record Share(LocalityPattern of, int percent) {}

  private enum Mode {
    EVEN,
    OFF,
    SHARES,
    LABELS,
    PLACE
  }

  private final ProxyScope scope;
  private final LocalityLb setting;
  private final Mode mode;
  private final List<Share> shares;

  /**
   * @param even every endpoint is equally near: an east-west gateway spreads what the client chose
   */
  Nearness(ProxyScope scope, LocalityLb setting, boolean even) {
    this.scope = scope;
    this.setting = setting;
    this.shares = even || !setting.enabled() ? List.of() : shares(setting, scope.locality());
    if (even) {
      mode = Mode.EVEN;
    } else if (!setting.enabled()) {
      mode = Mode.OFF;
    } else if (!shares.isEmpty()) {
      mode = Mode.SHARES;
    } else {
      mode = setting.failoverPriority().isEmpty() ? Mode.PLACE : Mode.LABELS;
    }
  }

  private static List<Share> shares(LocalityLb setting, Locality own) {
    return setting.distribute().stream()
        .filter(d -> LocalityPattern.parse(d.from()).matches(own))
        .findFirst()
        .map(TrafficPolicy.Distribute::to)
        .map(
            to ->
                to.entrySet().stream()
                    .map(e -> new Share(LocalityPattern.parse(e.getKey()), e.getValue()))
                    .sorted(
                        java.util.Comparator.comparing(Share::of, LocalityPattern.SPECIFIC_FIRST))
                    .toList())
        .orElse(List.of());
  }

  /** Whether traffic is shared by {@code distribute}, so that weights are those of localities. */
  boolean weighted() {
    return mode == Mode.SHARES;
  }

  /** Percent of the traffic of its rank for all that a pattern names. */
  int percent(int pattern) {
    return pattern == UNNAMED ? WHOLE : shares.get(pattern).percent();
  }

  Standing of(Endpoint endpoint) {
    return switch (mode) {
      case EVEN, OFF -> Standing.at(SUBZONE);
      case SHARES -> shared(endpoint.locality());
      case LABELS ->
          Standing.at(
              setting.failover().isEmpty()
                  ? byLabels(endpoint)
                  : byLabels(endpoint) * PLACES + byPlace(endpoint.locality()));
      case PLACE -> Standing.at(byPlace(endpoint.locality()));
    };
  }

  private Standing shared(Locality where) {
    for (int i = 0; i < shares.size(); i++) {
      if (shares.get(i).of().matches(where)) {
        return new Standing(SUBZONE, i);
      }
    }
    return where.region().equals(setting.failover().get(scope.locality().region()))
        ? Standing.at(FAILOVER)
        : Standing.OUT;
  }

  private int byPlace(Locality where) {
    Locality own = scope.locality();
    if (own.isUnknown()) {
      return SUBZONE;
    }
    if (own.region().equals(where.region())) {
      if (!own.zone().equals(where.zone()) && !own.zone().isEmpty()) {
        return REGION;
      }
      return own.subzone().isEmpty() || own.subzone().equals(where.subzone()) ? SUBZONE : ZONE;
    }
    return where.region().equals(setting.failover().get(own.region())) ? FAILOVER : REST;
  }

  private int byLabels(Endpoint endpoint) {
    List<String> labels = setting.failoverPriority();
    int other = 0;
    for (int i = 0; i < labels.size(); i++) {
      String entry = labels.get(i);
      String name = LocalityLb.labelName(entry);
      String wanted = entry.equals(name) ? scope.label(name) : entry.substring(name.length() + 1);
      if (!wanted.equals(label(endpoint, name))) {
        if (i > 0 || !name.equals(NETWORK)) {
          return other + labels.size() - i;
        }
        other = labels.size();
      }
    }
    return other;
  }

  private static String label(Endpoint endpoint, String name) {
    if (!name.equals(HOSTNAME)) {
      return Subsets.label(endpoint, name);
    }
    // Nodes of two clusters may have one name.
    return endpoint.node().isEmpty() ? "" : endpoint.cluster() + "/" + endpoint.node();
  }

  /** Why an endpoint in a place has its standing. */
  String reason(Locality where, Standing standing) {
    return switch (mode) {
      case EVEN -> "an east-west gateway spreads evenly";
      case OFF -> "locality load balancing is off";
      case SHARES ->
          standing.pattern() == UNNAMED
              ? byPlaceReason(where, standing.rank())
              : shares.get(standing.pattern()).of()
                  + " gets "
                  + shares.get(standing.pattern()).percent()
                  + "% of the traffic from "
                  + scope.locality();
      case LABELS ->
          "failoverPriority "
              + byLabelsReason(
                  setting.failover().isEmpty() ? standing.rank() : standing.rank() / PLACES);
      case PLACE -> byPlaceReason(where, standing.rank());
    };
  }

  /** Why an endpoint in a place gets no traffic. */
  String refusal(Locality where) {
    return "distribute gives "
        + (where.isUnknown() ? "a place that is not known" : where)
        + " nothing of the traffic from "
        + scope.locality();
  }

  private String byLabelsReason(int rank) {
    List<String> labels = setting.failoverPriority();
    boolean other =
        LocalityLb.labelName(labels.getFirst()).equals(NETWORK) && rank >= labels.size();
    int differs = other ? rank - labels.size() : rank;
    String agreed = differs == 0 ? "agrees" : "differs in " + labels.get(labels.size() - differs);
    return other ? "is on another network, else " + agreed : agreed;
  }

  private String byPlaceReason(Locality where, int rank) {
    if (scope.locality().isUnknown()) {
      return "the proxy's locality is unknown";
    }
    return switch (rank) {
      case SUBZONE, ZONE -> "same zone as the proxy, " + scope.locality();
      case REGION -> where + " is in the region of the proxy, " + scope.locality();
      case FAILOVER -> where + " is the failover region of " + scope.locality().region();
      default -> where + " is in another region than the proxy, " + scope.locality();
    };
  }
}
