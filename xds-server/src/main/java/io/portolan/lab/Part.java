package io.portolan.lab;

import java.util.Locale;

/** What a cut takes of a cluster. Clients stand outside of all cuts. */
public enum Part {
  /** Everything that stands in it: workloads, gateways, a control plane, its API server. */
  ALL,
  /** Workloads and gateways; a control plane there and the API server stay. */
  DATA,
  /** The API server alone. */
  CONTROL,
  /** The gateways alone. */
  GATEWAY;

  /** As the command line and scenarios name it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  boolean takes(LabProcess.Kind kind) {
    return switch (kind) {
      case CLIENT -> false;
      case CONTROL_PLANE -> this == ALL;
      case SIDECAR, APPLICATIONS -> this == ALL || this == DATA;
      case GATEWAY -> this != CONTROL;
    };
  }

  boolean takesApiServer() {
    return this == ALL || this == CONTROL;
  }

  /** What of a cluster it is, in a sentence: empty for all of it. */
  String of(String cluster) {
    return switch (this) {
      case ALL -> cluster;
      case DATA -> "the data path of " + cluster;
      case CONTROL -> "the API server of " + cluster;
      case GATEWAY -> cluster + "'s gateway";
    };
  }
}
