package io.portolan.server;

import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.HostsFileEntriesProvider;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsCache;
import io.netty.resolver.dns.DnsCacheEntry;
import io.netty.resolver.dns.DnsCnameCache;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsQueryLifecycleObserver;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.util.concurrent.Future;
import io.portolan.registry.federation.HostResolver;
import io.portolan.registry.federation.HostState;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
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
    try {
      return answer(
          ask(host, ResolvedAddressTypes.IPV4_ONLY), ask(host, ResolvedAddressTypes.IPV6_ONLY));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Answer.failed("interrupted");
    } catch (RuntimeException e) {
      return Answer.failed(String.valueOf(e.getMessage()));
    }
  }

  private static Answer answer(Found four, Found six) {
    for (Found found : List.of(four, six)) {
      if (!found.problem.isEmpty()) {
        return Answer.failed(found.problem);
      }
    }
    List<String> addresses = new ArrayList<>(four.addresses);
    addresses.addAll(six.addresses);
    if (addresses.isEmpty()) {
      return Answer.absent("the name servers have no address for it");
    }
    return new Answer(
        addresses.stream().limit(MOST_ADDRESSES).toList(),
        Duration.ofSeconds(Math.min(four.ttl, six.ttl)),
        "",
        false);
  }

  /**
   * What one question led to.
   *
   * @param addresses none is an answer too
   * @param problem why it was not answered, empty when it was
   */
  private record Found(List<String> addresses, long ttl, String problem) {
    static final Found NOTHING = new Found(List.of(), Long.MAX_VALUE, "");
  }

  private Found ask(String host, ResolvedAddressTypes family) throws InterruptedException {
    OneQuestion question = new OneQuestion();
    // What it remembers is this question's alone.
    try (DnsNameResolver resolver =
        settings
            .copy()
            .eventLoop(group.next())
            .resolvedAddressTypes(family)
            .resolveCache(question)
            .cnameCache(question.aliases)
            .dnsQueryLifecycleObserverFactory(asked -> question.answers)
            .build()) {
      long most = timeout.toMillis() * MOST_QUERIES;
      Future<List<InetAddress>> asked = resolver.resolveAll(host);
      try {
        List<String> addresses =
            asked.get(most, TimeUnit.MILLISECONDS).stream()
                .map(InetAddress::getHostAddress)
                .toList();
        return new Found(addresses, question.ttl.get(), "");
      } catch (ExecutionException e) {
        return refused(e.getCause(), question.code.get());
      } catch (java.util.concurrent.TimeoutException e) {
        asked.cancel(true);
        return failed("no name server answered in " + most + " ms");
      }
    }
  }

  private static Found failed(String problem) {
    return new Found(List.of(), 0, problem);
  }

  /** What a failure means: only an answer of a name server says that there is nothing. */
  private static Found refused(@Nullable Throwable failure, @Nullable DnsResponseCode code) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (DnsNameResolver.isTransportOrTimeoutError(cause)) {
        return failed("no name server answers");
      }
    }
    if (code != null) {
      return failed("a name server answers " + code);
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof DnsErrorCauseException error) {
        return error.getCode().equals(DnsResponseCode.NXDOMAIN)
            ? Found.NOTHING
            : failed("a name server answers " + error.getCode());
      }
    }
    return failure instanceof UnknownHostException
        ? Found.NOTHING
        : failed(String.valueOf(failure));
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

  /** Sees the records of one question, and keeps how long the shortest-lived of them holds. */
  private static final class OneQuestion implements DnsCache {
    final AtomicLong ttl = new AtomicLong(Long.MAX_VALUE);

    /** The last response code that is neither an answer nor the word that there is no such name. */
    final AtomicReference<@Nullable DnsResponseCode> code = new AtomicReference<>();

    final Aliases aliases = new Aliases(ttl);
    final DnsQueryLifecycleObserver answers = new Answers(code);

    private record Entry(@Nullable InetAddress address, @Nullable Throwable cause)
        implements DnsCacheEntry {}

    @Override
    public @Nullable List<? extends DnsCacheEntry> get(
        String hostname, DnsRecord @Nullable [] additionals) {
      return null;
    }

    @Override
    public DnsCacheEntry cache(
        String hostname,
        DnsRecord @Nullable [] additionals,
        InetAddress address,
        long originalTtl,
        EventLoop loop) {
      ttl.accumulateAndGet(Math.max(0, originalTtl), Math::min);
      return new Entry(address, null);
    }

    @Override
    public DnsCacheEntry cache(
        String hostname, DnsRecord @Nullable [] additionals, Throwable cause, EventLoop loop) {
      return new Entry(null, cause);
    }

    @Override
    public void clear() {}

    @Override
    public boolean clear(String hostname) {
      return false;
    }
  }

  private static final class Aliases implements DnsCnameCache {
    private final Map<String, String> known = new ConcurrentHashMap<>();
    private final AtomicLong ttl;

    Aliases(AtomicLong ttl) {
      this.ttl = ttl;
    }

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

  /** Keeps response codes by which a server says that it does not know. */
  private record Answers(AtomicReference<@Nullable DnsResponseCode> code)
      implements DnsQueryLifecycleObserver {
    @Override
    public void queryWritten(InetSocketAddress server, ChannelFuture written) {}

    @Override
    public void queryCancelled(int left) {}

    @Override
    public DnsQueryLifecycleObserver queryRedirected(List<InetSocketAddress> servers) {
      return this;
    }

    @Override
    public DnsQueryLifecycleObserver queryCNAMEd(DnsQuestion question) {
      return this;
    }

    @Override
    public DnsQueryLifecycleObserver queryNoAnswer(DnsResponseCode answer) {
      if (!answer.equals(DnsResponseCode.NXDOMAIN) && !answer.equals(DnsResponseCode.NOERROR)) {
        code.set(answer);
      }
      return this;
    }

    @Override
    public void queryFailed(Throwable cause) {}

    @Override
    public void querySucceed() {}
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
