/// Repairs the checksum of a file image's superblock.
///
/// `H5Fget_file_image` clears the flag "open for writing" in the superblock, and before HDF5 2.0 it
/// leaves the checksum as it was (github.com/HDFGroup/hdf5, issue 1915), so that nothing opens the
/// image. The layout is that of versions 2 and 3 in the HDF5 file format specification, II.A.
enum HDF5Superblock {
  private static let versionOffset = 8
  private static let addressSizeOffset = 9

  static func repairChecksum(_ image: inout [UInt8]) {
    guard image.count > addressSizeOffset, [2, 3].contains(image[versionOffset]) else { return }
    let checksumOffset = 12 + 4 * Int(image[addressSizeOffset])
    guard checksumOffset % 4 == 0, image.count >= checksumOffset + 4 else { return }
    let words = stride(from: 0, to: checksumOffset, by: 4).map { offset in
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(image[offset + $1]) << (8 * UInt32($1)) }
    }
    let checksum = lookup3(words)
    for byte in 0..<4 {
      image[checksumOffset + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(byte)))
    }
  }

  /// Bob Jenkins's hash function lookup3, as the specification (III.A) asks, of whole words.
  private static func lookup3(_ words: [UInt32]) -> UInt32 {
    func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
      word << count | word >> (32 - count)
    }
    var a = 0xDEAD_BEEF &+ UInt32(4 * words.count)
    var (b, c) = (a, a)
    var rest = words[...]
    while rest.count > 3 {
      a &+= rest.removeFirst()
      b &+= rest.removeFirst()
      c &+= rest.removeFirst()
      a = (a &- c) ^ rotated(c, 4)
      c &+= b
      b = (b &- a) ^ rotated(a, 6)
      a &+= c
      c = (c &- b) ^ rotated(b, 8)
      b &+= a
      a = (a &- c) ^ rotated(c, 16)
      c &+= b
      b = (b &- a) ^ rotated(a, 19)
      a &+= c
      c = (c &- b) ^ rotated(b, 4)
      b &+= a
    }
    guard !rest.isEmpty else { return c }
    a &+= rest.popFirst() ?? 0
    b &+= rest.popFirst() ?? 0
    c &+= rest.popFirst() ?? 0
    c = (c ^ b) &- rotated(b, 14)
    a = (a ^ c) &- rotated(c, 11)
    b = (b ^ a) &- rotated(a, 25)
    c = (c ^ b) &- rotated(b, 16)
    a = (a ^ c) &- rotated(c, 4)
    b = (b ^ a) &- rotated(a, 14)
    c = (c ^ b) &- rotated(b, 24)
    return c
  }
}
