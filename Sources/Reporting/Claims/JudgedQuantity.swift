/// One of several quantities, of which a claim says that each lies in a region.
package struct JudgedQuantity {
  package let estimate: Estimate
  let region: Region
  /// The unit of the estimate, and of its threshold.
  let unit: String

  /// A quantity and where it is to lie.
  package init(_ estimate: Estimate, in region: Region, unit: String) {
    self.estimate = estimate
    self.region = region
    self.unit = unit
  }

  package var judgement: Judgement { estimate.judgement(in: region) }

  /// How far the interval that decides reaches inside; negative if it reaches out.
  var margin: Double {
    if estimate.value.isNaN { return -.infinity }
    return region.margin(estimate.deciding ?? estimate.value...estimate.value)
  }
}

extension ClaimOutcome {
  /// A judgement, told by one of several quantities.
  package init(
    _ judgement: Judgement, _ deciding: JudgedQuantity, numbers: [ClaimNumber], _ detail: String
  ) {
    self.init(
      judgement, deciding.estimate,
      threshold: deciding.region.threshold(nearest: deciding.estimate.value), unit: deciding.unit,
      numbers: numbers, detail)
  }

  /// The outcome of a claim about all of these quantities, told by the one that decides.
  ///
  /// - Throws: `NotRun` where some are not there and none decides against the claim.
  package init(
    _ quantities: Conjunction<JudgedQuantity>, numbers: [ClaimNumber], _ detail: String
  ) throws {
    let judgement = try quantities.verdict()
    guard let deciding = quantities.deciding else { throw NotRun("there is nothing to judge") }
    self.init(judgement, deciding, numbers: numbers, detail + quantities.remark)
  }
}
