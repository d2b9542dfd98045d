package io.portolan.server;

import static io.netty.handler.codec.dns.DnsRecordType.A;
import static io.netty.handler.codec.dns.DnsRecordType.AAAA;
import static io.netty.handler.codec.dns.DnsRecordType.CNAME;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.portolan.registry.federation.HostResolver.Answer;
import io.portolan.server.NameServer.Entry;
import io.portolan.server.NameServer.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What answers of name servers mean for a host name and how long they hold. */
class DnsHostResolverTest {
  private static final Duration TIMEOUT = Duration.ofMillis(200);
  private static final String GW = "gw.example";

  @TempDir Path directory;
  private NameServer server;
  private DnsHostResolver resolver;

  @BeforeEach
  void open() {
    server = new NameServer();
    resolver =
        new DnsHostResolver(
            directory.resolve("hosts"),
            TIMEOUT,
            new SequentialDnsServerAddressStreamProvider(server.address()),
            List.of("shop.example"));
  }

  @AfterEach
  void close() {
    resolver.close();
    server.close();
  }

  private static Entry a(String name, long ttl, String address) {
    return new Entry(name, A, ttl, address);
  }

  private static Answer found(long ttl, String... addresses) {
    return new Answer(List.of(addresses), Duration.ofSeconds(ttl), "", false);
  }

  @Test
  void bothFamiliesWithTheShortestTtl() {
    server
        .say(GW, A, a(GW, 300, "192.0.2.1"), a(GW, 120, "192.0.2.2"))
        .say(GW, AAAA, new Entry(GW, AAAA, 60, "2001:db8::1"));
    assertEquals(found(60, "192.0.2.1", "192.0.2.2", "2001:db8:0:0:0:0:0:1"), resolver.resolve(GW));
  }

  @Test
  void oneFamilyAloneIsAnAnswer() {
    server.say(GW, A, a(GW, 90, "192.0.2.1")).say(GW, AAAA);
    assertEquals(found(90, "192.0.2.1"), resolver.resolve(GW));
  }

  @Test
  void aliasesAreFollowedAndTheirTtlCounts() {
    Entry first = new Entry(GW, CNAME, 20, "lb.cloud.example");
    Entry second = new Entry("lb.cloud.example", CNAME, 40, "lb-7.cloud.example");
    server
        .say(GW, A, first, second, a("lb-7.cloud.example", 3600, "192.0.2.7"))
        .say(GW, AAAA, first, second)
        .say("lb-7.cloud.example", AAAA);
    assertEquals(found(20, "192.0.2.7"), resolver.resolve(GW));
  }

  @Test
  void anAliasWhoseTargetIsNotInTheAnswerIsAskedFor() {
    server
        .say(GW, A, new Entry(GW, CNAME, 500, "lb.cloud.example"))
        .say(GW, AAAA, new Entry(GW, CNAME, 500, "lb.cloud.example"))
        .say("lb.cloud.example", A, a("lb.cloud.example", 70, "192.0.2.8"))
        .say("lb.cloud.example", AAAA);
    assertEquals(found(70, "192.0.2.8"), resolver.resolve(GW));
  }

  @Test
  void noSuchNameIsAWord() {
    Answer answer = resolver.resolve(GW);
    assertTrue(answer.absent(), answer.toString());
    assertEquals("the name servers have no address for it", answer.problem());
  }

  @Test
  void aNameWithoutAddressesIsAWord() {
    server.say(GW, A).say(GW, AAAA);
    Answer answer = resolver.resolve(GW);
    assertTrue(answer.absent(), answer.toString());
    assertEquals("the name servers have no address for it", answer.problem());
  }

  @Test
  void aFailingServerIsNoWordWhateverTheOtherFamilySays() {
    server
        .say(GW, A, new Reply.Code(DnsResponseCode.SERVFAIL))
        .say(GW, AAAA, new Entry(GW, AAAA, 60, "2001:db8::1"));
    Answer answer = resolver.resolve(GW);
    assertFalse(answer.absent(), answer.toString());
    assertEquals(List.of(), answer.addresses());
    assertTrue(answer.problem().contains("ServFail(2)"), answer.problem());
  }

  @Test
  void aRefusingServerIsNoWord() {
    server
        .say(GW, A, new Reply.Code(DnsResponseCode.REFUSED))
        .say(GW, AAAA, new Reply.Code(DnsResponseCode.REFUSED));
    Answer answer = resolver.resolve(GW);
    assertFalse(answer.absent(), answer.toString());
    assertEquals("a name server answers Refused(5)", answer.problem());
  }

  @Test
  void aSilentServerIsNoWordAndEnds() {
    server.say(GW, A, a(GW, 60, "192.0.2.1")).say(GW, AAAA, new Reply.Silence());
    Answer answer = resolver.resolve(GW);
    assertFalse(answer.absent(), answer.toString());
    assertEquals(List.of(), answer.addresses(), "half an answer takes nothing away");
    assertEquals("no name server answers", answer.problem());
  }

  @Test
  void searchDomainsHold() {
    server
        .say("gw.shop.example", A, a("gw.shop.example", 60, "192.0.2.9"))
        .say("gw.shop.example", AAAA);
    assertEquals(found(60, "192.0.2.9"), resolver.resolve("gw"));
    assertTrue(server.asked.contains("gw.shop.example. A"), server.asked.toString());
  }

  @Test
  void theHostsFileComesFirstAndIsFollowed() throws IOException {
    server.say(GW, A, a(GW, 60, "192.0.2.1")).say(GW, AAAA);
    Path hosts = directory.resolve("hosts");
    Files.writeString(hosts, "192.0.2.50 gw.example gw\n2001:db8::50 gw.example\n");
    assertEquals(
        List.of("192.0.2.50", "2001:db8:0:0:0:0:0:50"), resolver.resolve("GW.example").addresses());
    assertEquals(List.of(), server.asked);
    Files.writeString(hosts, "# empty\n");
    assertEquals(found(60, "192.0.2.1"), resolver.resolve(GW));
  }
}
