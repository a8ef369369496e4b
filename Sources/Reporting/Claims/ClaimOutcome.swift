import Glibc
import ResultStore

/// One number behind a verdict, e.g. the comparison at one epoch.
public struct ClaimNumber: Sendable, Equatable {
  /// What it is, e.g. `epoch 5`.
  public var label: String
  /// The number, in the outcome's unit unless the label says another, e.g. `below from epoch`.
  public var value: Double
  /// The lower end of its 95 % interval, or NaN.
  public var low: Double
  /// The upper end of its 95 % interval, or NaN.
  public var high: Double

  /// One number, with its interval if it has one.
  public init(_ label: String, _ value: Double, low: Double = .nan, high: Double = .nan) {
    self.label = label
    self.value = value
    self.low = low
    self.high = high
  }

  /// Equal in content; NaN equals NaN here, as it means "none".
  public static func == (a: ClaimNumber, b: ClaimNumber) -> Bool {
    a.label == b.label && same(a.value, b.value) && same(a.low, b.low) && same(a.high, b.high)
  }
}

/// A claim with its verdict and the numbers that decided it.
@dynamicMemberLookup
public struct ClaimOutcome: Sendable, Equatable {
  /// The claim and its rule; the outcome has all of its members.
  public var description = ClaimDescription()
  /// The arm that was judged, e.g. `tuned`; empty where an experiment has no arms.
  public var arm = ""
  /// The verdict, how the claim fails, and why a rule leaves it undecided.
  package var judgement: Judgement
  /// The effect size, in `unit`; NaN if there is none.
  public var effect: Double
  /// The lower end of the effect's 95 % interval, or NaN.
  public var low: Double
  /// The upper end of the effect's 95 % interval, or NaN.
  public var high: Double
  /// What the effect is compared with, or NaN.
  public var threshold: Double
  /// What the effect is, e.g. `log(Adam / AdaGrad)`.
  public var unit: String
  /// How many seeds are behind it; 0 where there are none.
  public var seeds: Int
  /// The interval by which it is decided, wider than that of 95 % with few seeds; nil if there is none.
  public var deciding: ClosedRange<Double>?
  /// The confidence of the interval that decided, e.g. 0.999 with three seeds; NaN if none did.
  public var confidence: Double
  /// One sentence for people, with the numbers or the reason.
  public var detail: String
  /// The numbers behind it, e.g. one an epoch.
  public var numbers: [ClaimNumber]

  /// A judgement with its numbers; the claim fills in who it is.
  public init(
    _ judgement: Judgement, effect: Double = .nan, low: Double = .nan, high: Double = .nan,
    threshold: Double = .nan, unit: String = "", seeds: Int = 0, confidence: Double = .nan,
    numbers: [ClaimNumber] = [], _ detail: String
  ) {
    self.judgement = judgement
    self.effect = effect
    self.low = low
    self.high = high
    self.threshold = threshold
    self.unit = unit
    self.seeds = seeds
    self.confidence = confidence
    self.detail = detail
    self.numbers = numbers
  }

  /// A judgement with an estimate over seeds as its effect.
  public init(
    _ judgement: Judgement, _ estimate: Estimate, threshold: Double = .nan, unit: String = "",
    numbers: [ClaimNumber] = [], _ detail: String
  ) {
    self.init(
      judgement, effect: estimate.value, low: estimate.low, high: estimate.high,
      threshold: threshold, unit: unit, seeds: estimate.count, confidence: estimate.confidence,
      numbers: numbers,
      detail + (estimate.remark(ofLogRatio: Self.ratioName(unit) != nil).map { "; \($0)" } ?? ""))
    deciding = estimate.deciding
  }

  /// An estimate, judged by where it has to lie, with the nearest boundary as its threshold.
  public init(
    _ estimate: Estimate, in region: Region, unit: String, numbers: [ClaimNumber] = [],
    _ detail: String
  ) {
    self.init(
      estimate.judgement(in: region), estimate,
      threshold: region.threshold(nearest: estimate.value), unit: unit, numbers: numbers, detail)
  }

  /// A number that is exact, or whose interval does not decide, judged by where it has to lie, with the nearest
  /// boundary as its threshold.
  ///
  /// - Throws: `NotRun` if there is no such number.
  public init(
    exactly effect: Double, in region: Region, low: Double = .nan, high: Double = .nan,
    unit: String, seeds: Int = 0, numbers: [ClaimNumber] = [], _ detail: String
  ) throws {
    if effect.isNaN { throw NotRun("there is no number to judge") }
    self.init(
      region.contains(effect...effect) ? .reproduced : .notReproduced, effect: effect, low: low,
      high: high, threshold: region.threshold(nearest: effect), unit: unit, seeds: seeds,
      numbers: numbers, detail)
  }

  /// A claim whose experiment has not been run.
  init(notRunIn experiment: String, _ description: ClaimDescription, arm: String = "") {
    self.init(.notRun, "\(experiment) has not been run")
    self.description = description
    self.arm = arm
  }

  /// A member of the claim's description.
  public subscript<Member>(
    dynamicMember path: WritableKeyPath<ClaimDescription, Member>
  ) -> Member {
    get { description[keyPath: path] }
    set { description[keyPath: path] = newValue }
  }

  /// The verdict.
  public var verdict: Verdict { judgement.verdict }
  /// How the claim fails, if it is not reproduced.
  public var finding: Finding { judgement.finding }

