package io.portolan.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabAddressesTest {
  @ParameterizedTest
  @CsvSource({
    "127.71.0.1, 10.71.0.1",
    "xds: 127.83.0.200:15012!, xds: 10.83.0.200:15012!",
    "127.171.0.1, 10.171.0.1",
    "127.0.0.1, 127.0.0.1",
    "127.256.0.1, 127.256.0.1",
    "127.71, 127.71",
    "1127.71.0.1, 1127.71.0.1",
    "0.127.71.0, 0.127.71.0",
    "127., 127.",
    "nothing, nothing",
  })
  void loopbackAddressesMove(String text, String moved) {
    assertEquals(moved, LabAddresses.NAMESPACE.in(text));
    assertEquals(text, LabAddresses.LOOPBACK.in(text));
  }

  @Test
  void everyAddressOfATextMovesAndNamesItsNetwork() {
    String text = "a: 127.71.0.1\nb: [127.72.0.2, 127.71.9.9, 127.0.0.1]\n";
    assertEquals(
        "a: 10.71.0.1\nb: [10.72.0.2, 10.71.9.9, 127.0.0.1]\n", LabAddresses.NAMESPACE.in(text));
    assertEquals(List.of("10.71.0.0/16", "10.72.0.0/16"), List.copyOf(LabAddresses.networks(text)));
  }
}
