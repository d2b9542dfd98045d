/** The check of a made certificate before it leaves: every rule of its template once more. */
@NullMarked
package io.portolan.ca.validate;

import org.jspecify.annotations.NullMarked;
