import CZlib
import Foundation
import Storage

/// The uncompressed bytes of a `.gz` file, streamed; a file that is not compressed is read as is.
struct GzipReader: ~Copyable {
  let path: String
  private let file: gzFile

  /// Opens the file; throws `FileError`.
  init(_ path: String) throws {
    guard !FilePaths.isFolder(path) else { throw FileError(.read, path, code: EISDIR) }
    guard let file = gzopen(path, "rbe") else { throw FileError(.open, path, code: errno) }
    gzbuffer(file, 1 << 18)
    self.path = path
    self.file = file
  }

  deinit { gzclose(file) }

  /// Fills `buffer` as far as the file goes; returns the number of bytes.
  ///
  /// Throws `DatasetError.damaged` with zlib's own words if the stream is damaged or ends early.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let wanted = UInt32(min(buffer.count - filled, 1 << 24))
      let count = gzread(file, buffer.baseAddress.map { $0 + filled }, wanted)
      if count > 0 { filled += Int(count) }
      if count < Int32(wanted) {
        try check()
        break
      }
    }
    return filled
  }

  private func check() throws {
    var code: Int32 = 0
    let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
    switch code {
    case Z_OK, Z_STREAM_END: return
    case Z_ERRNO: throw FileError(.read, path, code: errno)
    case Z_BUF_ERROR:
      throw DatasetError.damaged(
        path: path, reason: "the file is cut off (zlib: \(reason(message)))")
    default:
      throw DatasetError.damaged(path: path, reason: "damaged (zlib: \(reason(message)))")
    }
  }

  /// zlib puts the path in front of its words.
  private func reason(_ message: String) -> String {
    message.hasPrefix(path + ": ") ? String(message.dropFirst(path.count + 2)) : message
  }

  /// The sha256 of the uncompressed content; throws `DatasetError.tooLarge` above `limit` bytes.
  static func contentDigest(of path: String, limit: Int) throws -> String {
    let reader = try GzipReader(path)
    var digest = SHA256()
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { piece.deallocate() }
    var total = 0
    while true {
      let count = try reader.read(into: piece)
      if count == 0 { return digest.finalize() }
      total += count
      guard total <= limit else { throw DatasetError.tooLarge(path: path, limit: limit) }
      digest.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
  }
}
