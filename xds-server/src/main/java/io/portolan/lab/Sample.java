package io.portolan.lab;

/**
 * One request as a client saw it. Times are {@link System#nanoTime()}.
 *
 * @param ok answered with 200
 * @param cluster cluster of the workload that answered
 * @param zone zone of the workload that answered
 * @param peer identity that workload saw
 * @param next cluster of the workload behind it, or empty
 * @param nextZone its zone
 * @param nextPeer identity that one saw
 * @param error one line when not ok
 */
record Sample(
    long started,
    long ended,
    boolean ok,
    String workload,
    String cluster,
    String zone,
    String peer,
    String next,
    String nextZone,
    String nextPeer,
    String error) {
  double millis() {
    return (ended - started) / 1e6;
  }
}
