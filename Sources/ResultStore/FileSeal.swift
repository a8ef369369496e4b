import Storage

/// A checksum behind the end of an HDF5 file, where HDF5 does not look.
///
/// HDF5 has no checksum for text and trusts what it reads so far that a damaged file can crash it.
/// So a file of ours is checked before HDF5 opens it. The seal is 40 bytes: `ADAMSEAL` and the
/// SHA-256 of all bytes before. A program that changes or copies the file by HDF5 drops the seal;
/// a file without one is read as any other.
enum FileSeal {
  private static let magic = Array("ADAMSEAL".utf8)
  static let byteCount = 8 + SHA256.byteCount

  /// Adds the seal.
  static func append(to bytes: inout [UInt8]) {
    var digest = SHA256()
    digest.update(bytes)
    bytes += magic
    bytes += digest.finalizeBytes()
  }

  /// Whether the file at `path` has a seal; throws `ResultFileError.damaged` if it does not fit.
  static func check(_ path: String) throws -> Bool {
    let seal = try FileContents.readSuffix(path, count: byteCount)
    guard seal.count == byteCount, seal.starts(with: magic) else { return false }
    let bytes = try FileContents.read(path)
    var digest = SHA256()
    bytes.withUnsafeBytes {
      digest.update(UnsafeRawBufferPointer(rebasing: $0.dropLast(byteCount)))
    }
    guard digest.finalizeBytes().elementsEqual(seal.dropFirst(magic.count)) else {
      throw ResultFileError.damaged(path: path)
    }
    return true
  }
}
