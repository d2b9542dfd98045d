/**
 * The container image: made without an engine, run without one, and run by one where there is one.
 *
 * <p>In: the packaged program, the JDK and the C library of this machine. Out: {@code
 * integration-tests/target/portolan-image.tar}. Must hold: equal inputs, equal bytes; the program
 * in it becomes ready as user 1337.
 */
@NullMarked
package io.portolan.it.image;

import org.jspecify.annotations.NullMarked;
