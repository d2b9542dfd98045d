package io.portolan.registry.source.kubernetes.membership;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads one kubeconfig. It is refused as a whole, with every reason, when it would run a program,
 * read a file it may not, or talk to a server it should not.
 */
public final class KubeconfigParser {
  /** Largest kubeconfig, and largest file it refers to, in bytes. */
  public static final int MAX_BYTES = 256 * 1024;

  private static final String NO_EXEC =
      "is refused: Portolan runs no programs (expected token, or client-certificate-data with"
          + " client-key-data)";

  private final KubeconfigRules rules;
  private final List<String> problems = new ArrayList<>();

  private KubeconfigParser(KubeconfigRules rules) {
    this.rules = rules;
  }

  /** What became of a text. */
  public sealed interface Parsed {}

  /** It can be used. */
  public record Usable(Kubeconfig config) implements Parsed {}

  /**
   * It cannot.
   *
   * @param reasons every one, each naming its field
   */
  public record Refused(List<String> reasons) implements Parsed {
    public Refused {
      reasons = List.copyOf(reasons);
    }
  }

  /** Reads a kubeconfig; {@code current-context} is used, or the only context. */
  public static Parsed parse(String text, KubeconfigRules rules) {
    return parse(text, rules, "");
  }

  /**
   * Reads a kubeconfig.
   *
   * @param context name of the context to use, empty for the current or only one
   */
  public static Parsed parse(String text, KubeconfigRules rules, String context) {
    KubeconfigParser parser = new KubeconfigParser(rules);
    Kubeconfig config = parser.read(text, context);
    return config == null || !parser.problems.isEmpty()
        ? new Refused(parser.problems)
        : new Usable(config);
  }

  private @Nullable Kubeconfig read(String text, String wanted) {
    if (text.length() > MAX_BYTES) {
      problems.add(text.length() + " characters (expected at most " + MAX_BYTES + ")");
      return null;
    }
    Map<?, ?> root = yaml(text);
    if (root == null) {
      return null;
    }
    Map<?, ?> contexts = named(root, "contexts", "context");
    String name = wanted.isEmpty() ? string(root, "current-context", "") : wanted;
    if (name.isEmpty() && contexts.size() == 1) {
      name = String.valueOf(contexts.keySet().iterator().next());
    }
    if (!(contexts.get(name) instanceof Map<?, ?> context)) {
      problems.add(
          name.isEmpty()
              ? "current-context: is missing, and there are "
                  + contexts.size()
                  + " contexts (expected one, or current-context)"
              : "current-context: no context '"
                  + name
                  + "' (expected one of "
                  + names(contexts)
                  + ")");
      return null;
    }
    String path = "contexts[" + name + "]";
    String clusterName = string(context, "cluster", path);
    String userName = string(context, "user", path);
    Map<?, ?> cluster = find(named(root, "clusters", "cluster"), clusterName, path + ".cluster");
    Map<?, ?> user = find(named(root, "users", "user"), userName, path + ".user");
    String namespace = string(context, "namespace", path);
    if (cluster == null || user == null) {
      return null;
    }
    String at = "clusters[" + clusterName + "]";
    URI server = server(cluster, at);
    String ca = material(cluster, "certificate-authority", at);
    checkCertificates(ca, at + ".certificate-authority-data");
    boolean insecure = insecure(cluster, ca, at);
    String tlsName = string(cluster, "tls-server-name", at);
    refuse(
        cluster, at, "proxy-url", "is not supported (expected a server that is reached directly)");
    Kubeconfig.Auth auth = auth(user, "users[" + userName + "]");
    if (server == null || auth == null || !problems.isEmpty()) {
      return null;
    }
    namespace = namespace.isEmpty() ? "default" : namespace;
    String print = fingerprint(server, ca, tlsName, insecure, auth);
    return new Kubeconfig(name, clusterName, server, ca, tlsName, insecure, auth, namespace, print);
  }

  private @Nullable Map<?, ?> yaml(String text) {
    LoadSettings settings =
        LoadSettings.builder()
            .setCodePointLimit(MAX_BYTES)
            .setMaxAliasesForCollections(50)
            .setAllowDuplicateKeys(false)
            .build();
    try {
      if (new Load(settings).loadFromString(text) instanceof Map<?, ?> map) {
        return map;
      }
      problems.add("is no kubeconfig (expected a YAML mapping with clusters, users and contexts)");
    } catch (YamlEngineException e) {
      // The parser's message quotes the text, which may be a credential.
      problems.add("is not YAML" + line(e));
    }
    return null;
  }

