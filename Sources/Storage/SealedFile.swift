import Foundation
import Numerics

/// A file of named arrays under a header, with a checksum over everything: checkpoints and the
/// records of finished runs.
///
/// All numbers are little-endian. In order:
///
/// | bytes | content |
/// | --- | --- |
/// | 8 | magic: `89 41 44 53 0D 0A 1A 0A` |
/// | 4 | format version, unsigned: 1 |
/// | 4 | number of bytes of the header, unsigned |
/// | 8 | number of bytes of the file, unsigned |
/// | | header: JSON with sorted keys: kind, the caller's header, the sections' names, types, counts |
/// | | the sections' elements, one section after another |
/// | 32 | SHA-256 of all bytes before |
///
/// The same content always gives the same bytes.
public struct SealedFile: Sendable {
  /// The format version that is written, and the newest that is read.
  public static let formatVersion: UInt32 = 1

  private static let magic: [UInt8] = [0x89, 0x41, 0x44, 0x53, 0x0D, 0x0A, 0x1A, 0x0A]
  private static let prefixLength = 24

  private enum ElementType: String, Codable {
    case float32, float64, bytes

    var size: Int {
      switch self {
      case .float32: 4
      case .float64: 8
      case .bytes: 1
      }
    }
  }

  private enum Payload: Sendable {
    case vector(FloatVector)
    case floats([Float])
    case doubles([Double])
    case bytes([UInt8])
    case stored(ElementType, Range<Int>)
  }

  private struct SectionEntry: Codable {
    var name: String
    var type: ElementType
    var count: Int
  }

  private struct Directory: Codable {
    var kind: String
    /// The caller's header, itself JSON: a string, so that any `Codable` fits without generics.
    var header: String
    var sections: [SectionEntry]
  }

  /// What the file is for, e.g. `checkpoint`.
  public let kind: String
  /// Where it was read from; nil if it was made here.
  public let path: String?
  private let header: String
  private var sections: [(name: String, payload: Payload)] = []
  /// The file's bytes, if it was read.
  private var backing: [UInt8] = []

  /// An empty container under `header`.
  ///
  /// Not-a-number and infinities are allowed in the header. Throws `EncodingError` if the header
  /// cannot be written as JSON.
  public init(kind: String, header: some Encodable) throws {
    self.kind = kind
    path = nil
    self.header = String(decoding: try Self.encoder().encode(header), as: UTF8.self)
  }

  /// Adds a section of 32-bit floats.
  public mutating func append(_ name: String, _ values: FloatVector) {
    append(name, payload: .vector(values))
  }

  /// Adds a section of 32-bit floats.
  public mutating func append(_ name: String, _ values: [Float]) {
    append(name, payload: .floats(values))
  }

  /// Adds a section of 64-bit floats.
  public mutating func append(_ name: String, _ values: [Double]) {
    append(name, payload: .doubles(values))
  }

  /// Adds a section of bytes.
  public mutating func append(_ name: String, bytes values: [UInt8]) {
    append(name, payload: .bytes(values))
  }

  private mutating func append(_ name: String, payload: Payload) {
    precondition(!sections.contains { $0.name == name }, "there is a section \(name) already")
    sections.append((name, payload))
  }

  /// The sections' names, in order.
  public var sectionNames: [String] { sections.map(\.name) }

  /// The header.
  ///
  /// Throws `SealedFileError.corrupt` if it is not of this type.
  public func header<Header: Decodable>(as type: Header.Type = Header.self) throws -> Header {
    do {
      return try Self.decoder().decode(type, from: Data(header.utf8))
    } catch {
      throw SealedFileError.corrupt(path: path ?? kind, reason: "the header is not a \(type)")
    }
  }

  /// The section's 32-bit floats. Throws `SealedFileError.corrupt` if there is no such section.
  public func floatVector(_ name: String) throws -> FloatVector {
    switch try payload(name) {
    case .vector(let values): return values
    case .floats(let values): return FloatVector(values)
    case .stored(.float32, let range):
      var vector = FloatVector(count: range.count / 4)
      vector.withUnsafeMutableBufferPointer { copy(range, to: UnsafeMutableRawBufferPointer($0)) }
      return vector
    default: throw wrongType(name, "32-bit floats")
    }
  }

