import Foundation
import Storage

/// What became of a cache: whether it was used, and if not, why.
///
/// A cache only saves time. What is in it is checked and never trusted: whatever is wrong with it,
/// the result is computed anew, and the same.
public struct CacheReport: Sendable, Equatable {
  /// Where the result came from, and where it went.
  public enum Outcome: Sendable, Equatable {
    /// No cache was asked for.
    case unused
    /// The result was read from it.
    case read
    /// The result was computed and stored.
    case written
    /// The result was computed, but could not be stored.
    case notWritten(reason: String)
  }

  /// The file; `nil` if no cache was asked for.
  public let path: String?
  /// Whether it was read or written.
  public let outcome: Outcome
  /// Why the file that was there was not used, if so.
  public let rejected: String?

  /// No cache.
  static let unused = CacheReport(path: nil, outcome: .unused, rejected: nil)
}

/// A sealed file beside the results that holds what is costly to compute.
struct DecodedCache {
  /// What the content was computed from; another key is another file.
  let key: String
  let path: String
  let kind: String

  private struct Header: Codable { var key: String }

  /// The cache for `key` in `folder`; `nil` if there is no folder.
  init?(folder: String?, kind: String, key: String) {
    guard let folder else { return nil }
    self.key = key
    self.kind = kind
    path = FilePaths.join(folder, "\(kind)-\(SHA256.hexDigest(of: key).prefix(16)).cache")
  }

  /// The cached value, or else the computed one, which is then stored.
  ///
  /// `decode` returns `nil` if the content is not of the right form.
  static func value<Value>(
    _ cache: DecodedCache?, decode: (SealedFile) throws -> Value?, compute: () throws -> Value,
    encode: (Value, inout SealedFile) -> Void
  ) throws -> (Value, CacheReport) {
    guard let cache else { return (try compute(), .unused) }
    var rejected: String?
    if FilePaths.exists(cache.path) {
      do {
        let file = try SealedFile(readingFrom: cache.path, kind: cache.kind)
        if try file.header(as: Header.self).key != cache.key {
          rejected = "\(cache.path) is for other data or parameters"
        } else if let value = try decode(file) {
          return (value, CacheReport(path: cache.path, outcome: .read, rejected: nil))
        } else {
          rejected = "\(cache.path) does not have the right form"
        }
      } catch { rejected = "\(error)" }
    }
    let value = try compute()
    do {
      try SystemFileLayer().createFolders(FilePaths.folder(of: cache.path))
      var file = try SealedFile(kind: cache.kind, header: Header(key: cache.key))
      encode(value, &file)
      try file.write(to: cache.path)
      return (value, CacheReport(path: cache.path, outcome: .written, rejected: rejected))
    } catch {
      return (
        value,
        CacheReport(path: cache.path, outcome: .notWritten(reason: "\(error)"), rejected: rejected)
      )
    }
  }
}

extension LocatedDataset {
  /// Reads the reviews and counts their words.
  ///
  /// `cacheFolder` keeps the counts for the next time (about 55 MB), beside the results and never in
  /// the data's folder. Throws `DatasetError` if the archive is damaged or is no longer the one that
  /// was identified.
  public func loadText(
    _ options: TextOptions = TextOptions(), cacheFolder: String? = nil
  ) throws -> TextData {
    guard identity.name == .imdb else {
      throw DatasetError.wrongKind(identity.name, wanted: "text")
    }
    // Counts serve both kinds of values.
    var common = options
    common.values = .counts
    let cache = DecodedCache(
      folder: cacheFolder, kind: "imdb-words", key: "1 \(identity.sha256) \(common)")
    let (counts, report) = try DecodedCache.value(
      cache, decode: { try WordCounts(sealed: $0, vocabularySize: options.vocabularySize) },
      compute: { try IMDB.counts(files[0], options) },
      encode: { $0.seal(in: &$1) })
    return counts.data(options, identity: identity, cache: report)
  }
}

extension WordCounts {
  func seal(in file: inout SealedFile) {
    for (name, split) in [("training", training), ("test", test)] {
      file.append("\(name)/row_offsets", bytes: Self.bytes(split.rowOffsets))
      file.append("\(name)/columns", bytes: Self.bytes(split.columns))
      file.append("\(name)/counts", split.counts)
      file.append("\(name)/labels", bytes: split.labels)
    }
    file.append("vocabulary", bytes: Array(vocabulary.joined(separator: "\n").utf8))
  }

  /// The counts that were sealed; `nil` if they are none for this many words.
  init?(sealed file: SealedFile, vocabularySize: Int) throws {
    func split(_ name: String) throws -> Split? {
      let split = Split(
        rowOffsets: Self.numbers(try file.bytes("\(name)/row_offsets")),
        columns: Self.numbers(try file.bytes("\(name)/columns")),
        counts: try file.floats("\(name)/counts"), labels: try file.bytes("\(name)/labels"))
      return split.isValid(vocabularySize) ? split : nil
    }

    guard let training = try split("training"), let test = try split("test") else { return nil }
    let words = try file.bytes("vocabulary").split(separator: UInt8(ascii: "\n"))
    guard words.count <= vocabularySize else { return nil }
    self.init(
      training: training, test: test, vocabulary: words.map { String(decoding: $0, as: UTF8.self) })
  }

  private static func bytes(_ numbers: [Int32]) -> [UInt8] {
    numbers.map(\.littleEndian).withUnsafeBytes { Array($0) }
  }

  private static func numbers(_ bytes: [UInt8]) -> [Int32] {
    bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map {
        Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))
      }
    }
  }
}

extension WordCounts.Split {
  /// Whether the arrays fit together, so that nobody who uses them reads outside.
  func isValid(_ featureCount: Int) -> Bool {
    guard rowOffsets.count == labels.count + 1, rowOffsets.first == 0,
      columns.count == counts.count, Int(rowOffsets.last ?? -1) == columns.count,
      labels.allSatisfy({ $0 <= 1 })
    else { return false }
    for (start, end) in zip(rowOffsets, rowOffsets.dropFirst()) {
      guard start <= end, Int(end) <= columns.count else { return false }
      var last: Int32 = -1
      for place in Int(start)..<Int(end) {
        guard columns[place] > last, Int(columns[place]) < featureCount else { return false }
        last = columns[place]
      }
    }
    return true
  }
}
