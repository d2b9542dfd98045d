package io.portolan.registry.source.objects;

import java.util.ArrayList;
import java.util.List;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Composed YAML as trees. */
final class YamlTrees {
  private YamlTrees() {}

  static Tree of(Node node) {
    return switch (node) {
      case MappingNode mapping -> {
        List<Tree.Entry> entries = new ArrayList<>();
        for (NodeTuple tuple : mapping.getValue()) {
          String key = tuple.getKeyNode() instanceof ScalarNode s ? s.getValue() : "?";
          entries.add(new Tree.Entry(key, line(tuple.getKeyNode()), of(tuple.getValueNode())));
        }
        yield new Tree.Mapping(entries, line(node));
      }
      case SequenceNode sequence ->
          new Tree.Sequence(sequence.getValue().stream().map(YamlTrees::of).toList(), line(node));
      case ScalarNode scalar when scalar.getTag().equals(Tag.NULL) -> new Tree.Nothing(line(node));
      case ScalarNode scalar -> new Tree.Scalar(scalar.getValue(), line(node));
      default -> throw new IllegalStateException("a composed node of kind " + node.getNodeType());
    };
  }

  private static int line(Node node) {
    return node.getStartMark().map(m -> m.getLine() + 1).orElse(0);
  }
}