  private static String line(YamlEngineException e) {
    return e instanceof org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException marked
        ? marked.getProblemMark().map(m -> ", line " + (m.getLine() + 1)).orElse("")
        : "";
  }

  /** A list of {@code {name, <inner>}} as a map. */
  private Map<?, ?> named(Map<?, ?> root, String key, String inner) {
    Map<String, Object> map = new java.util.LinkedHashMap<>();
    if (root.get(key) instanceof List<?> list) {
      for (Object item : list) {
        if (item instanceof Map<?, ?> entry
            && entry.get("name") instanceof String name
            && entry.get(inner) instanceof Map<?, ?> value
            && map.putIfAbsent(name, value) != null) {
          problems.add(key + "[" + name + "]: occurs twice");
        }
      }
    }
    return map;
  }

  private @Nullable Map<?, ?> find(Map<?, ?> entries, String name, String path) {
    if (entries.get(name) instanceof Map<?, ?> found) {
      return found;
    }
    problems.add(
        path
            + ": "
            + (name.isEmpty() ? "is missing" : "no entry '" + name + "'")
            + " (expected one of "
            + names(entries)
            + ")");
    return null;
  }

  private static String names(Map<?, ?> entries) {
    return entries.keySet().toString();
  }

  private String string(Map<?, ?> map, String key, String path) {
    Object value = map.get(key);
    if (value == null) {
      return "";
    }
    if (value instanceof String || value instanceof Number) {
      return value.toString();
    }
    problems.add(field(path, key) + ": is not a string");
    return "";
  }

