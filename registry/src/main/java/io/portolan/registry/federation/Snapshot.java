package io.portolan.registry.federation;

import io.portolan.registry.model.MeshObject;
import java.time.Instant;
import java.util.List;

/** The objects of one cluster as they were at one moment. */
record Snapshot(String cluster, Instant taken, List<MeshObject> objects) {}
