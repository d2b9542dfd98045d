package io.portolan.registry.federation;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@link SnapshotWriter} wrote. Trusts nothing: every length is checked against what may
 * still come, so that no input makes it allocate more than it has read.
 */
final class SnapshotReader {
  private static final int FIRST_ROOM = 1024;

  private final InputStream in;
  private final List<String> strings = new ArrayList<>();
  private long left;

  /** Reads one value. */
  interface Item<T> {
    T read(SnapshotReader in) throws IOException;
  }

  /**
   * @param limit most bytes to read
   */
  SnapshotReader(InputStream in, long limit) {
    this.in = in;
    this.left = limit;
  }

  private int next() throws IOException {
    if (left-- <= 0) {
      throw new IOException("holds more than the limit");
    }
    int read = in.read();
    if (read < 0) {
      throw new EOFException("ends early");
    }
    return read;
  }

  long number() throws IOException {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      int part = next();
      value |= (long) (part & 0x7f) << shift;
      if ((part & 0x80) == 0) {
        return value;
      }
    }
    throw new IOException("has a number of more than 64 bits");
  }

  int integer() throws IOException {
    long value = number();
    if (value != (int) value) {
      throw new IOException("has the number " + value + " (expected 32 bits)");
    }
    return (int) value;
  }

  /** A count of things that take at least one byte each. */
  private int count() throws IOException {
    int count = integer();
    if (count < 0 || count > left) {
      throw new IOException("has the length " + count + " where " + left + " bytes may follow");
    }
    return count;
  }

  boolean flag() throws IOException {
    return switch (next()) {
      case 0 -> false;
      case 1 -> true;
      default -> throw new IOException("has a flag that is neither 0 nor 1");
    };
  }

  String string() throws IOException {
    int known = integer();
    if (known != 0) {
      if (known < 0 || known > strings.size()) {
        throw new IOException("refers to the string " + known + " of " + strings.size());
      }
      return strings.get(known - 1);
    }
    int length = count();
    // Grows with what really comes: a forged length allocates nothing.
    byte[] bytes = in.readNBytes(length);
    left -= bytes.length;
    if (bytes.length < length) {
      throw new EOFException("ends early");
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      strings.add(text);
      return text;
    } catch (CharacterCodingException e) {
      throw new IOException("has a string that is not UTF-8", e);
    }
  }

  <E extends Enum<E>> E name(Class<E> type) throws IOException {
    String name = string();
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(name)) {
        return constant;
      }
    }
    throw new IOException("has the " + type.getSimpleName() + " " + name + " (unknown)");
  }

  Duration duration() throws IOException {
    try {
      return Duration.ofSeconds(number(), integer());
    } catch (ArithmeticException | DateTimeException e) {
      throw new IOException("has a duration out of range", e);
    }
  }

  <T> @Nullable T optional(Item<T> item) throws IOException {
    return flag() ? item.read(this) : null;
  }

  <T> List<T> list(Item<T> item) throws IOException {
    int count = count();
    List<T> values = new ArrayList<>(Math.min(count, FIRST_ROOM));
    for (int i = 0; i < count; i++) {
      values.add(item.read(this));
    }
    return values;
  }

  List<String> strings() throws IOException {
    return list(SnapshotReader::string);
  }

  <T> Map<String, T> map(Item<T> item) throws IOException {
    int count = count();
    Map<String, T> values = HashMap.newHashMap(Math.min(count, FIRST_ROOM));
    for (int i = 0; i < count; i++) {
      values.put(string(), item.read(this));
    }
    return values;
  }

  Map<String, String> labels() throws IOException {
    return map(SnapshotReader::string);
  }
}
