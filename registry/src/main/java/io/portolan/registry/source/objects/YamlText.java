package io.portolan.registry.source.objects;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** YAML that people wrote, within limits. */
public final class YamlText {
  private static final int MAX_CODE_POINTS = 8 * 1024 * 1024;
  private static final int MAX_ALIASES = 50;

  private YamlText() {}

  private static LoadSettings settings(String label) {
    return LoadSettings.builder()
        .setLabel(label)
        .setCodePointLimit(MAX_CODE_POINTS)
        .setMaxAliasesForCollections(MAX_ALIASES)
        .setAllowDuplicateKeys(true)
        .build();
  }

  /**
   * The documents of a text.
   *
   * @param label names the text in messages of the parser
   * @return null when the text is not YAML: nothing of it can be trusted, and a finding says why
   */
  public static @Nullable List<Tree> documents(String label, String text, Findings findings) {
    try {
      List<Tree> documents = new ArrayList<>();
      new Compose(settings(label))
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
