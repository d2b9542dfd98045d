package io.portolan.registry.federation;

import io.portolan.registry.image.Concern;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What is wrong with who the members are. */
final class Identities {
  private Identities() {}

  /** Members that another cluster answers for, and clusters that are members twice. */
  static List<Concern> concerns(List<MemberStatus> members) {
    List<Concern> found = new ArrayList<>();
    Map<String, List<String>> byUid = new TreeMap<>();
    for (MemberStatus member : members) {
      if (!member.replaced().isEmpty()) {
        found.add(new Concern("cluster " + member.cluster(), member.replaced()));
      }
      if (!member.uid().isEmpty()) {
        byUid.computeIfAbsent(member.uid(), u -> new ArrayList<>()).add(member.cluster());
      }
    }
    byUid.forEach(
        (uid, clusters) -> {
          if (clusters.size() > 1) {
            found.add(
                new Concern(
                    "clusters " + String.join(", ", clusters),
                    "are one cluster: the UID of namespace kube-system is "
                        + uid
                        + " in each, so every endpoint of it counts more than once (remedy:"
                        + " 'portolan cluster remove' for all but one)"));
          }
        });
    return List.copyOf(found);
  }
}
