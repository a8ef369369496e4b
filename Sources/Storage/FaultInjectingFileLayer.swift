import Foundation
import Synchronization

/// A file layer in which chosen calls go wrong: for tests of what is left afterwards.
///
/// Calls are numbered from 1 in the order in which they are made, over all functions.
public final class FaultInjectingFileLayer: FileLayer {
  /// What goes wrong.
  public enum Fault: Sendable, Equatable {
    /// Nothing: only counts.
    case none
    /// The call fails with this `errno`; if it is a write, after half of the bytes.
    case fail(code: Int32)
    /// The call and all later ones fail with this `errno`: a disk that is full or gone.
    case failFromHere(code: Int32)
    /// A write takes half of the bytes, at least one, and says so; other calls go well.
    case writeShort
    /// Every write from here on takes half of the bytes, at least one; other calls go well.
    case writeShortFromHere
    /// The process is killed by SIGKILL; if the call is a write, after half of the bytes.
    case kill
  }

  private let fault: Fault
  private let faultyCall: Int
  private let base: any FileLayer
  private let calls = Mutex(0)

  /// A layer over `base` in which call number `faultyCall`, counted from 1, goes wrong.
  public init(
    _ fault: Fault = .none, atCall faultyCall: Int = .max, base: any FileLayer = .system
  ) {
    self.fault = fault
    self.faultyCall = faultyCall
    self.base = base
  }

  /// How many calls have been made.
  public var callCount: Int { calls.withLock { $0 } }

  /// Creates a new file for writing; fails with `EEXIST` if there is one.
  public func create(_ path: String) throws -> OpenFile {
    try strike(.create, path)
    return try base.create(path)
  }

  /// Opens a file for locking, creating it if there is none. Nothing in it is changed.
  public func openForLocking(_ path: String) throws -> OpenFile {
    try strike(.create, path)
    return try base.openForLocking(path)
  }

  /// Writes some of the bytes, at least one; returns how many.
  public func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws -> Int {
    let number = nextCall()
    let half = UnsafeRawBufferPointer(rebasing: bytes[..<max(1, bytes.count / 2)])
    switch fault {
    case .writeShort where number == faultyCall: return try base.write(half, to: file)
    case .writeShortFromHere where number >= faultyCall: return try base.write(half, to: file)
    case .kill where number == faultyCall:
      _ = try base.write(half, to: file)
      Self.killProcess()
    case .fail(let code) where number == faultyCall,
      .failFromHere(let code) where number >= faultyCall:
      _ = try base.write(half, to: file)
      throw FileError(.write, file.path, code: code)
    default: return try base.write(bytes, to: file)
    }
  }

  /// Cuts the file to no bytes.
  public func truncate(_ file: OpenFile) throws {
    try strike(.write, file.path)
    try base.truncate(file)
  }

  /// Brings the file's bytes to the disk.
  public func synchronize(_ file: OpenFile) throws {
    try strike(.synchronize, file.path)
    try base.synchronize(file)
  }

  /// Closes the file, also when the call is made to fail, as Linux does.
  public func close(_ file: OpenFile) throws {
    do {
      try strike(.close, file.path)
    } catch {
      try base.close(file)
      throw error
    }
    try base.close(file)
  }

  /// Takes the file's exclusive lock without waiting; false if another holder has it.
  public func lock(_ file: OpenFile) throws -> Bool {
    try strike(.lock, file.path)
    return try base.lock(file)
  }

  /// Moves a file over another one in the same folder.
  public func rename(_ source: String, to target: String) throws {
    try strike(.rename, target)
    try base.rename(source, to: target)
  }

  /// Removes a file.
  public func remove(_ path: String) throws {
    try strike(.remove, path)
    try base.remove(path)
  }

  /// Creates a folder in an existing one; fails with `EEXIST` if there is one.
  public func createFolder(_ path: String) throws {
    try strike(.createFolder, path)
    try base.createFolder(path)
  }

  /// Brings the entries of a folder to the disk.
  public func synchronizeFolder(_ path: String) throws {
    try strike(.synchronizeFolder, path)
    try base.synchronizeFolder(path)
  }

  private func nextCall() -> Int {
    calls.withLock { calls in
      calls += 1
      return calls
    }
  }

  private func strike(_ operation: FileError.Operation, _ path: String) throws {
    let number = nextCall()
    switch fault {
    case .fail(let code) where number == faultyCall,
      .failFromHere(let code) where number >= faultyCall:
      throw FileError(operation, path, code: code)
    case .kill where number == faultyCall: Self.killProcess()
    default: break
    }
  }

  private static func killProcess() -> Never {
    kill(getpid(), SIGKILL)
    // The signal arrives before `kill` returns to this thread; the compiler cannot know.
    while true { pause() }
  }
}
