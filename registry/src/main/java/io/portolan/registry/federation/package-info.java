/**
 * The members of the mesh and their health.
 *
 * <p>In: what each cluster's reader says ({@code ClusterFeed}), who is a member ({@code
 * ClusterMembers}), the gateways of an image. Out: objects, conditions and gateway health as
 * changes; {@code MemberStatus} for people.
 *
 * <p>{@code Federation} holds one {@code Member} per cluster; a member has an {@code Arena} of
 * objects in force, a {@code Feed} that keeps it and perhaps one that is to take over. {@code
 * MemberState} says what two signals ({@code ControlLink}, {@code DataPath}) and their ages lead
 * to. {@code LastGood} keeps an arena on disk in {@code SnapshotFormat}. {@code GatewayProber} asks
 * gateways, {@code HostWatcher} finds what gateway host names lead to, {@code DataPaths} says what
 * that means for a cluster.
 *
 * <p>Must hold: state machines are values with their own tests; time is an argument, timers are
 * ages that no jump of a clock advances; what was offered and what is in force are the same;
 * nothing of a cluster is published before it was read whole or restored.
 */
@NullMarked
package io.portolan.registry.federation;

import org.jspecify.annotations.NullMarked;
