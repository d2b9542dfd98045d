/**
 * Who a proxy says it is.
 *
 * <p>In: the {@code core.v3.Node} of the first request. Out: a {@link
 * io.portolan.xds.node.ProxyNode}, or every reason why not. Must hold: nothing later reads a node
 * message.
 */
@NullMarked
package io.portolan.xds.node;

import org.jspecify.annotations.NullMarked;
