import Foundation

/// The exclusive right to write an output, held by one process at a time.
///
/// An advisory lock (`flock`) on the file `.<name>.lock` beside the output, which names the holder.
/// The operating system takes the lock away when the process ends, however it ends.
public final class OutputLock: Sendable {
  private let file: OpenFile
  private let layer: any FileLayer

  /// Takes the lock of the output at `path`, or refuses at once.
  ///
  /// Throws `OutputLockedError` if another process has it, `FileError` if the folder cannot be
  /// written or its file system has no locks.
  public init(output path: String, layer: any FileLayer = .system) throws {
    let lockPath = Self.lockPath(output: path)
    self.layer = layer
    while true {
      let file = try layer.openForLocking(lockPath)
      guard try layer.lock(file) else {
        throw OutputLockedError(path: path, holder: Self.holder(output: path))
      }
      // The last holder removed the file between our opening and locking it: lock the new one.
      guard file.isStillAt(lockPath) else { continue }
      try layer.truncate(file)
      let text = Array("\(getpid())\n".utf8)
      try text.withUnsafeBytes { try layer.writeAll($0, to: file) }
      self.file = file
      return
    }
  }

  deinit {
    // Removed while the lock is held, so that nobody else's lock is removed.
    try? layer.remove(file.path)
    try? layer.close(file)
  }

  /// The process that wrote the lock file last; nil if there is none.
  public static func holder(output path: String) -> Int32? {
    guard let bytes = try? FileContents.readPrefix(lockPath(output: path), count: 32) else {
      return nil
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  private static func lockPath(output path: String) -> String {
    FilePaths.join(FilePaths.folder(of: path), ".\(FilePaths.name(of: path)).lock")
  }
}

extension OpenFile {
  /// Whether this file is the one that the path names now.
  func isStillAt(_ path: String) -> Bool {
    withDescriptor { descriptor in
      var opened = stat()
      var named = stat()
      guard fstat(descriptor, &opened) == 0, stat(path, &named) == 0 else { return false }
      return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
    }
  }
}

/// Another process is writing the same output.
public struct OutputLockedError: UserFacingError, Equatable {
  /// The output.
  public var path: String
  /// The process that has it, if it has said so.
  public var holder: Int32?

  /// What is wrong, where, and what to do; one line.
  public var description: String {
    let who = holder.map { "process \($0)" } ?? "another process"
    return "\(path) is being written by \(who); wait until it ends, or choose another --output"
  }

  /// 73: cannot create.
  public var exitStatus: ExitStatus { .cannotCreate }
}
