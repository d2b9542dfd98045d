package io.portolan.xds.snapshot;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One resource, encoded once. Responses point to its bytes and never copy them. Immutable; safe for
 * any thread.
 */
public final class EncodedResource {
  private static final int HASH_BYTES = 12;
  // Field 2, length-delimited: `resources` in both kinds of response and `resource` in Resource.
  private static final byte FIELD_2 = 0x12;
  private static final byte RESOURCE_NAME = 0x1a;
  private static final byte RESOURCE_VERSION = 0x0a;

  private final ResourceType type;
  private final String name;
  private final String version;
  private final byte[] any;
  private final byte[] sotwHead;
  private final byte[] deltaHead;
  private final @Nullable String endpointsOf;
  private final List<String> sources;

  private EncodedResource(
      ResourceType type,
      String name,
      String version,
      byte[] any,
      @Nullable String endpointsOf,
      List<String> sources) {
    this.type = type;
    this.name = name;
    this.version = version;
    this.any = any;
    this.endpointsOf = endpointsOf;
    this.sources = List.copyOf(sources);
    this.sotwHead = head(any.length, FIELD_2);
    this.deltaHead = deltaHead(name, version, any.length);
  }

  /** Encodes a message; its version is the hash of its deterministic bytes. */
  public static EncodedResource of(
      ResourceType type, String name, Message message, List<String> sources) {
    byte[] value = deterministic(message);
    return new EncodedResource(type, name, hash(value), any(type, value), null, sources);
  }

  /**
   * Encodes a cluster whose endpoints come from EDS.
   *
   * @param endpointsOf the EDS name it waits for
   */
  public static EncodedResource cluster(
      String name, Message message, String endpointsOf, List<String> sources) {
    byte[] value = deterministic(message);
    return new EncodedResource(
        ResourceType.CLUSTER,
        name,
        hash(value),
        any(ResourceType.CLUSTER, value),
        endpointsOf,
        sources);
  }

  /** Encodes a secret under a version of its own, so that key bytes leave no trace in it. */
  public static EncodedResource secret(String name, Message message, String version) {
    return new EncodedResource(
        ResourceType.SECRET,
        name,
        version,
        any(ResourceType.SECRET, deterministic(message)),
        null,
        List.of());
  }

  /** Its type. */
  public ResourceType type() {
    return type;
  }

  /** Its resource name. */
  public String name() {
    return name;
  }

  /** Hash of its content. */
  public String version() {
    return version;
  }

  /** The EDS name a cluster waits for when it is new or changed, else null. */
  public @Nullable String endpointsOf() {
    return endpointsOf;
  }

  /** Provenance: the objects it was made from. */
  public List<String> sources() {
    return sources;
  }

  /** Size of the {@code Any} in bytes. */
  public int size() {
    return any.length;
  }

  /** A copy of the {@code Any} bytes, for the admin port; empty for secrets. */
  public byte[] anyForPeople() {
    return type == ResourceType.SECRET ? new byte[0] : any.clone();
  }

  /** Appends the field {@code repeated Any resources = 2} of a state-of-the-world response. */
  public void sotwChunks(List<byte[]> out) {
    out.add(sotwHead);
    out.add(any);
  }

  /** Appends the field {@code repeated Resource resources = 2} of a delta response. */
  public void deltaChunks(List<byte[]> out) {
    out.add(deltaHead);
    out.add(any);
  }

  /** Shows no content: it may be a key. */
  @Override
  public String toString() {
    return type.shortName() + " " + name + "@" + version;
  }

  private static byte[] deterministic(Message message) {
    byte[] bytes = new byte[message.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      message.writeTo(out);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes;
  }

  private static byte[] any(ResourceType type, byte[] value) {
    byte[] url = type.typeUrl().getBytes(StandardCharsets.UTF_8);
    int size =
        2
            + CodedOutputStream.computeUInt32SizeNoTag(url.length)
            + url.length
            + CodedOutputStream.computeUInt32SizeNoTag(value.length)
            + value.length;
    return write(
        size,
        out -> {
          out.writeByteArray(1, url);
          out.writeByteArray(2, value);
        });
  }

  private static byte[] head(int length, byte tag) {
    return write(
        1 + CodedOutputStream.computeUInt32SizeNoTag(length),
        out -> {
          out.writeRawByte(tag);
          out.writeUInt32NoTag(length);
        });
  }

  private static byte[] deltaHead(String name, String version, int anyLength) {
    byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
    byte[] versionBytes = version.getBytes(StandardCharsets.UTF_8);
    int inner =
        1
            + CodedOutputStream.computeUInt32SizeNoTag(nameBytes.length)
            + nameBytes.length
            + 1
            + CodedOutputStream.computeUInt32SizeNoTag(versionBytes.length)
            + versionBytes.length
            + 1
            + CodedOutputStream.computeUInt32SizeNoTag(anyLength);
    int total = inner + anyLength;
    return write(
        1 + CodedOutputStream.computeUInt32SizeNoTag(total) + inner,
        out -> {
          out.writeRawByte(FIELD_2);
          out.writeUInt32NoTag(total);
          out.writeRawByte(RESOURCE_NAME);
          out.writeByteArrayNoTag(nameBytes);
          out.writeRawByte(RESOURCE_VERSION);
          out.writeByteArrayNoTag(versionBytes);
          out.writeRawByte(FIELD_2);
          out.writeUInt32NoTag(anyLength);
        });
  }

  private interface Writing {
    void to(CodedOutputStream out) throws IOException;
  }

  private static byte[] write(int size, Writing writing) {
    byte[] bytes = new byte[size];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      writing.to(out);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes;
  }

  /** 96 bits of SHA-256 in URL-safe base64. */
  public static String hash(byte[] bytes) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      byte[] part = java.util.Arrays.copyOf(digest, HASH_BYTES);
      return Base64.getUrlEncoder().withoutPadding().encodeToString(part);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
