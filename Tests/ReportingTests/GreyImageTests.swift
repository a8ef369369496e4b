import CZlib
import Reporting
import Testing

@Suite struct GreyImageTests {
  @Test func `pictures stand in their places`() {
    // Two pictures of 2 x 1 pixels in one column, a pixel of margin around each, twice as large.
    let image = GreyImage(
      grid: [[0, 1], [0.5, 2]], width: 2, height: 1, columns: 1, gap: 1, scale: 2, margin: 9)
    #expect(image.width == 8 && image.height == 10)
    let rows = (0..<10).map { Array(image.pixels[$0 * 8..<$0 * 8 + 8]) }
    let border = [UInt8](repeating: 9, count: 8)
    #expect(rows[0] == border && rows[1] == border && rows[4] == border && rows[9] == border)
    #expect(rows[2] == [9, 9, 0, 0, 255, 255, 9, 9] && rows[3] == rows[2])
    #expect(rows[6] == [9, 9, 128, 128, 255, 255, 9, 9] && rows[7] == rows[6])
  }

  /// The bytes of each chunk, after its checksum was compared.
  private func chunks(_ png: [UInt8]) -> [(name: String, content: [UInt8])] {
    func number(_ at: Int) -> Int { png[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    var found: [(String, [UInt8])] = []
    var at = 8
    while at < png.count {
      let count = number(at)
      let body = Array(png[at + 4..<at + 8 + count])
      #expect(Int(crc32(0, body, uInt(body.count))) == number(at + 8 + count))
      found.append((String(decoding: body.prefix(4), as: UTF8.self), Array(body.dropFirst(4))))
      at += 12 + count
    }
    return found
  }

  @Test func `a PNG holds the pixels`() throws {
    let pixels = (0..<15).map { UInt8($0 * 17) }
    let png = GreyImage(width: 5, height: 3, pixels: pixels).png()
    #expect(png.prefix(8) == [137, 80, 78, 71, 13, 10, 26, 10])
    let chunks = chunks(png)
    #expect(chunks.map(\.name) == ["IHDR", "IDAT", "IEND"])
    #expect(chunks[0].content == [0, 0, 0, 5, 0, 0, 0, 3, 8, 0, 0, 0, 0])
    var lines = [UInt8](repeating: 0, count: 18)
    var count = uLong(lines.count)
    let packed = chunks[1].content
    #expect(uncompress(&lines, &count, packed, uLong(packed.count)) == Z_OK && count == 18)
    for row in 0..<3 {
      #expect(lines[row * 6] == 0)
      #expect(Array(lines[row * 6 + 1..<row * 6 + 6]) == Array(pixels[row * 5..<row * 5 + 5]))
    }
  }
}
