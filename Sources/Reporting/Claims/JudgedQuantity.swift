/// One of several quantities, of which a claim says that each lies in a region.
package struct JudgedQuantity {
  package let estimate: Estimate
  let region: Region
  /// The unit of the estimate, and of its threshold.
  let unit: String
  package let judgement: Judgement

  /// A quantity and where it is to lie.
  ///
  /// - Parameter isOfCosts: whether it is the logarithm of a ratio of costs or errors, which may show that
  ///   there is no difference.
  package init(_ estimate: Estimate, in region: Region, unit: String, isOfCosts: Bool = false) {
    self.estimate = estimate
    self.region = region
    self.unit = unit
    judgement =
      isOfCosts ? estimate.judgement(ofLogRatioIn: region) : estimate.judgement(in: region)
  }

  /// The logarithm of the ratio of two contenders' costs.
  ///
  /// - Parameter resolution: what the search of their settings may hide, so that it does not decide; nil:
  ///   nothing.
  init(
    _ estimate: Estimate, of pair: (a: String, b: String), in region: Region,
    resolution: SearchResolution?
  ) {
    self.estimate = estimate
    self.region = region
    unit = "log(\(pair.a) / \(pair.b))"
    let found = estimate.judgement(ofLogRatioIn: region)
    let isHidden = found.verdict != .inconclusive && resolution?.hides(estimate) ?? false
    judgement = isHidden ? .undecided(.coarseSearch) : found
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

extension [JudgedQuantity] {
  /// The one that tells most of those that have the judgement of the whole, or of all while it is open: the
  /// strongest counterexample, or what comes nearest to being one.
  func deciding(_ judgement: Judgement) -> JudgedQuantity? {
    filter { judgement == .notRun || $0.judgement.agrees(with: judgement) }
      .min { $0.margin(under: judgement.verdict) < $1.margin(under: judgement.verdict) }
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

  /// A judgement, told by one of several quantities; an open one for that one's reason.
  package init(
    _ judgement: Judgement, _ deciding: JudgedQuantity, numbers: [ClaimNumber], _ detail: String
  ) {
    self.init(
      judgement.verdict == .inconclusive ? deciding.judgement : judgement, deciding.estimate,
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
