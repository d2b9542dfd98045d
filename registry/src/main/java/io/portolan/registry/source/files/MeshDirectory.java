package io.portolan.registry.source.files;

import io.portolan.registry.change.Change;
import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.MeshSettings;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.objects.CaCertsSecret;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.SettingsLayer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A mesh directory. Each {@link #scan} reads what has changed since the last one and says what that
 * means. Not thread-safe.
 *
 * <p>Every file stands alone: where it cannot be read its last good content stays, and where it
 * lost objects they stay until the file has been left alone for the grace period, since an editor
 * may be in the middle of writing it.
 */
public final class MeshDirectory {
  /** Name of the file with the settings. */
  public static final String SETTINGS = "mesh.yaml";

  private static final int MAX_BYTES = 8 * 1024 * 1024;
  private static final int MAX_DEPTH = 16;

  private final Path root;
  private final InstantSource clock;
  private final Duration grace;
  private final boolean foldersExpected;
  private final SettingsFile settingsFile;
  private final Map<String, FileState> files = new TreeMap<>();
  private Map<ObjectRef, MeshObject> offered = new HashMap<>();
  private @Nullable MeshSettings settings;
  private @Nullable Stamp settingsStamp;

  private record Stamp(long size, long modifiedMillis, String key) {}

  private static final class FileState {
    Stamp stamp = new Stamp(-1, -1, "");
    Map<ObjectRef, MeshObject> good = new LinkedHashMap<>();
    List<Finding> findings = List.of();
    boolean unsettled;
    long goodSize;
    @Nullable CaCertsSecret cacerts;
  }

  /**
   * What a scan found.
   *
   * @param changes what to apply, together
   * @param findings everything that is wrong now, in order of file and line
   * @param cacerts CA material of clusters that is new
   */
  public record Scan(List<Change> changes, List<Finding> findings, List<CaCertsSecret> cacerts) {
    public Scan {
      changes = List.copyOf(changes);
      findings = List.copyOf(findings);
      cacerts = List.copyOf(cacerts);
    }

    /** The mesh settings, where they are new; built-in ones where no scan has given any. */
    public MeshSettings settings() {
      return changes.stream()
          .filter(Change.Settings.class::isInstance)
          .map(Change.Settings.class::cast)
          .map(Change.Settings::settings)
          .findFirst()
          .orElse(MeshSettings.DEFAULT);
    }
  }

  /**
   * A directory that stands alone.
   *
   * @param root the directory
   * @param grace how long a file must be left alone before objects it lost are removed
   */
  public MeshDirectory(Path root, InstantSource clock, Duration grace) {
    this(root, clock, grace, true, List::of, null);
  }

  /**
   * A directory beside API servers.
   *
   * @param grace how long a file must be left alone before objects it lost are removed
   * @param foldersExpected every cluster of the settings should have a folder; false where some are
   *     read from API servers
   * @param below settings that hold where {@code mesh.yaml} says nothing, the first layer on top
   * @param started the settings the process was started with, whose trust domain, root namespace
   *     and domain suffix hold until it ends; null where they follow edits
   */
  public MeshDirectory(
      Path root,
      InstantSource clock,
      Duration grace,
      boolean foldersExpected,
      Supplier<List<SettingsLayer>> below,
      @Nullable MeshSettings started) {
    this.root = root;
    this.clock = clock;
    this.grace = grace;
    this.foldersExpected = foldersExpected;
    this.settingsFile = new SettingsFile(SETTINGS, below, started);
  }

  /**
   * Reads what has changed.
   *
   * @throws IOException when the directory itself cannot be listed
   */
  public Scan scan() throws IOException {
    if (!Files.isDirectory(root)) {
      throw new IOException(
          root + ": is not a directory (expected " + SETTINGS + " and one folder per cluster)");
    }
    List<Change> changes = new ArrayList<>();
    List<CaCertsSecret> cacerts = new ArrayList<>();
    boolean domainChanged = readSettings(changes);
    Map<String, Path> present = list();
    files.keySet().retainAll(present.keySet());
    for (var entry : present.entrySet()) {
      FileState state = files.computeIfAbsent(entry.getKey(), f -> new FileState());
      if (domainChanged) {
        state.stamp = new Stamp(-1, -1, "");
      }
      read(entry.getKey(), entry.getValue(), state, cacerts);
    }
    List<Finding> findings = new ArrayList<>(settingsFile.findings());
    findings.addAll(folderFindings());
    Map<ObjectRef, MeshObject> merged = merge(findings);
    diff(merged, changes);
    offered = merged;
    findings.sort(null);
    return new Scan(changes, findings, cacerts);
  }

  /** Whether {@code mesh.yaml}, as last scanned, names a top-level field. */
  public boolean names(String field) {
    return settingsFile.names(field);
  }

  private boolean readSettings(List<Change> changes) {
    Path file = root.resolve(SETTINGS);
    try {
      if (!Files.exists(file)) {
        settingsFile.missing();
        settingsStamp = null;
      } else {
        Stamp stamp = stamp(file);
        if (!stamp.equals(settingsStamp)) {
          settingsStamp = stamp;
          settingsFile.read(text(file));
        }
      }
    } catch (IOException e) {
      settingsFile.failed(e);
    }
    MeshSettings read = settingsFile.merged();
    return read != null && !read.equals(settings) && offer(read, changes);
  }

  /** Offers settings; true when names of services depend on what differs. */
  private boolean offer(MeshSettings next, List<Change> changes) {
    MeshSettings old = settings == null ? MeshSettings.DEFAULT : settings;
    settings = next;
    changes.add(new Change.Settings(next));
    return !old.domain().equals(next.domain()) || !old.rootNamespace().equals(next.rootNamespace());
  }

  private Map<String, Path> list() throws IOException {
    Map<String, Path> found = new TreeMap<>();
    try (Stream<Path> folders = Files.list(root)) {
      for (Path folder : folders.filter(f -> isUsable(f) && Files.isDirectory(f)).toList()) {
        try (Stream<Path> walk = Files.walk(folder, MAX_DEPTH, FileVisitOption.FOLLOW_LINKS)) {
          walk.filter(f -> isYaml(f) && !isHidden(folder.relativize(f)) && Files.isRegularFile(f))
              .forEach(f -> found.put(root.relativize(f).toString().replace('\\', '/'), f));
        } catch (java.io.UncheckedIOException e) {
          throw e.getCause();
        }
      }
    }
    return found;
  }

  private static boolean isUsable(Path path) {
    Path name = path.getFileName();
    return name != null && !name.toString().startsWith(".") && !name.toString().endsWith("~");
  }

  private static boolean isHidden(Path relative) {
    for (Path part : relative) {
      if (part.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private static boolean isYaml(Path path) {
    String name = String.valueOf(path.getFileName());
    return isUsable(path)
        && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"));
  }

  private static Stamp stamp(Path file) throws IOException {
    var attributes = Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class);
    return new Stamp(
        attributes.size(),
        attributes.lastModifiedTime().toMillis(),
        String.valueOf(attributes.fileKey()));
  }

  private static String text(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MAX_BYTES) {
      throw new IOException(size + " bytes (expected at most " + MAX_BYTES + ")");
    }
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  private void read(String name, Path file, FileState state, List<CaCertsSecret> cacerts) {
    try {
      Stamp stamp = stamp(file);
      Instant modified = Instant.ofEpochMilli(stamp.modifiedMillis());
      boolean young = clock.instant().isBefore(modified.plus(grace));
      if (stamp.equals(state.stamp) && !(state.unsettled && !young)) {
        return;
      }
      // A file replaced by rename is whole; one that shrank in place may be half written.
      boolean shrunk =
          stamp.key().equals(state.stamp.key()) && stamp.size() < state.goodSize && young;
      state.stamp = stamp;
      String cluster = name.substring(0, name.indexOf('/'));
      MeshSettings now = settings == null ? MeshSettings.DEFAULT : settings;
      ParsedFile parsed =
          ParsedFile.of(cluster, name, text(file), now.rootNamespace(), now.domain());
      if (shrunk && !parsed.broken()) {
        state.unsettled = true;
        return;
      }
      settle(name, state, parsed, young);
      if (!parsed.broken()) {
        state.goodSize = stamp.size();
      }
      CaCertsSecret secret = parsed.cacerts();
      if (secret != null && !same(secret, state.cacerts)) {
        state.cacerts = secret;
        cacerts.add(secret);
      }
    } catch (IOException e) {
      Findings found = new Findings(name);
      found.error(0, "", "cannot be read, its last good version stays: " + e.getMessage());
      state.findings = found.list();
      state.stamp = new Stamp(-1, -1, "");
    }
  }

  private static void settle(String name, FileState state, ParsedFile parsed, boolean young) {
    List<Finding> findings = new ArrayList<>(parsed.findings());
    state.unsettled = false;
    if (!parsed.broken()) {
      Map<ObjectRef, MeshObject> next = new LinkedHashMap<>();
      for (MeshObject object : parsed.objects()) {
        MeshObject other = next.putIfAbsent(object.ref(), object);
        if (other != null) {
          findings.add(
              new Finding(
                  Finding.Severity.WARNING,
                  name,
                  object.origin().line(),
                  object.ref().toString(),
                  "",
                  "is defined already at line " + other.origin().line() + ", which is served"));
        }
      }
      for (ObjectRef ref : parsed.failed()) {
        MeshObject last = state.good.get(ref);
        if (last != null) {
          next.putIfAbsent(ref, last);
        }
      }
      long lost = state.good.keySet().stream().filter(ref -> !next.containsKey(ref)).count();
      if (lost > 0 && young) {
        state.good.forEach(next::putIfAbsent);
        state.unsettled = true;
        findings.add(
            new Finding(
                Finding.Severity.INFO,
                name,
                0,
                "",
                "",
                lost
                    + " object(s) are gone from it; they go once it has been left alone for a"
                    + " moment"));
      }
      state.good = next;
    }
    state.findings = findings;
  }

  private static boolean same(CaCertsSecret a, @Nullable CaCertsSecret b) {
    if (b == null || !a.files().keySet().equals(b.files().keySet())) {
      return false;
    }
    return a.files().entrySet().stream()
        .allMatch(e -> java.util.Arrays.equals(e.getValue(), b.files().get(e.getKey())));
  }

  private List<Finding> folderFindings() throws IOException {
    List<Finding> findings = new ArrayList<>();
    MeshSettings now = settings == null ? MeshSettings.DEFAULT : settings;
    TreeSet<String> folders = new TreeSet<>();
    try (Stream<Path> list = Files.list(root)) {
      list.filter(f -> isUsable(f) && Files.isDirectory(f))
          .forEach(f -> folders.add(String.valueOf(f.getFileName())));
    }
    for (String folder : folders) {
      if (!now.clusters().containsKey(folder)) {
        findings.add(
            new Finding(
                Finding.Severity.WARNING,
                folder,
                0,
                "",
                "",
                "this cluster has no entry in "
                    + SETTINGS
                    + " (remedy: add '- name: "
                    + folder
                    + "' under clusters)"));
      }
    }
    for (String cluster : new TreeSet<>(now.clusters().keySet())) {
      if (foldersExpected && !folders.contains(cluster)) {
        findings.add(
            new Finding(
                Finding.Severity.WARNING,
                SETTINGS,
                0,
                "",
                "clusters",
                "cluster " + cluster + " has no folder " + cluster + "/"));
      }
    }
    return findings;
  }

  /** The objects of all files; the first file in order of path has an object. */
  private Map<ObjectRef, MeshObject> merge(List<Finding> findings) {
    Map<ObjectRef, MeshObject> merged = new HashMap<>();
    files.forEach(
        (name, state) -> {
          findings.addAll(state.findings);
          state.good.forEach(
              (ref, object) -> {
                MeshObject winner = merged.putIfAbsent(ref, object);
                if (winner != null) {
                  findings.add(
                      new Finding(
                          Finding.Severity.WARNING,
                          name,
                          object.origin().line(),
                          ref.toString(),
                          "",
                          "is defined already in " + winner.origin() + ", which is served"));
                }
              });
        });
    return merged;
  }

  private void diff(Map<ObjectRef, MeshObject> merged, List<Change> changes) {
    merged.forEach(
        (ref, object) -> {
          if (!object.equals(offered.get(ref))) {
            changes.add(new Change.Put(object));
          }
        });
    for (ObjectRef ref : offered.keySet()) {
      if (!merged.containsKey(ref)) {
        changes.add(new Change.Remove(ref));
      }
    }
  }
}
