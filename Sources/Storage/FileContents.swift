import Foundation

/// Reading whole files.
public enum FileContents {
  /// The bytes of the file at `path`.
  ///
  /// Throws `FileError` if it cannot be opened (a folder, missing, not permitted) or read.
  public static func read(_ path: String) throws -> [UInt8] {
    try withDescriptor(path) { descriptor in
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw FileError(.read, path, code: errno) }
      // One byte more than expected tells a file that has grown from one that has ended.
      var bytes = try [UInt8](unsafeUninitializedCapacity: Int(status.st_size) + 1) {
        buffer, count in
        count = try fill(UnsafeMutableRawBufferPointer(buffer), from: descriptor, path)
      }
      guard bytes.count > Int(status.st_size) else { return bytes }
      var piece = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = try piece.withUnsafeMutableBytes { try fill($0, from: descriptor, path) }
        if count == 0 { return bytes }
        bytes += piece[..<count]
      }
    }
  }

  /// The first bytes of the file at `path`: `count` of them, or all if there are fewer.
  public static func readPrefix(_ path: String, count: Int) throws -> [UInt8] {
    try withDescriptor(path) { descriptor in
      try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = try fill(UnsafeMutableRawBufferPointer(buffer), from: descriptor, path)
      }
    }
  }

  /// The last bytes of the file at `path`: `count` of them, or all if there are fewer.
  public static func readSuffix(_ path: String, count: Int) throws -> [UInt8] {
    try readPart(path) { size in max(0, size - count)..<size }
  }

  /// The bytes of the file at `path` that `part` chooses, which is told the file's size; where the file
  /// ends before them, those that there are.
  public static func readPart(_ path: String, _ part: (Int) -> Range<Int>) throws -> [UInt8] {
    try withDescriptor(path) { descriptor in
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw FileError(.read, path, code: errno) }
      let size = Int(status.st_size)
      let part = part(size).clamped(to: 0..<size)
      guard lseek(descriptor, off_t(part.lowerBound), SEEK_SET) >= 0 else {
        throw FileError(.read, path, code: errno)
      }
      return try [UInt8](unsafeUninitializedCapacity: part.count) { buffer, filled in
        filled = try fill(UnsafeMutableRawBufferPointer(buffer), from: descriptor, path)
      }
    }
  }

  /// Calls `body` with the file's bytes, piece by piece, in order.
  public static func forEachPiece(
    of path: String, byteCount: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try withDescriptor(path) { descriptor in
      let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
      defer { piece.deallocate() }
      while true {
        let count = try fill(piece, from: descriptor, path)
        if count == 0 { return }
        try body(UnsafeRawBufferPointer(rebasing: piece[..<count]))
      }
    }
  }

  private static func withDescriptor<Result>(
    _ path: String, _ body: (Int32) throws -> Result
  ) throws -> Result {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.open, path, code: errno) }
    defer { close(descriptor) }
    return try body(descriptor)
  }

  /// Reads until the buffer is full or the file ends; returns how many bytes.
  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, _ path: String
  ) throws -> Int {
    var filled = 0
    while filled < buffer.count, let base = buffer.baseAddress {
      let count = Foundation.read(descriptor, base + filled, buffer.count - filled)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(.read, path, code: errno)
      }
      filled += count
    }
    return filled
  }
}
