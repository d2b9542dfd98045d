package io.portolan.registry.source.kubernetes.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigTableTest {
  private static final String GOOD = Kubeconfigs.token("https://10.0.0.1:6443", "s3cr3t");

  /** Change to a good kubeconfig, and the field or words its refusal must name. */
  @Test
  void refusals() {
    Map<String, List<String>> table = new LinkedHashMap<>();
    table.put(user("exec: {command: aws}"), List.of("users[u].exec", "runs no programs"));
    table.put(user("auth-provider: {name: gcp}"), List.of("users[u].auth-provider"));
    table.put(user("tokenFile: /etc/passwd"), List.of("users[u].tokenFile", "expected token"));
    table.put(
        user("{client-certificate: /a.pem, client-key: /a.key}"),
        List.of("client-certificate:", "client-key:", "expected client-key-data"));
    table.put(user("username: only"), List.of("users[u]: has no credential"));
    table.put(user("{token: a, as: admin}"), List.of("users[u].as:"));
    table.put(
        user("{client-certificate-data: bm8=, client-key-data: bm8=}"),
        List.of(
            "client-certificate-data: no CERTIFICATE block", "client-key-data: no PRIVATE KEY"));
    table.put(cluster("server: http://10.0.0.1"), List.of("clusters[c].server: http would show"));
    table.put(cluster("server: ftp://10.0.0.1"), List.of("expected https"));
    table.put(cluster("server: 10.0.0.1:6443"), List.of("clusters[c].server"));
    table.put(cluster("{}"), List.of("clusters[c].server: is missing"));
    table.put(cluster("server: https://u:p@10.0.0.1"), List.of("holds more than"));
    table.put(cluster("server: https://169.254.169.254"), List.of("server", "link-local"));
    table.put(cluster("server: 'https://[fe80::1]:6443'"), List.of("link-local"));
    table.put(cluster("server: 'https://[::ffff:169.254.169.254]'"), List.of("link-local"));
    table.put(cluster("server: 'https://[64:ff9b::a9fe:a9fe]'"), List.of("link-local"));
    table.put(cluster("server: https://0.0.0.0:6443"), List.of("unspecified"));
    table.put(cluster("server: 'https://[::]:6443'"), List.of("unspecified"));
    table.put(cluster("server: https://100.100.100.200"), List.of("metadata"));
    table.put(cluster("server: 'https://[fd00:ec2::254]'"), List.of("metadata"));
    table.put(cluster("server: https://2852039166"), List.of("link-local"));
    table.put(
        cluster("{server: https://a, insecure-skip-tls-verify: true}"),
        List.of("insecure-skip-tls-verify: is refused"));
    table.put(
        cluster("{server: https://a, certificate-authority: /etc/passwd}"),
        List.of("clusters[c].certificate-authority", "in a Secret"));
    table.put(
        cluster("{server: https://a, certificate-authority-data: bm90IHBlbQ==}"),
        List.of("certificate-authority-data: no certificates in PEM"));
    table.put(
        cluster("{server: https://a, certificate-authority-data: '!!!'}"),
        List.of("certificate-authority-data"));
    table.put(cluster("{server: https://a, proxy-url: http://p}"), List.of("proxy-url"));
    table.put(GOOD.replace("current-context: x", "current-context: y"), List.of("no context 'y'"));
    table.put(GOOD.replace("user: u}", "user: v}"), List.of("contexts[x].user: no entry 'v'"));
    table.put(GOOD + "# " + "x".repeat(KubeconfigParser.MAX_BYTES), List.of("expected at most"));
    table.put("- a\n- b\n", List.of("is no kubeconfig"));
    table.put("a: [s3cr3t", List.of("is not YAML, line"));
    table.forEach(
        (text, words) -> {
          var refused =
              assertInstanceOf(
                  KubeconfigParser.Refused.class,
                  KubeconfigParser.parse(text, KubeconfigRules.SECRET),
                  text);
          String all = String.join("\n", refused.reasons());
          words.forEach(word -> assertTrue(all.contains(word), word + " not in: " + all));
          assertFalse(all.contains("s3cr3t"), all);
        });
  }

  @Test
  void theOnlyContextNeedsNoName() {
    Kubeconfig config = usable(GOOD.replace("current-context: x\n", ""), KubeconfigRules.SECRET);
    assertEquals("x", config.context());
    assertEquals("default", config.namespace());
    assertEquals(URI.create("https://10.0.0.1:6443"), config.server());
  }

  @Test
  void credentialsNeverShow() {
    Kubeconfig config = usable(GOOD, KubeconfigRules.SECRET);
    assertFalse((config + " " + config.auth()).contains("s3cr3t"));
    assertFalse(new Kubeconfig.Basic("u", "s3cr3t").toString().contains("s3cr3t"));
    assertFalse(new Kubeconfig.ClientCertificate("a", "s3cr3t").toString().contains("s3cr3t"));
  }

  @Test
  void fingerprintsFollowContentNotLayout() {
    String other = GOOD.replace("s3cr3t", "other");
    String layout = GOOD + "\n# a comment\n";
    assertEquals(print(GOOD), print(layout));
    assertNotEquals(print(GOOD), print(other));
  }

  @Test
  void insecureServersWhereAllowed() {
    String text = cluster("{server: https://a, insecure-skip-tls-verify: true}");
    assertTrue(usable(text, KubeconfigRules.SECRET.allowInsecure(true)).insecureSkipTlsVerify());
  }

  @Test
  void filesOfADirectoryAreRelativeToIt(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("token"), "from-file\n");
    Path file = Files.writeString(folder.resolve("east.yaml"), user("tokenFile: token"));
    Kubeconfig config = usable(Files.readString(file), KubeconfigRules.file(file));
    assertEquals(new Kubeconfig.TokenFile(folder.resolve("token")), config.auth());
  }

  @Test
  void namesAreCheckedWhenTheyResolve() {
    var check =
        new KubernetesClients.AddressCheck(
            host ->
                List.of(InetAddress.ofLiteral(host.equals("evil") ? "169.254.1.1" : "10.0.0.1")));
    assertTrue(check.refused(URI.create("https://evil/api")).orElse("").contains("link-local"));
    assertTrue(check.refused(URI.create("https://good/api")).isEmpty());
  }

  @Test
  void expiryOfTokens() {
    String claims = "{\"exp\": 1800000000, \"sub\": \"s\"}";
    String payload =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(claims.getBytes(StandardCharsets.UTF_8));
    var expiry = Credentials.tokenExpiry("e30." + payload + ".sig");
    assertEquals("2027-01-15T08:00:00Z", String.valueOf(expiry));
    assertEquals("null", String.valueOf(Credentials.tokenExpiry("opaque")));
    assertEquals("null", String.valueOf(Credentials.tokenExpiry("a.!.c")));
  }

  private static String print(String text) {
    return usable(text, KubeconfigRules.SECRET).fingerprint();
  }

  private static Kubeconfig usable(String text, KubeconfigRules rules) {
    var parsed = KubeconfigParser.parse(text, rules);
    return assertInstanceOf(KubeconfigParser.Usable.class, parsed, () -> String.valueOf(parsed))
        .config();
  }

  private static String user(String yaml) {
    String value = yaml.startsWith("{") ? yaml : "{" + yaml + "}";
    return GOOD.replace("user:\n    token: s3cr3t", "user: " + value);
  }

  private static String cluster(String yaml) {
    String value = yaml.startsWith("{") ? yaml : "{" + yaml + "}";
    return GOOD.replace("cluster:\n    server: https://10.0.0.1:6443", "cluster: " + value);
  }
}
