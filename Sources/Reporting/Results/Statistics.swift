import Glibc

/// An estimate with its 95 % interval, and the interval that decides.
public struct Estimate: Sendable, Equatable {
  /// The estimate, e.g. the mean over the seeds.
  public var value: Double
  /// The lower end of the 95 % interval; NaN if there is none.
  public var low: Double
  /// The upper end of the 95 % interval; NaN if there is none.
  public var high: Double
  /// The number of seeds behind it.
  public var count: Int
  /// The interval that decides; nil where there is too little to decide.
  public var deciding: ClosedRange<Double>?
  /// The confidence of the interval that decides, e.g. 0.95; NaN if there is none.
  public var confidence: Double

  /// An estimate whose 95 % interval, if it has one, decides.
  public init(_ value: Double, low: Double = .nan, high: Double = .nan, count: Int) {
    self.value = value
    self.low = low
    self.high = high
    self.count = count
    deciding = low <= high ? low...high : nil
    confidence = deciding == nil ? .nan : 0.95
  }

  /// Whether there is an interval at all.
  public var hasInterval: Bool { !low.isNaN && !high.isNaN }

  /// What a reader has to know of an interval that does not decide as it stands, e.g. `3 seeds decide
  /// by the 99.9 % interval, -0.2 to 0.1`; nil if there is nothing to add.
  ///
  /// - Parameter ofLogRatio: whether the estimate is the logarithm of a ratio, which is told as a ratio.
  public func remark(ofLogRatio: Bool = false) -> String? {
    guard let deciding else {
      switch count {
      case 0: return nil
      case 1: return "one seed has no interval"
      default: return hasInterval ? "\(count) seeds do not decide" : nil
      }
    }
    guard confidence > 0.95, deciding.lowerBound < deciding.upperBound else { return nil }
    let percent = NumberText.significant(100 * confidence, digits: 4)
    let (low, high) =
      ofLogRatio
      ? (exp(deciding.lowerBound), exp(deciding.upperBound))
      : (deciding.lowerBound, deciding.upperBound)
    return "\(count) seeds decide by the \(percent) % interval, "
      + "\(NumberText.significant(low)) to \(NumberText.significant(high))"
  }
}

/// Means, medians, quantiles, and Student's intervals over seeds.
public enum Statistics {
  /// The confidence that decides with so many seeds; nil where they are too few.
  ///
  /// Runs that take long are looked at with 3 seeds and, if that does not decide, with 6: the first
  /// look has 99.9 %, so that both together are wrong in hardly more than 5 of 100 cases. 5 seeds and
  /// more have 95 %.
  public static func confidence(seeds: Int) -> Double? {
    switch seeds {
    case ..<3: nil
    case 3..<5: 0.999
    default: 0.95
    }
  }

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

  /// The mean of one paired value a seed with Student's intervals: 95 % from two values on, and the
  /// one that decides (`confidence(seeds:)`).
  ///
  /// - Parameter values: one a seed. Where they are all the same infinity, so are mean and interval;
  ///   where others are not finite, there is neither.
  public static func studentMean(_ values: [Double]) -> Estimate {
    let count = values.count
    let decides = confidence(seeds: count)
    guard values.allSatisfy(\.isFinite) else {
      guard let first = values.first, first.isInfinite, values.allSatisfy({ $0 == first }) else {
        return Estimate(.nan, count: count)
      }
      guard let decides else { return Estimate(first, count: count) }
      var estimate = Estimate(first, low: first, high: first, count: count)
      estimate.confidence = decides
      return estimate
    }
    let centre = mean(values)
    guard count > 1 else { return Estimate(centre, count: count) }
    let error = standardDeviation(values) / Double(count).squareRoot()
    func reach(_ confidence: Double) -> Double {
      error * studentQuantile(0.5 + confidence / 2, degreesOfFreedom: count - 1)
    }
    let half = reach(0.95)
    var estimate = Estimate(centre, low: centre - half, high: centre + half, count: count)
    let deciding = decides.map(reach)
    estimate.deciding = deciding.map { centre - $0...centre + $0 }
    estimate.confidence = decides ?? .nan
    return estimate
  }

  /// A smooth statistic of all seeds with Student's intervals from its jackknife pseudo-values
  /// (Tukey 1958): `n` times the statistic less `n - 1` times that without one seed.
  ///
  /// - Parameters:
  ///   - count: the number of seeds.
  ///   - statistic: the statistic of some of the seeds, given as indices.
  /// - Returns: the statistic of all seeds; its interval is that of the mean of the pseudo-values.
  public static func jackknife(count: Int, statistic: ([Int]) -> Double) -> Estimate {
    let all = Array(0..<count)
    let whole = statistic(all)
    guard count > 1 else { return Estimate(whole, count: count) }
    let pseudo = all.map { left in
      Double(count) * whole - Double(count - 1) * statistic(all.filter { $0 != left })
    }
    var estimate = studentMean(pseudo)
    let shift = whole - estimate.value
    estimate.value = whole
    estimate.low += shift
    estimate.high += shift
    estimate.deciding = estimate.deciding.map { $0.lowerBound + shift...$0.upperBound + shift }
    return estimate
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

  /// The quantile of the standard normal distribution, for probabilities above one half.
  public static func normalQuantile(_ probability: Double) -> Double {
    quantile(of: { 1 - 0.5 * erfc($0 / 2.0.squareRoot()) }, probability)
  }

  /// The quantile of Student's t distribution, for probabilities above one half.
  static func studentQuantile(_ probability: Double, degreesOfFreedom: Int) -> Double {
    quantile(
      of: { studentDistribution($0, degreesOfFreedom: degreesOfFreedom) }, probability)
  }

  /// Where an increasing distribution function reaches a probability, from 0 on.
  private static func quantile(of distribution: (Double) -> Double, _ probability: Double)
    -> Double
  {
    var low = 0.0
    var high = 1e3
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if distribution(middle) < probability { low = middle } else { high = middle }
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
