package io.portolan.cli;

import java.net.InetSocketAddress;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code host:port}. */
final class Addresses implements ITypeConverter<InetSocketAddress> {
  private static final int MAX_PORT = 65535;

  @Override
  public InetSocketAddress convert(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new TypeConversionException("'" + text + "' (expected host:port)");
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (port < 0 || port > MAX_PORT) {
        throw new TypeConversionException("port " + port + " (expected 0.." + MAX_PORT + ")");
      }
      return new InetSocketAddress(host, port);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + text + "' (expected host:port)");
    }
  }
}
