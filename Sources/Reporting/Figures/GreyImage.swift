import CZlib
import Storage

/// A grey picture: one byte a pixel, 0 is black, rows from top to bottom.
public struct GreyImage: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The pixels, row by row.
  public private(set) var pixels: [UInt8]

  /// A picture of the given pixels, `width * height` of them.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Pictures of one size, row by row in a grid of `columns`, with a margin of `gap` pixels around
  /// each; every pixel becomes a square of `scale` by `scale`.
  ///
  /// - Parameter pictures: intensities in [0, 1], `width * height` a picture.
  public init(
    grid pictures: [[Float]], width: Int, height: Int, columns: Int, gap: Int = 2, scale: Int = 1,
    margin: UInt8 = 64
  ) {
    precondition(!pictures.isEmpty && columns > 0 && scale > 0 && gap >= 0)
    precondition(pictures.allSatisfy { $0.count == width * height })
    let rows = (pictures.count + columns - 1) / columns
    let total = ((width + gap) * columns + gap, (height + gap) * rows + gap)
    var pixels = [UInt8](repeating: margin, count: total.0 * total.1 * scale * scale)
    for (index, picture) in pictures.enumerated() {
      let left = gap + index % columns * (width + gap)
      let top = gap + index / columns * (height + gap)
      for y in 0..<height * scale {
        for x in 0..<width * scale {
          let intensity = picture[y / scale * width + x / scale]
          let place = (top * scale + y) * total.0 * scale + left * scale + x
          pixels[place] = UInt8(min(max(intensity, 0), 1) * 255 + 0.5)
        }
      }
    }
    self.init(width: total.0 * scale, height: total.1 * scale, pixels: pixels)
  }

  /// The picture as a PNG file (ISO/IEC 15948): grey, 8 bits, not interlaced.
  public func png() -> [UInt8] {
    var lines: [UInt8] = []
    lines.reserveCapacity((width + 1) * height)
    for y in 0..<height {
      lines.append(0)  // no filter
      lines += pixels[y * width..<(y + 1) * width]
    }
    let header = Self.bigEndian(width) + Self.bigEndian(height) + [8, 0, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + Self.chunk("IHDR", header) + Self.chunk("IDAT", Deflate.compress(lines))
      + Self.chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    let sum = crc32(0, body, uInt(body.count))
    return bigEndian(content.count) + body + bigEndian(Int(sum))
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) }
  }
}
