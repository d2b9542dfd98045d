package io.portolan.ca.authn;

/** How a caller has proved who it is. */
public enum AuthMethod {
  JOIN_TOKEN("join-token"),
  KUBERNETES_TOKEN("kubernetes-token"),
  CLIENT_CERTIFICATE("client-certificate");

  private final String text;

  AuthMethod(String text) {
    this.text = text;
  }

  /** As log lines spell it. */
  @Override
  public String toString() {
    return text;
  }
}