  /// The outcome, undecided by its rule for a reason.
  public func undecided(_ reason: OpenReason) -> ClaimOutcome {
    var open = self
    open.judgement = .undecided(reason)
    return open
  }

  /// Why it is inconclusive; nil if it is decided, not run, or has no interval.
  package var openReason: OpenReason? {
    guard verdict == .inconclusive else { return nil }
    if let reason = judgement.openByRule { return reason }
    switch seeds {
    case 1: return .oneSeed
    case 2: return .twoSeeds
    default:
      if low < threshold && threshold < high { return .limitInside }
      guard let deciding, deciding.contains(threshold) else { return nil }
      return confidence > 0.95 ? .limitInsideWider : .limitInside
    }
  }

  /// Whether it is about a part of a claim, e.g. one of several rivals.
  public var isPart: Bool { !self.claim.isEmpty && self.claim != self.id }

  /// Whether the claim holds or does not.
  var isDecided: Bool { verdict == .reproduced || verdict == .notReproduced }

  /// `id@arm`, or the id alone where there are no arms: unique within a document.
  public var key: String { arm.isEmpty ? self.id : "\(self.id)@\(arm)" }

  /// The effect with its interval as people read it: logarithms of ratios as ratios, e.g.
  /// `Adam / AdaGrad = 0.52 [0.51, 0.53]`; begins with `so far:` where there is no verdict.
  public var effectText: String {
    if effect.isNaN { return "" }
    let start = verdict == .notRun ? "so far: " : ""
    guard let ratioName else {
      let name = start + (unit.isEmpty ? "" : "\(unit) = ")
      return name + Self.interval(effect, low, high, threshold: threshold)
    }
    let ratio = "\(start)\(ratioName) = "
    if effect.isInfinite { return ratio + (effect > 0 ? "infinite" : "0") }
    if high - low > log(1e6) {
      return ratio + NumberText.significant(exp(effect)) + " [wider than a factor of a million]"
    }
    return ratio
      + Self.interval(exp(effect), exp(low), exp(high), threshold: exp(threshold))
  }

  /// The ratio whose logarithm the effect is, e.g. `Adam / AdaGrad`; nil where it is none.
  package var ratioName: String? { Self.ratioName(unit) }

  package static func ratioName(_ unit: String) -> String? {
    guard unit.hasPrefix("log("), unit.hasSuffix(")") else { return nil }
    return String(unit.dropFirst(4).dropLast())
  }

  /// The threshold as people read it: that of a logarithm of a ratio as the ratio; empty if there is
  /// none.
  package var thresholdText: String {
    threshold.isNaN ? "" : NumberText.significant(plain.threshold)
  }

  /// The effect, its interval and the threshold as ratios; NaN where the unit is no logarithm of one.
  package var ratio: (effect: Double, low: Double, high: Double, threshold: Double) {
    ratioName == nil ? (.nan, .nan, .nan, .nan) : plain
  }

  /// The effect and its interval as ratios where they are logarithms of such; else as they are.
  package var plain: (effect: Double, low: Double, high: Double, threshold: Double) {
    guard ratioName != nil else { return (effect, low, high, threshold) }
    return (exp(effect), exp(low), exp(high), exp(threshold))
  }

  /// The interval that decides, as `plain`; NaN where there is none.
  package var plainDeciding: (low: Double, high: Double) {
    guard let deciding else { return (.nan, .nan) }
    return ratioName == nil
      ? (deciding.lowerBound, deciding.upperBound)
      : (exp(deciding.lowerBound), exp(deciding.upperBound))
  }

  /// A number with its interval, in as many digits (three to five) as it takes to tell the ends of
  /// the interval, or the number where there is none, apart from each other, from the number and from
  /// what it is compared with.
  static func interval(
    _ value: Double, _ low: Double, _ high: Double, threshold: Double = .nan
  ) -> String {
    let isAlone = low.isNaN || high.isNaN
    let ends = isAlone ? [value] : [low, high]
    func isClear(_ a: Double, _ b: Double, _ digits: Int) -> Bool {
      a == b || b.isNaN
        || NumberText.significant(a, digits: digits) != NumberText.significant(b, digits: digits)
    }
    let choices = 3...5
    let digits =
      choices.first { digits in
        isClear(ends[0], ends[ends.count - 1], digits)
          && ends.allSatisfy { isClear($0, threshold, digits) && isClear($0, value, digits) }
      } ?? choices.first { isClear(ends[0], ends[ends.count - 1], $0) } ?? 3
    let texts = (isAlone ? [value] : [value, low, high])
      .map { NumberText.significant($0, digits: digits) }
    return isAlone ? texts[0] : "\(texts[0]) [\(texts[1]), \(texts[2])]"
  }

  /// Equal in content; NaN equals NaN here, as it means "none".
  public static func == (a: ClaimOutcome, b: ClaimOutcome) -> Bool {
    a.description == b.description && a.arm == b.arm && a.judgement == b.judgement
      && a.unit == b.unit && same(a.confidence, b.confidence) && a.deciding == b.deciding
      && a.seeds == b.seeds && a.detail == b.detail && a.numbers == b.numbers
      && same(a.effect, b.effect) && same(a.low, b.low) && same(a.high, b.high)
      && same(a.threshold, b.threshold)
  }
}

private func same(_ a: Double, _ b: Double) -> Bool { a == b || (a.isNaN && b.isNaN) }
