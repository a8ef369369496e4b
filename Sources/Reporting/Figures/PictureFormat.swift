import CZlib
import Storage

/// The kinds of files that gnuplot writes, and whether one is whole: a program that draws on a full
/// disk may end with status 0 and leave half of a file.
package enum PictureFormat: String {
  case svg, png, pdf

  /// Whether the bytes are a complete file of this kind.
  package func isComplete(_ bytes: [UInt8]) -> Bool {
    switch self {
    case .svg:
      bytes.starts(with: "<?xml".utf8) && Self.ends(bytes, with: "</svg>")
        && String(validating: bytes, as: UTF8.self) != nil
    case .png: Self.isCompletePNG(bytes)
    case .pdf: bytes.starts(with: "%PDF-".utf8) && Self.ends(bytes, with: "%%EOF")
    }
  }

  private static func ends(_ bytes: [UInt8], with text: String) -> Bool {
    let last = bytes.lastIndex { ![9, 10, 13, 32].contains($0) } ?? -1
    return bytes[...last].suffix(text.utf8.count).elementsEqual(text.utf8)
  }

  /// The signature, then chunks (length, type, data, CRC-32 of type and data), the last one `IEND`
  /// (PNG specification, third edition, section 5).
  private static func isCompletePNG(_ bytes: [UInt8]) -> Bool {
    guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else { return false }
    func number(at place: Int) -> Int {
      bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    var place = 8
    while bytes.count - place >= 12 {
      let length = number(at: place)
      guard length <= bytes.count - place - 12 else { return false }
      let sum = bytes.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { crc32(0, $0 + place + 4, UInt32(length + 4)) } ?? 0
      }
      guard Int(sum) == number(at: place + 8 + length) else { return false }
      let isLast = bytes[place + 4..<place + 8].elementsEqual("IEND".utf8)
      place += 12 + length
      if isLast { return place == bytes.count }
    }
    return false
  }
}
