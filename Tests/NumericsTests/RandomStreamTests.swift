import CVectorKernels
import Glibc
import Numerics
import Testing

@Suite struct PhiloxTests {
  /// The known answers that Random123 publishes (`kat_vectors`).
  @Test(arguments: [
    (
      SIMD4<UInt32>(0, 0, 0, 0), UInt64(0),
      SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      SIMD4<UInt32>(repeating: .max), UInt64.max,
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      UInt64(0x299f_31d0_a409_3822),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func `known answers`(counter: SIMD4<UInt32>, key: UInt64, answer: SIMD4<UInt32>) {
    #expect(Philox.block(counter: counter, key: key) == answer)
    var words = [UInt32](repeating: 0, count: 4)
    let counters = (0..<4).map { counter[$0] }
    vk_philox_fill(&words, 4, key, counters)
    #expect(words == (0..<4).map { answer[$0] })
  }

  @Test func `the bulk generator equals the scalar one for every length, wrapping its counter`() {
    let key: UInt64 = 0x0123_4567_89ab_cdef
    let counters: [UInt32] = [UInt32.max - 3, 5, 6, 7]
    let expected = (0..<40).flatMap { index -> [UInt32] in
      let first = counters[0] &+ UInt32(index)
      let block = Philox.block(counter: SIMD4(first, 5, 6, 7), key: key)
      return (0..<4).map { block[$0] }
    }
    for count in 0...expected.count {
      var words = [UInt32](repeating: 0xdead_beef, count: count + 1)
      vk_philox_fill(&words, count, key, counters)
      #expect(Array(words[..<count]) == Array(expected[..<count]))
      #expect(words[count] == 0xdead_beef, "a word too many with \(count)")
    }
  }
}

@Suite struct RandomStreamTests {
  private func words(_ count: Int, of stream: RandomStream) -> [UInt32] {
    var stream = stream
    return (0..<count).map { _ in stream.nextUInt32() }
  }

  @Test func `the first words are the blocks of the documented key and counters`() {
    let stream = RandomStream(seed: 42, purpose: .test, epoch: 3, step: 7, lane: 2)
    let expected = (0..<3).flatMap { index -> [UInt32] in
      let counter = SIMD4<UInt32>(UInt32(index), 7, 3, 8 | 2 << 16)
      let block = Philox.block(counter: counter, key: 42)
      return (0..<4).map { block[$0] }
    }
    #expect(words(12, of: stream) == expected)
  }

  @Test func `every seed, purpose, epoch, step and lane has a stream of its own`() {
    var seen: Set<[UInt32]> = []
    var count = 0
    func add(_ stream: RandomStream) {
      seen.insert(words(4, of: stream))
      count += 1
    }
    for seed in 0..<200 { add(RandomStream(seed: UInt64(seed), purpose: .test)) }
    add(RandomStream(seed: .max, purpose: .test))
    add(RandomStream(seed: 1 << 32, purpose: .test))
    for purpose in 1...7 {
      guard let purpose = RandomPurpose(rawValue: UInt32(purpose)) else { continue }
      add(RandomStream(seed: 0, purpose: purpose))
    }
    for index in 1..<50 {
      add(RandomStream(seed: 0, purpose: .test, epoch: index))
      add(RandomStream(seed: 0, purpose: .test, step: index))
      add(RandomStream(seed: 0, purpose: .test, lane: index))
    }
    #expect(seen.count == count)
  }

  @Test func `streams of different purposes are uncorrelated`() {
    let count = 1 << 16
    func uniforms(_ stream: RandomStream) -> [Float] {
      var stream = stream
      var values = [Float](repeating: 0, count: count)
      values.withUnsafeMutableBufferPointer { stream.fillUniform($0) }
      return values
    }
    let a = uniforms(RandomStream(seed: 0, purpose: .dropout))
    let others = [
      RandomStream(seed: 0, purpose: .latentNoise), RandomStream(seed: 1, purpose: .dropout),
      RandomStream(seed: 0, purpose: .dropout, step: 1),
      RandomStream(seed: 0, purpose: .dropout, lane: 1),
    ]
    for other in others.map(uniforms) {
      var sum = 0.0
      for index in 0..<count { sum += (Double(a[index]) - 0.5) * (Double(other[index]) - 0.5) }
      // Each product has variance 1/144.
      #expect(abs(sum / Double(count) * 12) < 5 / Double(count).squareRoot())
    }
  }

  @Test func `filling draws what single draws draw, from any place in the stream`() {
    for offset in 0..<9 {
      for count in [0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 1023, 1024, 1025, 2050] {
        var single = RandomStream(seed: 9, purpose: .test, epoch: 1)
        for _ in 0..<offset { _ = single.nextUInt32() }
        var bulk = single

        var raw = [UInt32](repeating: 0, count: count)
        raw.withUnsafeMutableBufferPointer { bulk.fillUInt32($0) }
        #expect(raw == (0..<count).map { _ in single.nextUInt32() })

        var values = [Float](repeating: 0, count: count)
        values.withUnsafeMutableBufferPointer { bulk.fillUniform($0) }
        #expect(values == (0..<count).map { _ in single.nextUniform() })

        for _ in 0..<2 {
          values.withUnsafeMutableBufferPointer { bulk.fillNormal($0) }
          #expect(values == (0..<count).map { _ in single.nextNormal() })
        }
        #expect(bulk.nextUInt32() == single.nextUInt32())
        #expect(bulk.nextNormal() == single.nextNormal())
        #expect(bulk.nextDouble() == single.nextDouble())
      }
    }
  }

  @Test func `uniform numbers are in [0, 1), reach both ends and have the right moments`() {
    let count = 1 << 20
    var stream = RandomStream(seed: 0, purpose: .test)
    var values = [Float](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer { stream.fillUniform($0) }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect((values.min() ?? 1) < 1e-5 && (values.max() ?? 0) > 1 - 1e-5)
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(count)
    let square = values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
    #expect(abs(mean - 0.5) < 5 * (1 / 12.0 / Double(count)).squareRoot())
    #expect(abs(square - 1 / 3.0) < 5 * (4 / 45.0 / Double(count)).squareRoot())
    for _ in 0..<1000 {
      let x = stream.nextDouble()
      #expect(x >= 0 && x < 1)
    }
  }

  @Test func `uniform numbers come from the high bits of their words`() {
    var floats = [Float](repeating: 0, count: 4)
    vk_uniform(&floats, [0, 0xff, 0x100, .max], 4)
    #expect(floats == [0, 0, 0x1p-24, 1 - 0x1p-24])
  }

  @Test func `normal numbers pass a Kolmogorov-Smirnov test and have the right moments`() {
    let count = 1 << 18
    var stream = RandomStream(seed: 0, purpose: .test, lane: 3)
    var values = [Float](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
    func moment(_ power: Int) -> Double {
      values.reduce(0.0) { sum, value in
        sum + (0..<power).reduce(1.0) { product, _ in product * Double(value) }
      } / Double(count)
    }
    let n = Double(count)
    #expect(abs(moment(1)) < 5 / n.squareRoot())
    #expect(abs(moment(2) - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(moment(3)) < 5 * (15 / n).squareRoot())
    #expect(abs(moment(4) - 3) < 5 * (96 / n).squareRoot())

    var distance = 0.0
    for (index, value) in values.sorted().enumerated() {
      let probability = erfc(-Double(value) / 2.0.squareRoot()) / 2
      distance = max(
        distance, abs(probability - Double(index) / n), abs(probability - Double(index + 1) / n))
    }
    // The 1e-6 quantile of the limit distribution of sqrt(n) D is about 2.7.
    #expect(distance * n.squareRoot() < 2.7)

    var pairs = 0.0
    for index in stride(from: 0, to: count, by: 2) {
      pairs += Double(values[index]) * Double(values[index + 1])
    }
    #expect(abs(pairs / (n / 2)) < 5 / (n / 2).squareRoot())
  }

  @Test func `normal numbers are Box and Muller's to a few units in the last place`() {
    var words: [UInt32] = [0, 0, 1, 1 << 29, .max, .max, 1 << 31, 1 << 30, 7, 3 << 30, 5, 1 << 31]
    var stream = RandomStream(seed: 4, purpose: .test)
    for _ in 0..<20_000 { words.append(stream.nextUInt32()) }
    for shift in 0..<32 { words += [.max >> UInt32(shift), stream.nextUInt32()] }
    var values = [Float](repeating: 0, count: words.count)
    vk_normal_pairs(&values, words, words.count / 2)
    for index in stride(from: 0, to: words.count, by: 2) {
      let u = (Double(Float(words[index]) + 0.5)) * 0x1p-32
      let radius = (-2 * log(u)).squareRoot()
      let angle = 2 * Double.pi * Double(words[index + 1]) * 0x1p-32
      // Near a zero of the sine the error is relative to the number itself only as far as the
      // angle's float has bits, so it is taken relative to the radius.
      let tolerance = 4e-7 * max(radius, 1e-4)
      #expect(abs(Double(values[index]) - radius * cos(angle)) <= tolerance)
      #expect(abs(Double(values[index + 1]) - radius * sin(angle)) <= tolerance)
    }
    #expect(values.allSatisfy { $0.isFinite && abs($0) < 6.77 })
  }

  @Test func `integers below n are equally likely, for small and for large n`() {
    var stream = RandomStream(seed: 0, purpose: .test, lane: 9)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[stream.next(below: 7)] += 1 }
    let chiSquare = counts.reduce(0.0) { $0 + Double(($1 - 10_000) * ($1 - 10_000)) / 10_000 }
    #expect(chiSquare < 33, "6 degrees of freedom: 1e-5 quantile")
    #expect((0..<100).allSatisfy { _ in stream.next(below: 1) == 0 })

    // With 3 * 2^30 values a plain multiplication would favour every third.
    let large = 3 << 30
    var thirds = [0, 0, 0]
    for _ in 0..<30_000 { thirds[stream.next(below: large) % 3] += 1 }
    #expect(thirds.allSatisfy { abs($0 - 10_000) < 500 }, "\(thirds)")
    let huge = (0..<1000).map { _ in stream.next(below: 3 << 40) }
    #expect(huge.allSatisfy { (0..<(3 << 40)).contains($0) } && huge.contains { $0 > 1 << 41 })
  }

  @Test func `a permutation holds every number once, and every order is equally likely`() {
    var stream = RandomStream(seed: 0, purpose: .minibatchOrder)
    #expect(stream.permutation(count: 10_000).sorted() == (0..<10_000).map(Int32.init))
    #expect(stream.permutation(count: 0) == [] && stream.permutation(count: 1) == [0])

    var counts: [[Int32]: Int] = [:]
    for _ in 0..<24_000 { counts[stream.permutation(count: 4), default: 0] += 1 }
    #expect(counts.count == 24)
    let chiSquare = counts.values.reduce(0.0) {
      $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000
    }
    #expect(chiSquare < 65, "23 degrees of freedom: 1e-5 quantile")
  }

  @Test func `repeating a seed repeats the stream, whatever was drawn elsewhere`() {
    var first = RandomStream(seed: 0, purpose: .minibatchOrder, epoch: 2)
    var other = RandomStream(seed: 0, purpose: .dropout, epoch: 2)
    _ = other.nextNormal()
    var second = RandomStream(seed: 0, purpose: .minibatchOrder, epoch: 2)
    #expect(first.permutation(count: 100) == second.permutation(count: 100))
  }
}
