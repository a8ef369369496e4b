import Glibc
import ResultStore

/// Why a claim cannot be judged; it becomes the verdict `not run` with this reason.
public struct NotRun: Error, Sendable, Equatable {
  /// The reason, in words.
  public let reason: String

  /// A reason.
  public init(_ reason: String) { self.reason = reason }
}

/// What a claim is judged on: one arm of one experiment's document.
public struct ClaimContext: Sendable {
  /// The experiment's results, as far as the claim declares to read them.
  public let document: Document
  /// The arm that is judged; nil where the experiment has no arms.
  public let arm: String?
  /// The paper's curves.
  public let paper: PaperCurves
  /// Results of other experiments by name, as far as they are there.
  private let siblings: [String: Document]
  /// The variables that the claim declares to read in results of other experiments.
  private let declaredElsewhere: [String]
  /// Those that it does not declare, and so cannot read.
  private let hidden: Set<String>

  /// One arm of a document, as far as a claim declares to read it.
  package init(
    document: Document, arm: String?, paper: PaperCurves = PaperCurves(),
    siblings: [String: Document] = [:], reading declared: [String] = [], elsewhere: [String] = []
  ) {
    hidden = document.recorded(beside: declared)
    self.document = document.hiding(hidden)
    self.arm = arm
    self.paper = paper
    self.siblings = siblings
    declaredElsewhere = elsewhere
  }

  /// The same arm of another experiment, or the given one.
  ///
  /// - Throws: `NotRun` if its results are not there, not from real data, or with settings that a
  ///   search at another horizon chose.
  public func sibling(_ experiment: String, arm other: String? = nil) throws -> ClaimContext {
    let arm = other ?? self.arm
    guard let document = siblings[experiment] else {
      throw NotRun("the results of \(experiment) are not beside these")
    }
    guard document.hasRealData else {
      throw NotRun("the results of \(experiment) beside these are not from real data")
    }
    if let arm, let reason = document.searchedElsewhere(arm) {
      throw NotRun("\(experiment): \(reason)")
    }
    return ClaimContext(document: document, arm: arm, reading: declaredElsewhere)
  }

  /// One cell of a variable.
  package enum Cell: Equatable {
    case value(Double)
    /// The run had diverged by then.
    case diverged
    case missing(String)
  }

  /// The variable, or the reason why there is none.
  package func array(_ name: String) throws -> Cells {
    guard let array = Cells(name, in: document) else {
      throw NotRun(undeclared(name) ?? "the file has no variable \(name)")
    }
    return array
  }

  /// The variable; `nil` if there is none.
  ///
  /// - Throws: `NotRun` if the claim does not declare that it reads it.
  package func optional(_ recorded: any Recorded) throws -> Cells? {
    if let reason = undeclared(recorded.variable) { throw NotRun(reason) }
    return Cells(recorded.variable, in: document)
  }

  /// What is wrong with a claim whose rule looks for this variable; `nil` if it is not there at all.
  private func undeclared(_ path: String) -> String? {
    hidden.contains(path) ? "the claim does not declare that it reads \(path)" : nil
  }

  /// Why a rule that threw an error gives no verdict.
  func reason(_ error: any Error) -> String {
    switch error {
    case let missing as NotRun: missing.reason
    case DocumentError.missing("variable", let name, let place, _):
      undeclared(place == "/" ? name : "\(place.dropFirst())/\(name)") ?? "\(error)"
    default: "\(error)"
    }
  }

  package func array(_ measure: Measure) throws -> Cells { try array(measure.variable) }

  package func array(_ recorded: any Recorded) throws -> Cells { try array(recorded.variable) }

  /// The seeds of a variable, in order; one unnamed seed if it has no such dimension.
  package func seeds(of variable: Cells) -> [String] {
    variable.has("seed") ? variable.labels(of: "seed") : ["0"]
  }

