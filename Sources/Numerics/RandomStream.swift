import CVectorKernels

/// What a stream of random numbers is for. Streams of different purposes are independent, so a
/// draw that is added for one purpose moves none of another.
///
/// The raw values are part of what makes results repeatable: never renumber them.
public enum RandomPurpose: UInt32, Sendable {
  /// Parameters before the first step.
  case initialisation = 1
  /// The order in which an epoch visits the training examples.
  case minibatchOrder = 2
  /// Dropout masks.
  case dropout = 3
  /// Noise of the reparameterised latent variables, and binarisation of their inputs.
  case latentNoise = 4
  /// Synthetic data that stands in for a data set.
  case standIn = 5
  /// Problems that an experiment draws: streams of convex costs, gradient sequences.
  case problem = 7
  /// What the sum-of-functions optimizer chooses at random.
  case sumOfFunctions = 9
  /// Everything that tests draw.
  case test = 8
}

/// A stream of random numbers that is a pure function of what it is for: Philox4x32-10 under the
/// key `seed` with the counters `[block, step, epoch, purpose | lane << 16]`.
///
/// The stream is one sequence of 32-bit words; every draw takes the next words of it, in order. So
/// `fillX` of n elements draws what n calls of `nextX` draw, and leaves the stream at the same place:
///
/// | draw | words |
/// | --- | --- |
/// | `nextUInt32`, `nextUniform` | 1 |
/// | `nextDouble` | 2 |
/// | `nextNormal` | 2 for every second call, which keeps one number for the next |
/// | `next(below:)` | 1 up to 2^32, 2 beyond; rarely more, to be unbiased |
public struct RandomStream: Sendable {
  private let key: UInt64
  /// The counters of the block that is drawn next.
  private var counter: SIMD4<UInt32>
  private var block = SIMD4<UInt32>.zero
  /// How many words of `block` are taken.
  private var taken = 4
  /// The second normal of the last pair, when it is still to be given out.
  private var spareNormal: Float?

  /// The stream of a key.
  public init(_ key: Key) {
    self.key = key.seed
    counter = key.counter()
  }

  /// The stream of `seed` for `purpose` at the given epoch and step, see `Key`.
  public init(seed: UInt64, purpose: RandomPurpose, epoch: Int = 0, step: Int = 0, lane: Int = 0) {
    self.init(Key(seed: seed, purpose: purpose, epoch: epoch, step: step, lane: lane))
  }

  /// 32 random bits.
  public mutating func nextUInt32() -> UInt32 {
    if taken == 4 {
      block = Philox.block(counter: counter, key: key)
      counter[0] += 1
      taken = 0
    }
    defer { taken += 1 }
    return block[taken]
  }

  /// A multiple of 2^-24, uniform in [0, 1).
  public mutating func nextUniform() -> Float { Float(nextUInt32() >> 8) * 0x1p-24 }

  /// A multiple of 2^-53, uniform in [0, 1).
  public mutating func nextDouble() -> Double {
    let high = UInt64(nextUInt32())
    let low = UInt64(nextUInt32())
    return Double((high << 32 | low) >> 11) * 0x1p-53
  }

  /// A standard normal number, by Box and Muller's method; at most 6.76 in magnitude.
  public mutating func nextNormal() -> Float {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    let (first, second) = nextNormalPair()
    spareNormal = second
    return first
  }

  /// An integer in `0..<n`, all equally likely (Lemire 2019); `n` must be positive.
  public mutating func next(below n: Int) -> Int {
    precondition(n > 0, "there is no integer in 0..<\(n)")
    guard let bound = UInt32(exactly: n) else { return Int(nextUInt64(below: UInt64(n))) }
    var product = UInt64(nextUInt32()) * UInt64(bound)
    if UInt32(truncatingIfNeeded: product) < bound {
      let threshold = (0 &- bound) % bound
      while UInt32(truncatingIfNeeded: product) < threshold {
        product = UInt64(nextUInt32()) * UInt64(bound)
      }
    }
    return Int(product >> 32)
  }

  /// Fills `target` with 32-bit words.
  public mutating func fillUInt32(_ target: UnsafeMutableBufferPointer<UInt32>) {
    var filled = 0
    while filled < target.count, taken < 4 {
      target[filled] = nextUInt32()
      filled += 1
    }
    let whole = (target.count - filled) / 4 * 4
    if whole > 0, let base = target.baseAddress {
      withUnsafeBytes(of: counter) {
        vk_philox_fill(
          base + filled, whole, key, $0.assumingMemoryBound(to: UInt32.self).baseAddress)
      }
      counter[0] += UInt32(whole / 4)
      filled += whole
    }
    while filled < target.count {
      target[filled] = nextUInt32()
      filled += 1
    }
  }

