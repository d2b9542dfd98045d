package io.portolan.lab;

import java.io.IOException;
import java.io.PrintWriter;

/** Runs the script of a scenario and says for each expectation whether it holds. */
final class LabScript {
  private final Lab lab;
  private final Verdicts verdicts;
  private final TrafficSteps traffic;
  private final ProxySteps proxies;
  private final ControlPlaneSteps controlPlanes;
  private final KubernetesSteps kubernetes;
  private final long begun = System.nanoTime();

  LabScript(Lab lab, PrintWriter out) {
    this.lab = lab;
    this.verdicts = new Verdicts(out);
    this.traffic = new TrafficSteps(lab, verdicts, begun);
    this.proxies = new ProxySteps(lab, verdicts);
    this.controlPlanes = new ControlPlaneSteps(lab, verdicts, traffic);
    this.kubernetes = new KubernetesSteps(lab, verdicts, traffic);
  }

  /** True when every expectation held. */
  boolean run() throws IOException {
    traffic.settle();
    for (Scenario.Step step : lab.scenario().steps(lab.kubernetes() != null)) {
      step(step);
    }
    proxies.rejected();
    return verdicts.close((System.nanoTime() - begun) / 1e9);
  }

  private void step(Scenario.Step step) throws IOException {
    switch (step.action()) {
      case "local" -> traffic.local(step);
      case "spread" -> traffic.spread(step);
      case "identities" -> traffic.identities();
      case "share" -> traffic.share(step);
      case "unready" -> traffic.readiness(step, false);
      case "ready" -> traffic.readiness(step, true);
      case "cut" -> traffic.cut(step);
      case "heal" -> traffic.heal(step);
      case "gateway" -> proxies.gateway(step);
      case "enrolled" -> proxies.enrolled(step);
      case "connected" -> proxies.connected(step);
      case "refused" -> proxies.refused(step);
      case "outage" -> controlPlanes.outage(step);
      case "slices" -> kubernetes.slices(step);
      case "control" -> kubernetes.control(step);
      case "treated" -> kubernetes.treated(step);
      case "versions" -> controlPlanes.versions();
      case "move" -> controlPlanes.move(step);
      default -> throw new IOException("scenario step '" + step.action() + "' is not known");
    }
  }
}
