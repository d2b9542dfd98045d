/**
 * A cluster's API server as a source.
 *
 * <p>In: the list and watch answers of one cluster, as JSON. Out: model objects and signs of life
 * for a {@link io.portolan.registry.change.ClusterFeed}, findings, and a status per kind.
 *
 * <p>Map: {@link io.portolan.registry.source.kubernetes.ClusterReader} has one {@code Reflector}
 * for each kind; {@code ReadState} is its state machine, {@code Exchange} one request, {@code
 * JsonFrames} cuts an answer into objects, {@code JsonTrees} reads one of them and leaves out what
 * {@code Keep} does not name, {@code ObjectReader} translates it, {@code KindObjects} is what is
 * known. {@code ConfigMapReader} reads the ConfigMaps of one name; {@code MeshConfigMap} is the one
 * with the mesh's settings.
 *
 * <p>Must hold: nothing is ever reported gone because it could not be read; memory is bounded by
 * what is kept, not by what an API server sends; a stream that is cut or silent is taken up where
 * it ended; fabric8 and Jackson are known here only.
 */
@NullMarked
package io.portolan.registry.source.kubernetes;

import org.jspecify.annotations.NullMarked;
