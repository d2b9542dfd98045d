package io.portolan.lab;

import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Where the addresses of a lab are. Scenarios and mesh directories name loopback addresses {@code
 * 127.N.x.x} with N from 1 on; {@code 127.0.x.x} stays what it is everywhere.
 */
enum LabAddresses {
  /** As they stand in the files. */
  LOOPBACK,
  /**
   * {@code 10.N.x.x} in a network namespace of the lab's own: addresses that EndpointSlices may
   * hold.
   */
  NAMESPACE;

  private static final String FROM = "127.";
  private static final String TO = "10.";

  /** A text of a scenario with its addresses where they are. */
  String in(String text) {
    return switch (this) {
      case LOOPBACK -> text;
      case NAMESPACE -> moved(text, new TreeSet<>());
    };
  }

  /** The networks that a namespace needs for a text of a scenario: {@code 10.N.0.0/16}. */
  static SortedSet<String> networks(String text) {
    SortedSet<String> networks = new TreeSet<>();
    String _ = moved(text, networks);
    return networks;
  }

  private static String moved(String text, SortedSet<String> networks) {
    StringBuilder moved = new StringBuilder(text.length());
    int done = 0;
    for (int at = text.indexOf(FROM); at >= 0; at = text.indexOf(FROM, at + 1)) {
      int second = second(text, at);
      if (second > 0) {
        moved.append(text, done, at).append(TO);
        done = at + FROM.length();
        networks.add(TO + second + ".0.0/16");
      }
    }
    return moved.append(text, done, text.length()).toString();
  }

  /** The second number of an address that begins here, 0 when none does. */
  private static int second(String text, int at) {
    if (at > 0 && (Character.isDigit(text.charAt(at - 1)) || text.charAt(at - 1) == '.')) {
      return 0;
    }
    int end = at + FROM.length();
    int number = 0;
    while (end < text.length() && Character.isDigit(text.charAt(end)) && number < 256) {
      number = 10 * number + text.charAt(end++) - '0';
    }
    return end < text.length() && text.charAt(end) == '.' && number < 256 ? number : 0;
  }
}
