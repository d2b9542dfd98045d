package io.portolan.registry.source.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class InternerTest {
  private static String fresh(int number) {
    return "name-" + number;
  }

  @Test
  void equalValuesAreOneWhileTheyAreRemembered() {
    Interner interner = new Interner(4);
    String first = interner.one(fresh(0));
    for (int i = 1; i < 4; i++) {
      interner.one(fresh(i));
      assertSame(first, interner.one(fresh(0)));
    }
    for (int i = 10; i < 30; i++) {
      interner.one(fresh(i));
    }
    assertNotSame(first, interner.one(fresh(0)));
    assertTrue(interner.size() <= 8, interner.size() + " values");
  }

  @Test
  void aTextOfTwoObjectsIsHeldOnceAndThenForgotten() {
    Interner interner = new Interner(1_000);
    String[] texts = new String[100];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = interner.twice(fresh(i));
    }
    assertEquals(texts.length, interner.size());
    for (int i = 0; i < texts.length; i++) {
      assertSame(texts[i], interner.twice(fresh(i)));
    }
    assertEquals(0, interner.size());
  }

  @Test
  void textsWithoutASecondAreBounded() {
    Interner interner = new Interner(10);
    for (int i = 0; i < 10_000; i++) {
      interner.twice(fresh(i));
    }
    assertTrue(interner.size() <= 80, interner.size() + " texts");
  }
}
