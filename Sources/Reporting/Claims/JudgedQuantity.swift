/// One of several quantities, of which a claim says that each lies in a region.
package struct JudgedQuantity {
  package let estimate: Estimate
  let region: Region
  /// The unit of the estimate, and of its threshold.
  let unit: String
  /// Whether it is the logarithm of a ratio of costs or errors, which may show that there is no difference.
  let isOfCosts: Bool

  /// A quantity and where it is to lie.
  package init(_ estimate: Estimate, in region: Region, unit: String, isOfCosts: Bool = false) {
    self.estimate = estimate
    self.region = region
    self.unit = unit
    self.isOfCosts = isOfCosts
  }

  package var judgement: Judgement {
    isOfCosts ? estimate.judgement(ofLogRatioIn: region) : estimate.judgement(in: region)
  }

  /// How far it lies inside, negative outside: of a counterexample the end of its interval that lies nearest, of
  /// what is reproduced the farthest one, else the value itself.
  func margin(under verdict: Verdict) -> Double {
    guard !estimate.value.isNaN else { return -.infinity }
    let value = estimate.value...estimate.value
    guard let deciding = estimate.deciding else { return region.margin(value) }
    switch verdict {
    case .reproduced: return region.margin(deciding)
    case .notReproduced:
      return [deciding.lowerBound, deciding.upperBound].map { region.margin($0...$0) }.max()
        ?? -.infinity
    case .inconclusive, .notRun: return region.margin(value)
    }
  }
}

extension ClaimOutcome {
  /// The outcome of a claim that each of these lies in one region.
  ///
  /// - Throws: `NotRun` if there are none.
  package init(
    each estimates: [Estimate], in region: Region, unit: String, ofCosts isOfCosts: Bool = false,
    numbers: [ClaimNumber], _ detail: String
  ) throws {
    var quantities = Conjunction<JudgedQuantity>()
    quantities.add { add in
      for estimate in estimates {
        add(JudgedQuantity(estimate, in: region, unit: unit, isOfCosts: isOfCosts))
      }
    }
    try self.init(quantities, numbers: numbers, detail)
  }

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
