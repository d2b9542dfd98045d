package io.portolan.registry.source.files;

import io.portolan.registry.model.MeshObject;
import io.portolan.registry.model.ObjectRef;
import io.portolan.registry.source.objects.CaCertsSecret;
import io.portolan.registry.source.objects.DocumentTranslator;
import io.portolan.registry.source.objects.Finding;
import io.portolan.registry.source.objects.Findings;
import io.portolan.registry.source.objects.Tree;
import io.portolan.registry.source.objects.YamlText;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
  /** Parses one file of a cluster. */
  static ParsedFile of(
      String cluster, String file, String text, String rootNamespace, String domain) {
    Findings findings = new Findings(file);
    DocumentTranslator translator =
        new DocumentTranslator(cluster, findings, rootNamespace, domain);
    List<Tree> documents = YamlText.documents(file, text, findings);
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
}
