package io.portolan.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What proxies were sent between two looks at their streams. A proxy whose stream is a new one
 * counts with all that was sent over it.
 *
 * @param proxies by {@code name.cluster}: those that were sent something
 * @param quiet how many were sent nothing
 */
record Sent(Map<String, Amount> proxies, int quiet) {
  /** Over one stream. */
  record Amount(long responses, long resources, long bytes) {
    @Override
    public String toString() {
      return responses + "/" + resources + "/" + bytes;
    }
  }

  static Sent between(
      Map<String, ControlPlanes.ProxyStream> before, Map<String, ControlPlanes.ProxyStream> now) {
    Map<String, Amount> proxies = new TreeMap<>();
    int quiet = 0;
    for (var entry : now.entrySet()) {
      ControlPlanes.ProxyStream stream = entry.getValue();
      ControlPlanes.ProxyStream earlier = before.get(entry.getKey());
      Amount amount =
          earlier != null
                  && earlier.since().equals(stream.since())
                  && earlier.controlPlane().equals(stream.controlPlane())
              ? new Amount(
                  stream.responses() - earlier.responses(),
                  stream.resources() - earlier.resources(),
                  stream.bytes() - earlier.bytes())
              : new Amount(stream.responses(), stream.resources(), stream.bytes());
      if (amount.resources() == 0 && amount.bytes() == 0) {
        quiet++;
      } else {
        proxies.put(entry.getKey(), amount);
      }
    }
    return new Sent(proxies, quiet);
  }

  long resources() {
    return proxies.values().stream().mapToLong(Amount::resources).sum();
  }

  long bytes() {
    return proxies.values().stream().mapToLong(Amount::bytes).sum();
  }

  /** The most responses that one proxy was sent. */
  long mostResponses() {
    return proxies.values().stream().mapToLong(Amount::responses).max().orElse(0);
  }

  /** One line. */
  @Override
  public String toString() {
    if (proxies.isEmpty()) {
      return "sent to " + quiet + " proxies: nothing";
    }
    Map<String, List<String>> byAmount = new TreeMap<>();
    proxies.forEach(
        (name, amount) ->
            byAmount.computeIfAbsent(amount.toString(), a -> new ArrayList<>()).add(name));
    List<String> parts = new ArrayList<>();
    byAmount.forEach((amount, names) -> parts.add(String.join(", ", names) + " " + amount));
    return "sent (responses/resources/bytes): "
        + String.join("; ", parts)
        + (quiet == 0 ? "" : "; nothing to " + quiet + " others");
  }
}
