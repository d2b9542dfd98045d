package io.portolan.ca.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import io.portolan.proto.istio.v1.auth.IstioCertificateRequest;
import io.portolan.proto.istio.v1.auth.IstioCertificateResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The method, with requests read only when they are small enough. */
final class CertificateMethod {
  static final String SERVICE = "istio.v1.auth.IstioCertificateService";

  static final MethodDescriptor<Received, IstioCertificateResponse> CREATE =
      MethodDescriptor.<Received, IstioCertificateResponse>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName(SERVICE + "/CreateCertificate")
          .setRequestMarshaller(new RequestMarshaller())
          .setResponseMarshaller(
              ProtoUtils.marshaller(IstioCertificateResponse.getDefaultInstance()))
          .build();

  private CertificateMethod() {}

  /** What has arrived; a failure here would otherwise end the call without a reason. */
  sealed interface Received {}

  record Request(IstioCertificateRequest message) implements Received {}

  record TooLarge(int bytes) implements Received {}

  record Unreadable() implements Received {}

  private record RequestMarshaller() implements MethodDescriptor.Marshaller<Received> {
    @Override
    public InputStream stream(Received value) {
      throw new IllegalStateException("this side reads requests and never writes them");
    }

    @Override
    public Received parse(InputStream stream) {
      try {
        byte[] bytes = stream.readNBytes(CertificateService.MAX_REQUEST + 1);
        return bytes.length > CertificateService.MAX_REQUEST
            ? new TooLarge(bytes.length + stream.available())
            : new Request(IstioCertificateRequest.parseFrom(bytes));
      } catch (InvalidProtocolBufferException e) {
        return new Unreadable();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
