package io.portolan.registry.source.objects;

import io.portolan.registry.model.LocalityPattern;
import io.portolan.registry.model.TrafficPolicy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code localityLbSetting}, of a DestinationRule or of the mesh, with the checks that Istio
 * makes. Beyond Istio, {@code distribute} and {@code failover} may stand together: the one is for
 * what it names, the other for what comes after that.
 */
final class LocalityReader {
  private static final int WHOLE = 100;
  private static final int MOST_LABELS = 32;

  private LocalityReader() {}

  static TrafficPolicy.@Nullable LocalityLb read(@Nullable Fields setting) {
    if (setting == null) {
      return null;
    }
    Map<String, String> failover = new HashMap<>();
    setting.objects("failover", f -> failover(f, failover));
    boolean enabled = setting.bool("enabled", true);
    List<LocalityPattern> sources = new ArrayList<>();
    List<TrafficPolicy.Distribute> distribute =
        setting.objects("distribute", d -> distribute(d, sources));
    List<String> labels = setting.strings("failoverPriority");
    labels(setting, labels, failover);
    setting.finish();
    return new TrafficPolicy.LocalityLb(enabled, distribute, failover, labels);
  }

  private static @Nullable Boolean failover(Fields entry, Map<String, String> into) {
    String from = region(entry, "from");
    String to = region(entry, "to");
    if (!from.isEmpty() && from.equals(to)) {
      entry
          .findings()
          .error(entry.lineOf("to"), entry.path("to"), to + " (expected another region than from)");
    } else if (into.putIfAbsent(from, to) != null) {
      entry
          .findings()
          .warning(
              entry.lineOf("from"),
              entry.path("from"),
              from + " has an entry before, which counts");
    }
    return null;
  }

  private static String region(Fields entry, String key) {
    String region = entry.required(key);
    if (region.indexOf('/') >= 0 || region.indexOf('*') >= 0) {
      entry
          .findings()
          .error(entry.lineOf(key), entry.path(key), region + " (expected a region alone)");
    }
    return region;
  }

  private static TrafficPolicy.Distribute distribute(Fields entry, List<LocalityPattern> sources) {
    Findings findings = entry.findings();
    String from = entry.required("from");
    if (!from.isEmpty()) {
      claim(entry, "from", from, sources);
    }
    Map<String, Integer> to = new LinkedHashMap<>();
    List<LocalityPattern> targets = new ArrayList<>();
    Fields shares = entry.object("to");
    if (shares == null) {
      findings.error(entry.lineOf("to"), entry.path("to"), "is missing");
      return new TrafficPolicy.Distribute(from, to);
    }
    int mark = findings.mark();
    for (String pattern : shares.names()) {
      claim(shares, pattern, pattern, targets);
      to.put(pattern, shares.integer(pattern, 1, 1, WHOLE));
    }
    int sum = to.values().stream().mapToInt(Integer::intValue).sum();
    if (sum != WHOLE && !findings.hasErrorsSince(mark)) {
      findings.error(
          entry.lineOf("to"),
          entry.path("to"),
          "the weights sum to " + sum + " (expected " + WHOLE + ")");
    }
    return new TrafficPolicy.Distribute(from, to);
  }

  private static void claim(Fields fields, String key, String text, List<LocalityPattern> claimed) {
    try {
      LocalityPattern pattern = LocalityPattern.parse(text);
      claimed.stream()
          .filter(pattern::overlaps)
          .findFirst()
          .ifPresent(
              other ->
                  fields
                      .findings()
                      .error(
                          fields.lineOf(key),
                          fields.path(key),
                          text + " overlaps " + other + " (expected localities once)"));
      claimed.add(pattern);
    } catch (IllegalArgumentException e) {
      fields.findings().error(fields.lineOf(key), fields.path(key), String.valueOf(e.getMessage()));
    }
  }

  private static void labels(Fields setting, List<String> labels, Map<String, String> failover) {
    String key = "failoverPriority";
    if (labels.size() > MOST_LABELS) {
      setting
          .findings()
          .error(
              setting.lineOf(key),
              setting.path(key),
              labels.size() + " labels (expected at most " + MOST_LABELS + ")");
    }
    for (String label : labels) {
      String name = TrafficPolicy.LocalityLb.labelName(label);
      if (name.isEmpty()) {
        setting
            .findings()
            .error(
                setting.lineOf(key),
                setting.path(key),
                "'" + label + "' (expected a label, or label=value)");
      } else if (!failover.isEmpty()
          && (name.equals("topology.kubernetes.io/region")
              || name.equals("topology.kubernetes.io/zone")
              || name.equals("topology.istio.io/subzone"))) {
        setting
            .findings()
            .error(
                setting.lineOf(key),
                setting.path(key),
                label + " (expected no region, zone or subzone beside failover, which ranks them)");
      }
    }
  }
}
