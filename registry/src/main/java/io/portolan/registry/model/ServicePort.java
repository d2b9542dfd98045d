package io.portolan.registry.model;

/**
 * One port of a service.
 *
 * @param number 1..65535
 * @param name its name, may be empty
 * @param protocol what is spoken
 * @param targetPort the workload's port number, or 0 when {@code targetPortName} names it
 * @param targetPortName a container port's name, or empty
 */
public record ServicePort(
    int number, String name, PortProtocol protocol, int targetPort, String targetPortName) {
  /** A port whose workloads listen on the same number. */
  public static ServicePort of(int number, String name, PortProtocol protocol) {
    return new ServicePort(number, name, protocol, number, "");
  }
}
