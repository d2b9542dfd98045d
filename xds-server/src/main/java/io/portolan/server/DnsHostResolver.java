package io.portolan.server;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.HostsFileEntriesProvider;
import io.netty.resolver.dns.DnsCnameCache;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.portolan.registry.federation.HostResolver;
import io.portolan.registry.federation.HostState;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Asks name servers for A and AAAA records, so that their TTL is known: an answer holds as long as
 * the shortest-lived record that led to it, aliases included. The hosts file comes first, then the
 * name servers, search domains and {@code ndots} of {@code resolv.conf}.
 *
 * <p>An answer counts when both questions were answered, so that a lost packet takes no address
 * away. Safe for any thread; blocks for {@code timeout} for each try at the longest.
 */
final class DnsHostResolver implements HostResolver, AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final int MOST_QUERIES = 16;
  private static final int MOST_ADDRESSES = 64;

  private final MultiThreadIoEventLoopGroup group;
  private final Path hostsFile;
  private final Duration timeout;
  private final DnsNameResolverBuilder settings;

  /** As the operating system is set up. */
  DnsHostResolver() {
    this(Path.of("/etc/hosts"), TIMEOUT, DnsServerAddressStreamProviders.platformDefault(), null);
  }

  /**
   * @param timeout of one query
   * @param servers the name servers
   * @param searchDomains null for those of the operating system
   */
  DnsHostResolver(
      Path hostsFile,
      Duration timeout,
      DnsServerAddressStreamProvider servers,
      @Nullable List<String> searchDomains) {
    this.hostsFile = hostsFile;
    this.timeout = timeout;
    this.group =
        new MultiThreadIoEventLoopGroup(
            1,
            Thread.ofPlatform().daemon().name("host-names-dns").factory(),
            NioIoHandler.newFactory());
    this.settings =
        new DnsNameResolverBuilder()
            .datagramChannelType(NioDatagramChannel.class)
            // For answers that do not fit a datagram.
            .socketChannelType(NioSocketChannel.class)
            .nameServerProvider(servers)
            .queryTimeoutMillis(timeout.toMillis())
            .maxQueriesPerResolve(MOST_QUERIES)
            .hostsFileEntriesResolver((host, types) -> null);
    if (searchDomains != null) {
      settings.searchDomains(searchDomains);
    }
  }

  @Override
  public Answer resolve(String host) {
    try {
      List<String> listed = listed(host);
      if (!listed.isEmpty()) {
        return new Answer(listed, HostState.LEAST_TTL, "", false);
      }
    } catch (IOException e) {
      return Answer.failed("the hosts file cannot be read: " + e.getMessage());
    }
    Aliases aliases = new Aliases();
    // What it remembers is one question's: aliases that this name leads through.
    try (DnsNameResolver resolver =
        settings.copy().eventLoop(group.next()).cnameCache(aliases).build()) {
      Found four = ask(resolver, host, DnsRecordType.A);
      Found six = ask(resolver, host, DnsRecordType.AAAA);
      return answer(four, six, aliases.ttl.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Answer.failed("interrupted");
    } catch (RuntimeException e) {
      return Answer.failed(String.valueOf(e.getMessage()));
    }
  }

  private static Answer answer(Found four, Found six, long aliasTtl) {
    for (Found found : List.of(four, six)) {
      if (found.outcome == Outcome.FAILED) {
        return Answer.failed(found.problem);
      }
    }
    List<String> addresses = new ArrayList<>(four.addresses);
    addresses.addAll(six.addresses);
    if (addresses.isEmpty()) {
      return four.outcome == Outcome.ABSENT
          ? Answer.absent(four.problem)
          : Answer.absent("the name has neither A nor AAAA records");
    }
    long ttl = Math.min(aliasTtl, Math.min(four.ttl, six.ttl));
    return new Answer(
        addresses.stream().limit(MOST_ADDRESSES).toList(), Duration.ofSeconds(ttl), "", false);
  }

  private enum Outcome {
    ANSWERED,
    /** There is no such name. */
    ABSENT,
    FAILED
  }

  private record Found(Outcome outcome, List<String> addresses, long ttl, String problem) {}

  private Found ask(DnsNameResolver resolver, String host, DnsRecordType type)
      throws InterruptedException {
    Future<List<DnsRecord>> asked = resolver.resolveAll(new DefaultDnsQuestion(host, type));
    long most = timeout.toMillis() * MOST_QUERIES;
    try {
      return read(asked.get(most, TimeUnit.MILLISECONDS), type);
    } catch (ExecutionException e) {
      return refused(e.getCause(), type);
    } catch (java.util.concurrent.TimeoutException e) {
      asked.cancel(true);
      return new Found(Outcome.FAILED, List.of(), 0, "no name server answered in " + most + " ms");
    }
  }

  private static Found read(List<DnsRecord> records, DnsRecordType type) {
    List<String> addresses = new ArrayList<>();
    long ttl = Long.MAX_VALUE;
    try {
      for (DnsRecord record : records) {
        if (record instanceof DnsRawRecord raw && record.type().equals(type)) {
          byte[] bytes = new byte[raw.content().readableBytes()];
          raw.content().getBytes(raw.content().readerIndex(), bytes);
          addresses.add(InetAddress.getByAddress(bytes).getHostAddress());
          ttl = Math.min(ttl, Math.max(0, record.timeToLive()));
        }
      }
    } catch (UnknownHostException e) {
      return new Found(Outcome.FAILED, List.of(), 0, "a record is not " + type.name());
    } finally {
      records.forEach(ReferenceCountUtil::release);
    }
    return new Found(Outcome.ANSWERED, addresses, ttl, "");
  }

  /** What a failure means: only an answer of a name server says that there is nothing. */
  private static Found refused(@Nullable Throwable failure, DnsRecordType type) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof DnsErrorCauseException error) {
        return error.getCode().equals(DnsResponseCode.NXDOMAIN)
            ? new Found(Outcome.ABSENT, List.of(), Long.MAX_VALUE, "there is no such name")
            : new Found(
                Outcome.FAILED,
                List.of(),
                0,
                "the name servers answer " + error.getCode() + " to " + type.name());
      }
      if (DnsNameResolver.isTransportOrTimeoutError(cause)) {
        return new Found(Outcome.FAILED, List.of(), 0, "no name server answers to " + type.name());
      }
    }
    return failure instanceof UnknownHostException
        ? new Found(Outcome.ANSWERED, List.of(), Long.MAX_VALUE, "")
        : new Found(Outcome.FAILED, List.of(), 0, String.valueOf(failure));
  }

  /** Addresses of the hosts file, read anew each time: it is short and may change. */
  private List<String> listed(String host) throws IOException {
    File file = hostsFile.toFile();
    if (!file.exists()) {
      return List.of();
    }
    HostsFileEntriesProvider entries =
        HostsFileEntriesProvider.parser().parse(file, StandardCharsets.UTF_8);
    String name = host.toLowerCase(Locale.ROOT);
    List<InetAddress> found = new ArrayList<>(entries.ipv4Entries().getOrDefault(name, List.of()));
    found.addAll(entries.ipv6Entries().getOrDefault(name, List.of()));
    return found.stream().map(InetAddress::getHostAddress).toList();
  }

  /** Keeps the aliases of one question, and how long the shortest-lived of them holds. */
  private static final class Aliases implements DnsCnameCache {
    private final java.util.Map<String, String> known =
        new java.util.concurrent.ConcurrentHashMap<>();
    final AtomicLong ttl = new AtomicLong(Long.MAX_VALUE);

    @Override
    public @Nullable String get(String hostname) {
      return known.get(hostname);
    }

    @Override
    public void cache(String hostname, String cname, long originalTtl, EventLoop loop) {
      known.put(hostname, cname);
      ttl.accumulateAndGet(Math.max(0, originalTtl), Math::min);
    }

    @Override
    public void clear() {
      known.clear();
    }

    @Override
    public boolean clear(String hostname) {
      return known.remove(hostname) != null;
    }
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
