package io.portolan.registry.source.kubernetes.membership;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A member as its membership sees it; how healthy it is, the federation knows.
 *
 * @param source whose claim holds the id
 * @param server base URL of its API server
 * @param auth kind of credential
 * @param expires when that credential ends, null when it says nothing
 * @param synced its reader has listed every kind
 * @param replacing a reader with a newer kubeconfig is about to take over
 * @param failure the last failed request of the newest reader, empty when there is none
 */
public record MemberStatus(
    String cluster,
    String source,
    String server,
    String auth,
    @Nullable Instant expires,
    boolean synced,
    boolean replacing,
    String failure) {}
