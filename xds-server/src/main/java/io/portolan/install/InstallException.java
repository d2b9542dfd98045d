package io.portolan.install;

/** What is wrong with settings, the chart or the cluster; the message says where and what helps. */
public final class InstallException extends Exception {
  private static final long serialVersionUID = 1L;

  InstallException(String message) {
    super(message);
  }

  InstallException(String message, Throwable cause) {
    super(message, cause);
  }
}
