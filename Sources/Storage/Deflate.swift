import CZlib

/// Compression by zlib's deflate (RFC 1950), of bytes that fit in memory.
public enum Deflate {
  /// The bytes in short.
  public static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(uLong(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(size))
    let status = compress2(&packed, &size, bytes, uLong(bytes.count), Z_BEST_COMPRESSION)
    // The buffer is as large as zlib says: only lack of memory gets here.
    precondition(status == Z_OK, "zlib cannot compress: \(status)")
    return Array(packed.prefix(Int(size)))
  }

  /// The `count` bytes that were compressed; `nil` if these are not they.
  public static func expand(_ packed: [UInt8], count: Int) -> [UInt8]? {
    // Deflate makes nothing shorter than a thousandth: a greater claim is a lie, not to be reserved for.
    guard count >= 0, count <= 1032 * packed.count + 64 else { return nil }
    var size = uLong(count)
    // A buffer of one byte at least: zlib takes none of no bytes.
    var bytes = [UInt8](repeating: 0, count: max(1, count))
    let status = uncompress(&bytes, &size, packed, uLong(packed.count))
    guard status == Z_OK, size == uLong(count) else { return nil }
    return Array(bytes.prefix(count))
  }
}
