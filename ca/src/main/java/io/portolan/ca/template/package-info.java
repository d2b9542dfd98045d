/** What a certificate of each kind contains. */
@NullMarked
package io.portolan.ca.template;

import org.jspecify.annotations.NullMarked;
