package io.portolan.registry.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SnapshotPropertyTest {
  @Property(tries = 300)
  void whatIsWrittenIsReadAgain(@ForAll long seed) throws IOException {
    List<MeshObject> objects = GeneratedObjects.some(new Random(seed), "east", 20);
    byte[] bytes = written(objects);
    SnapshotReader in = new SnapshotReader(new ByteArrayInputStream(bytes), bytes.length);
    assertEquals(objects, in.list(i -> ObjectReader.object(i, "east")));
  }

  /** Whatever the bytes: an object or an {@link IOException}, never anything else. */
  @Property(tries = 500)
  void noInputDoesAnythingButFail(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] bytes = written(GeneratedObjects.some(random, "east", 5));
    for (int i = random.nextInt(4); i >= 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    SnapshotReader in = new SnapshotReader(new ByteArrayInputStream(bytes), bytes.length);
    try {
      in.list(i -> ObjectReader.object(i, "east"));
    } catch (IOException e) {
      assertEquals(false, String.valueOf(e.getMessage()).isEmpty());
    }
  }

  @Test
  void aForgedLengthAllocatesNothing() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new SnapshotWriter(out).number(Integer.MAX_VALUE);
    byte[] bytes = out.toByteArray();
    assertThrows(
        IOException.class,
        () ->
            new SnapshotReader(new ByteArrayInputStream(bytes), 1 << 20)
                .list(SnapshotReader::string));
  }

  @Test
  void everyKindIsGenerated() {
    Set<Kind> seen = new HashSet<>();
    for (MeshObject object : GeneratedObjects.some(new Random(1), "east", 500)) {
      seen.add(object.ref().kind());
    }
    assertEquals(Set.of(Kind.values()), seen);
  }

  /** The shape of the model that {@link SnapshotFormat#VERSION} stands for. */
  @Test
  void anotherShapeOfTheModelIsAnotherVersion() {
    Set<Class<?>> seen = new LinkedHashSet<>();
    for (Class<?> type : MeshObject.class.getPermittedSubclasses()) {
      collect(type, seen);
    }
    Set<String> shapes = new TreeSet<>();
    for (Class<?> type : seen) {
      List<String> parts = new ArrayList<>();
      for (RecordComponent part : type.getRecordComponents()) {
        parts.add(part.getGenericType().getTypeName() + " " + part.getName());
      }
      shapes.add(type.getName() + parts);
    }
    assertEquals(
        "version " + 3 + " shape " + SHAPE,
        "version " + SnapshotFormat.VERSION + " shape " + shapes.toString().hashCode(),
        "the model changed: raise SnapshotFormat.VERSION, and the two numbers here");
  }

  private static final int SHAPE = -380672638;

  private static void collect(Class<?> type, Set<Class<?>> seen) {
    if (type.isRecord() && seen.add(type)) {
      for (RecordComponent part : type.getRecordComponents()) {
        collect(part.getType(), seen);
        if (part.getGenericType() instanceof java.lang.reflect.ParameterizedType generic) {
          for (var argument : generic.getActualTypeArguments()) {
            if (argument instanceof Class<?> inner) {
              collect(inner, seen);
            }
          }
        }
      }
    }
  }

  private static byte[] written(List<MeshObject> objects) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new SnapshotWriter(out).list(objects, ObjectWriter::object);
    return out.toByteArray();
  }
}
