import Glibc
import ResultStore

/// Two contenders' costs that a claim compares, at several places of which each must be in a region.
package struct CostComparison: Sendable {
  let a: String
  let b: String
  /// The places: at each, the mean over these epochs is compared.
  let epochs: [[Int]]
  let region: Region
  /// The costs that the claim compares: its epochs are labels of this measure.
  let measure: Measure
  /// What a search may hide; nil: nothing.
  let resolution: SearchResolution?

  init(
    _ a: String, _ b: String, at epochs: [[Int]], of measure: Measure = .runningCost,
    _ region: Region, resolution: SearchResolution? = nil
  ) {
    self.a = a
    self.b = b
    self.epochs = epochs
    self.region = region
    self.measure = measure
    self.resolution = resolution
  }

  /// Whether runs of so many passes have all of these epochs.
  fileprivate func reaches(_ epochs: [Int], within passes: Int) -> Bool {
    epochs.allSatisfy { measure.passes(atLabel: $0) <= passes }
  }

  private static let dropout = "+dropout"

  /// The same without dropout; nil if it is without already.
  fileprivate var withoutDropout: CostComparison? {
    let suffix = Self.dropout
    guard a.hasSuffix(suffix), b.hasSuffix(suffix) else { return nil }
    return of(String(a.dropLast(suffix.count)), String(b.dropLast(suffix.count)))
  }

  /// The same with dropout; nil if it is with it already.
  fileprivate var withDropout: CostComparison? {
    guard !a.hasSuffix(Self.dropout), !b.hasSuffix(Self.dropout) else { return nil }
    return of(a + Self.dropout, b + Self.dropout)
  }

  private func of(_ a: String, _ b: String) -> CostComparison {
    CostComparison(a, b, at: epochs, of: measure, region, resolution: resolution)
  }
}

/// The verdict on a claim under one reading of what the paper leaves open.
public struct Reading: Sendable, Equatable {
  /// The claim.
  public var claim: String
  /// Where the settings come from: an arm, or `search: <schedule>`.
  public var settings: String
  /// By what the search chose them: `final cost` or `mean cost`; empty for an arm.
  public var selection: String
  /// Which cost is compared: `running mean` or `after each pass`.
  public var cost: String
  /// `as stated`, `without dropout` or `with dropout`.
  public var regularisation: String
  /// What is taken otherwise than in the arm, e.g. `dropout rates: 0 and 0.5`; empty if nothing is.
  public var choice = ""
  /// The passes of the runs, where these are fewer than the claim wants: it is judged at those of its places
  /// that they reach, else after the last of them; nil: as the claim says.
  public var passes: Int?
  /// The verdict with its numbers.
  public var outcome: ClaimOutcome

  /// The reading in words, e.g. `alpha/sqrt(step), chosen by final cost`.
  public var text: String {
    var words = [settings]
    if !selection.isEmpty { words.append("chosen by \(selection)") }
    if cost != Self.running { words.append("cost \(cost)") }
    if regularisation != Self.stated { words.append(regularisation) }
    if !choice.isEmpty { words.append(choice) }
    if let passes { words.append("within \(passes) passes") }
    return words.joined(separator: ", ")
  }

  /// Whether it is that of a search with a schedule for all methods, chosen by final cost, else as stated.
  func isOfSchedule(_ schedule: String) -> Bool {
    settings == Self.search(schedule) && selection == Self.finalCost && cost == Self.running
      && regularisation == Self.stated && choice.isEmpty && passes == nil
  }

  /// The settings of a search with a schedule; nil: with any.
  static func search(_ schedule: String?) -> String { "search: \(schedule ?? "any schedule")" }

  static let finalCost = "final cost"
  static let meanCost = "mean cost"
  static let running = "running mean"
  static let afterPass = "after each pass"
  static let stated = "as stated"
  static let withoutDropout = "without dropout"
  static let withDropout = "with dropout"
}

/// The verdicts under every defensible reading that was run: a map, not a vote.
public struct Readings: Sendable, Equatable {
  /// The readings, those of a claim together and in the order of their effect.
  public internal(set) var all: [Reading] = []

  /// No readings.
  public init() {}

