package io.portolan.registry.source.kubernetes;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Cuts a JSON text that arrives in pieces into its objects, so that a text of any length needs
 * memory for one object only, and one wrong object spoils no other. Brackets are counted, not
 * nested: no depth can exhaust a stack. Not thread-safe.
 */
final class JsonFrames {
  /** What the text is. */
  enum Shape {
    /** Objects one after another: a watch. */
    OBJECTS,
    /** One object with an array {@code items}: a list. */
    LIST
  }

  /** Takes the objects in order. */
  interface Sink {
    /**
     * One object.
     *
     * @param bytes holds it from 0 on, valid during the call only
     * @param length of what is kept of it; 0 for an item that is not an object
     * @param size of all of it; more than {@code length} when it was too large to keep
     */
    void frame(byte[] bytes, int length, long size);
  }

  /** The text cannot be cut: it is not JSON of the shape that was asked for. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }

  private static final int MAX_ENVELOPE = 64 * 1024;
  private static final int MAX_KEY = 64;

  private final Shape shape;
  private final int limit;
  private final Sink sink;
  private final Bytes frame;
  private final Bytes envelope = new Bytes(MAX_ENVELOPE);
  private final Bytes key = new Bytes(MAX_KEY);
  private int depth;
  private int frameDepth = -1;
  private boolean inString;
  private boolean escaped;
  private boolean inItems;
  private boolean itemsSeen;
  private boolean separated = true;
  private boolean complete;

  private static final class Bytes {
    private final int limit;
    private byte[] array = new byte[256];
    private int length;
    private long size;

    Bytes(int limit) {
      this.limit = limit;
    }

    void add(byte[] from, int start, int end) {
      size += end - start;
      int count = Math.min(end - start, limit - length);
      if (count <= 0) {
        return;
      }
      if (length + count > array.length) {
        array = Arrays.copyOf(array, Math.min(limit, Math.max(2 * array.length, length + count)));
      }
      System.arraycopy(from, start, array, length, count);
      length += count;
    }

    void clear() {
      length = 0;
      size = 0;
    }
  }

  /**
   * @param limit bytes of one object that are kept at most
   */
  JsonFrames(Shape shape, int limit, Sink sink) {
    this.shape = shape;
    this.limit = limit;
    this.sink = sink;
    this.frame = new Bytes(limit);
  }

  /**
   * Takes the next piece.
   *
   * @throws MalformedException when the text cannot be cut; no further piece may follow
   */
  void feed(ByteBuffer piece) throws MalformedException {
    byte[] bytes = new byte[piece.remaining()];
    piece.get(bytes);
    int from = 0;
    for (int i = 0; i < bytes.length; i++) {
      byte b = bytes[i];
      if (frameDepth >= 0) {
        if (inString) {
          inside(b);
        } else if (b == '"') {
          inString = true;
        } else if (b == '{' || b == '[') {
          depth++;
        } else if ((b == '}' || b == ']') && --depth == frameDepth) {
          frame.add(bytes, from, i + 1);
          emit();
        }
      } else if (!inString && opensFrame(b)) {
        from = i;
        frameDepth = depth++;
      } else {
        boolean item = inItems;
        if (inString) {
          inside(b);
        } else if (b > ' ' || b < 0) {
          outside(b);
        }
        if (shape == Shape.LIST && !(item && inItems)) {
          envelope(bytes, i);
        }
      }
    }
    if (frameDepth >= 0) {
      frame.add(bytes, from, bytes.length);
    }
  }

  private boolean opensFrame(byte b) {
    return (b == '{' && shape == Shape.OBJECTS && depth == 0)
        || ((b == '{' || b == '[') && inItems && depth == 2);
  }

  private void inside(byte b) {
    if (escaped) {
      escaped = false;
    } else if (b == '\\') {
      escaped = true;
    } else if (b == '"') {
      inString = false;
      return;
    }
    if (frameDepth < 0 && depth == 1) {
      key.add(new byte[] {b}, 0, 1);
    }
  }

  private void outside(byte b) throws MalformedException {
    if (depth == 0 && (b != '{' || complete)) {
      throw new MalformedException("text where an object was expected");
    }
    if (inItems && depth == 2) {
      item(b);
      return;
    }
    switch (b) {
      case '"' -> {
        inString = true;
        key.clear();
      }
      case '[', '{' -> {
        if (b == '[' && depth == 1 && keyIsItems()) {
          if (itemsSeen) {
            throw new MalformedException("items occurs twice");
          }
          inItems = true;
          itemsSeen = true;
          separated = true;
        }
        depth++;
      }
      case ']', '}' -> {
        depth--;
        complete = depth == 0;
      }
      default -> {}
    }
  }

  private void item(byte b) {
    switch (b) {
      case ']' -> {
        inItems = false;
        depth--;
      }
      case ',' -> separated = true;
      case '"' -> {
        inString = true;
        scalar();
      }
      default -> scalar();
    }
  }

  private void scalar() {
    if (separated) {
      separated = false;
      sink.frame(new byte[0], 0, 0);
    }
  }

  private boolean keyIsItems() {
    return new String(key.array, 0, key.length, StandardCharsets.UTF_8).equals("items");
  }

  private void emit() {
    frameDepth = -1;
    separated = false;
    sink.frame(frame.array, frame.length, frame.size);
    frame.clear();
    if (frame.array.length > limit / 8) {
      frame.array = new byte[256];
    }
  }

  private void envelope(byte[] bytes, int at) throws MalformedException {
    envelope.add(bytes, at, at + 1);
    if (envelope.size > MAX_ENVELOPE) {
      throw new MalformedException(
          "a list with more than " + MAX_ENVELOPE + " bytes beside its items");
    }
  }

  /** Whether the text so far is whole: no object is open, and a list has ended. */
  boolean whole() {
    return depth == 0 && !inString && (shape == Shape.OBJECTS || complete);
  }

  /** A list without its items. */
  byte[] envelope() {
    return Arrays.copyOf(envelope.array, envelope.length);
  }
}
