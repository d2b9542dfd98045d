package io.portolan.registry.model;

/** One translated outside object. */
public sealed interface MeshObject
    permits NamespaceObject,
        NodeObject,
        ServiceObject,
        SliceObject,
        PodObject,
        ServiceAccountObject,
        ServiceEntryObject,
        WorkloadEntryObject,
        DestinationRuleObject,
        VirtualServiceObject,
        GatewayObject {
  /** Identity; equal refs replace one another. */
  ObjectRef ref();

  /** Where it was read. */
  Origin origin();
}
