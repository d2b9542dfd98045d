package io.portolan.cli;

/** How a command prints. */
enum OutputFormat {
  TEXT,
  JSON,
  YAML
}
