package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class JsonFramesTest {
  private final List<String> frames = new ArrayList<>();

  private JsonFrames cut(JsonFrames.Shape shape, int limit, int step, String text)
      throws JsonFrames.MalformedException {
    frames.clear();
    JsonFrames cutter =
        new JsonFrames(
            shape,
            limit,
            (bytes, length, size) ->
                frames.add(
                    new String(bytes, 0, length, StandardCharsets.UTF_8)
                        + (size > length ? "+" + (size - length) : "")));
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < bytes.length; at += step) {
      cutter.feed(ByteBuffer.wrap(bytes, at, Math.min(step, bytes.length - at)));
    }
    return cutter;
  }

  @Property(tries = 60)
  void piecesOfAnySizeGiveTheSameObjects(@ForAll @IntRange(min = 1, max = 80) int step)
      throws JsonFrames.MalformedException {
    String text =
        "{\"kind\":\"items\",\"metadata\":{\"items\":[1],\"resourceVersion\":\"5\"},\"items\": [\n"
            + " {\"a\":\"}]{\\\"\\\\\"} , {\"ü\":[{\"b\":null}]},null,\"x]\",[1], 7,{}\n],"
            + "\"tail\":[{}]}\n";
    JsonFrames cutter = cut(JsonFrames.Shape.LIST, 1000, step, text);
    assertEquals(
        List.of("{\"a\":\"}]{\\\"\\\\\"}", "{\"ü\":[{\"b\":null}]}", "", "", "[1]", "", "{}"),
        frames);
    assertTrue(cutter.whole());
    assertArrayEquals(
        ("{\"kind\":\"items\",\"metadata\":{\"items\":[1],\"resourceVersion\":\"5\"},"
                + "\"items\": [],\"tail\":[{}]}\n")
            .getBytes(StandardCharsets.UTF_8),
        cutter.envelope());
    cut(JsonFrames.Shape.OBJECTS, 1000, step, "{\"a\":1}\n{\"b\":{}}{}\n");
    assertEquals(List.of("{\"a\":1}", "{\"b\":{}}", "{}"), frames);
  }

  @Test
  void whatIsTooLargeIsCutShortAndTheNextOneIsWhole() throws JsonFrames.MalformedException {
    cut(JsonFrames.Shape.OBJECTS, 10, 3, "{\"a\":\"" + "x".repeat(50) + "\"}{\"b\":1}");
    assertEquals(List.of("{\"a\":\"xxxx+48", "{\"b\":1}"), frames);
  }

  @Test
  void anyDepthIsCounted() throws JsonFrames.MalformedException {
    int deep = 100_000;
    JsonFrames cutter =
        cut(JsonFrames.Shape.OBJECTS, 64, 4096, "{\"a\":" + "[".repeat(deep) + "]".repeat(deep));
    assertFalse(cutter.whole());
    cutter.feed(ByteBuffer.wrap(new byte[] {'}'}));
    assertTrue(cutter.whole());
    assertEquals(1, frames.size());
  }

  @Test
  void aHalfTextIsNotWhole() throws JsonFrames.MalformedException {
    for (String half :
        List.of("{", "{\"items\":[", "{\"items\":[{\"a\":1},", "{\"items\":[]", "", "{\"a\":\"}")) {
      assertFalse(cut(JsonFrames.Shape.LIST, 100, 7, half).whole(), half);
    }
  }

  @Test
  void otherTextIsRefused() {
    for (String text :
        List.of("<html>", "[{}]", "{} {}", "]", "7", "{\"items\":[],\"items\":[]}")) {
      assertThrows(
          JsonFrames.MalformedException.class,
          () -> cut(JsonFrames.Shape.LIST, 100, 7, text),
          text);
    }
    assertThrows(
        JsonFrames.MalformedException.class, () -> cut(JsonFrames.Shape.OBJECTS, 100, 7, "{}x{}"));
  }

  @Test
  void aListWithoutEndBesideItsItemsIsRefused() {
    String text = "{\"metadata\":\"" + "x".repeat(70_000) + "\"}";
    assertThrows(
        JsonFrames.MalformedException.class, () -> cut(JsonFrames.Shape.LIST, 100, 4096, text));
  }
}
