package io.portolan.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A name server on a loopback port of its own, with a zone written in a test. */
final class NameServer implements AutoCloseable {
  /** What is said to one question. */
  sealed interface Reply {
    /** Records; none is the answer that there are none. */
    record Records(List<Entry> entries) implements Reply {}

    /** A response code without records. */
    record Code(DnsResponseCode code) implements Reply {}

    /** Nothing at all. */
    record Silence() implements Reply {}
  }

  /** One record: an address, or the name that it is an alias of. */
  record Entry(String name, DnsRecordType type, long ttl, String value) {}

  final List<String> asked = new CopyOnWriteArrayList<>();
  private final Map<String, Reply> zone = new ConcurrentHashMap<>();
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel channel;

  NameServer() {
    channel =
        new Bootstrap()
            .group(group)
            .channel(NioDatagramChannel.class)
            .handler(
                new ChannelInitializer<NioDatagramChannel>() {
                  @Override
                  protected void initChannel(NioDatagramChannel made) {
                    made.pipeline()
                        .addLast(
                            new DatagramDnsQueryDecoder(),
                            new DatagramDnsResponseEncoder(),
                            new Answers());
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
  }

  InetSocketAddress address() {
    return (InetSocketAddress) channel.localAddress();
  }

  NameServer say(String name, DnsRecordType type, Reply reply) {
    zone.put(name + ". " + type.name(), reply);
    return this;
  }

  NameServer say(String name, DnsRecordType type, Entry... entries) {
    return say(name, type, new Reply.Records(List.of(entries)));
  }

  private final class Answers extends SimpleChannelInboundHandler<DatagramDnsQuery> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, DatagramDnsQuery query)
        throws Exception {
      DnsQuestion question = query.recordAt(DnsSection.QUESTION);
      String key = question.name() + " " + question.type().name();
      asked.add(key);
      Reply reply = zone.getOrDefault(key, new Reply.Code(DnsResponseCode.NXDOMAIN));
      DatagramDnsResponse response =
          new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
      response.addRecord(DnsSection.QUESTION, question);
      switch (reply) {
        case Reply.Silence silence -> response.release();
        case Reply.Code(DnsResponseCode code) -> {
          response.setCode(code);
          context.writeAndFlush(response);
        }
        case Reply.Records(List<Entry> entries) -> {
          for (Entry entry : entries) {
            response.addRecord(
                DnsSection.ANSWER,
                new DefaultDnsRawRecord(
                    entry.name() + ".", entry.type(), entry.ttl(), content(entry)));
          }
          context.writeAndFlush(response);
        }
      }
    }
  }

  private static ByteBuf content(Entry entry) {
    if (!entry.type().equals(DnsRecordType.CNAME)) {
      return Unpooled.wrappedBuffer(InetAddress.ofLiteral(entry.value()).getAddress());
    }
    ByteBuf name = Unpooled.buffer();
    for (String label : entry.value().split("\\.", -1)) {
      name.writeByte(label.length());
      name.writeCharSequence(label, StandardCharsets.US_ASCII);
    }
    return name.writeByte(0);
  }

  @Override
  public void close() {
    channel.close().syncUninterruptibly();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
