import Foundation
import Numerics
import Storage
import TestSupport
import Testing

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `the standard's examples come out, at once and byte by byte`(text: String, expected: String)
  {
    #expect(SHA256.hexDigest(of: text) == expected)
    #expect(SHA256.hexDigest(of: Array(text.utf8)) == expected)
    var digest = SHA256()
    for byte in text.utf8 { digest.update([byte]) }
    #expect(digest.finalize() == expected)
  }

  @Test func `a file of a million letters and one of many pieces have their digests`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/letters"
      let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
      try Data(letters).write(to: URL(filePath: path))
      let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      #expect(try SHA256.hexDigest(ofFile: path) == expected)
      // More than one piece of the streaming reader, and no multiple of it.
      let long = noise(3 << 20 | 5)
      try Data(long).write(to: URL(filePath: path))
      #expect(try SHA256.hexDigest(ofFile: path) == SHA256.hexDigest(of: long))
    }
  }

  @Test func `a copy goes its own way`() {
    var one = SHA256()
    one.update("ab")
    var other = one
    other.update("x")
    one.update("c")
    #expect(one.finalize() == SHA256.hexDigest(of: "abc"))
    #expect(other.finalize() == SHA256.hexDigest(of: "abx"))
  }

  @Test func `vectors are their little-endian bytes`() {
    let vector: FloatVector = [1, -2]
    #expect(
      SHA256.hexDigest(of: vector) == SHA256.hexDigest(of: [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]))
  }

  @Test func `a missing file is told`() throws {
    #expect(throws: FileError(.open, "/nowhere/at/all", code: ENOENT)) {
      try SHA256.hexDigest(ofFile: "/nowhere/at/all")
    }
  }
}
