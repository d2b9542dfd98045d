package io.portolan.registry.federation;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * A TCP connect and a TLS ClientHello. Any reaction is a sign of life: a gateway that passes TLS
 * through by SNI closes a hello whose name it does not serve. Silence is not: a frozen process
 * leaves the connect to its kernel and never reacts.
 */
public final class TlsHelloProbe implements Probe {
  private static final String SNI = "probe.portolan.internal";

  private final byte[] hello;

  /**
   * @throws IllegalStateException when the platform has no TLS
   */
  public TlsHelloProbe() {
    this.hello = hello();
  }

  @Override
  public ProbeResult probe(String address, int port, Duration timeout) {
    int millis = Math.clamp(timeout.toMillis(), 1, 60_000);
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(millis);
      socket.connect(new InetSocketAddress(address, port), millis);
      socket.getOutputStream().write(hello);
      try {
        int first = socket.getInputStream().read();
        return new ProbeResult(true, first < 0 ? "closed the hello" : "answered the hello");
      } catch (SocketTimeoutException e) {
        return new ProbeResult(
            false, "connected, but no reaction to a TLS hello in " + millis + " ms");
      } catch (SocketException e) {
        return new ProbeResult(true, "reset the hello");
      }
    } catch (SocketTimeoutException e) {
      return new ProbeResult(false, "no TCP connection in " + millis + " ms");
    } catch (IOException e) {
      return new ProbeResult(false, "no TCP connection: " + e.getMessage());
    }
  }

  private static byte[] hello() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, null, null);
      SSLEngine engine = context.createSSLEngine();
      engine.setUseClientMode(true);
      var parameters = engine.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(SNI)));
      engine.setSSLParameters(parameters);
      ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
      engine.wrap(ByteBuffer.allocate(0), out);
      out.flip();
      byte[] bytes = new byte[out.remaining()];
      out.get(bytes);
      return bytes;
    } catch (GeneralSecurityException | SSLException e) {
      throw new IllegalStateException("this Java runtime cannot make a TLS hello", e);
    }
  }
}