  private static String field(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private void refuse(Map<?, ?> map, String path, String key, String why) {
    if (map.get(key) != null) {
      problems.add(field(path, key) + ": " + why);
    }
  }

  private @Nullable URI server(Map<?, ?> cluster, String path) {
    String text = string(cluster, "server", path);
    String field = field(path, "server");
    if (text.isEmpty()) {
      problems.add(field + ": is missing (expected https://host:port)");
      return null;
    }
    try {
      URI uri = new URI(text);
      if (uri.getHost() == null || uri.getScheme() == null) {
        problems.add(field + ": '" + text + "' (expected https://host:port)");
        return null;
      }
      if (!uri.getScheme().equalsIgnoreCase("https")) {
        problems.add(
            field
                + ": "
                + uri.getScheme()
                + " would show the credential to the network"
                + " (expected https)");
      }
      if (uri.getUserInfo() != null || uri.getQuery() != null || uri.getFragment() != null) {
        problems.add(field + ": holds more than scheme, host, port and path");
      }
      ServerAddresses.refusedLiteral(uri.getHost())
          .ifPresent(reason -> problems.add(field + ": " + reason));
      return uri;
    } catch (URISyntaxException e) {
      problems.add(field + ": is no URL (expected https://host:port)");
      return null;
    }
  }

  private boolean insecure(Map<?, ?> cluster, String ca, String path) {
    boolean insecure = Boolean.TRUE.equals(cluster.get("insecure-skip-tls-verify"));
    String field = field(path, "insecure-skip-tls-verify");
    if (insecure && !rules.insecureSkipTlsVerify()) {
      problems.add(
          field
              + ": is refused: anybody on the way could take the credential (remedy: put the"
              + " server's CA into certificate-authority-data)");
    }
    if (insecure && !ca.isEmpty()) {
      problems.add(field + ": contradicts certificate-authority-data");
    }
    return insecure;
  }

  /** PEM text from {@code <key>-data} or, where allowed, the file that {@code <key>} names. */
  private String material(Map<?, ?> map, String key, String path) {
    String data = string(map, key + "-data", path);
    if (!data.isEmpty()) {
      try {
        // Strict but for line breaks: a decoder that skips what it does not know would turn a
        // broken
        // CA into none at all.
        String packed = data.replace("\n", "").replace("\r", "").replace(" ", "");
        return new String(Base64.getDecoder().decode(packed), StandardCharsets.US_ASCII);
      } catch (IllegalArgumentException e) {
        problems.add(field(path, key + "-data") + ": is not base64");
        return "";
      }
    }
    String file = string(map, key, path);
    Path found = file.isEmpty() ? null : file(file, field(path, key), key + "-data");
    if (found == null) {
      return "";
    }
    try {
      if (Files.size(found) > MAX_BYTES) {
        problems.add(field(path, key) + ": " + found + " has more than " + MAX_BYTES + " bytes");
        return "";
      }
      return Files.readString(found, StandardCharsets.US_ASCII);
    } catch (IOException e) {
      problems.add(field(path, key) + ": " + found + " cannot be read");
      return "";
    }
  }

  private @Nullable Path file(String name, String field, String instead) {
    Path base = rules.base();
    if (base == null) {
      problems.add(
          field
              + ": is refused: a kubeconfig in a Secret must not read files of the control plane"
              + " (expected "
              + instead
              + ")");
      return null;
    }
    try {
      return base.resolve(name);
    } catch (java.nio.file.InvalidPathException e) {
      problems.add(field + ": is no path");
      return null;
    }
  }

  private void checkCertificates(String pem, String field) {
    if (!pem.isEmpty()) {
      try {
        PemKeys.certificates(pem);
      } catch (GeneralSecurityException e) {
        problems.add(field + ": no certificates in PEM: " + e.getMessage());
      }
    }
  }

  private Kubeconfig.@Nullable Auth auth(Map<?, ?> user, String path) {
    refuse(user, path, "exec", NO_EXEC);
    refuse(user, path, "auth-provider", NO_EXEC);
    for (String key : Set.of("as", "as-uid", "as-groups", "as-user-extra")) {
      refuse(user, path, key, "is not supported (expected a credential of its own)");
    }
    boolean runsPrograms = user.get("exec") != null || user.get("auth-provider") != null;
    String certificate = material(user, "client-certificate", path);
    String key = material(user, "client-key", path);
    String token = string(user, "token", path).strip();
    String tokenFile = string(user, "tokenFile", path);
    Path tokenPath =
        tokenFile.isEmpty() ? null : file(tokenFile, field(path, "tokenFile"), "token");
    String name = string(user, "username", path);
    String password = string(user, "password", path);
    if (!certificate.isEmpty() || !key.isEmpty()) {
      checkPair(certificate, key, path);
      return new Kubeconfig.ClientCertificate(certificate, key);
    }
    // As kubectl does: the file wins over the copy in the kubeconfig, which may be old.
    if (tokenPath != null) {
      return new Kubeconfig.TokenFile(tokenPath);
    }
    if (!token.isEmpty()) {
      if (!printable(token)) {
        problems.add(field(path, "token") + ": holds characters that no token has");
      }
      return new Kubeconfig.Token(token);
    }
    if (!name.isEmpty() && !password.isEmpty()) {
      return new Kubeconfig.Basic(name, password);
    }
    if (!runsPrograms && tokenFile.isEmpty()) {
      problems.add(
          path
              + ": has no credential (expected token, client-certificate-data with"
              + " client-key-data, or username with password)");
    }
    return null;
  }

  private static boolean printable(String token) {
    return token.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  private void checkPair(String certificate, String key, String path) {
    try {
      PemKeys.certificates(certificate);
    } catch (GeneralSecurityException e) {
      problems.add(field(path, "client-certificate-data") + ": " + e.getMessage());
    }
    try {
      PemKeys.privateKey(key);
    } catch (GeneralSecurityException e) {
      problems.add(field(path, "client-key-data") + ": " + e.getMessage());
    }
  }

  private static String fingerprint(
      URI server, String ca, String tlsName, boolean insecure, Kubeconfig.Auth auth) {
    List<String> parts =
        switch (auth) {
          case Kubeconfig.Token t -> List.of("token", t.token());
          case Kubeconfig.TokenFile f -> List.of("tokenFile", f.file().toString());
          case Kubeconfig.ClientCertificate c ->
              List.of("certificate", c.certificatePem(), c.keyPem());
          case Kubeconfig.Basic b -> List.of("basic", b.user(), b.password());
        };
    List<String> all = new ArrayList<>(List.of(server.toString(), ca, tlsName, "" + insecure));
    all.addAll(parts);
    return Fingerprints.of(all);
  }
}
