import Foundation
import Storage

/// Files under a data set's name that are something else: told by their first bytes.
enum ForeignContent {
  /// What a file is, and what to do with it.
  struct Kind: Equatable {
    let what: String
    let advice: String
  }

  private static let again = "remove it and get the file again (run: make data)"
  private static let unpack = "unpack it"

  private static let magics: [(bytes: [UInt8], kind: Kind)] = [
    (
      Array("version https://git-lfs".utf8),
      Kind(
        what: "a pointer of Git LFS, not the file itself", advice: "run there: git lfs pull")
    ),
    (
      Array("/annex/objects".utf8),
      Kind(
        what: "a pointer of git-annex, not the file itself", advice: "run there: git annex get")
    ),
    (Array("PK\u{3}\u{4}".utf8), Kind(what: "a ZIP archive", advice: unpack)),
    ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], Kind(what: "a 7z archive", advice: unpack)),
    (Array("Rar!".utf8), Kind(what: "a RAR archive", advice: unpack)),
    (Array("BZh".utf8), Kind(what: "packed by bzip2", advice: "unpack it (bunzip2)")),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], Kind(what: "packed by xz", advice: "unpack it (unxz)")),
    ([0x28, 0xb5, 0x2f, 0xfd], Kind(what: "packed by zstd", advice: "unpack it (unzstd)")),
    ([0x1f, 0x9d], Kind(what: "packed by compress", advice: "unpack it (uncompress)")),
    ([0x93] + Array("NUMPY".utf8), Kind(what: "an array of NumPy", advice: again)),
    (Array("PAR1".utf8), Kind(what: "a Parquet file", advice: again)),
    ([0x89] + Array("HDF".utf8), Kind(what: "an HDF5 file", advice: again)),
    (Array("%PDF".utf8), Kind(what: "a PDF document", advice: again)),
  ]

  /// What a file that begins with `bytes` is; `nil` if that tells nothing.
  static func kind(_ bytes: [UInt8]) -> Kind? {
    if bytes.isEmpty { return Kind(what: "empty", advice: again) }
    if let known = magics.first(where: { bytes.starts(with: $0.bytes) }) { return known.kind }
    let text = String(decoding: bytes.prefix(200), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines.union(["\u{feff}"])).lowercased()
    if ["<!doctype html", "<html", "<head", "<!--"].contains(where: text.hasPrefix) {
      return Kind(what: "a web page (HTML)", advice: again)
    }
    if text.hasPrefix("<?xml") || text.hasPrefix("<error") {
      return Kind(what: "a server's message (XML)", advice: again)
    }
    if text.hasPrefix("{\"") { return Kind(what: "a text in JSON", advice: again) }
    return nil
  }

  /// Throws `DatasetError.otherKind` if a file is of a kind that no data set has.
  ///
  /// - Parameter isPacked: whether it may be gzipped once, so that its content is looked at too.
  static func check(_ path: String, isPacked: Bool) throws {
    if let kind = kind(try FileContents.readPrefix(path, count: 512)) {
      throw DatasetError.otherKind(path: path, found: kind.what, advice: kind.advice)
    }
    guard isPacked else { return }
    let reader = try GzipReader(path)
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
    bytes.removeLast(bytes.count - count)
    if bytes.starts(with: [0x1f, 0x8b]) {
      throw DatasetError.otherKind(
        path: path, found: "gzipped twice", advice: "unpack it once (gunzip) under the same name")
    }
    if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
      throw DatasetError.otherKind(
        path: path, found: "a tar archive", advice: "unpack it (tar xf)")
    }
    if let kind = kind(bytes) {
      throw DatasetError.otherKind(
        path: path, found: "\(kind.what), gzipped", advice: kind.advice)
    }
  }

  /// The fault of a file that has the beginning of a data set's name, and another end.
  static func fault(in folder: String, of name: DatasetName) throws -> DatasetError? {
    let beginnings =
      switch name {
      case .mnist, .fashionMNIST:
        Catalogue.IDXRole.allCases.flatMap { $0.names.filter { !$0.hasSuffix(".gz") } }
      case .cifar10: ["cifar-10-binary"]
      case .imdb: ["aclImdb"]
      case .ownImages: [String]()
      }
    for file in try FilePaths.readableNames(in: folder)
    where beginnings.contains(where: file.hasPrefix) {
      let path = FilePaths.join(folder, file)
      guard try FilePaths.isFolderIfThere(path) == false else { continue }
      if let kind = kind(try FileContents.readPrefix(path, count: 512)) {
        return .otherKind(path: path, found: kind.what, advice: kind.advice)
      }
    }
    return nil
  }
}