  /// Judges the paper's own claims about ratios of costs, under each reading that the document's runs,
  /// its search and the alternatives to its open choices allow. Those with settings from the search are
  /// judged on the search's runs; a race has none, as its points are not of one length.
  ///
  /// Alternatives that make fewer passes than a claim wants are compared at its places within these
  /// passes, else after the last of them; the arm has a reading of that horizon too.
  ///
  /// - Parameter withoutCostMinimum: contenders whose cost has no minimum: ratios of such costs tell how far
  ///   each run was taken, and no more.
  public init(_ claims: [Claim], of document: Document, withoutCostMinimum: [String] = []) {
    guard document.hasRealData else { return }
    let arms = document.root.labels(of: "arm")
    let table = try? SearchTable(document)
    let alternatives = AlternativeRuns.all(of: document)
    for claim in claims where claim.group == .paper && !claim.comparisons.isEmpty {
      var found: [Reading] = []
      let variants = [
        (Reading.stated, claim.comparisons),
        (Reading.withoutDropout, claim.comparisons.compactMap(\.withoutDropout)),
        (Reading.withDropout, claim.comparisons.compactMap(\.withDropout)),
      ].filter { _, comparisons in
        // A claim about both is no other claim about one.
        guard comparisons.count == claim.comparisons.count else { return false }
        let names = comparisons.flatMap { [$0.a, $0.b] }
        return !names.isEmpty && !names.contains(where: withoutCostMinimum.contains)
      }
      for (regularisation, comparisons) in variants {
        func add(
          _ settings: String, _ selection: String, _ cost: String, choice: String = "",
          passes: Int? = nil, _ outcome: ClaimOutcome?
        ) {
          guard let outcome else { return }
          found.append(
            Reading(
              claim: claim.id, settings: settings, selection: selection, cost: cost,
              regularisation: regularisation, choice: choice, passes: passes, outcome: outcome))
        }
        for arm in arms
        where document.searchedElsewhere(arm) == nil && claim.isJudged(in: arm, of: document) {
          let context = ClaimContext(document: document, arm: arm)
          let own = alternatives.filter { $0.arm == arm }
          for (cost, measure) in [
            (Reading.running, Measure.runningCost), (Reading.afterPass, .trainingCost),
          ] {
            add(arm, "", cost, Self.outcome(comparisons, context, measure))
            var horizons: Set<Int> = []
            for alternative in own {
              let passes = Self.horizon(comparisons, within: alternative.passes)
              let context = ClaimContext(document: alternative.document, arm: nil)
              let outcome = Self.outcome(comparisons, context, measure, within: alternative.passes)
              add(arm, "", cost, choice: alternative.choice, passes: passes, outcome)
              if let passes, outcome != nil { horizons.insert(passes) }
            }
            for passes in horizons.sorted() {
              add(
                arm, "", cost, passes: passes,
                Self.outcome(comparisons, context, measure, within: passes))
            }
          }
        }
        guard let table, !table.isRace else { continue }
        for schedules in SearchedSchedules.all(of: table, comparisons) {
          for selection in [Reading.finalCost, Reading.meanCost] {
            add(
              Reading.search(schedules.words), selection, Reading.running,
              Self.outcome(comparisons, table, schedules, byMean: selection == Reading.meanCost))
          }
        }
      }
      // Where a contender diverged in some seeds only there is no effect.
      func rank(_ reading: Reading) -> Double {
        reading.outcome.effect.isNaN ? .infinity : reading.outcome.effect
      }
      all += found.sorted { rank($0) < rank($1) }
    }
  }

  /// The readings of one claim.
  public func of(_ claim: String) -> [Reading] { all.filter { $0.claim == claim } }

  /// The claims that have readings, in order.
  public var claims: [String] { all.map(\.claim).distinct }

  /// The readings of one claim at its own places, which are counted.
  public func counted(of claim: String) -> [Reading] { of(claim).filter { $0.passes == nil } }

  /// E.g. `holds in 3 of 12 readings, does not in 7, undecided in 2`; those of fewer passes are counted apart.
  public func summary(of claim: String) -> String {
    func count(_ readings: [Reading]) -> String {
      let holds = readings.count { $0.outcome.verdict == .reproduced }
      let fails = readings.count { $0.outcome.verdict == .notReproduced }
      let open = readings.count - holds - fails
      return "holds in \(holds) of \(readings.count) readings, does not in \(fails)"
        + (open > 0 ? ", undecided in \(open)" : "")
    }
    let early = of(claim).filter { $0.passes != nil }
    return count(counted(of: claim)) + (early.isEmpty ? "" : "; of fewer passes \(count(early))")
  }

