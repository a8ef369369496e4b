import Glibc

/// What became of a claim.
public enum Verdict: String, Sendable, CaseIterable {
  /// The measurement says what the paper says.
  case reproduced
  /// The measurement contradicts the paper.
  case notReproduced = "not reproduced"
  /// The interval contains the threshold, there is too little to decide, or the rule leaves it open: `OpenReason`.
  case inconclusive
  /// There is no measurement to judge.
  case notRun = "not run"
}

/// How a claim that is not reproduced fails.
public enum Finding: String, Sendable, CaseIterable {
  /// Nothing more to say.
  case none = ""
  /// The effect goes the other way.
  case contrary
  /// The whole interval of the ratio lies within 5 % of one.
  case noDifference = "no difference"
  /// The effect goes the way that is claimed, but not so far.
  case weaker
  /// The cost is lower than the range that is claimed.
  case better
}

/// A verdict, with how a claim fails that is not reproduced, and why one is open that a rule leaves so.
public struct Judgement: Sendable, Equatable {
  /// The verdict.
  public let verdict: Verdict
  /// How it fails; `none` for other verdicts.
  public let finding: Finding
  /// Why the rule leaves it undecided, where it is not for its interval.
  public private(set) var openByRule: OpenReason?

  /// A judgement.
  public init(_ verdict: Verdict, _ finding: Finding = .none) {
    self.verdict = verdict
    self.finding = finding
  }

  /// Left undecided by the rule, whatever the interval.
  public static func undecided(_ reason: OpenReason) -> Judgement {
    var open = Judgement(.inconclusive)
    open.openByRule = reason
    return open
  }

  /// The measurement says what the paper says.
  public static let reproduced = Judgement(.reproduced)
  /// The measurement contradicts the paper.
  public static let notReproduced = Judgement(.notReproduced)
  /// Too little to decide.
  public static let inconclusive = Judgement(.inconclusive)
  /// There is no measurement.
  public static let notRun = Judgement(.notRun)

  /// Whether both say the same, for whatever reason one is open.
  func agrees(with other: Judgement) -> Bool {
    verdict == other.verdict && finding == other.finding
  }

  /// The judgement on a claim that says all of several things: one counterexample decides it, and
  /// it is reproduced only if each of them is; `notRun` of nothing.
  ///
  /// Of several counterexamples the one that goes furthest is named: contrary, then without a
  /// difference, then weaker, then better.
  public static func all(_ parts: [Judgement]) -> Judgement {
    let failed = parts.filter { $0.verdict == .notReproduced }
    if !failed.isEmpty {
      let order: [Finding] = [.contrary, .noDifference, .weaker, .better]
      return Judgement(
        .notReproduced, order.first { failed.map(\.finding).contains($0) } ?? .none)
    }
    if parts.isEmpty { return .notRun }
    return parts.allSatisfy { $0.verdict == .reproduced } ? .reproduced : .inconclusive
  }
}

/// Why a claim that was judged is undecided.
public enum OpenReason: String, Sendable, CaseIterable {
  case oneSeed = "one seed"
  case twoSeeds = "two seeds"
  /// What the effect is compared with lies inside the 95 % interval.
  case limitInside = "limit inside"
  /// It lies inside the wider interval alone by which three or four seeds decide.
  case limitInsideWider = "limit inside at 99.9 %"
  /// A finer search may turn it.
  case coarseSearch = "search too coarse"
  /// It depends on something that the paper leaves open.
  case otherReading = "another reading differs"
  /// It may depend on something that the paper leaves open, and no run tells.
  case otherReadingNotRun = "another reading not run"
  /// A distance lies between that up to which curves match and that from which on they do not.
  case betweenLimits = "between the limits"
  /// The rule tells numbers and gives no verdict.
  case noVerdict = "told without a verdict"

  /// Whether the rule says it, and no number behind the verdict tells.
  var isOfRule: Bool {
    switch self {
    case .oneSeed, .twoSeeds, .limitInside, .limitInsideWider: false
    case .coarseSearch, .otherReading, .otherReadingNotRun, .betweenLimits, .noVerdict: true
    }
  }
}

