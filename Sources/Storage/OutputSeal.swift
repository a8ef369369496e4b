/// What output files were made from, and what is in them: whether they are complete is decided by
/// content, not by times or by their being there.
///
/// A sealed file that is written after the outputs. Whatever is missing, damaged or made from other
/// inputs is not complete.
public struct OutputSeal: Sendable, Equatable {
  private struct Entry: Codable, Equatable {
    var inputs: String
    var sha256: String
  }

  private static let kind = "adam-reproduction outputs"

  private let path: String
  private var entries: [String: Entry]

  /// The seal that will be written to `path`, of no output yet.
  public init(replacing path: String) {
    self.path = path
    entries = [:]
  }

  /// The seal at `path`; it knows of no output if there is none that can be trusted.
  public init(at path: String) {
    self.path = path
    let file = try? SealedFile(readingFrom: path, kind: Self.kind)
    entries = (try? file?.header(as: [String: Entry].self)) ?? [:]
  }

  /// Whether there is a file at `path` that has the content with which `name` was recorded, made from
  /// these inputs.
  public func isComplete(_ name: String, at path: String, from inputs: String) -> Bool {
    guard let entry = entries[name], entry.inputs == inputs, FilePaths.exists(path) else {
      return false
    }
    return (try? SHA256.hexDigest(ofFile: path)) == entry.sha256
  }

  /// The names that were recorded, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// Records what an output was made from, and its content.
  public mutating func record(_ name: String, _ bytes: [UInt8], from inputs: String) {
    entries[name] = Entry(inputs: inputs, sha256: SHA256.hexDigest(of: bytes))
  }

  /// Writes the seal, in one step. Throws as `AtomicFile.commit` does.
  public func write(layer: any FileLayer = .system) throws {
    try layer.createFolders(FilePaths.folder(of: path))
    try SealedFile(kind: Self.kind, header: entries).write(to: path, layer: layer)
  }
}
