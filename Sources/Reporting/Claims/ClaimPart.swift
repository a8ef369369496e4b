/// One of several quantities, of which a claim says that each lies in a region.
package struct ClaimPart {
  let estimate: Estimate
  let region: Region
  /// The unit of the estimate, and of its threshold.
  let unit: String

  /// A quantity and where it is to lie.
  package init(_ estimate: Estimate, in region: Region, unit: String) {
    self.estimate = estimate
    self.region = region
    self.unit = unit
  }

  fileprivate var judgement: Judgement { estimate.judgement(in: region) }

  /// How far the interval that decides reaches inside; negative if it reaches out.
  fileprivate var margin: Double {
    if estimate.value.isNaN { return -.infinity }
    return region.margin(estimate.deciding ?? estimate.value...estimate.value)
  }
}

extension ClaimOutcome {
  /// The outcome of a claim whose parts are these, told by the one that decides.
  ///
  /// - Parameter missing: why there are not all.
  /// - Throws: `missing`, unless a part decides against the claim.
  package init(
    _ parts: [ClaimPart], missing: NotRun? = nil, numbers: [ClaimNumber], _ detail: String
  ) throws {
    let judgement = Judgement.all(parts.map(\.judgement))
    if let missing, judgement.verdict != .notReproduced { throw missing }
    guard
      let deciding = parts.filter({ $0.judgement.verdict == judgement.verdict })
        .min(by: { $0.margin < $1.margin })
    else { throw NotRun("there is nothing to judge") }
    self.init(
      judgement, deciding.estimate,
      threshold: deciding.region.threshold(nearest: deciding.estimate.value), unit: deciding.unit,
      numbers: numbers, detail + (missing.map { "; \($0.reason)" } ?? ""))
  }
}
