package io.portolan.registry.source.objects;

import io.portolan.registry.model.ClusterCondition.Treatment;
import io.portolan.registry.model.ClusterHealth;
import io.portolan.registry.model.ClusterHealth.Control;
import io.portolan.registry.model.ClusterHealth.Data;
import io.portolan.registry.model.ClusterHealth.Signals;
import io.portolan.registry.model.ClusterHealth.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code clusterHealth} of {@code mesh.yaml}; what is not said keeps its default. */
final class ClusterHealthReader {
  private static final Duration LONGEST = Duration.ofDays(7);
  private static final int MOST_OBJECTS = 1_000_000;

  private ClusterHealthReader() {}

  static ClusterHealth read(@Nullable Fields fields) {
    if (fields == null) {
      return ClusterHealth.DEFAULT;
    }
    ClusterHealth mesh = one(fields, ClusterHealth.DEFAULT, Map.of());
    Map<String, ClusterHealth> clusters = new HashMap<>();
    fields
        .objectMap("clusters")
        .forEach(
            (cluster, own) -> {
              clusters.put(cluster, one(own, mesh, Map.of()));
              own.finish();
            });
    fields.finish();
    return new ClusterHealth(
        mesh.controlFailedAfter(),
        mesh.controlSilentAfter(),
        mesh.recovery(),
        mesh.startGrace(),
        mesh.restoreAfter(),
        mesh.relist(),
        mesh.drain(),
        mesh.rules(),
        clusters);
  }

  private static ClusterHealth one(
      Fields fields, ClusterHealth base, Map<String, ClusterHealth> clusters) {
    return new ClusterHealth(
        span(fields, "controlFailedAfter", base.controlFailedAfter()),
        span(fields, "controlSilentAfter", base.controlSilentAfter()),
        span(fields, "recovery", base.recovery()),
        span(fields, "startGrace", base.startGrace()),
        span(fields, "restoreAfter", base.restoreAfter()),
        relist(fields.object("relist"), base.relist()),
        drain(fields.object("drain"), base.drain()),
        rules(fields, base.rules()),
        clusters);
  }

  private static Duration span(Fields fields, String key, Duration base) {
    Duration read = fields.duration(key);
    if (read == null) {
      return base;
    }
    if (read.compareTo(LONGEST) > 0) {
      fields
          .findings()
          .error(fields.lineOf(key), fields.path(key), read + " (expected at most 168h)");
      return base;
    }
    return read;
  }

  private static ClusterHealth.Relist relist(@Nullable Fields fields, ClusterHealth.Relist base) {
    if (fields == null) {
      return base;
    }
    ClusterHealth.Relist read =
        new ClusterHealth.Relist(
            fields.integer("minimum", base.minimum(), 1, MOST_OBJECTS),
            span(fields, "holdDown", base.holdDown()));
    fields.finish();
    return read;
  }

  private static ClusterHealth.Drain drain(@Nullable Fields fields, ClusterHealth.Drain base) {
    if (fields == null) {
      return base;
    }
    ClusterHealth.Drain read =
        new ClusterHealth.Drain(
            span(fields, "unhealthyAfter", base.unhealthyAfter()),
            span(fields, "dropAfter", base.dropAfter()));
    fields.finish();
    return read;
  }

  private record Rule(Signals signals, List<Step> steps) {}

  private static Map<Signals, List<Step>> rules(Fields fields, Map<Signals, List<Step>> base) {
    Map<Signals, List<Step>> rules = new HashMap<>(base);
    Map<Signals, Boolean> seen = new HashMap<>();
    for (Rule rule : fields.objects("rules", ClusterHealthReader::rule)) {
      rules.put(rule.signals(), rule.steps());
      if (seen.put(rule.signals(), true) != null) {
        fields
            .findings()
            .error(
                fields.lineOf("rules"),
                fields.path("rules"),
                "control "
                    + rule.signals().control()
                    + " with data "
                    + rule.signals().data()
                    + " occurs twice");
      }
    }
    return rules;
  }

  private static @Nullable Rule rule(Fields rule) {
    Control control = rule.oneOf("control", Control.class);
    Data data = rule.oneOf("data", Data.class);
    List<Step> steps = rule.objects("steps", ClusterHealthReader::step);
    if (control == null) {
      rule.required("control");
      return null;
    }
    if (data == null) {
      rule.required("data");
      return null;
    }
    if (steps.isEmpty()) {
      rule.findings()
          .error(rule.lineOf("steps"), rule.path("steps"), "is empty (expected after, treatment)");
      return null;
    }
    List<Step> ordered = new ArrayList<>();
    for (Step step : steps) {
      Step last = ordered.isEmpty() ? null : ordered.getLast();
      if (last != null
          && (step.after().compareTo(last.after()) <= 0
              || step.treatment().compareTo(last.treatment()) <= 0)) {
        rule.findings()
            .error(
                rule.lineOf("steps"),
                rule.path("steps"),
                step.treatment() + " (expected steps that come later and are harsher one by one)");
        return null;
      }
      ordered.add(step);
    }
    return new Rule(new Signals(control, data), ordered);
  }

  private static @Nullable Step step(Fields step) {
    Duration after = span(step, "after", Duration.ZERO);
    Treatment treatment = step.oneOf("treatment", Treatment.class);
    if (treatment == null) {
      step.required("treatment");
      return null;
    }
    return new Step(after, treatment);
  }
}
