/**
 * The command line.
 *
 * <p>In: arguments and environment. Out: text or JSON, and an exit code of {@link
 * io.portolan.cli.Exit}. Must hold: every flag has a default, an environment variable and a line of
 * help; errors say what to do.
 */
@NullMarked
package io.portolan.cli;

import org.jspecify.annotations.NullMarked;
