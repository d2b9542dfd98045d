package io.portolan.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The spelling of {@code --set}. */
class SettingsTest {
  private static final String BASE = "{\"a\":{\"b\":1},\"text\":\"t\"}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a.b=2              | {\"a\":{\"b\":2},\"text\":\"t\"}",
        "values.a.b=2       | {\"a\":{\"b\":2},\"text\":\"t\"}",
        "a.b=true,a.c=x     | {\"a\":{\"b\":true,\"c\":\"x\"},\"text\":\"t\"}",
        "a.b=007            | {\"a\":{\"b\":\"007\"},\"text\":\"t\"}",
        "a.b=-3             | {\"a\":{\"b\":-3},\"text\":\"t\"}",
        "a.b={x,2}          | {\"a\":{\"b\":[\"x\",2]},\"text\":\"t\"}",
        "a.x\\.y/z=1        | {\"a\":{\"b\":1,\"x.y/z\":1},\"text\":\"t\"}",
        "text=x\\,y         | {\"a\":{\"b\":1},\"text\":\"x,y\"}",
        "text=              | {\"a\":{\"b\":1},\"text\":\"\"}",
        "text=a=b           | {\"a\":{\"b\":1},\"text\":\"a=b\"}",
        "a=null             | {\"text\":\"t\"}",
        "n.m=1              | {\"a\":{\"b\":1},\"text\":\"t\",\"n\":{\"m\":1}}"
      })
  void sets(String option, String expected) throws Exception {
    ObjectNode values = (ObjectNode) new ObjectMapper().readTree(BASE);
    Settings.set(values, option);
    assertEquals(expected, new ObjectMapper().writeValueAsString(values));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.b", "=1", "text.x=1", "a.=1", "a.b[0]=1", "a.b={}"})
  void refuses(String option) throws Exception {
    ObjectNode values = (ObjectNode) new ObjectMapper().readTree(BASE);
    assertThrows(InstallException.class, () -> Settings.set(values, option));
  }
}
