package io.portolan.xds.grpc;

import com.google.protobuf.CodedOutputStream;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.portolan.xds.snapshot.EncodedResource;
import io.portolan.xds.stream.StreamAction;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A response as a list of byte arrays, most of them shared with other responses. gRPC drains it
 * into its frames without an intermediate copy.
 */
final class Chunks extends InputStream implements Drainable, KnownLength {
  private final List<byte[]> chunks;
  private int chunk;
  private int offset;
  private int left;

  private Chunks(List<byte[]> chunks) {
    this.chunks = chunks;
    this.left = chunks.stream().mapToInt(c -> c.length).sum();
  }

  /** {@code DiscoveryResponse}: version_info = 1, resources = 2, type_url = 4, nonce = 5. */
  static Chunks sotw(StreamAction.Send send) {
    List<byte[]> chunks = new ArrayList<>(2 + 2 * send.resources().size());
    chunks.add(
        fields(
            out -> {
              out.writeString(1, send.version());
              out.writeString(4, send.type().typeUrl());
              out.writeString(5, send.nonce());
            }));
    for (EncodedResource resource : send.resources()) {
      resource.sotwChunks(chunks);
    }
    return new Chunks(chunks);
  }

  /**
   * {@code DeltaDiscoveryResponse}: system_version_info = 1, resources = 2, type_url = 4, nonce =
   * 5, removed_resources = 6.
   */
  static Chunks delta(StreamAction.Send send) {
    List<byte[]> chunks = new ArrayList<>(2 + 2 * send.resources().size());
    chunks.add(
        fields(
            out -> {
              out.writeString(1, send.version());
              out.writeString(4, send.type().typeUrl());
              out.writeString(5, send.nonce());
              for (String name : send.removed()) {
                out.writeString(6, name);
              }
            }));
    for (EncodedResource resource : send.resources()) {
      resource.deltaChunks(chunks);
    }
    return new Chunks(chunks);
  }

  private interface Writing {
    void to(CodedOutputStream out) throws IOException;
  }

  private static byte[] fields(Writing writing) {
    var bytes = new java.io.ByteArrayOutputStream(160);
    CodedOutputStream out = CodedOutputStream.newInstance(bytes, 160);
    try {
      writing.to(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  public int drainTo(OutputStream target) throws IOException {
    int written = left;
    while (chunk < chunks.size()) {
      byte[] bytes = chunks.get(chunk);
      target.write(bytes, offset, bytes.length - offset);
      chunk++;
      offset = 0;
    }
    left = 0;
    return written;
  }

  @Override
  public int available() {
    return left;
  }

  @Override
  public int read() {
    if (left == 0) {
      return -1;
    }
    while (offset == chunks.get(chunk).length) {
      chunk++;
      offset = 0;
    }
    left--;
    return chunks.get(chunk)[offset++] & 0xff;
  }

  @Override
  public int read(byte[] target, int from, int length) {
    if (length == 0) {
      return 0;
    }
    if (left == 0) {
      return -1;
    }
    int done = 0;
    while (done < length && left > 0) {
      byte[] bytes = chunks.get(chunk);
      int n = Math.min(length - done, bytes.length - offset);
      System.arraycopy(bytes, offset, target, from + done, n);
      offset += n;
      done += n;
      left -= n;
      if (offset == bytes.length && chunk + 1 < chunks.size()) {
        chunk++;
        offset = 0;
      }
    }
    return done;
  }
}
