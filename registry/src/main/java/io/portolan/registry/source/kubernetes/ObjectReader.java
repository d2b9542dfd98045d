package io.portolan.registry.source.kubernetes;

import io.portolan.registry.model.Kind;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.objects.DocumentTranslator;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the objects of one kind out of an API server's JSON. Safe for any thread. */
final class ObjectReader {
  /** One object may have this many bytes. etcd takes 1.5 MB by default. */
  static final int MAX_BYTES = 2 * 1024 * 1024;

  private static final int MAX_FINDINGS = 20;

  private final String cluster;
  private final ApiResource resource;
  private final ReaderSettings settings;
  private final Interner interner;
  private final Keep keep;

  /**
   * What was read.
   *
   * @param ref which object, empty when not even its name could be read
   * @param object its translation, empty when it cannot be used
   * @param version its resource version, or empty
   */
  record Reading(
      Optional<ObjectRef> ref,
      Optional<MeshObject> object,
      String version,
      List<Finding> findings) {
    Reading {
      findings = List.copyOf(findings);
    }
  }

  /**
   * A watch event.
   *
   * @param type {@code ADDED}, {@code MODIFIED}, {@code DELETED}, {@code BOOKMARK}, {@code ERROR},
   *     or empty when it could not be read
   * @param parsed the event, as far as it could be read
   * @param size bytes of it
   */
  record Event(String type, JsonTrees.Parsed parsed, long size) {
    Tree.Mapping object() {
      return JsonTrees.at(parsed.tree(), "object") instanceof Tree.Mapping mapping
          ? mapping
          : new Tree.Mapping(List.of(), 0);
    }
  }

  ObjectReader(String cluster, ApiResource resource, ReaderSettings settings, Interner interner) {
    this.cluster = cluster;
    this.resource = resource;
    this.settings = settings;
    this.interner = interner;
    this.keep = Keep.of(resource.kind());
  }

  /** Parses a watch event. */
  Event event(byte[] bytes, int length, long size) {
    JsonTrees.Parsed parsed = JsonTrees.event(bytes, length, keep);
    return new Event(parsed.known("type"), checked(parsed, length, size), size);
  }

  private static JsonTrees.Parsed checked(JsonTrees.Parsed parsed, int length, long size) {
    return length == size
        ? parsed
        : new JsonTrees.Parsed(
            null, parsed.known(), size + " bytes (expected at most " + MAX_BYTES + ")");
  }

  /** Reads the object of an event. */
  Reading read(Event event, int variant) {
    JsonTrees.Parsed parsed = event.parsed();
    return parsed.tree() == null
        ? rejected(parsed, variant, parsed.problem())
        : translate(event.object(), parsed, variant);
  }

  /** Reads an item of a list. */
  Reading item(byte[] bytes, int length, long size, int variant) {
    JsonTrees.Parsed parsed = checked(JsonTrees.object(bytes, length, keep), length, size);
    Tree.Mapping tree = parsed.tree();
    return tree == null
        ? rejected(parsed, variant, parsed.problem())
        : translate(tree, parsed, variant);
  }

  private Reading translate(Tree.Mapping tree, JsonTrees.Parsed parsed, int variant) {
    Kind kind = resource.kind();
    String path = path(parsed, variant);
    // Items of a list of a built-in kind say neither apiVersion nor kind.
    List<Tree.Entry> entries = new ArrayList<>();
    if (JsonTrees.at(tree, "apiVersion") == null) {
      entries.add(text("apiVersion", resource.apiVersion(variant)));
    }
    String named = JsonTrees.text(tree, "kind");
    if (named.isEmpty()) {
      entries.add(text("kind", kind.kubernetesName()));
    } else if (!named.equals(kind.kubernetesName())) {
      return rejected(
          parsed, variant, "kind: " + named + " (expected " + kind.kubernetesName() + ")");
    }
    entries.addAll(tree.entries());
    Findings findings = new Findings(path, resource.custom());
    DocumentTranslator translator =
        new DocumentTranslator(cluster, findings, settings.rootNamespace(), settings.domain());
    try {
      translator.document(new Tree.Mapping(entries, 0));
    } catch (RuntimeException e) {
      return rejected(parsed, variant, "cannot be translated: " + e);
    }
    Optional<MeshObject> object = translator.objects().stream().findFirst().map(interner::share);
    Optional<ObjectRef> ref =
        object.map(MeshObject::ref).or(() -> translator.failed().stream().findFirst());
    if (ref.isEmpty() || ref.get().name().isEmpty()) {
      return rejected(parsed, variant, "is not an object of this kind");
    }
    return new Reading(ref, object, parsed.known("resourceVersion"), some(findings.list(), path));
  }

  private static List<Finding> some(List<Finding> all, String path) {
    if (all.size() <= MAX_FINDINGS) {
      return all;
    }
    List<Finding> some = new ArrayList<>(all.subList(0, MAX_FINDINGS));
    some.add(
        new Finding(
            Finding.Severity.WARNING,
            path,
            0,
            all.getFirst().object(),
            "",
            "and " + (all.size() - MAX_FINDINGS) + " more"));
    return some;
  }

  private static Tree.Entry text(String key, String value) {
    return new Tree.Entry(key, 0, new Tree.Scalar(value, 0));
  }

  private Reading rejected(JsonTrees.Parsed parsed, int variant, String problem) {
    Optional<ObjectRef> ref = ref(parsed.known());
    String shown =
        ref.map(
                r ->
                    resource.kind().kubernetesName()
                        + " "
                        + (r.namespace().isEmpty() ? "" : r.namespace() + "/")
                        + r.name())
            .orElse("");
    String consequence =
        ref.isPresent() ? "; its last good version stays" : "; nothing is taken away meanwhile";
    return new Reading(
        ref,
        Optional.empty(),
        parsed.known("resourceVersion"),
        List.of(
            new Finding(
                Finding.Severity.ERROR,
                path(parsed, variant),
                0,
                shown,
                "",
                problem + consequence)));
  }

  private String path(JsonTrees.Parsed parsed, int variant) {
    return ref(parsed.known())
        .map(ref -> resource.path(variant, ref.namespace(), ref.name()))
        .orElse(resource.collection(variant));
  }

  /** Which object an event or item is about. */
  Optional<ObjectRef> ref(Map<String, String> known) {
    String name = known.getOrDefault("name", "");
    boolean clustered = resource.kind() == Kind.NAMESPACE || resource.kind() == Kind.NODE;
    String namespace = clustered ? "" : known.getOrDefault("namespace", "default");
    return name.isEmpty()
        ? Optional.empty()
        : Optional.of(new ObjectRef(cluster, resource.kind(), namespace, name));
  }
}
