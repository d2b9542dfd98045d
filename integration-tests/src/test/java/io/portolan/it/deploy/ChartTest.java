package io.portolan.it.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.portolan.install.Chart;
import io.portolan.install.InstallException;
import io.portolan.it.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code portolan install} gives what Helm gives, and refuses what Helm refuses. */
class ChartTest {
  private static final String CHART = Workspace.root().resolve("deploy/helm/portolan").toString();

  private static HelmCommand helm;

  @BeforeAll
  static void start() throws Exception {
    helm = HelmCommand.start();
  }

  @AfterAll
  static void end() throws Exception {
    if (helm != null) {
      helm.close();
    }
  }

  @Test
  void helmFindsNothingWrong() throws Exception {
    HelmCommand.Answer answer = helm.run(List.of("lint", CHART));
    assertEquals(0, answer.code(), answer.err() + answer.out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "size=m",
        "size=l;pilot.autoscaleEnabled=false",
        "namespace.create=true;global.network=network1;global.meshID=mesh1",
        "gateways.eastwest.enabled=true;global.network=net-east",
        "gateways.eastwest.enabled=true;gateways.eastwest.exposeControlPlane=false",
        "gateways.eastwest.enabled=true;gateways.eastwest.exposeControlPlane=false;"
            + "pilot.env.EXTERNAL_ISTIOD=true",
        "gateways.eastwest.enabled=true;gateways.eastwest.exposeControlPlane=false;"
            + "istiod.env.EXTERNAL_ISTIOD=true",
        "profile=eastwest",
        "profile=eastwest;global.network=network2;gateways.eastwest.serviceType=NodePort;"
            + "gateways.eastwest.rootCert.kind=ConfigMap;"
            + "gateways.eastwest.rootCert.name=istio-ca-root-cert",
        "profile=eastwest;gateways.eastwest.serviceAnnotations.service\\.beta\\.kubernetes\\.io/"
            + "aws-load-balancer-type=nlb;gateways.eastwest.nodeSelector.edge=yes",
        "profile=remote;global.remotePilotAddress=10.0.0.1",
        "profile=remote;global.remotePilotAddress=2001:db8::1;reader.create=false",
        "profile=remote;global.remotePilotAddress=gateway.example.com;"
            + "gateways.eastwest.enabled=true;global.network=network2",
        "networkPolicy.enabled=false",
        "networkPolicy.apiServerPorts={443,6443,8443};networkPolicy.gatewayPorts={15443,443}",
        "reader.create=false;ca.secret=other",
        "meshConfig.trustDomain=mesh.example;meshConfig.outboundTrafficPolicy.mode=REGISTRY_ONLY;"
            + "meshConfig.connectTimeout=3s",
        "meshNetworks.net-west.endpoints={a};global.multiCluster.clusterName=east",
        "pilot.extraEnv.A=1;pilot.extraEnv.B=x y;pilot.extraArgs={--plaintext-xds-address=off}",
        "pilot.serverNames={cp.example.com,10.1.2.3};pilot.certificateLifetime=12h",
        "pilot.replicaCount=4;image.tag=1.2.3;image.repository=registry.example/portolan",
        "pilot.nodeSelector.disk=ssd;sizes.s.resources.requests.cpu=2"
      })
  void theSameObjectsAsHelm(String settings) throws Exception {
    List<String> sets = settings.isEmpty() ? List.of() : List.of(settings.split(";"));
    HelmCommand.Answer answer = helm.run(template(sets));
    assertEquals(0, answer.code(), answer.err());
    Map<String, JsonNode> theirs = Objects.byLabel(answer.out());
    Chart chart = Chart.packaged();
    List<Chart.Document> documents = new ArrayList<>(chart.definitions());
    documents.addAll(chart.render(chart.settings(sets), "mesh-system"));
    Map<String, JsonNode> ours = Objects.byLabel(documents);
    assertEquals(theirs.keySet(), ours.keySet());
    theirs.forEach((label, tree) -> assertEquals(plain(tree), plain(ours.get(label)), label));
    assertTrue(ours.size() > chart.definitions().size(), "objects besides the definitions");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "size=xl",
        "profile=secondary",
        "global.foo=1",
        "global.network=net west",
        "global.multiCluster.clusterName=",
        "gateways.eastwest.replicaCount=0",
        "gateways.eastwest.enabled=maybe",
        "networkPolicy.apiServerPorts={70000}",
        "pilot.certificateLifetime=soon",
        "pilot.replicaCount=-1",
        "image.pullPolicy=Sometimes",
        "profile=remote",
        "global.remotePilotAddress=10.0.0.1",
        "pilot.env.PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY=false",
        "pilot.env.UNKNOWN=true",
        "global.externalIstiod=1",
        "ca.secret="
      })
  void bothRefuse(String setting) throws Exception {
    assertNotEquals(0, helm.run(template(List.of(setting))).code(), "Helm takes " + setting);
    Chart chart = Chart.packaged();
    InstallException refusal =
        assertThrows(
            InstallException.class,
            () -> {
              ObjectNode settings = chart.settings(List.of(setting));
              chart.render(settings, "mesh-system");
            });
    String field = setting.substring(0, setting.indexOf('='));
    assertTrue(
        String.valueOf(refusal.getMessage()).contains(field.equals("profile") ? "p" : field),
        String.valueOf(refusal.getMessage()));
  }

  private static List<String> template(List<String> sets) {
    List<String> arguments =
        new ArrayList<>(List.of("template", CHART, "--namespace", "mesh-system", "--include-crds"));
    sets.forEach(s -> arguments.addAll(List.of("--set", s)));
    return arguments;
  }

  /** Numbers compare by value, whatever type a parser gave them. */
  private static String plain(JsonNode tree) {
    return tree.toPrettyString();
  }
}
