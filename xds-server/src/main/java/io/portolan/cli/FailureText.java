package io.portolan.cli;

import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/**
 * What an exception that ends a command says to people. Those of the file system carry only a path
 * as their message; their kind says what is wrong with it.
 */
final class FailureText {
  private FailureText() {}

  static String of(Exception failure) {
    if (failure instanceof FileSystemException file) {
      return of(file);
    }
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }

  private static String of(FileSystemException failure) {
    String path = failure.getFile();
    if (path == null || failure.getReason() != null) {
      String message = failure.getMessage();
      return message == null ? failure.getClass().getSimpleName() : message;
    }
    return switch (failure) {
      case AccessDeniedException denied ->
          path
              + ": permission denied (remedy: give user "
              + System.getProperty("user.name")
              + " the right, or name another place)";
      case NoSuchFileException missing -> path + ": no such file or directory";
      case FileAlreadyExistsException exists -> path + ": is there already";
      case NotDirectoryException other -> path + ": is not a directory";
      case DirectoryNotEmptyException full -> path + ": is a directory that is not empty";
      default -> path + ": " + failure.getClass().getSimpleName();
    };
  }
}
