package io.portolan.registry.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.registry.model.MeshSettings;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatewayHealthStateTest {
  private static final MeshSettings.GatewayProbe SETTINGS = MeshSettings.GatewayProbe.DEFAULT;

  /** '+' is a probe that was answered, '-' one that was not. */
  @ParameterizedTest(name = "{0} -> up {1}")
  @CsvSource({
    "+, true",
    "-, true",
    "--, false",
    "-+-, true",
    "--+, false",
    "--++, false",
    "--+++, true",
    "--++-+++, true",
    "--++-++, false",
    "--+++-, true",
    "--+++--, false"
  })
  void twoFailuresDownThreeSuccessesUp(String probes, boolean up) {
    GatewayHealthState state = GatewayHealthState.INITIAL;
    for (char c : probes.toCharArray()) {
      state = state.after(new ProbeResult(c == '+', "seen " + c), SETTINGS);
    }
    assertEquals(up, state.up());
  }

  @Test
  void theReasonSaysWhatWasSeenLast() {
    GatewayHealthState state =
        GatewayHealthState.INITIAL
            .after(new ProbeResult(false, "first"), SETTINGS)
            .after(new ProbeResult(false, "Connection refused"), SETTINGS);
    assertTrue(state.reason().contains("Connection refused"), state.reason());
  }

  @Test
  void aListenerThatNeverReactsIsNotAlive() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      ProbeResult result =
          new TlsHelloProbe().probe("127.0.0.1", silent.getLocalPort(), Duration.ofMillis(100));
      assertFalse(result.ok());
      assertTrue(result.detail().contains("no reaction"), result.detail());
    }
  }

  @Test
  void aPeerThatClosesTheHelloIsAlive() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      Thread closer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (var peer = server.accept()) {
                      peer.getInputStream().read();
                    } catch (java.io.IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      assertTrue(
          new TlsHelloProbe()
              .probe("127.0.0.1", server.getLocalPort(), Duration.ofSeconds(5))
              .ok());
      closer.join();
    }
  }

  @Test
  void aClosedPortIsNotAlive() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertFalse(new TlsHelloProbe().probe("127.0.0.1", port, Duration.ofSeconds(1)).ok());
  }
}
