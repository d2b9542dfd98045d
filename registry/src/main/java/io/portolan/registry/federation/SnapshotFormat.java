package io.portolan.registry.federation;

import io.portolan.registry.model.MeshObject;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * The file of a snapshot: a line that says what it is, the format's version, the deflated body, and
 * the SHA-256 of all that.
 */
final class SnapshotFormat {
  /** Goes up whenever what {@link ObjectWriter} writes changes. Other versions are refused. */
  static final int VERSION = 3;

  private static final byte[] MAGIC =
      "portolan last-good snapshot\n".getBytes(StandardCharsets.US_ASCII);
  private static final int DIGEST_BYTES = 32;
  private static final int BUFFER = 1 << 16;

  /** Bytes of body for one byte of file; typical is ten. */
  private static final int INFLATION = 64;

  private final long maxBytes;

  /**
   * @param maxBytes largest file that is written or read
   */
  SnapshotFormat(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Counts and ends at the limit. */
  private final class Bounded extends OutputStream {
    private final OutputStream out;
    private long written;

    Bounded(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
      count(1);
      out.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      count(length);
      out.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    private void count(int more) throws IOException {
      written += more;
      if (written > maxBytes) {
        throw new IOException(
            "the snapshot is larger than " + maxBytes + " bytes (remedy: raise its limit)");
      }
    }
  }

  /** Writes to a stream, which stays open. */
  void write(Snapshot snapshot, OutputStream raw) throws IOException {
    MessageDigest sha = sha256();
    OutputStream out = new DigestOutputStream(new Bounded(raw), sha);
    out.write(MAGIC);
    out.write(VERSION);
    Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    try {
      DeflaterOutputStream body = new DeflaterOutputStream(out, deflater, BUFFER);
      OutputStream buffered = new BufferedOutputStream(body, BUFFER);
      SnapshotWriter writer = new SnapshotWriter(buffered);
      writer.string(snapshot.cluster());
      writer.number(snapshot.taken().toEpochMilli());
      writer.list(snapshot.objects(), ObjectWriter::object);
      buffered.flush();
      body.finish();
    } finally {
      deflater.end();
    }
    raw.write(sha.digest());
  }

  /**
   * Reads a file.
   *
   * @throws IOException when it is not one that this program wrote for this cluster; the message
   *     says why
   */
  Snapshot read(Path file, String cluster) throws IOException {
    long size = Files.size(file);
    if (size > maxBytes + DIGEST_BYTES) {
      throw new IOException("has " + size + " bytes (expected at most " + maxBytes + ")");
    }
    byte[] bytes = Files.readAllBytes(file);
    int end = bytes.length - DIGEST_BYTES;
    int start = MAGIC.length + 1;
    if (end < start || !Arrays.equals(MAGIC, 0, MAGIC.length, bytes, 0, MAGIC.length)) {
      throw new IOException("is not a last-good snapshot");
    }
    MessageDigest sha = sha256();
    sha.update(ByteBuffer.wrap(bytes, 0, end));
    if (!MessageDigest.isEqual(sha.digest(), Arrays.copyOfRange(bytes, end, bytes.length))) {
      throw new IOException("is damaged: its checksum differs");
    }
    if (bytes[MAGIC.length] != VERSION) {
      throw new IOException(
          "has the format version " + bytes[MAGIC.length] + " (expected " + VERSION + ")");
    }
    try (InputStream in =
        new BufferedInputStream(
            new InflaterInputStream(new ByteArrayInputStream(bytes, start, end - start)), BUFFER)) {
      SnapshotReader reader = new SnapshotReader(in, INFLATION * maxBytes);
      String owner = reader.string();
      if (!owner.equals(cluster)) {
        throw new IOException("belongs to the cluster " + owner + " (expected " + cluster + ")");
      }
      Instant taken = Instant.ofEpochMilli(reader.number());
      List<MeshObject> objects = new ArrayList<>(reader.list(i -> ObjectReader.object(i, cluster)));
      return new Snapshot(cluster, taken, objects);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java runtime has no SHA-256", e);
    }
  }
}
