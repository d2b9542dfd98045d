package io.portolan.registry.source.kubernetes.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigDirectoryTest {
  @TempDir private Path folder = Path.of("unset");

  @Test
  void aSwappedVolumeIsNoticed() throws IOException {
    generation("..1", "one");
    Files.createSymbolicLink(folder.resolve("..data"), Path.of("..1"));
    Files.createSymbolicLink(folder.resolve("east.yaml"), Path.of("..data/east.yaml"));
    Claim before = only();
    assertEquals("east", before.cluster());

    generation("..2", "two");
    Path next = Files.createSymbolicLink(folder.resolve("..next"), Path.of("..2"));
    Files.move(next, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    assertNotEquals(before.fingerprint(), only().fingerprint());
  }

  @Test
  void onlyKubeconfigsCount() throws IOException {
    Files.writeString(folder.resolve("README.md"), "hello");
    Files.writeString(folder.resolve(".hidden.yaml"), "hello");
    Files.createDirectory(folder.resolve("dir.yaml"));
    Files.writeString(folder.resolve("west.kubeconfig"), "half a fi");
    Claim claim = only();
    assertEquals("west", claim.cluster());
    assertTrue(!claim.usable());
  }

  @Test
  void aDirectoryThatIsGoneIsAnErrorNotEmpty() {
    assertThrows(IOException.class, () -> KubeconfigDirectory.scan(folder.resolve("gone"), false));
  }

  @Test
  void rotatedTokenFilesAreFollowed() throws IOException {
    Path file = Files.writeString(folder.resolve("token"), "one\n");
    AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    InstantSource clock = now::get;
    TokenFiles token = new TokenFiles(file, clock);
    assertEquals("one", token.getToken());
    Files.writeString(file, "two\n");
    now.set(Instant.EPOCH.plus(TokenFiles.FRESH));
    assertEquals("two", token.getToken());
    Files.delete(file);
    now.set(Instant.EPOCH.plus(TokenFiles.FRESH.multipliedBy(2)));
    assertEquals("two", token.getToken());
  }

  private void generation(String name, String token) throws IOException {
    Path data = Files.createDirectory(folder.resolve(name));
    Files.writeString(data.resolve("east.yaml"), Kubeconfigs.token("https://10.0.0.1", token));
  }

  private Claim only() throws IOException {
    var claims = KubeconfigDirectory.scan(folder, false);
    assertEquals(1, claims.size(), claims.toString());
    return claims.getFirst();
  }
}
