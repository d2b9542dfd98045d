package io.portolan.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.identity.SpiffeId;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpiffeIdTest {
  @Provide
  Arbitrary<String> domains() {
    return Arbitraries.strings()
        .withCharRange('a', 'z')
        .numeric()
        .withChars("-_.")
        .ofMinLength(1)
        .ofMaxLength(255);
  }

  @Provide
  Arbitrary<String> segments() {
    return Arbitraries.strings()
        .alpha()
        .numeric()
        .withChars("-_.")
        .ofMinLength(1)
        .ofMaxLength(300)
        .filter(s -> !s.equals(".") && !s.equals(".."));
  }

  @Property(tries = 300)
  void whatIsWrittenIsRead(
      @ForAll("domains") String domain,
      @ForAll("segments") String namespace,
      @ForAll("segments") String account) {
    SpiffeId id = new SpiffeId(domain, namespace, account);
    assertEquals(id, SpiffeId.parse(id.uri()));
    assertEquals(id.uri(), id.toUri().toString());
  }

  @Property(tries = 300)
  void anyOtherTextIsRefusedAndNothingElseHappens(@ForAll String text) {
    Assume.that(!text.startsWith("spiffe://"));
    assertThrows(IllegalArgumentException.class, () -> SpiffeId.parse(text));
    assertThrows(IllegalArgumentException.class, () -> SpiffeId.parse("spiffe://" + text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "spiffe://",
        "http://td/ns/a/sa/b",
        "SPIFFE://td/ns/a/sa/b",
        "spiffe:///ns/a/sa/b",
        "spiffe://TD/ns/a/sa/b",
        "spiffe://td:80/ns/a/sa/b",
        "spiffe://user@td/ns/a/sa/b",
        "spiffe://td/ns/a/sa/b/",
        "spiffe://td/ns/a/sa/b/c",
        "spiffe://td/ns//sa/b",
        "spiffe://td/ns/./sa/b",
        "spiffe://td/ns/../sa/b",
        "spiffe://td/ns/a%2Fb/sa/b",
        "spiffe://td/ns/a/sa/b?q",
        "spiffe://td/ns/a/sa/b#f",
        "spiffe://td/NS/a/sa/b",
        "spiffe://td/ns/a/sa/b\n",
        "spiffe://td/ns/ä/sa/b",
        "spiffe://td/sa/a/ns/b"
      })
  void otherShapesAreRefused(String uri) {
    assertThrows(IllegalArgumentException.class, () -> SpiffeId.parse(uri));
  }

  @Test
  void lengthsAreLimited() {
    assertThrows(IllegalArgumentException.class, () -> new SpiffeId("a".repeat(256), "ns", "sa"));
    // spiffe:// + td + /ns/ + /sa/ leave 2048 - 19 bytes.
    assertEquals(2048, new SpiffeId("td", "n", "s".repeat(2028)).uri().length());
    assertThrows(IllegalArgumentException.class, () -> new SpiffeId("td", "n", "s".repeat(2029)));
  }

  @Test
  void everyPartThatIsWrongIsNamed() {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> new SpiffeId("T", "", "a b"))
                .getMessage());
    assertTrue(message.contains("trust domain 'T'"), message);
    assertTrue(message.contains("namespace ''"), message);
    assertTrue(message.contains("service account 'a b'"), message);
  }
}
