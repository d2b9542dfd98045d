/**
 * What is installed, against the real thing: Helm, an API server, the program, Envoy, a container
 * engine.
 *
 * <p>In: {@code deploy/} and the packaged program. Must hold: a part that is not on the machine is
 * said and counted as a skipped test.
 */
@NullMarked
package io.portolan.it.deploy;

import org.jspecify.annotations.NullMarked;
