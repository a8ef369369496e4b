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
  /// - Parameters:
  ///   - effect: another effect in the same unit, e.g. the paper's own; nil: the outcome's.
  ///   - formula: what decides, as `Threshold` has it: it tells the side.
  package init?(_ outcome: ClaimOutcome, effect other: Double? = nil, formula: String = "") {
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
      let sign = Self.claimedSide(outcome, own, formula)
    else { return nil }
    value = sign * centre
    let isDecided = outcome.verdict == .reproduced || outcome.verdict == .notReproduced
    limit = isDecided && own != 0 ? (sign > 0 ? "≥ " : "≤ ") + outcome.thresholdText : ""
    let ends =
      other == nil ? [outcome.low, outcome.high].map { $0.isFinite ? scaled($0) : nil } : []
    let found = ends.compactMap(\.self).map { sign * $0 }
    low = found.count == 2 ? found.min() ?? value : value
    high = found.count == 2 ? found.max() ?? value : value
  }

  /// 1 if larger values are claimed, -1 if smaller ones; nil if that cannot be told.
  private static func claimedSide(
    _ outcome: ClaimOutcome, _ own: Double, _ formula: String
  ) -> Double? {
    let limit = outcome.ratioName == nil ? outcome.threshold : exp(outcome.threshold)
    let told = Threshold.side(of: limit, in: formula)
    // Of a formula of several parts the verdict is about one, which may not be the first.
    if let told, !formula.contains(" and ") { return told }
    switch outcome.verdict {
    case .reproduced: return own < 0 ? -1 : 1
    case .notReproduced: return own < 0 ? 1 : -1
    case .inconclusive, .notRun: return told
    }
  }
}
