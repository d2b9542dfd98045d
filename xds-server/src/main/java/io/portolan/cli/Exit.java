package io.portolan.cli;

/** Exit codes. */
final class Exit {
  /** Done, and the answer is yes where there is a question. */
  static final int OK = 0;

  /** Failed, or the answer is no. */
  static final int FAILED = 1;

  /** The command line itself is wrong. */
  static final int USAGE = 2;

  /** The control plane cannot be reached. */
  static final int UNREACHABLE = 3;

  private Exit() {}
}
