import Foundation
import Synchronization

/// Replacing a file in one step: at every instant there is the old or the new complete one.
///
/// A temporary in the same folder is written, synchronized, reopened and verified, then renamed
/// over the file, and the folder is synchronized. A process that dies in between leaves a temporary
/// `.<name>.<pid>.<number>.partial`, which the next commit of the same file removes.
public enum AtomicFile {
  /// Replaces the file at `path` by `bytes`.
  ///
  /// `verify` gets the path of the written temporary and throws if it is not as it should be; the
  /// default reads it back and compares. On any error the temporary is removed; the old file stays,
  /// unless only the last step failed, the folder's way to the disk: then the new one is there.
  ///
  /// Throws `FileError`, `DanglingLinkError`, `VerificationError`, or what `verify` throws.
  public static func commit(
    _ bytes: [UInt8], to path: String, layer: any FileLayer = .system,
    verify: ((String) throws -> Void)? = nil
  ) throws {
    try bytes.withUnsafeBytes { try commit($0, to: path, layer: layer, verify: verify) }
  }

  /// Replaces the file at `path` by the UTF-8 bytes of `text`.
  public static func commit(
    _ text: String, to path: String, layer: any FileLayer = .system
  ) throws {
    try commit(Array(text.utf8), to: path, layer: layer)
  }

  /// Replaces the file at `path` by `bytes`; see the first form.
  public static func commit(
    _ bytes: UnsafeRawBufferPointer, to path: String, layer: any FileLayer = .system,
    verify: ((String) throws -> Void)? = nil
  ) throws {
    let target = try resolvingLink(path)
    removeStaleTemporaries(of: target, layer: layer)
    let temporary = Temporaries.shared.begin(target)
    defer { Temporaries.shared.end(temporary) }
    do {
      try write(bytes, to: temporary, layer: layer)
      if let verify {
        try verify(temporary)
      } else {
        let written = try FileContents.read(temporary)
        let isEqual = written.withUnsafeBytes { written in
          written.count == bytes.count && written.elementsEqualFast(bytes)
        }
        guard isEqual else { throw VerificationError(path: path) }
      }
      try layer.rename(temporary, to: target)
    } catch {
      // The first error is the one to tell; what cannot be removed now, the next commit removes.
      try? layer.remove(temporary)
      throw named(error, path)
    }
    do {
      try layer.synchronizeFolder(FilePaths.folder(of: target))
    } catch {
      throw named(error, path)
    }
  }

  /// Removes temporaries of the file at `path` that no living process is writing.
  public static func removeStaleTemporaries(of path: String, layer: any FileLayer = .system) {
    let folder = FilePaths.folder(of: path)
    let prefix = ".\(FilePaths.name(of: path))."
    for name in FilePaths.names(in: folder) where name.hasPrefix(prefix) {
      guard let pid = Temporaries.writer(ofName: name, prefix: prefix) else { continue }
      let temporary = FilePaths.join(folder, name)
      if Temporaries.shared.isStale(temporary, writer: pid) { try? layer.remove(temporary) }
    }
  }

  private static func write(
    _ bytes: UnsafeRawBufferPointer, to path: String, layer: any FileLayer
  ) throws {
    let file = try layer.create(path)
    do {
      try layer.writeAll(bytes, to: file)
      try layer.synchronize(file)
    } catch {
      try? layer.close(file)
      throw error
    }
    try layer.close(file)
  }

  /// Where the file at `path` is or will be. A link is followed, so that a result that lives on
  /// another disk stays there.
  ///
  /// Throws `DanglingLinkError` if the link leads nowhere, perhaps since that disk is not there now.
  @discardableResult
  public static func resolvingLink(_ path: String) throws -> String {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
    guard let resolved = realpath(path, nil) else {
      guard errno == ENOENT else { throw FileError(.rename, path, code: errno) }
      throw DanglingLinkError(path: path)
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The user knows the file's name, not the temporary's.
  private static func named(_ error: any Error, _ path: String) -> any Error {
    guard var error = error as? FileError else { return error }
    error.path = path
    if error.operation == .open || error.operation == .read { error.operation = .verify }
    return error
  }
}

/// An output that is a link to something that is not there.
public struct DanglingLinkError: UserFacingError, Equatable {
  /// The link.
  public let path: String

  /// What is wrong, where, and what to do; one line.
  public var description: String {
    "\(path) is a link to something that is not there; make what it leads to available, or remove "
      + "the link"
  }

  /// 73: cannot create.
  public var exitStatus: ExitStatus { .cannotCreate }
}

extension UnsafeRawBufferPointer {
  fileprivate func elementsEqualFast(_ other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard let left = baseAddress, let right = other.baseAddress else { return true }
    return memcmp(left, right, count) == 0
  }
}

/// The temporaries that this process is writing now.
final class Temporaries: Sendable {
  static let shared = Temporaries()
  static let suffix = ".partial"

  private struct State {
    var nextNumber = 0
    var active: Set<String> = []
  }
  private let state = Mutex(State())

  /// A name for a new temporary of `target`, in the same folder.
  func begin(_ target: String) -> String {
    let folder = FilePaths.folder(of: target)
    return state.withLock { state in
      while true {
        let name = ".\(FilePaths.name(of: target)).\(getpid()).\(state.nextNumber)\(Self.suffix)"
        state.nextNumber += 1
        let path = FilePaths.join(folder, name)
        if !FilePaths.exists(path) {
          state.active.insert(path)
          return path
        }
      }
    }
  }

  func end(_ temporary: String) {
    _ = state.withLock { $0.active.remove(temporary) }
  }

  /// Whether no living process writes this temporary. A name with our own process number that we
  /// are not writing is of an earlier process: in a container every start may get the same number.
  func isStale(_ temporary: String, writer: pid_t) -> Bool {
    if writer == getpid() { return state.withLock { !$0.active.contains(temporary) } }
    return kill(writer, 0) != 0 && errno == ESRCH
  }

  /// The process number in a temporary's name; nil if the name is not one of ours.
  static func writer(ofName name: String, prefix: String) -> pid_t? {
    guard name.hasSuffix(suffix), name.count > prefix.count + suffix.count else { return nil }
    let numbers = name.dropFirst(prefix.count).dropLast(suffix.count)
      .split(separator: ".", omittingEmptySubsequences: false)
    guard numbers.count == 2, Int(numbers[1]) != nil, let pid = pid_t(numbers[0]), pid > 0
    else { return nil }
    return pid
  }
}
