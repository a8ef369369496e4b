/// An error that ends a program with one clear line: what went wrong, where, and what to do.
public protocol UserFacingError: Error, CustomStringConvertible, Sendable {
  /// What went wrong, where (the path), what the library said, and what to do; one line.
  var description: String { get }
  /// How the program ends.
  var exitStatus: ExitStatus { get }
}

/// Exit statuses, after sysexits.h.
public enum ExitStatus: Int32, Sendable {
  /// Everything that was asked for is done.
  case success = 0
  /// Some runs failed; the others are done.
  case failure = 1
  /// An unknown option, or a value that makes no sense.
  case usage = 64
  /// Data that is not what it should be: truncated, of another kind, out of range.
  case badData = 65
  /// A file or folder that should be there is not, or cannot be read.
  case noInput = 66
  /// A library or program that is needed is missing.
  case unavailable = 69
  /// A fault of this program.
  case software = 70
  /// The operating system refuses a thread, a process, a descriptor or memory.
  case operatingSystem = 71
  /// A file or folder cannot be created.
  case cannotCreate = 73
  /// Reading or writing failed midway, e.g. a full disk.
  case inputOutput = 74
  /// Interrupted; the same command goes on later.
  case temporary = 75
}
