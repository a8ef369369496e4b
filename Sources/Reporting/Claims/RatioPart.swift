import Glibc

/// The comparison of two contenders at one place, against a region for log(a / b).
struct RatioPart {
  let label: String
  let comparison: Comparison
  let quantity: JudgedQuantity

  /// - Parameter resolution: what a search may hide; nil: nothing.
  init(
    label: String, pair: (a: String, b: String), comparison: Comparison, region: Region,
    resolution: SearchResolution? = nil
  ) {
    self.label = label
    self.comparison = comparison
    quantity = JudgedQuantity(
      comparison.estimate, of: pair, in: region, resolution: resolution)
  }

  var judgement: Judgement { quantity.judgement }
  private var estimate: Estimate { quantity.estimate }

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
      + (judgement == .undecided(.coarseSearch) ? ", which a finer search may turn" : "")
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
    guard let deciding = parts.map(\.quantity).deciding(judgement) else {
      return ClaimOutcome(.notRun, "there is no epoch to judge")
    }

    let seeds = parts.map(\.comparison.pairs).min() ?? 0
    var sentence = "\(a) against \(b), "
    sentence += NumberText.count(seeds, "seed") + "; "
    sentence += parts.map(\.text).joined(separator: "; ")
    let divergedA = parts.map(\.comparison.diverged.a).max() ?? 0
    let divergedB = parts.map(\.comparison.diverged.b).max() ?? 0
    if divergedA > 0 { sentence += "; \(a) diverged in \(divergedA) of \(seeds) seeds" }
    if divergedB > 0 { sentence += "; \(b) diverged in \(divergedB) of \(seeds) seeds" }
    let leftOut = parts.map(\.comparison.leftOut).max { $0.count < $1.count } ?? []
    if let reason = leftOut.first {
      sentence += "; \(NumberText.count(leftOut.count, "seed")) left out: \(reason)"
    }
    return ClaimOutcome(
      judgement, deciding,
      numbers: parts.map {
        ClaimNumber($0.label, $0.estimate.value, low: $0.estimate.low, high: $0.estimate.high)
      }, sentence)
  }
}
