package io.portolan.xds.generate;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;

/** The small messages every generator needs. */
public final class Wire {
  private Wire() {}

  /** Resources come over the stream this message came over. */
  public static ConfigSource ads() {
    return ConfigSource.newBuilder()
        .setAds(AggregatedConfigSource.getDefaultInstance())
        .setResourceApiVersion(ApiVersion.V3)
        .build();
  }

  /** A message with its type URL. */
  public static Any any(Message message) {
    return Any.pack(message);
  }

  /** A span of time. */
  public static Duration duration(java.time.Duration span) {
    return Duration.newBuilder().setSeconds(span.getSeconds()).setNanos(span.getNano()).build();
  }

  /** A span of whole seconds. */
  public static Duration seconds(long seconds) {
    return Duration.newBuilder().setSeconds(seconds).build();
  }

  /** A TCP address. */
  public static Address address(String ip, int port) {
    return Address.newBuilder()
        .setSocketAddress(SocketAddress.newBuilder().setAddress(ip).setPortValue(port))
        .build();
  }

  /**
   * Marks an endpoint that is spoken to in mutual TLS as one of another service than its cluster's.
   *
   * @param sni the SNI of that service
   */
  public static Struct target(String sni) {
    return struct("tlsMode", "istio").toBuilder()
        .putFields("sni", Value.newBuilder().setStringValue(sni).build())
        .build();
  }

  /** A struct with one string. */
  public static Struct struct(String key, String value) {
    return Struct.newBuilder()
        .putFields(key, Value.newBuilder().setStringValue(value).build())
        .build();
  }
}
