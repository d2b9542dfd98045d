package io.portolan.it;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The labs as a user runs them, on real Envoys; every expectation of their scripts must hold. */
class LabTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"active-active", "active-passive", "hub-spoke", "primary-remote", "multi-primary"})
  void everyExpectationHolds(String scenario) throws Exception {
    try (LabRun lab = new LabRun(scenario, "--once")) {
      lab.passes();
      assertTrue(lab.text().contains("were sent 0 bytes of resources"), lab.text());
    }
  }
}
