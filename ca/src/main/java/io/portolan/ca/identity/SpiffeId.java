package io.portolan.ca.identity;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code spiffe://<trust domain>/ns/<namespace>/sa/<service account>}. Source of the character
 * rules: SPIFFE-ID specification, sections 2.1 to 2.3.
 */
public record SpiffeId(String trustDomain, String namespace, String serviceAccount) {
  private static final int MAX_TRUST_DOMAIN = 255;
  private static final int MAX_ID = 2048;

  /**
   * @throws IllegalArgumentException naming everything that is wrong
   */
  public SpiffeId {
    List<String> problems = new ArrayList<>();
    if (!isTrustDomain(trustDomain)) {
      problems.add("trust domain '" + trustDomain + "' (expected 1..255 of a-z 0-9 . - _)");
    }
    if (!isSegment(namespace)) {
      problems.add("namespace '" + namespace + "' (expected letters, digits, . - _)");
    }
    if (!isSegment(serviceAccount)) {
      problems.add("service account '" + serviceAccount + "' (expected letters, digits, . - _)");
    }
    if (problems.isEmpty()
        && uri(trustDomain, namespace, serviceAccount).getBytes(StandardCharsets.UTF_8).length
            > MAX_ID) {
      problems.add("longer than " + MAX_ID + " bytes");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException("not a SPIFFE ID: " + String.join("; ", problems));
    }
  }

  /** The URI. */
  public String uri() {
    return uri(trustDomain, namespace, serviceAccount);
  }

  private static String uri(String trustDomain, String namespace, String serviceAccount) {
    return "spiffe://" + trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
  }

  /**
   * Parses a URI of this shape.
   *
   * @throws IllegalArgumentException when it has another shape
   */
  public static SpiffeId parse(String uri) {
    String prefix = "spiffe://";
    if (!uri.startsWith(prefix) || uri.length() > MAX_ID) {
      throw new IllegalArgumentException("not a SPIFFE ID: expected spiffe://…");
    }
    String[] parts = uri.substring(prefix.length()).split("/", -1);
    if (parts.length != 5 || !parts[1].equals("ns") || !parts[3].equals("sa")) {
      throw new IllegalArgumentException(
          "not a workload's SPIFFE ID: expected spiffe://<trust domain>/ns/<ns>/sa/<sa>");
    }
    return new SpiffeId(parts[0], parts[2], parts[4]);
  }

  /** The URI as a {@link URI}. */
  public URI toUri() {
    return URI.create(uri());
  }

  /** Whether this is a legal trust domain name. */
  public static boolean isTrustDomain(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_TRUST_DOMAIN
        && text.chars()
            .allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || isMark(c));
  }

  private static boolean isSegment(String text) {
    return !text.isEmpty()
        && !text.equals(".")
        && !text.equals("..")
        && text.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || isMark(c));
  }

  private static boolean isMark(int c) {
    return c == '.' || c == '-' || c == '_';
  }

  @Override
  public String toString() {
    return uri();
  }
}
