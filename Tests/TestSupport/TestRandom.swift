/// Numbers that tests draw: SplitMix64.
public struct TestRandom {
  private var state: UInt64

  /// A generator; the same seed, the same numbers.
  public init(_ seed: UInt64) { state = seed }

  /// 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Uniform in [low, high).
  public mutating func uniform(_ low: Double = 0, _ high: Double = 1) -> Double {
    low + (high - low) * Double(next() >> 11) / 9_007_199_254_740_992
  }

  /// A whole number from 0, below `n`.
  public mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
}

/// Bytes without a pattern.
public func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var random = TestRandom(seed)
  return (0..<count).map { _ in UInt8(random.next() >> 56) }
}
