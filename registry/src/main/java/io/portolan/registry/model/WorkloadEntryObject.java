package io.portolan.registry.model;

/** A WorkloadEntry. */
public record WorkloadEntryObject(ObjectRef ref, Origin origin, WorkloadSpec spec)
    implements MeshObject {}