  private static func outcome(_ parts: [RatioPart], _ comparisons: [CostComparison])
    -> ClaimOutcome?
  {
    guard !parts.isEmpty, let first = comparisons.first else { return nil }
    let isOne = comparisons.count == 1
    return RatioPart.outcome(parts, isOne ? first.a : "each", isOne ? first.b : "its rival")
  }

  /// Of an arm, or of an alternative; nil where runs are missing or costs vanish.
  ///
  /// - Parameter passes: those that the runs make, if fewer than the claim may want.
  private static func outcome(
    _ comparisons: [CostComparison], _ context: ClaimContext, _ measure: Measure,
    within passes: Int? = nil
  ) -> ClaimOutcome? {
    var parts: [RatioPart] = []
    for comparison in comparisons {
      func part(_ epochs: [Int]) -> RatioPart? {
        let labels = epochs.map { measure.label(like: $0, of: comparison.measure) }
        guard
          let found = try? context.compare(
            comparison.a, with: comparison.b, measure: measure, at: labels), !found.vanishes
        else { return nil }
        return RatioPart(
          label: label(comparison, epochs), pair: (comparison.a, comparison.b), comparison: found,
          region: comparison.region, resolution: comparison.resolution)
      }
      let places = places(comparison, within: passes)
      let found = places.compactMap(part)
      guard found.count == places.count else { return nil }
      parts += found
    }
    return outcome(parts, comparisons)
  }

  /// Where runs of so many passes, or of all, are compared: after the last where none of the claim's
  /// places is reached.
  private static func places(_ comparison: CostComparison, within passes: Int?) -> [[Int]] {
    guard let passes else { return comparison.epochs }
    let reached = comparison.epochs.filter { comparison.reaches($0, within: passes) }
    return reached.isEmpty ? [[comparison.measure.label(afterPasses: passes)]] : reached
  }

  /// The passes that a reading names: nil if so many reach all places of the claim.
  private static func horizon(_ comparisons: [CostComparison], within passes: Int) -> Int? {
    let areAll = comparisons.allSatisfy { comparison in
      comparison.epochs.allSatisfy { comparison.reaches($0, within: passes) }
    }
    return areAll ? nil : passes
  }

  /// Of the best points of a search with some schedules; nil where runs are missing or costs
  /// vanish.
  private static func outcome(
    _ comparisons: [CostComparison], _ table: SearchTable, _ schedules: SearchedSchedules,
    byMean: Bool
  ) -> ClaimOutcome? {
    var parts: [RatioPart] = []
    for comparison in comparisons {
      guard let a = best(comparison.a, table, schedules, byMean: byMean),
        let b = best(comparison.b, table, schedules, byMean: byMean)
      else { return nil }
      for epochs in comparison.epochs {
        let passes = epochs.map { Measure.runningCost.label(like: $0, of: comparison.measure) }
        var costs = Comparison()
        for row in a {
          guard let other = b.first(where: { $0.seed == row.seed }),
            passes.allSatisfy({ row.curve.indices.contains($0) && other.curve.indices.contains($0) }
            )
          else { continue }
          costs.add(
            Statistics.mean(passes.map { row.curve[$0] }),
            Statistics.mean(passes.map { other.curve[$0] }), seed: "\(row.seed)")
        }
        guard costs.pairs > 0, !costs.vanishes else { return nil }
        parts.append(
          RatioPart(
            label: label(comparison, epochs), pair: (comparison.a, comparison.b),
            comparison: costs, region: comparison.region, resolution: comparison.resolution))
      }
    }
    return outcome(parts, comparisons)
  }

  /// Of the best points, by final cost, with the stated schedule for all but AdaGrad; nil without such a search.
  static func ofUndecayedAdaGrad(_ comparisons: [CostComparison], _ document: Document)
    -> ClaimOutcome?
  {
    guard let table = try? SearchTable(document), !table.isRace,
      let schedules = SearchedSchedules.all(of: table, comparisons)
        .first(where: { $0.words == SearchedSchedules.undecayedAdaGrad.words })
    else { return nil }
    return outcome(comparisons, table, schedules, byMean: false)
  }

