/** Listeners: where connections arrive, and what is done with them. */
@NullMarked
package io.portolan.xds.generate.listener;

import org.jspecify.annotations.NullMarked;
