import Glibc

/// How far an effect lies from the threshold of its claim, as the logarithm of a ratio: positive on
/// the side that is claimed.
package struct ThresholdDistance: Sendable, Equatable {
  package let value: Double
  /// The ends of the interval; those of the value where there is none.
  package let low: Double
  package let high: Double
  /// The threshold, of two the nearest, with the side that is claimed; as a ratio where the effect is the
  /// logarithm of one, e.g. `≥ 0.951`. Empty where no verdict tells the side for sure.
  package let limit: String

  /// Nil where an effect or a threshold is missing, or where it cannot be told which side is claimed.
  ///
  /// - Parameter effect: another effect in the same unit, e.g. the paper's own; nil: the outcome's.
  package init?(_ outcome: ClaimOutcome, effect other: Double? = nil) {
    let effect = other ?? outcome.effect
    guard effect.isFinite, outcome.threshold.isFinite else { return nil }
    let isLogarithm = outcome.unit.hasPrefix("log") || outcome.unit.contains("|log(")
    let isRatio = !isLogarithm && outcome.threshold > 0
    func scaled(_ value: Double) -> Double? {
      if isLogarithm { return value - outcome.threshold }
      if isRatio, value > 0 { return log(value / outcome.threshold) }
      // Differences, in units of the threshold.
      guard outcome.threshold != 0 else { return value == 0 ? 0 : nil }
      let share = (value - outcome.threshold) / Swift.abs(outcome.threshold)
      return share < 0 ? -log(1 - share) : log(1 + share)
    }
    guard let centre = scaled(effect), let own = scaled(outcome.effect),
      let sign = Self.claimedSide(outcome, own)
    else { return nil }
    value = sign * centre
    let isDecided = outcome.verdict == .reproduced || outcome.verdict == .notReproduced
    let threshold = outcome.unit.hasPrefix("log(") ? exp(outcome.threshold) : outcome.threshold
    limit =
      isDecided && own != 0 ? (sign > 0 ? "≥ " : "≤ ") + NumberText.significant(threshold) : ""
    let ends =
      other == nil ? [outcome.low, outcome.high].map { $0.isFinite ? scaled($0) : nil } : []
    let found = ends.compactMap(\.self).map { sign * $0 }
    low = found.count == 2 ? found.min() ?? value : value
    high = found.count == 2 ? found.max() ?? value : value
  }

  /// 1 if larger values are claimed, -1 if smaller ones; nil if that cannot be told.
  private static func claimedSide(_ outcome: ClaimOutcome, _ own: Double) -> Double? {
    switch outcome.verdict {
    case .reproduced: return own < 0 ? -1 : 1
    case .notReproduced: return own < 0 ? 1 : -1
    case .inconclusive, .notRun:
      let rule = outcome.rule
      // |log(a / b)| <= w: the nearer end of the range is the threshold.
      if rule.hasPrefix("|log(") { return outcome.threshold < 0 ? 1 : -1 }
      // What is bounded may itself be a share of something above.
      if rule.contains("at most"), !rule.contains("at least") { return -1 }
      let below = [
        "lower", "<=", "below", "fewer", "at most", "within", "inside", "not worse by more",
      ]
      let above = ["larger", ">=", "above", "higher", "at least"]
      func place(_ words: [String]) -> String.Index? {
        words.compactMap { rule.firstRange(of: $0)?.lowerBound }.min()
      }
      switch (place(below), place(above)) {
      case (nil, nil): return nil
      case (_?, nil): return -1
      case (nil, _?): return 1
      case (let low?, let high?): return low < high ? -1 : 1
      }
    }
  }
}
