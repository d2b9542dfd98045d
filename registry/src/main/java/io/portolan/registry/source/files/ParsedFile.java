package io.portolan.registry.source.files;

import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.objects.CaCertsSecret;
import io.portolan.registry.source.objects.DocumentTranslator;
import io.portolan.registry.source.objects.Fields;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.SettingsReader;
import io.portolan.registry.source.objects.Tree;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * What one reading of a file gave.
 *
 * @param objects translated objects
 * @param failed objects that are there but wrong
 * @param broken the text itself is not YAML: nothing of it can be trusted
 */
record ParsedFile(
    List<MeshObject> objects,
    List<ObjectRef> failed,
    List<Finding> findings,
    boolean broken,
    @Nullable CaCertsSecret cacerts) {
  private static final int MAX_CODE_POINTS = 8 * 1024 * 1024;
  private static final int MAX_ALIASES = 50;

  private static LoadSettings settings(String label) {
    return LoadSettings.builder()
        .setLabel(label)
        .setCodePointLimit(MAX_CODE_POINTS)
        .setMaxAliasesForCollections(MAX_ALIASES)
        .setAllowDuplicateKeys(true)
        .build();
  }

  /** Parses one file of a cluster. */
  static ParsedFile of(
      String cluster, String file, String text, String rootNamespace, String domain) {
    Findings findings = new Findings(file);
    DocumentTranslator translator =
        new DocumentTranslator(cluster, findings, rootNamespace, domain);
    List<Tree> documents = compose(file, text, findings);
    boolean broken = documents == null;
    if (documents != null) {
      documents.forEach(translator::document);
    }
    return new ParsedFile(
        List.copyOf(translator.objects()),
        List.copyOf(translator.failed()),
        findings.list(),
        broken,
        translator.cacerts());
  }

  /** Reads {@code mesh.yaml}; null when it cannot be used. */
  static io.portolan.registry.model.@Nullable MeshSettings settings(
      String file, String text, Findings findings) {
    List<Tree> documents = compose(file, text, findings);
    if (documents == null) {
      return null;
    }
    if (documents.size() != 1 || !(documents.getFirst() instanceof Tree.Mapping mapping)) {
      findings.error(1, "", "expected one document with the settings of the mesh");
      return null;
    }
    int mark = findings.mark();
    var settings = SettingsReader.read(new Fields(mapping, "", findings));
    return findings.hasErrorsSince(mark) ? null : settings;
  }

  private static @Nullable List<Tree> compose(String file, String text, Findings findings) {
    try {
      List<Tree> documents = new ArrayList<>();
      new Compose(settings(file))
          .composeAllFromString(text)
          .forEach(node -> documents.add(YamlTrees.of(node)));
      return documents;
    } catch (MarkedYamlEngineException e) {
      int line = e.getProblemMark().map(m -> m.getLine() + 1).orElse(0);
      findings.error(line, "", "not YAML: " + e.getProblem());
    } catch (YamlEngineException e) {
      findings.error(0, "", "not YAML: " + e.getMessage());
    } catch (StackOverflowError e) {
      findings.error(0, "", "not YAML that can be read: it is nested too deeply");
    }
    return null;
  }
}
