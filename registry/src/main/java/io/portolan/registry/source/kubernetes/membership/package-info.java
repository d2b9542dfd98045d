/**
 * Who is a member of the federation, and how to reach each member's API server.
 *
 * <p>In: remote secrets of the config cluster, a directory of kubeconfigs, the cluster this process
 * runs in. Out: {@link io.portolan.registry.change.ClusterMembers} told who joins and leaves, one
 * reader per member. Must hold: a kubeconfig runs no program and reads no file it may not; a member
 * whose new credential is wrong keeps its old reader; the first claim of an id wins and stays; a
 * member that left leaves nothing behind.
 */
@NullMarked
package io.portolan.registry.source.kubernetes.membership;

import org.jspecify.annotations.NullMarked;
