import Storage

/// Result files: documents in HDF5, in the schema that `results/README.md` describes.
public enum ResultFile {
  /// The value of the root attribute `schema`: a name and a version.
  public static let schema = "adam-reproduction/1"

  private static let schemaName = "adam-reproduction"
  private static let schemaVersion = 1

  /// The bytes of a result file. The same document always gives the same bytes.
  ///
  /// Throws `DocumentError.inconsistent` if the document does not fit together or lacks the root
  /// attribute `schema`, `ResultFileError.library` if HDF5 fails.
  public static func encode(_ document: Document) throws -> [UInt8] {
    try document.check()
    guard document.root.text("schema") == schema else {
      throw DocumentError.inconsistent("the attribute schema must be \(schema)", in: "/")
    }
    var bytes = try HDF5Library.session("the file in memory") {
      try HDF5Writer.encode(document)
    }
    FileSeal.append(to: &bytes)
    return bytes
  }

  /// Replaces the result file at `path` in one step, after reading back what was written.
  ///
  /// A file that is there already must be one of ours. Throws as `encode` and `AtomicFile.commit`
  /// do, and as `checkReplaceable`.
  public static func write(
    _ document: Document, to path: String, layer: any FileLayer = .system
  ) throws {
    try checkReplaceable(path)
    try AtomicFile.commit(try encode(document), to: path, layer: layer) { temporary in
      let written: Document
      do {
        written = try read(temporary)
      } catch {
        throw VerificationError(path: path, detail: "\(error)")
      }
      guard written.isIdentical(to: document) else { throw VerificationError(path: path) }
    }
  }

  /// Throws unless there is nothing at `path`, or a result file of ours that may be replaced.
  public static func checkReplaceable(_ path: String) throws {
    guard FilePaths.exists(path), !FilePaths.isFolder(path) else { return }
    try withOwnReader(path) { _ in }
  }

  /// The document in the result file at `path`. Attributes come sorted by name.
  ///
  /// Throws `FileError` if there is no such file, `ResultFileError` if it is not what it should be.
  public static func read(_ path: String) throws -> Document {
    try withOwnReader(path) { try $0.document() }
  }

  /// A part of the root group, without reading the rest: its attributes, all its dimensions, and
  /// the named variables as far as there are such; no subgroups.
  public static func read(_ path: String, variables: [String]) throws -> Document {
    try withOwnReader(path) { try $0.document(variables: Set(variables)) }
  }

  /// The root group's attributes, sorted by name, without reading the rest.
  public static func readAttributes(_ path: String) throws -> [Attribute] {
    try withOwnReader(path) { try $0.rootAttributes() }
  }

  /// Calls `body` with a reader of the file at `path`, which may be anybody's.
  static func withReader<Result>(
    _ path: String, _ body: (borrowing HDF5Reader) throws -> Result
  ) throws -> Result {
    // First, for the operating system's reasons are clearer than what HDF5 makes of them.
    try FileSeal.check(path)
    return try HDF5Library.session(path) { try body(try HDF5Reader(opening: path)) }
  }

  private static func withOwnReader<Result>(
    _ path: String, _ body: (borrowing HDF5Reader) throws -> Result
  ) throws -> Result {
    try withReader(path) { reader in
      guard let found = try reader.rootText("schema") else {
        throw ResultFileError.notOurs(path: path)
      }
      let parts = found.split(separator: "/")
      guard parts.count == 2, parts[0] == schemaName, let version = Int(parts[1]) else {
        throw ResultFileError.notOurs(path: path)
      }
      guard version <= schemaVersion else {
        throw ResultFileError.newerSchema(path: path, schema: found)
      }
      return try body(reader)
    }
  }
}
