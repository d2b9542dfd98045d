package io.portolan.registry.model;

/** A node: where the pods on it are. */
public record NodeObject(ObjectRef ref, Origin origin, Locality locality) implements MeshObject {}
