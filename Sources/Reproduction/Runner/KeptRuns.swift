import Foundation
import Storage

/// The finished runs of an experiment in one compressed file, which travels with the project.
///
/// A `SealedFile` of a kind of its own. Its header names the experiment and the sizes; the section
/// `headers` is the records' headers as JSON, the section `values` their numbers in order, first all
/// bytes of lowest weight, then all of the next, and so on, as that compresses better; both deflated.
public enum KeptRuns {
  static let fileKind = "adam-reproduction kept runs"
  /// The version that is written, and the newest that is read.
  package static let formatVersion = 1

  private struct Header: Codable {
    var version: Int
    var experiment: String
    var headerBytes: Int
    var values: Int
  }

  /// The path of an experiment's file in a folder.
  public static func path(of experiment: String, in folder: String) -> String {
    FilePaths.join(folder, experiment + ".runs")
  }

  /// Replaces the file at `path` by one with these runs, in the order of their identities; the same
  /// runs give the same bytes.
  ///
  /// - Throws: `FileError` if it cannot be written; `SealedFileError` if there is a file that is not
  ///   one of kept runs.
  public static func write(
    _ records: [RunRecord], of experiment: String, to path: String, layer: any FileLayer = .system
  ) throws {
    if FilePaths.exists(path) { _ = try SealedFile(readingFrom: path, kind: fileKind) }
    try layer.createFolders(FilePaths.folder(of: path))
    try encode(records, of: experiment).write(to: path, layer: layer)
  }

  package static func encode(
    _ records: [RunRecord], of experiment: String, version: Int = formatVersion
  ) throws -> SealedFile {
    let headers = records.map { ($0.header, $0) }.sorted { $0.0.identity < $1.0.identity }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let text = [UInt8](try encoder.encode(headers.map(\.0)))
    var values: [Double] = []
    for (_, record) in headers {
      values += record.series.flatMap(\.values)
      for seconds in [record.elapsedSeconds, record.trainingSeconds] {
        values.append(Double(seconds.count))
        // Finer digits of a time say nothing and do not compress.
        values += seconds.map { ($0 * 1024).rounded() / 1024 }
      }
    }
    var file = try SealedFile(
      kind: fileKind,
      header: Header(
        version: version, experiment: experiment, headerBytes: text.count, values: values.count))
    file.append("headers", bytes: Deflate.compress(text))
    file.append("values", bytes: Deflate.compress(shuffled(values)))
    return file
  }

  /// The runs in the file at `path`.
  ///
  /// - Throws: `FileError` if it cannot be read, `SealedFileError` if it is cut short, damaged, of
  ///   another kind or newer, `MergeError` for one of another experiment.
  public static func read(_ path: String, of experiment: String) throws -> [RunRecord] {
    let file = try SealedFile(readingFrom: path, kind: fileKind)
    let header = try file.header(as: Header.self)
    guard header.version <= formatVersion else {
      throw MergeError(
        "\(path) holds kept runs of version \(header.version), this program knows up to "
          + "\(formatVersion); use the version of the project that wrote it")
    }
    guard header.experiment == experiment else {
      throw MergeError("\(path) holds runs of \(header.experiment), not of \(experiment)")
    }
    func damaged(_ reason: String) -> SealedFileError { .corrupt(path: path, reason: reason) }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard
      let text = Deflate.expand(try file.bytes("headers"), count: header.headerBytes),
      let headers = try? decoder.decode([RunRecord.Header].self, from: Data(text))
    else { throw damaged("its list of runs cannot be understood") }
    let (byteCount, overflow) = header.values.multipliedReportingOverflow(by: 8)
    guard !overflow, let bytes = Deflate.expand(try file.bytes("values"), count: byteCount) else {
      throw damaged("its numbers cannot be expanded")
    }
    var rest = unshuffled(bytes)[...]
    func take(_ count: Int?) throws -> [Double] {
      guard let count, count >= 0, count <= rest.count else {
        throw damaged("it has fewer numbers than its runs")
      }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    var records: [RunRecord] = []
    for header in headers {
      var values: [String: [Double]] = [:]
      for series in header.series { values[series.name] = try take(series.count) }
      let elapsed = try take(Int(exactly: try take(1)[0]))
      let training = try take(Int(exactly: try take(1)[0]))
      do {
        records.append(
          try RunRecord(
            header, values: { values[$0] ?? [] }, elapsedSeconds: elapsed,
            trainingSeconds: training))
      } catch let error as UnusableState {
        throw damaged("\(error)")
      }
    }
    return records
  }

  private static func shuffled(_ values: [Double]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 8 * values.count)
    for (index, value) in values.enumerated() {
      let bits = value.bitPattern
      for byte in 0..<8 {
        bytes[byte * values.count + index] = UInt8(truncatingIfNeeded: bits >> (8 * UInt64(byte)))
      }
    }
    return bytes
  }

  private static func unshuffled(_ bytes: [UInt8]) -> [Double] {
    let count = bytes.count / 8
    return (0..<count).map { index in
      var bits: UInt64 = 0
      for byte in 0..<8 { bits |= UInt64(bytes[byte * count + index]) << (8 * UInt64(byte)) }
      return Double(bitPattern: bits)
    }
  }
}
