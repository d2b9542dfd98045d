/**
 * The health of other clusters, and the merge of services across clusters.
 *
 * <p>In: gateways and host names of an image. Out: gateway health changes, and what host names lead
 * to. Must hold: state machines are values with their own tests; time is an argument.
 */
@NullMarked
package io.portolan.registry.federation;

import org.jspecify.annotations.NullMarked;
