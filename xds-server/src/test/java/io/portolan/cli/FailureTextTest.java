package io.portolan.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailureTextTest {
  @TempDir Path directory;

  @Test
  void failuresOfTheFileSystemSayWhatIsWrongWithThePath() {
    assertEquals("/a: no such file or directory", FailureText.of(new NoSuchFileException("/a")));
    assertTrue(
        FailureText.of(new AccessDeniedException("/a"))
            .startsWith("/a: permission denied (remedy: give user "));
    assertEquals(
        "/a: Read-only file system",
        FailureText.of(new FileSystemException("/a", null, "Read-only file system")));
  }

  @Test
  void everyKindTheFileSystemThrowsIsNamed() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    try {
      Files.createDirectories(file.resolve("below"));
    } catch (FileSystemException e) {
      assertTrue(FailureText.of(e).startsWith(file.toString()), FailureText.of(e));
      assertTrue(FailureText.of(e).contains(": "), FailureText.of(e));
      return;
    }
    throw new AssertionError("a directory below a file was made");
  }

  @Test
  void othersSayTheirMessageOrTheirKind() {
    assertEquals("why", FailureText.of(new IOException("why")));
    assertEquals("IllegalStateException", FailureText.of(new IllegalStateException()));
  }
}
