package io.portolan.registry.model;

/** How the addresses of a service are found. */
public enum Resolution {
  /** By the registry. */
  STATIC,
  /** By the proxy through DNS, all answers. */
  DNS,
  /** By the proxy through DNS, one answer at a time. */
  DNS_ROUND_ROBIN,
  /** By the caller: traffic goes where it was sent. */
  NONE
}
