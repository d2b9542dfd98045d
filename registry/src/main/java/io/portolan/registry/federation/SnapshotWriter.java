package io.portolan.registry.federation;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes the basic values of a snapshot. Numbers take one byte for each seven bits; a string that
 * was written before takes only its number.
 */
final class SnapshotWriter {
  private final OutputStream out;
  private final Map<String, Integer> strings = new HashMap<>();

  /** Writes one value. */
  interface Item<T> {
    void write(SnapshotWriter out, T value) throws IOException;
  }

  SnapshotWriter(OutputStream out) {
    this.out = out;
  }

  /** A number, best when small and not negative. */
  void number(long value) throws IOException {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  void flag(boolean value) throws IOException {
    out.write(value ? 1 : 0);
  }

  void string(String value) throws IOException {
    Integer known = strings.putIfAbsent(value, strings.size() + 1);
    if (known != null) {
      number(known);
      return;
    }
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    number(0);
    number(bytes.length);
    out.write(bytes);
  }

  void name(Enum<?> value) throws IOException {
    string(value.name());
  }

  void duration(Duration value) throws IOException {
    number(value.getSeconds());
    number(value.getNano());
  }

  <T> void optional(@Nullable T value, Item<T> item) throws IOException {
    flag(value != null);
    if (value != null) {
      item.write(this, value);
    }
  }

  <T> void list(Collection<T> values, Item<T> item) throws IOException {
    number(values.size());
    for (T value : values) {
      item.write(this, value);
    }
  }

  void strings(Collection<String> values) throws IOException {
    list(values, SnapshotWriter::string);
  }

  /** In order of keys, so that equal maps give equal bytes. */
  <T> void map(Map<String, T> values, Item<T> item) throws IOException {
    number(values.size());
    for (var entry : new TreeMap<>(values).entrySet()) {
      string(entry.getKey());
      item.write(this, entry.getValue());
    }
  }

  void labels(Map<String, String> values) throws IOException {
    map(values, SnapshotWriter::string);
  }
}
