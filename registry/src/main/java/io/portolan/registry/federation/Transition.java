package io.portolan.registry.federation;

import io.portolan.registry.model.ClusterCondition;
import java.time.Instant;

/** One step in the life of a member. */
public record Transition(Instant at, ClusterCondition from, ClusterCondition to) {}