  private static func best(
    _ contender: String, _ table: SearchTable, _ schedules: SearchedSchedules, byMean: Bool
  ) -> [SearchTable.Row]? {
    let schedule = schedules.of(contender)
    let rows = table.deciding.filter {
      $0.contender == contender && $0.point.schedule == schedule ?? $0.point.schedule
        && !$0.curve.isEmpty
    }
    func score(_ rows: [SearchTable.Row]) -> Double {
      Statistics.mean(rows.map { byMean ? $0.meanCost ?? .infinity : $0.cost })
    }
    return Dictionary(grouping: rows, by: \.point).sorted { $0.key.text < $1.key.text }
      .map(\.value).min { score($0) < score($1) }
  }

  private static func label(_ comparison: CostComparison, _ epochs: [Int]) -> String {
    let place =
      epochs.count == 1
      ? "epoch \(epochs[0])" : "epochs \(epochs.first ?? 0) to \(epochs.last ?? 0)"
    return "\(comparison.a) and \(comparison.b), \(place)"
  }
}

/// With which of its schedules the points of a search are compared.
struct SearchedSchedules {
  /// In words; nil: any.
  let words: String?
  /// That of a contender; nil: any.
  let of: @Sendable (_ contender: String) -> String?

  /// Section 6.1 states alpha / sqrt(t) without saying whether AdaGrad has it too, whose own denominator
  /// grows as sqrt(t).
  static let undecayedAdaGrad = SearchedSchedules(
    words: "\(inverseRoot), AdaGrad \(constant)"
  ) { isAdaGrad($0) ? constant : inverseRoot }

  private static let inverseRoot = "alpha/sqrt(step)"
  private static let constant = "constant"
  private static func isAdaGrad(_ contender: String) -> Bool {
    contender.lowercased().hasPrefix("adagrad")
  }

  /// Each schedule of a search for all contenders, AdaGrad's own beside that of its rival, and any.
  static func all(of table: SearchTable, _ comparisons: [CostComparison]) -> [Self] {
    let schedules = table.deciding.map(\.point.schedule).distinct
    let areMixed = comparisons.contains { isAdaGrad($0.a) != isAdaGrad($0.b) }
    return schedules.map { schedule in Self(words: schedule) { _ in schedule } }
      + (areMixed && schedules.contains(inverseRoot) && schedules.contains(constant)
        ? [undecayedAdaGrad] : [])
      + (schedules.count > 1 ? [Self(words: nil) { _ in nil }] : [])
  }
}

/// The runs of an alternative to something that the paper leaves open, those of rivals among them.
private struct AlternativeRuns {
  /// What is taken instead, e.g. `dropout rates: 0 and 0.5`.
  let choice: String
  /// The arm whose runs are varied.
  let arm: String
  /// The passes of its runs.
  let passes: Int
  /// Their costs as those of a document, without arms.
  let document: Document

  /// Those that `/choices` of a document has curves of.
  static func all(of document: Document) -> [AlternativeRuns] {
    guard let choices = try? document.view.subgroup("choices"), choices.hasVariable("arm"),
      let arms = try? choices.texts("arm").values, let rows = try? choices.labels("choice"),
      let questions = try? choices.texts("question").values,
      let names = try? choices.texts("alternative").values
    else { return [] }
    return rows.indices.compactMap { row in
      guard !arms[row].isEmpty else { return nil }
      var part = document
      part.root.dimensions = choices.group.dimensions.filter { $0.name != "choice" }
      part.root.groups = []
      part.root.variables = choices.group.variables.compactMap { variable in
        guard variable.dimensions.first == "choice", variable.dimensions.contains("seed"),
          let slice = try? choices.array(variable.name, ["choice": rows[row]])
        else { return nil }
        return Variable(
          variable.name, slice.dimensions.map(\.name), .double(slice.values),
          attributes: variable.attributes)
      }
      let lengths = part.root.variable("run_epochs")?.values.doubles?.filter { $0 > 0 }
      let longest = (part.root.dimensions.first { $0.name == "epoch" }?.length ?? 1) - 1
      return AlternativeRuns(
        choice: "\(questions[row]): \(names[row])", arm: arms[row],
        passes: lengths?.min().map { Int($0) } ?? longest, document: part)
    }
  }
}