/// Where a claim says that a quantity lies.
public enum Region: Sendable, Equatable {
  /// Strictly below the threshold.
  case below(Double)
  /// At the threshold or below.
  case atMost(Double)
  /// Strictly above the threshold.
  case above(Double)
  /// At the threshold or above.
  case atLeast(Double)
  /// Between both ends, or at one of them.
  case inside(ClosedRange<Double>)

  /// Whether whatever is lower than a point of it lies here too.
  var isBelow: Bool {
    switch self {
    case .below, .atMost: true
    case .above, .atLeast, .inside: false
    }
  }

  /// Whether every point of the interval lies here.
  func contains(_ interval: ClosedRange<Double>) -> Bool {
    switch self {
    case .below(let limit): interval.upperBound < limit
    case .atMost(let limit): interval.upperBound <= limit
    case .above(let limit): interval.lowerBound > limit
    case .atLeast(let limit): interval.lowerBound >= limit
    case .inside(let range):
      range.lowerBound <= interval.lowerBound && interval.upperBound <= range.upperBound
    }
  }

  /// Whether no point of the interval lies here.
  func excludes(_ interval: ClosedRange<Double>) -> Bool {
    switch self {
    case .below(let limit): interval.lowerBound >= limit
    case .atMost(let limit): interval.lowerBound > limit
    case .above(let limit): interval.upperBound <= limit
    case .atLeast(let limit): interval.upperBound < limit
    case .inside(let range): !range.overlaps(interval)
    }
  }

  /// The boundary that is nearest to `value`; the last where there is no such value.
  package func threshold(nearest value: Double) -> Double {
    switch self {
    case .below(let limit), .atMost(let limit), .above(let limit), .atLeast(let limit): return limit
    case .inside(let range):
      let ends = [range.lowerBound, range.upperBound].filter(\.isFinite)
      guard value.isFinite else { return ends.last ?? .nan }
      return ends.min { abs(value - $0) < abs(value - $1) } ?? .nan
    }
  }

  /// How far an interval reaches inside; negative if it reaches out.
  func margin(_ interval: ClosedRange<Double>) -> Double {
    switch self {
    case .below(let limit), .atMost(let limit): limit - interval.upperBound
    case .above(let limit), .atLeast(let limit): interval.lowerBound - limit
    case .inside(let range):
      min(interval.lowerBound - range.lowerBound, range.upperBound - interval.upperBound)
    }
  }

  /// How a claim about a log ratio fails whose interval lies outside.
  fileprivate func failure(_ interval: ClosedRange<Double>) -> Finding {
    switch self {
    case .below, .atMost: interval.upperBound < 0 ? .weaker : .contrary
    case .above, .atLeast: interval.lowerBound > 0 ? .weaker : .contrary
    case .inside(let range): interval.upperBound < range.lowerBound ? .better : .contrary
    }
  }
}

extension Estimate {
  /// Costs within 5 % of each other do not differ.
  static let indifference = log(0.95)...log(1 / 0.95)

  /// What the estimate says of a claim that the quantity lies in `region`: the interval that decides
  /// lies inside, or outside, or neither.
  public func judgement(in region: Region) -> Judgement {
    guard let deciding else { return .inconclusive }
    if region.contains(deciding) { return .reproduced }
    return region.excludes(deciding) ? .notReproduced : .inconclusive
  }

  /// As `judgement(in:)` for the logarithm of a ratio of costs, which also knows when there is no
  /// difference.
  public func judgement(ofLogRatioIn region: Region) -> Judgement {
    guard let deciding else { return .inconclusive }
    if region.contains(deciding) { return .reproduced }
    let zone = Self.indifference
    if zone.lowerBound <= deciding.lowerBound && deciding.upperBound <= zone.upperBound {
      return Judgement(.notReproduced, .noDifference)
    }
    return region.excludes(deciding)
      ? Judgement(.notReproduced, region.failure(deciding)) : .inconclusive
  }
}
