import Foundation

/// A call to the operating system about a file that failed.
public struct FileError: UserFacingError, Equatable {
  /// What was attempted.
  public enum Operation: String, Sendable {
    /// Opening an existing file for reading.
    case open
    /// Reading from an open file.
    case read
    /// Creating a file.
    case create
    /// Creating a folder.
    case createFolder = "create the folder"
    /// Writing to an open file.
    case write
    /// Bringing a file's bytes to the disk.
    case synchronize
    /// Bringing a folder's entries to the disk.
    case synchronizeFolder = "synchronize the folder of"
    /// Closing a file.
    case close
    /// Moving the finished temporary over the file.
    case rename = "replace"
    /// Removing a file.
    case remove
    /// Locking a file against other processes.
    case lock
    /// Reading back what was written.
    case verify
  }

  /// What was attempted.
  public var operation: Operation
  /// The file, or the folder.
  public var path: String
  /// The operating system's `errno`.
  public var code: Int32

  /// A failed call, with the operating system's `errno`.
  public init(_ operation: Operation, _ path: String, code: Int32) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  /// What failed, where, why, and what to do; one line.
  public var description: String {
    "cannot \(operation.rawValue) \(path): \(reason); \(advice)"
  }

  /// 71 if too many files are open, 66 for a missing input, 73 if something cannot be created, else 74.
  public var exitStatus: ExitStatus {
    switch operation {
    case _ where [EMFILE, ENFILE].contains(code): .operatingSystem
    case .open: .noInput
    case .read where code == EISDIR: .noInput
    case .create, .createFolder: .cannotCreate
    case .rename where [EISDIR, EACCES, EPERM, EROFS].contains(code): .cannotCreate
    default: .inputOutput
    }
  }

  /// Whether the file or a folder on the way to it is not there.
  public var isAbsence: Bool { operation == .open && (code == ENOENT || code == ENOTDIR) }

  private var reason: String { String(cString: strerror(code)) }

  private var advice: String {
    switch code {
    case ENOSPC, EDQUOT:
      "free some space there, then run the same command again (finished runs are kept)"
    case EROFS, EACCES, EPERM:
      operation == .open
        ? "make it readable for you" : "make its folder writable for you, or choose another folder"
    case EISDIR where operation == .read: "it is a folder: give the path of a file"
    case EISDIR: "a folder has this name: move it away, or choose another name"
    case ENOENT:
      operation == .open || operation == .read
        ? "check the path" : "its folder is missing: create it, or choose another folder"
    case ENOTDIR: "a part of this path is a file, not a folder: choose another folder"
    case ENAMETOOLONG: "choose a shorter name"
    case EEXIST where operation == .createFolder:
      "what has this name is no folder, or a link that leads nowhere: move it away"
    case ELOOP: "links lead in a circle: remove one of them"
    case EFBIG: "files are limited in size: raise the limit (ulimit -f)"
    case ENOLCK, ENOTSUP, ENOSYS:
      "this file system has no locks: choose a folder on a local disk"
    case EMFILE, ENFILE: "too many files are open: raise the limit (ulimit -n)"
    default: "check the disk, then run the same command again"
    }
  }
}

/// A file that was written, but does not read back as what was written.
public struct VerificationError: UserFacingError, Equatable {
  /// The file that was to be replaced; it is as it was.
  public var path: String
  /// What is wrong, if more is known.
  public var detail: String?

  /// A file that reads back wrong.
  public init(path: String, detail: String? = nil) {
    self.path = path
    self.detail = detail
  }

  /// What failed, where, and what to do; one line.
  public var description: String {
    "what was written for \(path) reads back wrong\(detail.map { " (\($0))" } ?? ""); "
      + "check the disk and the memory, then run the same command again"
  }

  /// 74: I/O.
  public var exitStatus: ExitStatus { .inputOutput }
}
