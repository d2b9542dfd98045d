package io.portolan.ca.sign;

import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import org.bouncycastle.util.IPAddress;

/**
 * Names of a server certificate: IP addresses and DNS names (RFC 1123 §2.1), also {@code *.x.y}.
 */
final class ServerNames {
  private static final int NAME_MOST = 253;
  private static final int LABEL_MOST = 63;

  private ServerNames() {}

  /** In lower case and without duplicates, in this order; the exception names every bad one. */
  static List<String> checked(List<String> names) throws GeneralSecurityException {
    LinkedHashSet<String> good = new LinkedHashSet<>();
    List<String> bad = new ArrayList<>();
    for (String name : names) {
      String lower = name.toLowerCase(Locale.ROOT);
      if (isAddress(lower) || isDnsName(lower)) {
        good.add(lower);
      } else {
        bad.add("'" + name + "'");
      }
    }
    if (!bad.isEmpty()) {
      throw new GeneralSecurityException(
          "not a DNS name or an IP address: " + String.join(", ", bad));
    }
    return List.copyOf(good);
  }

  private static boolean isAddress(String text) {
    if (!IPAddress.isValid(text)) {
      return false;
    }
    try {
      var _ = InetAddress.ofLiteral(text);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static boolean isDnsName(String text) {
    String plain = text.startsWith("*.") ? text.substring(2) : text;
    if (plain.isEmpty() || text.length() > NAME_MOST) {
      return false;
    }
    String last = plain.substring(plain.lastIndexOf('.') + 1);
    // A last label of digits would be read as an address by many clients.
    return List.of(plain.split("\\.", -1)).stream().allMatch(ServerNames::isLabel)
        && !last.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static boolean isLabel(String label) {
    return !label.isEmpty()
        && label.length() <= LABEL_MOST
        && !label.startsWith("-")
        && !label.endsWith("-")
        && label
            .chars()
            .allMatch(
                c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
  }
}
