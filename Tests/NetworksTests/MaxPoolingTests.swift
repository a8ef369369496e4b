import CVectorKernels
import Numerics
import Testing

@Suite("Max pooling over blocks of channels")
struct MaxPoolingTests {
  /// Images of `count` blocks with many equal elements, so that the first maximum matters.
  private static func images(_ pooling: vk_pooling, count: Int, seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: .test)
    return (0..<count * pooling.rows * pooling.columns * pooling.block).map { _ in
      Float(max(0, stream.next(below: 7) - 3)) / 4
    }
  }

  private struct Pooled: Equatable {
    var maxima: [Float]
    var taps: [UInt8]
  }

  /// Element by element, as the definition says.
  private static func reference(_ p: vk_pooling, _ images: [Float], count: Int) -> Pooled {
    var result = Pooled(maxima: [], taps: [])
    for image in 0..<count {
      for row in 0..<p.pooled_rows {
        for column in 0..<p.pooled_columns {
          for lane in 0..<p.block {
            var best: (value: Float, tap: Int)?
            for tap in 0..<9 {
              let y = 2 * row - p.above + tap / 3
              let x = 2 * column - p.left + tap % 3
              guard (0..<p.rows).contains(y), (0..<p.columns).contains(x) else { continue }
              let value = images[((image * p.rows + y) * p.columns + x) * p.block + lane]
              if best == nil || value > best!.value { best = (value, tap) }
            }
            result.maxima.append(best?.value ?? .nan)
            result.taps.append(UInt8(best?.tap ?? 0))
          }
        }
      }
    }
    return result
  }

  private static func reference(
    _ p: vk_pooling, gradient: [Float], taps: [UInt8], count: Int
  ) -> [Float] {
    var result = [Float](repeating: 0, count: count * p.rows * p.columns * p.block)
    for index in gradient.indices {
      let (lane, place) = (index % p.block, index / p.block)
      let (column, line) = (place % p.pooled_columns, place / p.pooled_columns)
      let (row, image) = (line % p.pooled_rows, line / p.pooled_rows)
      let y = 2 * row - p.above + Int(taps[index]) / 3
      let x = 2 * column - p.left + Int(taps[index]) % 3
      result[((image * p.rows + y) * p.columns + x) * p.block + lane] += gradient[index]
    }
    return result
  }

  /// Borders before and after: none, as TensorFlow's `same` has them on even and odd sizes, and both.
  @Test(
    arguments: [8, 16], [(7, 0, 0), (8, 0, 1), (9, 1, 1), (8, 1, 1), (3, 0, 0), (32, 0, 1)])
  func `the first maximum of each window and its gradient are exact, at every border`(
    block: Int, size: (Int, Int, Int)
  ) {
    let (rows, before, after) = size
    let columns = rows + 1
    func pooled(_ n: Int) -> Int { (n + before + after - 3) / 2 + 1 }
    var pooling = vk_pooling(
      block: block, rows: rows, columns: columns, pooled_rows: pooled(rows),
      pooled_columns: pooled(columns), above: before, left: before)
    let count = 3
    let images = Self.images(pooling, count: count, seed: UInt64(rows * block))
    let size = count * pooling.pooled_rows * pooling.pooled_columns * block
    var found = Pooled(
      maxima: [Float](repeating: -1, count: size), taps: [UInt8](repeating: 255, count: size))
    vk_max_pool(&pooling, count, images, &found.maxima, &found.taps)
    #expect(found == Self.reference(pooling, images, count: count))

    var stream = RandomStream(seed: 1, purpose: .test)
    let gradient = (0..<size).map { _ in stream.nextNormal() }
    var spread = [Float](repeating: .nan, count: images.count)
    vk_max_pool_backward(&pooling, count, gradient, found.taps, &spread)
    #expect(
      spread == Self.reference(pooling, gradient: gradient, taps: found.taps, count: count))
  }

  @Test func `a NaN at the first place of a window stays, later ones are not larger than anything`()
  {
    var pooling = vk_pooling(
      block: 8, rows: 3, columns: 3, pooled_rows: 1, pooled_columns: 1, above: 0, left: 0)
    var images = [Float](repeating: 1, count: 72)
    images[0] = .nan
    images[8 + 1] = .nan
    var maxima = [Float](repeating: 0, count: 8)
    var taps = [UInt8](repeating: 255, count: 8)
    vk_max_pool(&pooling, 1, images, &maxima, &taps)
    #expect(maxima[0].isNaN && maxima[1...].allSatisfy { $0 == 1 })
    #expect(taps == [UInt8](repeating: 0, count: 8))
  }
}
