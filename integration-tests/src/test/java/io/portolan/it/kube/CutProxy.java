package io.portolan.it.kube;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A TCP relay on loopback between a reader and an API server, with faults: connections cut, bytes
 * held back, new connections refused or left unanswered.
 */
public final class CutProxy implements AutoCloseable {
  /** What happens to bytes. */
  public enum Mode {
    /** They pass. */
    PASS,
    /** They wait: silence, as behind a broken link. */
    HOLD,
    /** New connections are closed at once. */
    REFUSE
  }

  private final ServerSocket server;
  private final int target;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private Mode mode = Mode.PASS;
  private long delayNanos;
  private boolean closed;
  private int accepted;

  /** Opens the relay to a port of 127.0.0.1. */
  public CutProxy(int target) throws IOException {
    this.target = target;
    this.server = new ServerSocket(0, 64, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    threads.execute(this::accept);
  }

  /** Its own port on 127.0.0.1. */
  public int port() {
    return server.getLocalPort();
  }

  /** Connections accepted so far. */
  public int accepted() {
    lock.lock();
    try {
      return accepted;
    } finally {
      lock.unlock();
    }
  }

  /** Changes what happens to bytes, of open connections too. */
  public void mode(Mode next) {
    lock.lock();
    try {
      mode = next;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Delays every chunk from the server by this long. */
  public void delay(java.time.Duration delay) {
    lock.lock();
    try {
      delayNanos = delay.toNanos();
    } finally {
      lock.unlock();
    }
  }

  /** Cuts all open connections. */
  public void cut() throws IOException {
    List<Socket> open = new ArrayList<>(sockets);
    for (Socket socket : open) {
      socket.close();
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        lock.lock();
        boolean refuse;
        try {
          accepted++;
          refuse = mode == Mode.REFUSE;
        } finally {
          lock.unlock();
        }
        if (refuse) {
          client.close();
          continue;
        }
        Socket upstream = connected(client);
        sockets.add(client);
        sockets.add(upstream);
        threads.execute(() -> copy(client, upstream, false));
        threads.execute(() -> copy(upstream, client, true));
      } catch (IOException e) {
        if (server.isClosed()) {
          return;
        }
      }
    }
  }

  /** A server that refuses is one that refuses behind the relay too. */
  private Socket connected(Socket client) throws IOException {
    try {
      return new Socket(InetAddress.getLoopbackAddress(), target);
    } catch (IOException e) {
      client.close();
      throw e;
    }
  }

  private void copy(Socket from, Socket to, boolean fromServer) {
    byte[] buffer = new byte[16 * 1024];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (!mayPass(fromServer)) {
          return;
        }
        out.write(buffer, 0, n);
      }
    } catch (IOException e) {
      // One end is gone, so the other one goes too.
    } finally {
      sockets.remove(from);
      sockets.remove(to);
    }
  }

  private boolean mayPass(boolean fromServer) {
    lock.lock();
    try {
      long left = fromServer ? delayNanos : 0;
      while (left > 0 && !closed) {
        left = changed.awaitNanos(left);
      }
      while (mode == Mode.HOLD && !closed) {
        changed.await();
      }
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    server.close();
    cut();
    threads.shutdownNow();
  }
}
