import Glibc

/// The comparison of two contenders at one place, against a region for log(a / b).
struct RatioPart {
  let label: String
  /// The contenders, where those of a claim are several.
  let pair: (a: String, b: String)?
  let comparison: Comparison
  let region: Region
  let estimate: Estimate
  let judgement: Judgement
  /// Whether the ratio would decide, were the search not too coarse to tell.
  private let isHidden: Bool

  /// - Parameter resolution: what a search may hide; nil: nothing.
  init(
    label: String, pair: (a: String, b: String)? = nil, comparison: Comparison, region: Region,
    resolution: SearchResolution? = nil
  ) {
    self.label = label
    self.pair = pair
    self.comparison = comparison
    self.region = region
    estimate = comparison.estimate
    let found = estimate.judgement(ofLogRatioIn: region)
    isHidden = found.verdict != .inconclusive && resolution?.hides(estimate) ?? false
    judgement = isHidden ? .inconclusive : found
  }

  /// How far the interval is inside the region; negative if it reaches out.
  private var margin: Double {
    if estimate.value.isNaN { return -.infinity }
    return region.margin(estimate.deciding ?? estimate.value...estimate.value)
  }

  private var text: String {
    let ratio = ClaimOutcome.interval(
      exp(estimate.value), exp(estimate.low), exp(estimate.high))
    let medians = [comparison.a, comparison.b]
      .map { costs in
        let median = Statistics.median(costs)
        return median.isInfinite ? "diverged" : NumberText.significant(median)
      }
    return "\(label): \(medians[0]) against \(medians[1])"
      + (estimate.value.isFinite ? ", ratio \(ratio)" : "")
      + (isHidden ? ", which a finer search may turn" : "")
  }

  /// One outcome for all parts, as far as they are there.
  static func outcome(_ parts: Conjunction<RatioPart>, _ a: String, _ b: String) -> ClaimOutcome {
    var whole = outcome(parts.parts, a, b)
    whole.detail += parts.remark
    return whole
  }

  /// One outcome for all parts: not reproduced if any is not, else inconclusive if any is.
  static func outcome(_ parts: [RatioPart], _ a: String, _ b: String) -> ClaimOutcome {
    let judgement = Judgement.all(parts.map(\.judgement))
    guard
      let deciding = parts.filter({ $0.judgement.verdict == judgement.verdict })
        .min(by: { $0.margin < $1.margin })
    else { return ClaimOutcome(.notRun, "there is no epoch to judge") }

    let seeds = parts.map(\.comparison.pairs).min() ?? 0
    var sentence = "\(a) against \(b), "
    sentence += seeds == 1 ? "1 seed; " : "\(seeds) seeds; "
    sentence += parts.map(\.text).joined(separator: "; ")
    let divergedA = parts.map(\.comparison.diverged.a).max() ?? 0
    let divergedB = parts.map(\.comparison.diverged.b).max() ?? 0
    if divergedA > 0 { sentence += "; \(a) diverged in \(divergedA) of \(seeds) seeds" }
    if divergedB > 0 { sentence += "; \(b) diverged in \(divergedB) of \(seeds) seeds" }
    let leftOut = parts.map(\.comparison.leftOut).max { $0.count < $1.count } ?? []
    if let reason = leftOut.first {
      sentence += "; \(leftOut.count) seed\(leftOut.count == 1 ? "" : "s") left out: \(reason)"
    }
    let names = deciding.pair ?? (a, b)
    let outcome = ClaimOutcome(
      judgement, deciding.estimate,
      threshold: deciding.region.threshold(nearest: deciding.estimate.value),
      unit: "log(\(names.a) / \(names.b))",
      numbers: parts.map {
        ClaimNumber(
          $0.label, $0.estimate.value, low: $0.estimate.low, high: $0.estimate.high)
      }, sentence)
    return deciding.isHidden ? outcome.undecided(.coarseSearch) : outcome
  }
}
