package io.portolan.xds.grpc;

import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import io.portolan.xds.stream.StreamAction;
import java.io.InputStream;

/** The two methods of the ADS service, with responses written from shared bytes. */
final class AdsMethods {
  static final String SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService";

  static final MethodDescriptor<DiscoveryRequest, StreamAction.Send> SOTW =
      MethodDescriptor.<DiscoveryRequest, StreamAction.Send>newBuilder()
          .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
          .setFullMethodName(SERVICE + "/StreamAggregatedResources")
          .setRequestMarshaller(ProtoUtils.marshaller(DiscoveryRequest.getDefaultInstance()))
          .setResponseMarshaller(new ResponseMarshaller(false))
          .build();

  static final MethodDescriptor<DeltaDiscoveryRequest, StreamAction.Send> DELTA =
      MethodDescriptor.<DeltaDiscoveryRequest, StreamAction.Send>newBuilder()
          .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
          .setFullMethodName(SERVICE + "/DeltaAggregatedResources")
          .setRequestMarshaller(ProtoUtils.marshaller(DeltaDiscoveryRequest.getDefaultInstance()))
          .setResponseMarshaller(new ResponseMarshaller(true))
          .build();

  private AdsMethods() {}

  private record ResponseMarshaller(boolean delta)
      implements MethodDescriptor.Marshaller<StreamAction.Send> {
    @Override
    public InputStream stream(StreamAction.Send send) {
      return delta ? Chunks.delta(send) : Chunks.sotw(send);
    }

    @Override
    public StreamAction.Send parse(InputStream stream) {
      throw new IllegalStateException("this side writes responses and never reads them");
    }
  }
}