  /// Fills `target` with numbers uniform in [0, 1).
  public mutating func fillUniform(_ target: UnsafeMutableBufferPointer<Float>) {
    fill(target, vk_uniform)
  }

  /// Fills `target` with standard normal numbers.
  public mutating func fillNormal(_ target: UnsafeMutableBufferPointer<Float>) {
    var rest = target[...]
    if !rest.isEmpty, let spare = spareNormal {
      rest[rest.startIndex] = spare
      rest = rest.dropFirst()
      spareNormal = nil
    }
    let pairs = rest.count / 2
    fill(UnsafeMutableBufferPointer(rebasing: rest.prefix(2 * pairs))) {
      vk_normal_pairs($0, $1, $2 / 2)
    }
    if rest.count % 2 == 1 {
      rest[rest.endIndex - 1] = nextNormal()
    }
  }

  /// Brings `target` into a random order, all orders equally likely (Fisher and Yates).
  public mutating func shuffle(_ target: UnsafeMutableBufferPointer<Int32>) {
    var last = target.count - 1
    while last > 0 {
      target.swapAt(last, next(below: last + 1))
      last -= 1
    }
  }

  /// The numbers `0..<count` in a random order, all orders equally likely.
  public mutating func permutation(count: Int) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    order.withUnsafeMutableBufferPointer { shuffle($0) }
    return order
  }

  private mutating func nextNormalPair() -> (Float, Float) {
    let words = SIMD2(nextUInt32(), nextUInt32())
    var pair = SIMD2<Float>.zero
    withUnsafeBytes(of: words) { words in
      withUnsafeMutableBytes(of: &pair) { pair in
        vk_normal_pairs(
          pair.assumingMemoryBound(to: Float.self).baseAddress,
          words.assumingMemoryBound(to: UInt32.self).baseAddress, 1)
      }
    }
    return (pair[0], pair[1])
  }

  private mutating func nextUInt64(below n: UInt64) -> UInt64 {
    let threshold = (0 &- n) % n
    while true {
      let word = UInt64(nextUInt32()) << 32 | UInt64(nextUInt32())
      let product = word.multipliedFullWidth(by: n)
      if product.low >= threshold { return product.high }
    }
  }

  /// Fills `target` chunk by chunk: random words on the stack, turned into numbers by `convert`.
  @inline(__always)
  private mutating func fill(
    _ target: UnsafeMutableBufferPointer<Float>,
    _ convert: (UnsafeMutablePointer<Float>, UnsafePointer<UInt32>, Int) -> Void
  ) {
    guard let base = target.baseAddress, !target.isEmpty else { return }
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 1024) { words in
      guard let first = words.baseAddress else { return }
      var done = 0
      while done < target.count {
        let count = min(words.count, target.count - done)
        fillUInt32(UnsafeMutableBufferPointer(start: first, count: count))
        convert(base + done, first, count)
        done += count
      }
    }
  }
}

extension RandomStream {
  /// What a stream is for: Philox's key and counters.
  public struct Key: Sendable, Hashable {
    /// The run's seed, Philox's key.
    public var seed: UInt64
    /// What the numbers are for.
    public var purpose: RandomPurpose
    /// The epoch, in `0..<2^32`.
    public var epoch: Int
    /// The step within the epoch, in `0..<2^32`.
    public var step: Int
    /// Tells apart streams of the same purpose, e.g. by layer; in `0..<2^16`.
    public var lane: Int

    /// The stream of `seed` for `purpose` at the given epoch, step and lane.
    public init(
      seed: UInt64, purpose: RandomPurpose, epoch: Int = 0, step: Int = 0, lane: Int = 0
    ) {
      precondition((0..<0x1_0000).contains(lane), "lane \(lane) is outside 0..<65536")
      self.seed = seed
      self.purpose = purpose
      self.epoch = epoch
      self.step = step
      self.lane = lane
    }

    /// Philox's counters at a block of four words.
    public func counter(block: UInt32 = 0) -> SIMD4<UInt32> {
      SIMD4(block, UInt32(step), UInt32(epoch), purpose.rawValue | UInt32(lane) << 16)
    }
  }
}
