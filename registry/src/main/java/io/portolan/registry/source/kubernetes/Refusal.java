package io.portolan.registry.source.kubernetes;

/**
 * What an answer other than 200 means.
 *
 * @param text one line for people with the remedy
 */
record Refusal(Meaning meaning, String text) {
  /** Kinds of refusal. */
  enum Meaning {
    /** The resource version is too old. */
    EXPIRED,
    /** There is no such kind. */
    MISSING,
    /** A list cannot be streamed. */
    NOT_STREAMED,
    /** The credential is refused, or may not do this. */
    CREDENTIAL,
    /** A balancer has no server to ask. */
    AWAY,
    /** Anything else. */
    FAILED
  }

  /**
   * @param code status of the answer
   * @param message what the API server says
   * @param streamed whether a list was to be streamed
   */
  static Refusal of(int code, String message, ApiResource resource, boolean streamed) {
    String said = message.isEmpty() ? "" : ": " + message;
    return switch (code) {
      case 410 -> new Refusal(Meaning.EXPIRED, message);
      case 404 ->
          resource.custom()
              ? new Refusal(Meaning.MISSING, message)
              : new Refusal(
                  Meaning.FAILED,
                  "404, every API server has this kind (remedy: check the server's address)"
                      + said);
      // Servers before 1.32 may refuse it, as invalid or as a bad request.
      case 400, 422 -> new Refusal(streamed ? Meaning.NOT_STREAMED : Meaning.FAILED, code + said);
      case 401 ->
          new Refusal(
              Meaning.CREDENTIAL,
              "credential refused (remedy: renew the cluster's token or certificate)" + said);
      case 403 ->
          new Refusal(
              Meaning.CREDENTIAL,
              "may not list "
                  + resource.plural()
                  + ": forbidden (remedy: a role with get, list and watch on it)"
                  + said);
      case 502, 504 -> new Refusal(Meaning.AWAY, code + said);
      default -> new Refusal(Meaning.FAILED, code + said);
    };
  }
}
