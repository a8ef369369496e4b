import Glibc
import Numerics

/// An estimate with its 95 % interval.
public struct Estimate: Sendable, Equatable {
  /// The estimate: the mean over the seeds.
  public var value: Double
  /// The lower end of the interval; NaN with fewer than two seeds.
  public var low: Double
  /// The upper end of the interval; NaN with fewer than two seeds.
  public var high: Double
  /// The number of seeds behind it.
  public var count: Int

  /// An estimate with its interval.
  public init(_ value: Double, low: Double = .nan, high: Double = .nan, count: Int) {
    self.value = value
    self.low = low
    self.high = high
    self.count = count
  }

  /// Whether there is an interval at all.
  public var hasInterval: Bool { !low.isNaN && !high.isNaN }
}

/// Medians, quantiles and the bootstrap over seeds.
public enum Statistics {
  /// How many resamples the bootstrap draws.
  public static let resamples = 10_000

  /// The arithmetic mean; NaN of nothing.
  public static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }

  /// The sample standard deviation (n - 1); NaN of fewer than two values.
  public static func standardDeviation(_ values: [Double]) -> Double {
    guard values.count > 1 else { return .nan }
    let centre = mean(values)
    let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// The median; NaN of nothing.
  public static func median(_ values: [Double]) -> Double { quantile(values, 0.5) }

  /// The quantile by linear interpolation between order statistics (type 7, the default of R and
  /// NumPy); NaN of nothing, or where a value is NaN.
  public static func quantile(_ values: [Double], _ probability: Double) -> Double {
    if values.contains(where: \.isNaN) { return .nan }
    return quantile(sorted: values.sorted(), probability)
  }

  /// The 95 % bootstrap interval of the mean, over seeds.
  ///
  /// The interval is the expanded percentile interval (Hesterberg 2015, The American Statistician
  /// 69(4), section 5.4): the plain percentile interval of few samples is too narrow, by about
  /// `sqrt((n - 1) / n)` and the missing Student t, so its quantiles are taken further out. With
  /// three seeds it is their range. The same `seed` draws the same resamples.
  ///
  /// - Parameters:
  ///   - values: one paired difference a seed; all finite.
  ///   - seed: the key of the resamples.
  /// - Returns: the mean, without an interval for fewer than two values.
  public static func bootstrapMean(_ values: [Double], seed: UInt64 = 0) -> Estimate {
    let count = values.count
    guard count > 1 else { return Estimate(mean(values), count: count) }
    guard values.allSatisfy(\.isFinite) else {
      return Estimate(mean(values), count: count)
    }
    var stream = RandomStream(seed: seed, purpose: .bootstrap)
    var means = [Double](repeating: 0, count: resamples)
    for index in 0..<resamples {
      var sum = 0.0
      for _ in 0..<count { sum += values[stream.next(below: count)] }
      means[index] = sum / Double(count)
    }
    means.sort()
    let tail = expandedTail(count: count)
    // Rounding of the sums must not push the interval beyond what a mean can be.
    let smallest = values.min() ?? .nan
    let largest = values.max() ?? .nan
    return Estimate(
      mean(values), low: Swift.max(smallest, quantile(sorted: means, tail)),
      high: Swift.min(largest, quantile(sorted: means, 1 - tail)), count: count)
  }

  /// The 95 % percentile interval of any statistic of the seeds, by 1,000 resamples of them.
  ///
  /// - Parameters:
  ///   - count: the number of seeds.
  ///   - seed: the key of the resamples.
  ///   - statistic: the statistic of a resample, given as indices of seeds.
  /// - Returns: the ends of the interval; NaN for fewer than two seeds.
  public static func bootstrapInterval(
    count: Int, seed: UInt64 = 0, statistic: ([Int]) -> Double
  ) -> (low: Double, high: Double) {
    guard count > 1 else { return (.nan, .nan) }
    var stream = RandomStream(seed: seed, purpose: .bootstrap)
    let results = (0..<1_000).map { _ in
      statistic((0..<count).map { _ in stream.next(below: count) })
    }
    return (quantile(results, 0.025), quantile(results, 0.975))
  }

  /// The mean of the values in a window of odd length around each; at the ends the window is cut.
  public static func runningMean(_ values: [Double], window: Int) -> [Double] {
    running(values, window, mean)
  }

  /// The median of the values in a window of odd length around each; at the ends the window is cut.
  public static func runningMedian(_ values: [Double], window: Int) -> [Double] {
    running(values, window, median)
  }

  private static func running(
    _ values: [Double], _ window: Int, _ statistic: ([Double]) -> Double
  ) -> [Double] {
    precondition(window > 0 && !window.isMultiple(of: 2), "a window has a middle")
    let reach = window / 2
    return values.indices.map { index in
      let first = Swift.max(0, index - reach)
      let last = Swift.min(values.count - 1, index + reach)
      return statistic(Array(values[first...last]))
    }
  }

  /// The slope of the least-squares line through points, with its 95 % interval by Student's t.
  ///
  /// - Returns: NaN for fewer than two points, and no interval for two.
  public static func slope(_ x: [Double], _ y: [Double]) -> Estimate {
    precondition(x.count == y.count)
    let (meanX, meanY) = (mean(x), mean(y))
    let spread = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    guard x.count > 1, spread > 0 else { return Estimate(.nan, count: x.count) }
    let slope = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / spread
    guard x.count > 2 else { return Estimate(slope, count: x.count) }
    let residuals = zip(x, y).reduce(0.0) { sum, point in
      let residual = point.1 - meanY - slope * (point.0 - meanX)
      return sum + residual * residual
    }
    let freedom = x.count - 2
    let half =
      studentQuantile(0.975, degreesOfFreedom: freedom)
      * (residuals / Double(freedom) / spread).squareRoot()
    return Estimate(slope, low: slope - half, high: slope + half, count: x.count)
  }

  /// The probability in each tail that gives a percentile interval the width of Student's.
  static func expandedTail(count: Int) -> Double {
    let n = Double(count)
    let reach = (n / (n - 1)).squareRoot() * studentQuantile(0.975, degreesOfFreedom: count - 1)
    return 0.5 * erfc(reach / 2.0.squareRoot())
  }

  /// The quantile of Student's t distribution, for probabilities above one half.
  static func studentQuantile(_ probability: Double, degreesOfFreedom: Int) -> Double {
    var low = 0.0
    var high = 1e3
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if studentDistribution(middle, degreesOfFreedom: degreesOfFreedom) < probability {
        low = middle
      } else {
        high = middle
      }
    }
    return (low + high) / 2
  }

  /// The distribution function of Student's t at `t >= 0`, in closed form (Abramowitz and Stegun
  /// 26.7.3 and 26.7.4).
  private static func studentDistribution(_ t: Double, degreesOfFreedom n: Int) -> Double {
    let angle = atan(t / Double(n).squareRoot())
    let cosine = cos(angle)
    var term = n.isMultiple(of: 2) ? 1.0 : cosine
    var sum = n == 1 ? 0.0 : term
    var index = n.isMultiple(of: 2) ? 2 : 3
    while index < n {
      term *= cosine * cosine * Double(index - 1) / Double(index)
      sum += term
      index += 2
    }
    let inside =
      n.isMultiple(of: 2) ? sin(angle) * sum : 2 / Double.pi * (angle + sin(angle) * sum)
    return 0.5 + inside / 2
  }

  private static func quantile(sorted values: [Double], _ probability: Double) -> Double {
    guard let first = values.first, let last = values.last else { return .nan }
    let position = probability * Double(values.count - 1)
    let below = Int(position.rounded(.down))
    guard below >= 0 else { return first }
    guard below + 1 < values.count else { return last }
    let fraction = position - Double(below)
    // Two infinite values have no difference to go along.
    if fraction == 0 || values[below] == values[below + 1] { return values[below] }
    return values[below] + fraction * (values[below + 1] - values[below])
  }
}
