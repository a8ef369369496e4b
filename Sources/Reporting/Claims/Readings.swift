import Glibc
import ResultStore

/// Two contenders' costs that a claim compares, at several places of which each must be in a region.
package struct CostComparison: Sendable {
  let a: String
  let b: String
  /// The places: at each, the mean over these epochs is compared.
  let epochs: [[Int]]
  let region: Region

  init(_ a: String, _ b: String, at epochs: [[Int]], _ region: Region) {
    self.a = a
    self.b = b
    self.epochs = epochs
    self.region = region
  }

  /// The same without dropout; nil if it is without already.
  fileprivate var withoutDropout: CostComparison? {
    let suffix = "+dropout"
    guard a.hasSuffix(suffix), b.hasSuffix(suffix) else { return nil }
    return CostComparison(
      String(a.dropLast(suffix.count)), String(b.dropLast(suffix.count)), at: epochs, region)
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
  /// `as stated` or `without dropout`.
  public var regularisation: String
  /// The verdict with its numbers.
  public var outcome: ClaimOutcome

  /// The reading in words, e.g. `alpha/sqrt(step), chosen by final cost`.
  public var text: String {
    var words = [settings]
    if !selection.isEmpty { words.append("chosen by \(selection)") }
    if cost != Self.running { words.append("cost \(cost)") }
    if regularisation != Self.stated { words.append(regularisation) }
    return words.joined(separator: ", ")
  }

  static let running = "running mean"
  static let stated = "as stated"
}

/// The verdicts under every defensible reading that was run: a map, not a vote.
public struct Readings: Sendable, Equatable {
  /// The readings, those of a claim together and in the order of their effect.
  public internal(set) var all: [Reading] = []

  /// No readings.
  public init() {}

  /// Judges the paper's own claims about ratios of costs, under each reading that the document's runs
  /// and its search allow. Those with settings from the search are judged on the search's runs.
  public init(_ claims: [Claim], of document: Document) {
    guard document.hasRealData else { return }
    let arms = document.root.labels(of: "arm")
    let table = try? SearchTable(document)
    for claim in claims where claim.group == .paper && !claim.comparisons.isEmpty {
      var found: [Reading] = []
      let variants =
        [(Reading.stated, claim.comparisons)]
        + [claim.comparisons.compactMap(\.withoutDropout)].filter { !$0.isEmpty }
        .map { ("without dropout", $0) }
      for (regularisation, comparisons) in variants {
        func add(_ settings: String, _ selection: String, _ cost: String, _ outcome: ClaimOutcome?)
        {
          guard let outcome else { return }
          found.append(
            Reading(
              claim: claim.id, settings: settings, selection: selection, cost: cost,
              regularisation: regularisation, outcome: outcome))
        }
        for arm in arms where document.searchedElsewhere(arm) == nil {
          let context = ClaimContext(document: document, arm: arm)
          for (cost, measure) in [
            (Reading.running, Measure.runningCost), ("after each pass", .trainingCost),
          ] {
            add(arm, "", cost, Self.outcome(comparisons, context, measure))
          }
        }
        guard let table else { continue }
        let schedules = table.deciding.map(\.point.schedule).reduce(into: [String]()) {
          if !$0.contains($1) { $0.append($1) }
        }
        for schedule in schedules + (schedules.count > 1 ? [nil] : []) {
          for selection in ["final cost", "mean cost"] {
            add(
              "search: \(schedule ?? "any schedule")", selection, Reading.running,
              Self.outcome(comparisons, table, schedule, byMean: selection == "mean cost"))
          }
        }
      }
      all += found.sorted { $0.outcome.effect < $1.outcome.effect }
    }
  }

  /// The readings of one claim.
  public func of(_ claim: String) -> [Reading] { all.filter { $0.claim == claim } }

  /// The claims that have readings, in order.
  public var claims: [String] {
    all.map(\.claim).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// E.g. `holds in 3 of 12 readings, does not in 7, undecided in 2`.
  public func summary(of claim: String) -> String {
    let readings = of(claim)
    let holds = readings.count { $0.outcome.verdict == .reproduced }
    let fails = readings.count { $0.outcome.verdict == .notReproduced }
    let open = readings.count - holds - fails
    return "holds in \(holds) of \(readings.count) readings, does not in \(fails)"
      + (open > 0 ? ", undecided in \(open)" : "")
  }

  private static func outcome(_ parts: [RatioPart], _ comparisons: [CostComparison])
    -> ClaimOutcome?
  {
    guard !parts.isEmpty, let first = comparisons.first else { return nil }
    let isOne = comparisons.count == 1
    return RatioPart.outcome(parts, isOne ? first.a : "each", isOne ? first.b : "its rival")
  }

  /// Of an arm; nil where runs are missing or costs vanish.
  private static func outcome(
    _ comparisons: [CostComparison], _ context: ClaimContext, _ measure: Measure
  ) -> ClaimOutcome? {
    let parts = comparisons.flatMap { comparison in
      comparison.epochs.compactMap { epochs -> RatioPart? in
        // The claim's epochs are those of the running cost.
        let own = epochs.map { measure.label(like: $0, of: .runningCost) }
        guard
          let found = try? context.compare(
            comparison.a, with: comparison.b, measure: measure, at: own), !found.vanishes
        else { return nil }
        return RatioPart(
          label: label(comparison, epochs), comparison: found, region: comparison.region)
      }
    }
    guard parts.count == comparisons.reduce(0, { $0 + $1.epochs.count }) else { return nil }
    return outcome(parts, comparisons)
  }

  /// Of the best points of a search with one schedule, or with any; nil where runs are missing or costs
  /// vanish.
  private static func outcome(
    _ comparisons: [CostComparison], _ table: SearchTable, _ schedule: String?, byMean: Bool
  ) -> ClaimOutcome? {
    var parts: [RatioPart] = []
    for comparison in comparisons {
      guard let a = best(comparison.a, table, schedule, byMean: byMean),
        let b = best(comparison.b, table, schedule, byMean: byMean)
      else { return nil }
      for epochs in comparison.epochs {
        var costs = Comparison()
        for row in a {
          guard let other = b.first(where: { $0.seed == row.seed }),
            epochs.allSatisfy({ row.curve.indices.contains($0) && other.curve.indices.contains($0) }
            )
          else { continue }
          costs.add(
            Statistics.mean(epochs.map { row.curve[$0] }),
            Statistics.mean(epochs.map { other.curve[$0] }), seed: "\(row.seed)")
        }
        guard costs.pairs > 0, !costs.vanishes else { return nil }
        parts.append(
          RatioPart(label: label(comparison, epochs), comparison: costs, region: comparison.region))
      }
    }
    return outcome(parts, comparisons)
  }

  private static func best(
    _ contender: String, _ table: SearchTable, _ schedule: String?, byMean: Bool
  ) -> [SearchTable.Row]? {
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