  /// The section's 32-bit floats. Throws `SealedFileError.corrupt` if there is no such section.
  public func floats(_ name: String) throws -> [Float] {
    switch try payload(name) {
    case .vector(let values): return values.array
    case .floats(let values): return values
    case .stored(.float32, let range): return elements(range)
    default: throw wrongType(name, "32-bit floats")
    }
  }

  /// The section's 64-bit floats. Throws `SealedFileError.corrupt` if there is no such section.
  public func doubles(_ name: String) throws -> [Double] {
    switch try payload(name) {
    case .doubles(let values): return values
    case .stored(.float64, let range): return elements(range)
    default: throw wrongType(name, "64-bit floats")
    }
  }

  /// The section's bytes. Throws `SealedFileError.corrupt` if there is no such section.
  public func bytes(_ name: String) throws -> [UInt8] {
    switch try payload(name) {
    case .bytes(let values): return values
    case .stored(.bytes, let range): return elements(range)
    default: throw wrongType(name, "bytes")
    }
  }

  private func payload(_ name: String) throws -> Payload {
    guard let section = sections.first(where: { $0.name == name }) else {
      throw SealedFileError.corrupt(path: path ?? kind, reason: "it has no section \(name)")
    }
    return section.payload
  }

  private func wrongType(_ name: String, _ expected: String) -> SealedFileError {
    .corrupt(path: path ?? kind, reason: "its section \(name) does not hold \(expected)")
  }

