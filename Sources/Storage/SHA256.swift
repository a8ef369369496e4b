import CCrypto
import Foundation
import Numerics

/// SHA-256 (FIPS 180-4) by libcrypto, which uses the processor's instructions for it.
public struct SHA256 {
  private final class Context {
    let pointer: OpaquePointer

    init() {
      guard let pointer = EVP_MD_CTX_new(), EVP_DigestInit_ex(pointer, EVP_sha256(), nil) == 1
      else { stop("libcrypto has no SHA-256") }
      self.pointer = pointer
    }

    init(copying other: Context) {
      guard let pointer = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(pointer, other.pointer) == 1
      else { stop("libcrypto cannot copy a SHA-256 state") }
      self.pointer = pointer
    }

    deinit { EVP_MD_CTX_free(pointer) }
  }

  /// The number of bytes of a digest.
  public static let byteCount = 32

  private var context = Context()
  private var isFinalized = false

  /// The digest of nothing so far.
  public init() {}

  /// Appends bytes to the message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    precondition(!isFinalized, "a finished digest takes no more bytes")
    if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
    guard bytes.count > 0 else { return }
    let status = EVP_DigestUpdate(context.pointer, bytes.baseAddress, bytes.count)
    precondition(status == 1, "libcrypto cannot go on with SHA-256")
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Appends the UTF-8 bytes of `text` to the message.
  public mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// Appends the bytes of the elements, little-endian IEEE 754, to the message.
  public mutating func update(_ vector: FloatVector) {
    vector.withUnsafeBufferPointer { update(UnsafeRawBufferPointer($0)) }
  }

  /// Ends the message and returns its digest: 32 bytes.
  public mutating func finalizeBytes() -> [UInt8] {
    precondition(!isFinalized, "a digest is finished once")
    if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
    isFinalized = true
    var digest = [UInt8](repeating: 0, count: Self.byteCount)
    let status = EVP_DigestFinal_ex(context.pointer, &digest, nil)
    precondition(status == 1, "libcrypto cannot finish SHA-256")
    return digest
  }

  /// Ends the message and returns its digest: 64 lower-case hexadecimal digits.
  public mutating func finalize() -> String { Self.hexadecimal(finalizeBytes()) }

  /// The digest of `bytes` in hexadecimal.
  public static func hexDigest(of bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { hexDigest(of: $0) }
  }

  /// The digest of `bytes` in hexadecimal.
  public static func hexDigest(of bytes: UnsafeRawBufferPointer) -> String {
    var digest = SHA256()
    digest.update(bytes)
    return digest.finalize()
  }

  /// The digest of the UTF-8 bytes of `text` in hexadecimal.
  public static func hexDigest(of text: String) -> String {
    var digest = SHA256()
    digest.update(text)
    return digest.finalize()
  }

  /// The digest of the vector's elements (little-endian IEEE 754) in hexadecimal.
  public static func hexDigest(of vector: FloatVector) -> String {
    var digest = SHA256()
    digest.update(vector)
    return digest.finalize()
  }

  /// The digest of a file's content in hexadecimal, read in pieces of 1 MiB.
  ///
  /// Throws `FileError` if the file cannot be opened or read.
  public static func hexDigest(ofFile path: String) throws -> String {
    var digest = SHA256()
    try FileContents.forEachPiece(of: path, byteCount: 1 << 20) { digest.update($0) }
    return digest.finalize()
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
