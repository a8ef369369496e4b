import Foundation
import Storage

/// A new empty folder that goes away with its owner.
public final class TemporaryFolder {
  /// Where it is.
  public let path: String

  /// Makes one.
  ///
  /// - Throws: `FileError` if the system refuses it.
  public init() throws {
    let parent = FileManager.default.temporaryDirectory.path
    var template = Array("\(parent)/adam-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw FileError(.createFolder, parent, code: errno)
    }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in the folder.
  public static func / (folder: TemporaryFolder, name: String) -> String {
    folder.path + "/" + name
  }

  /// All files in the folder and those below, hidden ones too, sorted.
  public var files: [String] {
    (FileManager.default.subpaths(atPath: path) ?? []).filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: self / name, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }

  /// Writes a file, creating its folder; returns its path.
  @discardableResult
  public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    let url = URL(fileURLWithPath: self / name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  /// The content of a file.
  public func bytes(_ name: String) throws -> [UInt8] { try contents(self / name) }
}

/// Calls `body` with the path of a new empty folder, removed afterwards.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = try TemporaryFolder()
  defer { withExtendedLifetime(folder) {} }
  return try body(folder.path)
}

/// The content of a file.
public func contents(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(filePath: path)))
}

/// All names in the folder but one.
public func otherNames(in folder: String, than name: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != name }.sorted()
}
