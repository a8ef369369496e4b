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
    try encode(document, isListed: true)
  }

  /// The bytes of a result file, with or without the list of what it holds.
  static func encode(_ document: Document, isListed: Bool) throws -> [UInt8] {
    try document.check()
    guard document.root.text("schema") == schema else {
      throw DocumentError.inconsistent("the attribute schema must be \(schema)", in: "/")
    }
    var stored = document
    if isListed { stored.root.attributes += ContentList(of: document).attributes }
    var bytes = try HDF5Library.session("the file in memory") {
      try HDF5Writer.encode(stored)
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
    _ = try withOwnReader(path) { _ in }
  }

  /// The document in the result file at `path`. Attributes come sorted by name.
  ///
  /// What another program has added is left out; what it has changed is an error. Throws `FileError`
  /// if there is no such file, `ResultFileError` if it is not what it should be.
  public static func read(_ path: String) throws -> Document {
    try readWithAdditions(path).document
  }

  /// The document in the result file at `path`, and the paths of what another program has added,
  /// e.g. `/notes` or `/train_cost@checked_by`. Throws as `read`.
  public static func readWithAdditions(
    _ path: String
  ) throws -> (document: Document, additions: [String]) {
    try withOwnReader(path) { reader in try reader.document() }
  }

  /// A part of the root group, without reading the rest: its attributes, all its dimensions, and
  /// the named variables as far as there are such; no subgroups.
  public static func read(_ path: String, variables: [String]) throws -> Document {
    try withOwnReader(path) { try $0.document(variables: Set(variables)) }.document
  }

  /// The root group's attributes, sorted by name, without reading the rest.
  public static func readAttributes(_ path: String) throws -> [Attribute] {
    try withOwnReader(path) { try $0.rootAttributes() }.document
  }

  /// Calls `body` with a reader of the file at `path`, which may be anybody's.
  static func withReader<Result>(
    _ path: String, _ body: (borrowing HDF5Reader) throws -> Result
  ) throws -> Result {
    // First, for the operating system's reasons are clearer than what HDF5 makes of them.
    _ = try FileSeal.check(path)
    return try HDF5Library.session(path) { try body(try HDF5Reader(opening: path)) }
  }

  /// Calls `body` with a reader of our file at `path`. A file whose seal is gone has been changed or
  /// copied by another program: all of it is read and verified first.
  private static func withOwnReader<Result>(
    _ path: String, _ body: (borrowing HDF5Reader) throws -> Result
  ) throws -> (document: Result, additions: [String]) {
    let isSealed = try FileSeal.check(path)
    return try HDF5Library.session(path) {
      let strict = try HDF5Reader(opening: path)
      guard let found = try strict.rootText("schema") else {
        throw ResultFileError.notOurs(path: path)
      }
      let parts = found.split(separator: "/")
      guard parts.count == 2, parts[0] == schemaName, let version = Int(parts[1]) else {
        throw ResultFileError.notOurs(path: path)
      }
      guard version <= schemaVersion else {
        throw ResultFileError.newerSchema(path: path, schema: found)
      }
      if isSealed { return (try body(strict), []) }
      let list = try ContentList(reading: strict)
      let additions = Additions(own: list?.names)
      let reader = try HDF5Reader(opening: path, leavingOut: additions)
      try verify(try reader.document(), list, path: path)
      let names = additions.found
      return (try body(reader), names)
    }
  }

  /// Throws `ResultFileError.altered` unless the document is what was written.
  private static func verify(_ document: Document, _ list: ContentList?, path: String) throws {
    if let list {
      guard document.wholeDigest == list.digest else { throw ResultFileError.altered(path: path) }
      return
    }
    // Files from before there was a list have a hash of what repeats, by the bytes that HDF5 makes.
    guard let stated = document.root.text("content_sha256"),
      document.root.text("hdf5_version") == HDF5File.libraryVersion
    else { return }
    guard try document.contentIdentity() == stated else {
      throw ResultFileError.altered(path: path)
    }
  }
}

/// What a file held when it was written: how additions and changes by other programs are told.
///
/// Two attributes of the root group that readers of documents do not see.
struct ContentList {
  static let namesAttribute = "_contents"
  static let digestAttribute = "_contents_sha256"

  /// The paths of all objects and attributes.
  let names: Set<String>
  /// The digest of the document.
  let digest: String
  /// The list as it is stored.
  let attributes: [Attribute]

  init(of document: Document) {
    // Sorted: the order of attributes must not change the bytes.
    let contents = document.contents.sorted()
    names = Set(contents)
    digest = document.wholeDigest
    attributes = [
      Attribute(Self.namesAttribute, contents.joined(separator: "\n")),
      Attribute(Self.digestAttribute, digest),
    ]
  }

  /// The list in a file; `nil` if it has none.
  init?(reading reader: borrowing HDF5Reader) throws {
    guard let text = try reader.rootText(Self.namesAttribute),
      let digest = try reader.rootText(Self.digestAttribute)
    else { return nil }
    names = Set(text.split(separator: "\n").map(String.init))
    self.digest = digest
    attributes = []
  }
}

/// What a reader leaves out because another program has added it.
final class Additions {
  /// The paths that are ours; `nil` if the file does not say: then what cannot be read is not.
  let own: Set<String>?
  /// The paths of what was left out, in the order of reading, each once.
  private(set) var found: [String] = []

  init(own: Set<String>?) { self.own = own }

  func add(_ path: String) {
    if !found.contains(path) { found.append(path) }
  }
}
