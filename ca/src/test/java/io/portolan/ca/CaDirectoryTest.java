package io.portolan.ca;

import static io.portolan.ca.GivenCa.START;
import static io.portolan.ca.GivenCa.day;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portolan.ca.GivenCa.Rights;
import io.portolan.ca.identity.SpiffeId;
import io.portolan.ca.sign.ClusterAuthority;
import io.portolan.ca.store.CaDirectory;
import io.portolan.ca.store.CaMaterial;
import io.portolan.ca.store.CaMaterialException;
import io.portolan.ca.trust.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaDirectoryTest {
  private static final GivenCa ROOT = GivenCa.root("root");
  private static final SpiffeId WEB = new SpiffeId("td.example", "demo", "web");
  private static final Duration DAY = Duration.ofHours(24);

  @TempDir Path root;
  private Instant now = START;

  private CaDirectory own() throws IOException {
    Path data = root.resolve("data");
    return CaDirectory.open(data, data.resolve("ca"), "td.example", DAY, () -> now);
  }

  private CaDirectory given(Map<String, byte[]> files) throws IOException {
    return CaDirectory.open(root.resolve("data"), files, "td.example", DAY, () -> now);
  }

  private static void put(Path directory, Map<String, byte[]> files) throws IOException {
    Files.createDirectories(directory);
    for (var file : files.entrySet()) {
      Path path = directory.resolve(file.getKey());
      Files.write(path, file.getValue());
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }
  }

  private static String rights(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void theFirstStartMakesARootForItsOwnerOnly() throws Exception {
    CaDirectory ca = own();
    Path data = root.resolve("data");
    assertEquals("rwx------", rights(data));
    assertEquals("rwx------", rights(data.resolve("ca")));
    assertEquals("rw-------", rights(data.resolve("ca/ca-key.pem")));
    try (Stream<Path> left = Files.list(data)) {
      assertEquals(List.of(data.resolve("ca")), left.toList(), "nothing half-written is left");
    }
    X509Certificate made = ca.trustBundle().roots().getFirst();
    assertEquals("CN=Portolan root,O=td.example", made.getSubjectX500Principal().getName());
    assertEquals(day(3650), made.getNotAfter().toInstant());
    assertTrue(ca.top().isRoot());
  }

  @Test
  void processesThatStartTogetherGetOneRoot() throws Exception {
    int starts = 4;
    CountDownLatch ready = new CountDownLatch(starts);
    Callable<String> start =
        () -> {
          ready.countDown();
          ready.await();
          return own().top().fingerprint();
        };
    Set<String> roots = new HashSet<>();
    try (var threads = Executors.newFixedThreadPool(starts)) {
      for (Future<String> each : threads.invokeAll(List.of(start, start, start, start))) {
        roots.add(each.get());
      }
    }
    assertEquals(1, roots.size());
  }

  @Test
  void aRootIsNeverReplacedBecauseItsKeyIsMissing() throws Exception {
    own();
    Path ca = root.resolve("data/ca");
    byte[] before = Files.readAllBytes(ca.resolve("root-cert.pem"));
    Files.delete(ca.resolve("ca-key.pem"));
    assertTrue(message(this::own).contains("ca-key.pem: missing"));
    assertEquals(
        new String(before, java.nio.charset.StandardCharsets.US_ASCII),
        Files.readString(ca.resolve("root-cert.pem")));
  }

  @Test
  void aForeignDirectoryIsNotFilled() throws Exception {
    Files.createDirectories(root.resolve("data/ca"));
    Files.writeString(root.resolve("data/ca/notes"), "mine");
    assertTrue(message(this::own).contains("is not empty and holds no CA files"));
  }

  @Test
  void aMissingGivenDirectoryIsAnError() {
    assertTrue(
        message(() -> CaDirectory.open(root, root.resolve("no"), "td.example", DAY, () -> now))
            .contains("ca-key.pem: missing"));
  }

  @Test
  void anOpenKeyAndOtherProblemsAreNamedTogether() throws Exception {
    Path given = root.resolve("given");
    put(given, ROOT.files());
    Files.delete(given.resolve("root-cert.pem"));
    Files.setPosixFilePermissions(
        given.resolve("ca-key.pem"), PosixFilePermissions.fromString("rw-r--r--"));
    CaMaterialException refused =
        assertThrows(
            CaMaterialException.class,
            () -> CaDirectory.open(root, given, "td.example", DAY, () -> now));
    assertEquals(2, refused.problems().size(), refused::toString);
    assertTrue(refused.problems().getFirst().contains("remedy: chmod 600"), refused::toString);
    assertEquals("root-cert.pem: missing", refused.problems().getLast());
  }

  @Test
  void settingsThatCannotWorkAreRefused() {
    for (String bad : List.of("", "TD", "a/b", "x".repeat(256))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> CaDirectory.open(root, ROOT.files(), bad, DAY, () -> now));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> CaDirectory.open(root, ROOT.files(), "td", Duration.ZERO, () -> now));
  }

  @Test
  void aGivenIntermediateSignsClustersBelowItself() throws Exception {
    GivenCa signing = ROOT.below("signing", Rights.ANY);
    CaDirectory ca = given(signing.files(ROOT));
    var made = ca.forCluster("east").issue(WEB, DAY);
    List<X509Certificate> chain = Pem.certificates(made.chainPem());
    assertEquals(3, chain.size(), "leaf, cluster, signing CA, no root");
    assertEquals(signing.certificate(), chain.getLast());
    assertEquals(0, chain.get(1).getBasicConstraints());
    assertEquals(ca.forCluster("east").fingerprint(), made.issuerFingerprint());
    assertEquals(
        ca.forCluster("east").fingerprint(),
        given(signing.files(ROOT)).forCluster("east").fingerprint(),
        "kept over a restart");
  }

  @Test
  void aCaThatMayNotSignAuthoritiesSignsWorkloadsItself() throws Exception {
    GivenCa last = ROOT.below("last", Rights.ANY.pathLength(0));
    CaDirectory ca = given(last.files(ROOT));
    assertEquals(last.certificate(), ca.forCluster("east").certificate());
    assertEquals(2, Pem.certificates(ca.forCluster("east").issue(WEB, DAY).chainPem()).size());
    assertFalse(Files.exists(root.resolve("data/intermediates")));
  }

  @Test
  void anIntermediateNeverOutlivesItsIssuer() throws Exception {
    GivenCa brief = GivenCa.root("brief", Rights.ANY.between(START, day(30)), ROOT.keys());
    assertEquals(
        day(30), given(brief.files()).forCluster("east").certificate().getNotAfter().toInstant());
  }

  @Test
  void anIntermediateOfAnotherRootIsReplaced() throws Exception {
    String first = given(ROOT.files()).forCluster("east").fingerprint();
    GivenCa other = GivenCa.root("other");
    ClusterAuthority second = given(other.files()).forCluster("east");
    assertNotEquals(first, second.fingerprint());
    second.certificate().verify(other.keys().getPublic());
    GivenCa between = other.below("between", Rights.ANY);
    assertNotEquals(
        second.fingerprint(),
        given(between.files(other)).forCluster("east").fingerprint(),
        "same root, another signing CA");
  }

  @Test
  void anIntermediateThatExpiredWhileTheProcessWasDownIsReplaced() throws Exception {
    String first = own().forCluster("east").fingerprint();
    now = day(500);
    ClusterAuthority second = own().forCluster("east");
    assertNotEquals(first, second.fingerprint());
    assertEquals(day(501), second.issue(WEB, DAY).notAfter());
  }

  @Test
  void aRenewalThatWasCutOffIsDoneAgain() throws Exception {
    own().forCluster("east");
    Path east = root.resolve("data/intermediates/east");
    Files.write(east.resolve("ca-key.pem"), ROOT.files().get(CaMaterial.KEY));
    own().forCluster("east").issue(WEB, DAY);
    Files.delete(east.resolve("ca-cert.pem"));
    own().forCluster("east").issue(WEB, DAY);
  }

  @Test
  void anIntermediateThatOthersCanReadIsRefusedNotReplaced() throws Exception {
    own().forCluster("east");
    Path key = root.resolve("data/intermediates/east/ca-key.pem");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
    assertTrue(message(() -> own().forCluster("east")).contains("chmod 600 " + key));
  }

  @Test
  void clusterIdsCannotLeaveTheirDirectory() {
    for (String bad :
        List.of(
            "", ".", "..", "../x", "a/b", "a\\b", ".hidden", "é", "a b", "a\0", "x".repeat(201))) {
      assertThrows(IOException.class, () -> own().forCluster(bad), bad);
    }
  }

  @Test
  void anAdoptedCaSignsForItsClusterOnlyAndUntilItIsReplaced() throws Exception {
    CaDirectory ca = given(ROOT.files());
    GivenCa east = ROOT.below("east", Rights.ANY.pathLength(0).between(START, day(90)));
    ca.adopt("east", east.files(ROOT));
    assertEquals(east.certificate(), ca.forCluster("east").certificate());
    assertNotEquals(east.certificate(), ca.forCluster("west").certificate());
    now = day(80);
    assertEquals(east.certificate(), ca.forCluster("east").certificate(), "also in its last third");
    assertEquals(day(81), ca.forCluster("east").issue(WEB, DAY).notAfter());
    now = day(91);
    GeneralSecurityException refused =
        assertThrows(GeneralSecurityException.class, () -> ca.forCluster("east").issue(WEB, DAY));
    assertTrue(String.valueOf(refused.getMessage()).contains("its issuer has expired"));
  }

  @Test
  void anAdoptedCaMustLeadToTheSharedRoot() throws Exception {
    CaDirectory ca = given(ROOT.files());
    GivenCa other = GivenCa.root("other");
    String before = ca.forCluster("east").fingerprint();
    assertTrue(
        refusal(() -> ca.adopt("east", other.below("east", Rights.ANY).files(other)))
            .contains("not the mesh's shared root"));
    assertTrue(
        refusal(() -> ca.adopt("east", Map.of())).contains("cluster east: root-cert.pem: missing"));
    assertThrows(IOException.class, () -> ca.adopt("", ROOT.files()));
    assertEquals(before, ca.forCluster("east").fingerprint());
  }

  @Test
  void everyRootOfTheFileIsTrusted() throws Exception {
    GivenCa next = GivenCa.root("next");
    Map<String, byte[]> files = ROOT.files();
    files.put(CaMaterial.ROOT, Pem.of(List.of(ROOT.certificate(), next.certificate())));
    CaDirectory ca = given(files);
    assertEquals(
        Set.of(ROOT.certificate(), next.certificate()), Set.copyOf(ca.trustBundle().roots()));
    ca.adopt("east", next.below("east", Rights.ANY).files(next));
    assertEquals(ROOT.certificate(), ca.top().root());
  }

  private interface Opening {
    Object run() throws Exception;
  }

  private interface Step {
    void run() throws Exception;
  }

  private static String message(Opening opening) {
    return String.valueOf(assertThrows(IOException.class, opening::run).getMessage());
  }

  private static String refusal(Step step) {
    return String.valueOf(assertThrows(IOException.class, step::run).getMessage());
  }
}
