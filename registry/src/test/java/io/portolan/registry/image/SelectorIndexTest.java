package io.portolan.registry.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.NamespaceObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.model.Origin;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class SelectorIndexTest {
  @Property
  void itFindsWhatAScanFinds(
      @ForAll("manyLabels") List<Map<String, String>> selectors,
      @ForAll("manyLabels") List<Map<String, String>> workloads) {
    SelectorIndex index = new SelectorIndex();
    for (int i = 0; i < selectors.size(); i++) {
      index.add(selectors.get(i), definition(i));
    }
    for (Map<String, String> labels : workloads) {
      Set<String> wanted = new HashSet<>();
      for (int i = 0; i < selectors.size(); i++) {
        if (!selectors.get(i).isEmpty() && EndpointAssembler.matches(selectors.get(i), labels)) {
          wanted.add(Integer.toString(i));
        }
      }
      List<String> found = new ArrayList<>();
      index.selecting(labels).forEach(object -> found.add(object.ref().name()));
      assertEquals(wanted, new HashSet<>(found));
      assertEquals(wanted.size(), found.size(), "each once");
    }
  }

  private static NamespaceObject definition(int number) {
    String name = Integer.toString(number);
    return new NamespaceObject(
        new ObjectRef("c", Kind.NAMESPACE, "", name), new Origin("test", 0), Map.of(), "");
  }

  @Provide
  Arbitrary<List<Map<String, String>>> manyLabels() {
    Arbitrary<String> keys = Arbitraries.of("app", "version", "tier");
    Arbitrary<String> values = Arbitraries.of("a", "b");
    return Arbitraries.maps(keys, values).ofMaxSize(3).list().ofMaxSize(12);
  }
}
