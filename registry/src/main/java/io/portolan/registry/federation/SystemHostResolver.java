package io.portolan.registry.federation;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * Asks the operating system, so that its hosts file, search domains and name servers hold. It does
 * not tell how long an answer holds, so every answer holds for the least time, 30 s. The Java
 * runtime keeps an answer for 30 s itself (security property {@code networkaddress.cache.ttl}): a
 * change is seen after at most one minute.
 */
public final class SystemHostResolver implements HostResolver {
  @Override
  public Answer resolve(String host) {
    try {
      return new Answer(
          Arrays.stream(InetAddress.getAllByName(host)).map(InetAddress::getHostAddress).toList(),
          HostState.LEAST_TTL,
          "");
    } catch (UnknownHostException e) {
      return Answer.failed("the system's resolver does not know " + host);
    } catch (SecurityException e) {
      return Answer.failed("the system's resolver may not be asked: " + e.getMessage());
    }
  }
}
