import Foundation
import Storage

/// The regular files of an archive, or of the folder that it was unpacked into, one after the other.
protocol ArchiveContent: AnyObject {
  /// The name of the next file, as in the archive; `nil` at the end. What has not been read of the one
  /// before is skipped.
  func next() throws -> String?
  /// Reads on in the current file until the buffer is full or the file ends.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// Checks that what was read is what has this digest; throws `DatasetError.changed`.
  func finish(expecting sha256: String) throws
}

extension LocatedDataset.File {
  /// Opens the content, to be checked against `sha256` at the end.
  func content(of name: DatasetName, limit: Int) throws -> any ArchiveContent {
    let content = try Self.open(path, name, limit: limit)
    return isOfContent ? DigestedContent(content, name, path) : content
  }

  fileprivate static func open(
    _ path: String, _ name: DatasetName, limit: Int
  ) throws -> any ArchiveContent {
    try FilePaths.isFolderIfThere(path) == true
      ? try UnpackedArchive(path, name, limit: limit)
      : TarArchive(path, limits: TarArchive.Limits(totalBytes: limit))
  }
}

/// What was unpacked from an archive, in the order of the names.
final class UnpackedArchive: ArchiveContent {
  private let folder: String
  private let archiveFolder: String
  private let limit: Int
  private var names: ArraySlice<String>
  private var descriptor: Int32 = -1
  private var current = ""
  private var total = 0

  /// Throws `FileError` if a folder cannot be read.
  init(_ folder: String, _ name: DatasetName, limit: Int) throws {
    self.folder = folder
    self.limit = limit
    archiveFolder = name.unpackedFolder
    let parts = name == .imdb ? ["train/pos/", "train/neg/", "test/pos/", "test/neg/"] : [""]
    names = try parts.flatMap { part in
      try FilePaths.readableNames(in: FilePaths.join(folder, part)).map { part + $0 }
    }[...]
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func next() throws -> String? {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    while let name = names.popFirst() {
      let path = FilePaths.join(folder, name)
      if EntryName.isClutter(name) { continue }
      guard try FilePaths.isFolderIfThere(path) == false else { continue }
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw FileError(.open, path, code: errno) }
      current = path
      return "\(archiveFolder)/\(name)"
    }
    return nil
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count, let base = buffer.baseAddress {
      let count = Foundation.read(descriptor, base + filled, buffer.count - filled)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(.read, current, code: errno) }
      if count == 0 { break }
      filled += count
    }
    total += filled
    guard total <= limit else { throw DatasetError.tooLarge(path: folder, limit: limit) }
    return filled
  }

  /// A folder is identified by its content alone: see `DigestedContent`.
  func finish(expecting sha256: String) throws {}
}

/// A content whose files pass through SHA-256 as they are read.
///
/// Its digest is that of the lines that `sha256sum` prints for the files of the data set, in the order
/// of their names: the same however they are packed, and whatever lies beside them.
final class DigestedContent: ArchiveContent {
  private let content: any ArchiveContent
  private let name: DatasetName
  private let path: String
  private var current: (file: String, digest: SHA256)?
  private var digests: [(file: String, sha256: String)] = []

  init(_ content: any ArchiveContent, _ name: DatasetName, _ path: String) {
    self.content = content
    self.name = name
    self.path = path
  }

  func next() throws -> String? {
    try end()
    let next = try content.next()
    if let next, let file = Self.file(next, of: name) { current = (file, SHA256()) }
    return next
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try content.read(into: buffer)
    current?.digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }

  func finish(expecting sha256: String) throws {
    while try next() != nil {}
    guard digest == sha256 else { throw DatasetError.changed(path: path) }
  }

  /// The digest of all files, once `next` has returned `nil`.
  var digest: String {
    let lines = digests.sorted { $0.file.utf8.lexicographicallyPrecedes($1.file.utf8) }
      .map { "\($0.sha256)  \($0.file)\n" }
    return SHA256.hexDigest(of: lines.joined())
  }

  /// Reads what is left of the current file.
  private func end() throws {
    guard current != nil else { return }
    // A file that was read in part only is read to its end.
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    defer { piece.deallocate() }
    while try read(into: piece) > 0 {}
    guard var ended = current else { return }
    current = nil
    digests.append((ended.file, ended.digest.finalize()))
  }

  /// The name in the data set's folder, if the file is one that is read.
  private static func file(_ entry: String, of name: DatasetName) -> String? {
    let start = name.unpackedFolder + "/"
    guard entry.hasPrefix(start) else { return nil }
    let file = String(entry.dropFirst(start.count))
    switch name {
    case .imdb: return (try? IMDB.ReviewName(entry: entry)) == nil ? nil : file
    default: return CIFAR10.batches.contains(file) ? file : nil
    }
  }
}

/// What identifies the content of an archive, however it is packed.
struct ContentDigest {
  /// As in `DigestedContent`.
  let sha256: String
  /// For CIFAR-10, of its records whatever their order (`Catalogue.photographs`).
  let records: String?

  /// Reads everything; throws `DatasetError` and `FileError`.
  init(of path: String, _ name: DatasetName) throws {
    let content = DigestedContent(
      try LocatedDataset.File.open(
        path, name, limit: name == .imdb ? IMDB.byteLimit : CIFAR10.byteLimit), name, path)
    let isOfRecords = name == .cifar10
    var records: [[[UInt8]]] = [[], []]
    let piece = UnsafeMutableRawBufferPointer.allocate(
      byteCount: CIFAR10.recordSize, alignment: 64)
    defer { piece.deallocate() }
    while let entry = try content.next() {
      guard isOfRecords, CIFAR10.batches.contains(FilePaths.name(of: entry)) else { continue }
      let split = FilePaths.name(of: entry) == CIFAR10.testBatch ? 1 : 0
      while true {
        let count = try content.read(into: piece)
        if count == 0 { break }
        var digest = SHA256()
        digest.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        records[split].append(digest.finalizeBytes())
      }
    }
    sha256 = content.digest
    self.records =
      isOfRecords
      ? SHA256.hexDigest(
        of: records.flatMap { $0.sorted { $0.lexicographicallyPrecedes($1) } }.flatMap { $0 }) : nil
  }
}
