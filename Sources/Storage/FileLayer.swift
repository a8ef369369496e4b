import Foundation
import Synchronization

/// A file that is open for writing. It closes itself at the latest when it is released.
public final class OpenFile: Sendable {
  /// Where it is.
  public let path: String
  private let descriptor: Mutex<Int32>

  init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = Mutex(descriptor)
  }

  deinit { _ = closeDescriptor() }

  func withDescriptor<Result>(_ body: (Int32) throws -> Result) rethrows -> Result {
    try descriptor.withLock { descriptor in
      precondition(descriptor >= 0, "\(path) is closed")
      return try body(descriptor)
    }
  }

  /// Closes the file; returns `errno`, or 0.
  func closeDescriptor() -> Int32 {
    descriptor.withLock { descriptor in
      guard descriptor >= 0 else { return 0 }
      defer { descriptor = -1 }
      // After EINTR Linux has closed the descriptor all the same: a second call would be wrong.
      return Foundation.close(descriptor) == 0 || errno == EINTR ? 0 : errno
    }
  }
}

/// Every call by which this project changes the file system, so that a test can make each one fail.
///
/// All functions throw `FileError`. Relative paths are relative to the working directory.
public protocol FileLayer: Sendable {
  /// Creates a new file for writing; fails with `EEXIST` if there is one.
  func create(_ path: String) throws -> OpenFile
  /// Opens a file for locking, creating it if there is none. Nothing in it is changed.
  func openForLocking(_ path: String) throws -> OpenFile
  /// Writes some of the bytes, at least one; returns how many.
  func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws -> Int
  /// Cuts the file to no bytes.
  func truncate(_ file: OpenFile) throws
  /// Brings the file's bytes to the disk.
  func synchronize(_ file: OpenFile) throws
  /// Closes the file.
  func close(_ file: OpenFile) throws
  /// Takes the file's exclusive lock without waiting; false if another holder has it.
  func lock(_ file: OpenFile) throws -> Bool
  /// Moves a file over another one in the same folder.
  func rename(_ source: String, to target: String) throws
  /// Removes a file.
  func remove(_ path: String) throws
  /// Creates a folder in an existing one; fails with `EEXIST` if there is one.
  func createFolder(_ path: String) throws
  /// Brings the entries of a folder to the disk.
  func synchronizeFolder(_ path: String) throws
}

extension FileLayer where Self == SystemFileLayer {
  /// The operating system itself.
  public static var system: SystemFileLayer { SystemFileLayer() }
}

extension FileLayer {
  /// Writes all the bytes, in as many calls as it takes.
  public func writeAll(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws {
    var rest = bytes
    while rest.count > 0 {
      let count = try write(rest, to: file)
      guard count > 0 else { throw FileError(.write, file.path, code: EIO) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Creates the folder at `path` and those it is in, as far as they are missing.
  public func createFolders(_ path: String) throws {
    if FilePaths.isFolder(path) { return }
    let parent = FilePaths.folder(of: path)
    if parent != path { try createFolders(parent) }
    do {
      try createFolder(path)
    } catch let error as FileError where error.code == EEXIST && FilePaths.isFolder(path) {
      // Another process was faster.
    }
    // A new folder is lost with the power unless its parent's entries are on the disk.
    try synchronizeFolder(parent)
  }
}

/// The operating system's calls, repeated when a signal interrupts them.
public struct SystemFileLayer: FileLayer {
  /// The operating system.
  public init() {}

  /// Creates a new file for writing; fails with `EEXIST` if there is one.
  public func create(_ path: String) throws -> OpenFile {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    let descriptor = try repeated(.create, path) { open(path, flags, 0o666) }
    return OpenFile(path: path, descriptor: descriptor)
  }

  /// Opens a file for locking, creating it if there is none. Nothing in it is changed.
  public func openForLocking(_ path: String) throws -> OpenFile {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC
    let descriptor = try repeated(.create, path) { open(path, flags, 0o666) }
    return OpenFile(path: path, descriptor: descriptor)
  }

  /// Writes some of the bytes, at least one; returns how many.
  public func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws -> Int {
    try file.withDescriptor { descriptor in
      try repeated(.write, file.path) {
        Foundation.write(descriptor, bytes.baseAddress, bytes.count)
      }
    }
  }

  /// Cuts the file to no bytes.
  public func truncate(_ file: OpenFile) throws {
    _ = try file.withDescriptor { descriptor in
      try repeated(.write, file.path) { ftruncate(descriptor, 0) }
    }
  }

  /// Brings the file's bytes to the disk.
  public func synchronize(_ file: OpenFile) throws {
    _ = try file.withDescriptor { descriptor in
      try repeated(.synchronize, file.path) { fsync(descriptor) }
    }
  }

  /// Closes the file.
  public func close(_ file: OpenFile) throws {
    let code = file.closeDescriptor()
    guard code == 0 else { throw FileError(.close, file.path, code: code) }
  }

  /// Takes the file's exclusive lock without waiting; false if another holder has it.
  public func lock(_ file: OpenFile) throws -> Bool {
    try file.withDescriptor { descriptor in
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        if errno == EWOULDBLOCK { return false }
        if errno != EINTR { throw FileError(.lock, file.path, code: errno) }
      }
      return true
    }
  }

  /// Moves a file over another one in the same folder.
  public func rename(_ source: String, to target: String) throws {
    _ = try repeated(.rename, target) { Foundation.rename(source, target) }
  }

  /// Removes a file.
  public func remove(_ path: String) throws {
    _ = try repeated(.remove, path) { unlink(path) }
  }

  /// Creates a folder in an existing one; fails with `EEXIST` if there is one.
  public func createFolder(_ path: String) throws {
    _ = try repeated(.createFolder, path) { mkdir(path, 0o777) }
  }

  /// Brings the entries of a folder to the disk.
  public func synchronizeFolder(_ path: String) throws {
    let descriptor = try repeated(.synchronizeFolder, path) {
      open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    defer { _ = Foundation.close(descriptor) }
    do {
      _ = try repeated(.synchronizeFolder, path) { fsync(descriptor) }
    } catch let error as FileError where error.code == EINVAL {
      // Some network file systems have no such call; their rename is as durable as it gets.
    }
  }

  private func repeated<Number: SignedInteger>(
    _ operation: FileError.Operation, _ path: String, _ call: () -> Number
  ) throws -> Number {
    while true {
      let result = call()
      if result >= 0 { return result }
      if errno != EINTR { throw FileError(operation, path, code: errno) }
    }
  }
}