  private func copy(_ range: Range<Int>, to target: UnsafeMutableRawBufferPointer) {
    backing.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  private func elements<Element>(_ range: Range<Int>) -> [Element] {
    let elementCount = range.count / MemoryLayout<Element>.stride
    return [Element](unsafeUninitializedCapacity: elementCount) { buffer, count in
      copy(
        range,
        to: UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]))
      count = elementCount
    }
  }

  // MARK: Writing

  /// The file's bytes.
  public func encoded() throws -> [UInt8] {
    let directory = Directory(
      kind: kind, header: header,
      sections: sections.map { name, payload in
        let (type, count) = Self.description(of: payload)
        return SectionEntry(name: name, type: type, count: count)
      })
    let text = Array(try Self.encoder().encode(directory))
    let dataLength = directory.sections.reduce(0) { $0 + $1.count * $1.type.size }
    let total = Self.prefixLength + text.count + dataLength + SHA256.byteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    bytes += Self.magic
    Self.append(Self.formatVersion, to: &bytes)
    Self.append(UInt32(text.count), to: &bytes)
    Self.append(UInt64(total), to: &bytes)
    bytes += text
    for (_, payload) in sections {
      switch payload {
      case .vector(let values):
        values.withUnsafeBufferPointer { bytes.append(contentsOf: UnsafeRawBufferPointer($0)) }
      case .floats(let values): values.withUnsafeBytes { bytes.append(contentsOf: $0) }
      case .doubles(let values): values.withUnsafeBytes { bytes.append(contentsOf: $0) }
      case .bytes(let values): bytes += values
      case .stored(_, let range): bytes += backing[range]
      }
    }
    var digest = SHA256()
    digest.update(bytes)
    bytes += digest.finalizeBytes()
    return bytes
  }

  /// Replaces the file at `path` by this one, in one step. Throws as `AtomicFile.commit` does.
  public func write(to path: String, layer: any FileLayer = .system) throws {
    try AtomicFile.commit(try encoded(), to: path, layer: layer)
  }

  private static func description(of payload: Payload) -> (ElementType, Int) {
    switch payload {
    case .vector(let values): (.float32, values.count)
    case .floats(let values): (.float32, values.count)
    case .doubles(let values): (.float64, values.count)
    case .bytes(let values): (.bytes, values.count)
    case .stored(let type, let range): (type, range.count / type.size)
    }
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  // MARK: Reading

  /// The file at `path`, which must be of this kind.
  ///
  /// Everything is checked before anything is believed. Throws `FileError` if it cannot be read,
  /// `SealedFileError` if it is not what it should be.
  public init(readingFrom path: String, kind: String) throws {
    try self.init(decoding: try FileContents.read(path), path: path, kind: kind)
  }

  /// The file whose bytes are `bytes`; `path` is for messages.
  public init(decoding bytes: [UInt8], path: String, kind: String) throws {
    let magic = Self.magic
    guard bytes.prefix(magic.count).elementsEqual(magic.prefix(bytes.count)), !bytes.isEmpty else {
      throw bytes.isEmpty
        ? SealedFileError.truncated(path: path, found: 0, expected: nil)
        : SealedFileError.notOurs(path: path)
    }
    guard bytes.count >= Self.prefixLength else {
      throw SealedFileError.truncated(path: path, found: bytes.count, expected: nil)
    }
    let version = Self.number(UInt32.self, in: bytes, at: 8)
    guard version <= Self.formatVersion else {
      throw SealedFileError.newerVersion(path: path, version: version)
    }
    let total = Self.number(UInt64.self, in: bytes, at: 16)
    guard UInt64(bytes.count) >= total else {
      throw SealedFileError.truncated(
        path: path, found: bytes.count, expected: Int(exactly: total))
    }
    let corrupt = SealedFileError.corrupt(path: path, reason: "its checksum is wrong")
    let headerLength = Int(Self.number(UInt32.self, in: bytes, at: 12))
    guard UInt64(bytes.count) == total,
      bytes.count >= Self.prefixLength + headerLength + SHA256.byteCount
    else { throw corrupt }
    let dataEnd = bytes.count - SHA256.byteCount
    var digest = SHA256()
    bytes.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<dataEnd])) }
    guard digest.finalizeBytes().elementsEqual(bytes[dataEnd...]) else { throw corrupt }

    let dataStart = Self.prefixLength + headerLength
    let text = Data(bytes[Self.prefixLength..<dataStart])
    guard let directory = try? Self.decoder().decode(Directory.self, from: text) else {
      throw SealedFileError.corrupt(path: path, reason: "its header cannot be understood")
    }
    guard directory.kind == kind else {
      throw SealedFileError.otherKind(path: path, found: directory.kind, expected: kind)
    }
    var position = dataStart
    for entry in directory.sections {
      let (length, overflow) = entry.count.multipliedReportingOverflow(by: entry.type.size)
      guard !overflow, entry.count >= 0, length <= dataEnd - position else {
        throw SealedFileError.corrupt(path: path, reason: "a section is longer than the file")
      }
      sections.append((entry.name, .stored(entry.type, position..<position + length)))
      position += length
    }
    self.kind = kind
    self.path = path
    header = directory.header
    backing = bytes
  }

  private static func number<Number: FixedWidthInteger>(
    _ type: Number.Type, in bytes: [UInt8], at offset: Int
  ) -> Number {
    bytes.withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type))
    }
  }

  private static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  private static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}

/// Why a sealed file is refused.
public enum SealedFileError: UserFacingError, Equatable {
  /// It does not begin as our files do.
  case notOurs(path: String)
  /// It is one of ours, but for something else.
  case otherKind(path: String, found: String, expected: String)
  /// It ends too early; `expected` bytes if that is known.
  case truncated(path: String, found: Int, expected: Int?)
  /// Its content is not what was written.
  case corrupt(path: String, reason: String)
  /// It was written by a later version of this program.
  case newerVersion(path: String, version: UInt32)

  /// What is wrong, where, and what to do; one line.
  public var description: String {
    switch self {
    case .notOurs(let path):
      "\(path) is not a file of this program; move it away"
    case .otherKind(let path, let found, let expected):
      "\(path) is a \(found), not a \(expected); move it away"
    case .truncated(let path, let found, let expected):
      "\(path) is cut off after \(found)\(expected.map { " of \($0)" } ?? "") bytes; remove it"
    case .corrupt(let path, let reason):
      "\(path) is damaged (\(reason)); remove it"
    case .newerVersion(let path, let version):
      "\(path) has format \(version), this program knows up to \(SealedFile.formatVersion); "
        + "use the program that wrote it, or remove it"
    }
  }

  /// 65: bad data.
  public var exitStatus: ExitStatus { .badData }
}
