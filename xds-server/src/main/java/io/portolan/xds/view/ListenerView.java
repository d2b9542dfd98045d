package io.portolan.xds.view;

import io.portolan.registry.model.PortProtocol;
import java.util.List;

/** One listener. */
public sealed interface ListenerView {
  /** The resource name. */
  String name();

  /** Provenance, not part of the bytes. */
  List<String> sources();

  /**
   * Outbound HTTP with routes by RDS.
   *
   * @param address where it listens
   * @param bind false when it is chosen by original destination
   * @param routes name of the route configuration
   */
  record OutboundHttp(
      String name,
      ListenAddress address,
      int port,
      boolean bind,
      String routes,
      List<String> sources)
      implements ListenerView {
    public OutboundHttp {
      sources = List.copyOf(sources);
    }
  }

  /** Outbound TCP to one cluster. */
  record OutboundTcp(
      String name,
      ListenAddress address,
      int port,
      boolean bind,
      String cluster,
      List<String> sources)
      implements ListenerView {
    public OutboundTcp {
      sources = List.copyOf(sources);
    }
  }

  /**
   * Port 15001: the listener redirected connections arrive at.
   *
   * @param allowAny unknown destinations pass through, else they are closed
   */
  record VirtualOutbound(ListenAddress address, boolean allowAny) implements ListenerView {
    @Override
    public String name() {
      return "virtualOutbound";
    }

    @Override
    public List<String> sources() {
      return List.of();
    }
  }

  /** Port 15006: redirected inbound connections, mutual TLS required. */
  record VirtualInbound(ListenAddress address, List<InboundPort> ports) implements ListenerView {
    public VirtualInbound {
      ports = List.copyOf(ports);
    }

    @Override
    public String name() {
      return "virtualInbound";
    }

    @Override
    public List<String> sources() {
      return ports.stream().map(InboundPort::source).toList();
    }
  }

  /** One inbound port on the workload's own address, mutual TLS required. */
  record Inbound(String name, ListenAddress address, InboundPort port) implements ListenerView {
    @Override
    public List<String> sources() {
      return List.of(port.source());
    }
  }

  /**
   * Whole connections of a gateway port.
   *
   * @param chains in order; the server names of all chains differ
   * @param autoNames SNI patterns of connections that go to the cluster named by their SNI
   */
  record GatewayL4(
      String name,
      ListenAddress address,
      int port,
      List<L4Chain> chains,
      List<String> autoNames,
      List<String> sources)
      implements ListenerView {
    public GatewayL4 {
      chains = List.copyOf(chains);
      autoNames = List.copyOf(autoNames);
      sources = List.copyOf(sources);
    }
  }

  /**
   * Connections of a gateway port that go to the same clusters, untouched.
   *
   * @param tls TLS connections only, else every connection
   * @param serverNames SNI patterns; empty for any
   * @param targets at least one, with weight 1 or more
   */
  record L4Chain(boolean tls, List<String> serverNames, List<RouteView.Target> targets) {
    public L4Chain {
      serverNames = List.copyOf(serverNames);
      targets = List.copyOf(targets);
    }
  }

  /** Ingress gateway HTTP with routes by RDS. */
  record GatewayHttp(
      String name, ListenAddress address, int port, String routes, List<String> sources)
      implements ListenerView {
    public GatewayHttp {
      sources = List.copyOf(sources);
    }
  }

  /** What a gRPC client asks for by {@code host:port}. */
  record Api(String name, String routes, List<String> sources) implements ListenerView {
    public Api {
      sources = List.copyOf(sources);
    }
  }

  /**
   * A port of the workload.
   *
   * @param port the workload's port
   * @param hostname service it belongs to, for people
   */
  record InboundPort(int port, PortProtocol protocol, String hostname, String source) {
    /** Name of its cluster. */
    public String cluster() {
      return "inbound|" + port + "||";
    }
  }
}