  /// The value at one seed and epoch, or why there is none.
  package func cell(
    _ variable: Cells, _ contender: String, seed: String, epoch: Int
  ) throws -> Cell {
    var selection = ["optimizer": contender, "seed": seed, "epoch": String(epoch)]
    selection["arm"] = arm
    for (dimension, label) in selection.sorted(by: { $0.key < $1.key })
    where variable.has(dimension) {
      guard variable.has(dimension, label) else {
        switch dimension {
        case "epoch":
          let last = variable.labels(of: "epoch").last ?? "none"
          throw NotRun("epoch \(epoch) is not there: the runs end at \(last)")
        case "optimizer": throw NotRun("\(contender) is not among the contenders")
        default: throw NotRun("there is no \(dimension) \(label)")
        }
      }
    }
    guard let value = variable.value(at: selection) else {
      throw NotRun("\(variable.name) has dimensions that this claim does not know")
    }
    if value.isFinite { return .value(value) }
    switch RunStatus(document)?.state(at: selection) {
    case .diverged: return .diverged
    case .finished, nil:
      if !value.isNaN { return .diverged }
      let isLastPass =
        Measure(rawValue: variable.name)?.label == .passBegun
        && variable.labels(of: "epoch").last == selection["epoch"]
      return .missing(
        isLastPass
          ? "the pass that starts after epoch \(epoch) was not made: one more epoch is needed"
          : "\(contender), seed \(seed), has no value at epoch \(epoch)")
    case .notRun: return .missing("\(contender), seed \(seed), has not been run")
    }
  }

  /// The values of a contender at one epoch, one a finished seed.
  public func values(
    _ measure: Measure = .runningCost, _ contender: String, at epoch: Int
  ) throws -> [Double] {
    try values(measure as any Recorded, contender, at: epoch)
  }

  /// The values of a contender at one epoch, one a finished seed, of something that is no measure.
  public func values(
    _ recorded: any Recorded, _ contender: String, at epoch: Int
  ) throws -> [Double] {
    let array = try array(recorded)
    return try seeds(of: array).compactMap { seed in
      if case .value(let value) = try cell(array, contender, seed: seed, epoch: epoch) {
        return value
      }
      return nil
    }
  }

  /// Paired comparison of two contenders, each seed's costs averaged over the given epochs.
  ///
  /// - Throws: `NotRun` if no seed has both.
  public func compare(
    _ a: String, with b: String, measure: Measure = .runningCost, at epochs: [Int]
  ) throws -> Comparison {
    let array = try array(measure)
    var comparison = Comparison()
    var reasons: [String] = []
    var leftOut: [String] = []
    for seed in seeds(of: array) {
      let costs = try [a, b].map { contender in
        try epochs.map { try cell(array, contender, seed: seed, epoch: $0) }
      }
      if let reason = costs.joined().lazy.compactMap({ cell in
        if case .missing(let reason) = cell { reason } else { nil }
      }).first {
        reasons.append(reason)
        // A seed that neither has is none of theirs.
        let isOneThere = costs.joined().contains { cell in
          if case .missing = cell { false } else { true }
        }
        if isOneThere { leftOut.append(reason) }
        continue
      }
      let means = costs.map { cells in
        Statistics.mean(
          cells.map { cell in
            if case .value(let value) = cell { value } else { .infinity }
          })
      }
      comparison.add(means[0], means[1], seed: seed)
    }
    guard comparison.pairs > 0 else { throw NotRun(reasons.first ?? "there are no seeds") }
    comparison.leftOut = leftOut
    return comparison
  }
}

/// Paired differences between two contenders, one a seed; a diverged run counts as infinite cost.
public struct Comparison: Sendable {
  /// The costs of the first contender.
  public private(set) var a: [Double] = []
  /// The costs of the second contender.
  public private(set) var b: [Double] = []
  /// The labels of the seeds.
  public private(set) var seeds: [String] = []
  /// Why seeds were left out.
  public var leftOut: [String] = []

  mutating func add(_ costA: Double, _ costB: Double, seed: String) {
    a.append(costA)
    b.append(costB)
    seeds.append(seed)
  }

  /// The number of seeds.
  public var pairs: Int { a.count }

  /// Lower costs are those of separable data, which have no minimum above 0: their ratio tells how far
  /// each run was taken, and no more.
  public static let leastCost = 1e-6

  /// Whether a cost is that small.
  var vanishes: Bool { (a + b).contains { $0 < Self.leastCost } }

  /// How many runs of each diverged.
  public var diverged: (a: Int, b: Int) {
    (a.count { !$0.isFinite }, b.count { !$0.isFinite })
  }

  /// log(a / b) of each seed: infinite where one of the two diverged, NaN where both did.
  public var logRatios: [Double] {
    zip(a, b).map { a, b in
      if a.isInfinite && b.isInfinite { return .nan }
      let smallest = Double.leastNormalMagnitude
      return log(Swift.max(a, smallest)) - log(Swift.max(b, smallest))
    }
  }

  /// The mean of the log ratios with its intervals; infinite if one contender diverged in every seed
  /// and the other in none, without a value if they diverged in some.
  public var estimate: Estimate { Statistics.studentMean(logRatios) }
}
