package io.portolan.registry.model;

/** A service account: that the identity exists. */
public record ServiceAccountObject(ObjectRef ref, Origin origin) implements MeshObject {}
