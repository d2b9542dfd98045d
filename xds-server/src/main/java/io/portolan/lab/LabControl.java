package io.portolan.lab;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** One line in, one line out, over a socket in the lab's owner-only directory. */
public final class LabControl implements AutoCloseable {
  private static final int MAX_LINE = 16 * 1024;

  private final ServerSocketChannel server;

  private LabControl(ServerSocketChannel server) {
    this.server = server;
  }

  private static Path socket(Path state) {
    return state.resolve("control");
  }

  /** Serves commands until closed. */
  public static LabControl serve(Path state, Function<String, String> handler) throws IOException {
    Files.deleteIfExists(socket(state));
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket(state)));
    LabControl control = new LabControl(server);
    Thread.ofVirtual().name("lab-control").start(() -> control.loop(handler));
    return control;
  }

  private void loop(Function<String, String> handler) {
    while (server.isOpen()) {
      try (SocketChannel peer = server.accept()) {
        peer.write(
            ByteBuffer.wrap((handler.apply(line(peer)) + "\n").getBytes(StandardCharsets.UTF_8)));
      } catch (IOException e) {
        if (server.isOpen()) {
          continue;
        }
        return;
      }
    }
  }

  private static String line(SocketChannel peer) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(MAX_LINE);
    while (buffer.hasRemaining() && peer.read(buffer) >= 0) {
      if (buffer.position() > 0 && buffer.get(buffer.position() - 1) == '\n') {
        break;
      }
    }
    return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8).strip();
  }

  /**
   * Sends a command to a running lab.
   *
   * @throws IOException when none runs
   */
  public static String send(Path state, String command) throws IOException {
    try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(socket(state)))) {
      peer.write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.UTF_8)));
      return line(peer);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
