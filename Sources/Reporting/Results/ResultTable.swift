import Glibc
import ResultStore

/// What the runs of a result file came to: a row for each arm and optimizer, means over the seeds with
/// Student's 95 % intervals.
public struct ResultTable: Sendable {
  /// One optimizer in one arm.
  public struct Row: Sendable {
    /// The arm; empty where there are none.
    public var arm: String
    /// The optimizer.
    public var optimizer: String
    /// Its hyperparameters, as far as they are known.
    public var hyperparameters: [String: Double]
    /// Its stepsize schedule.
    public var schedule: String
    /// The settings of model and data that are numbers, and those that are words.
    public var settings: [String: String]
    /// The passes of a run that ended; 0 where none did.
    public var epochs: Int
    /// The running training cost of the last pass, in nats.
    public var cost: Estimate
    /// The share of the test set that is classified wrongly at the end.
    public var testError: Estimate
    /// Runs that ended as they should.
    public var finished: Int
    /// Runs that diverged.
    public var diverged: Int
    /// Seconds of computation of a run; NaN where they are not kept.
    public var seconds: Double
  }

  /// The rows in the file's order; those without a run are left out.
  public let rows: [Row]

  /// The table of a document whose runs are of optimizers; `nil` for another document.
  public init?(_ document: Document) {
    guard let status = RunStatus(document), let cells = Cells(RunState.variable, in: document),
      cells.has("optimizer"), Cells(.runningCost, in: document) != nil
    else { return nil }
    let arms = cells.has("arm") ? cells.labels(of: "arm") : [""]
    let seeds = cells.has("seed") ? cells.labels(of: "seed") : [""]
    // Numbers of each optimizer that no seed changes, but for the settings of model and data.
    let parameters = document.root.variables.filter {
      !$0.dimensions.isEmpty && Set($0.dimensions).isSubset(of: ["arm", "optimizer"])
        && !$0.name.hasPrefix("setting_") && !["arm", "optimizer"].contains($0.name)
    }.compactMap { variable in
      Cells(variable.name, in: document).map {
        (variable.name.replacing("_", with: "-"), $0)
      }
    }
    let seconds = Cells(RunTime.computation.variable, in: document)
    let costs = Cells(.runningCost, in: document)
    let errors = Cells(.testError, in: document)
    var rows: [Row] = []
    for arm in arms {
      for optimizer in cells.labels(of: "optimizer") {
        let place = ["arm": arm, "optimizer": optimizer]
        var states: [RunState: Int] = [:]
        for seed in seeds {
          let here = place.merging(["seed": seed]) { _, new in new }
          states[status.state(at: here) ?? .notRun, default: 0] += 1
        }
        let (finished, diverged) = (states[.finished] ?? 0, states[.diverged] ?? 0)
        guard finished + diverged > 0 else { continue }
        func last(_ cells: Cells?) -> [Double] {
          guard let cells else { return [] }
          return seeds.compactMap { seed in
            let here = place.merging(["seed": seed]) { _, new in new }
            guard status.state(at: here) == .finished else { return nil }
            return cells.labels(of: "epoch").reversed().lazy
              .compactMap { cells.value(at: here.merging(["epoch": $0]) { _, new in new }) }
              .first { $0.isFinite }
          }
        }
        let ends = seeds.compactMap { seed -> Int? in
          let here = place.merging(["seed": seed]) { _, new in new }
          guard let costs, status.state(at: here) == .finished else { return nil }
          return costs.labels(of: "epoch").last { label in
            costs.value(at: here.merging(["epoch": label]) { _, new in new })?.isFinite ?? false
          }.flatMap { Int($0) }
        }
        let passes = ends.max().map { Measure.runningCost.passes(atLabel: $0) } ?? 0
        let known = parameters.compactMap { name, cells in
          cells.value(at: place).flatMap { $0.isFinite ? (name, $0) : nil }
        }
        rows.append(
          Row(
            arm: arm, optimizer: optimizer,
            hyperparameters: Dictionary(known) { first, _ in first },
            schedule: (try? document.view.text("schedule", place)) ?? "",
            settings: Self.settings(document, place), epochs: passes,
            cost: Statistics.studentMean(last(costs)),
            testError: Statistics.studentMean(last(errors)), finished: finished,
            diverged: diverged, seconds: Statistics.mean(last(seconds))))
      }
    }
    self.rows = rows
  }

  private static func settings(
    _ document: Document, _ place: [String: String]
  ) -> [String: String] {
    var found: [String: String] = [:]
    for variable in document.root.variables where variable.name.hasPrefix("setting_") {
      let name = String(variable.name.dropFirst("setting_".count)).replacing("_", with: "-")
      if let cells = Cells(variable.name, in: document) {
        guard let value = cells.value(at: place), value.isFinite else { continue }
        found[name] = NumberText.exact(value)
      } else if let text = try? document.view.text(variable.name, place), !text.isEmpty {
        found[name] = text
      }
    }
    return found
  }

  /// The table for a terminal, arm by arm if there are several.
  ///
  /// - Parameter defaults: the hyperparameters of an optimizer that need not be said.
  public func text(defaults: (_ optimizer: String) -> [String: Double]) -> String {
    // What is the same in all rows need not be said.
    let differing = Set(rows.flatMap(\.settings.keys)).sorted().filter { name in
      Set(rows.map { $0.settings[name] ?? "" }).count > 1
    }
    let haveOtherPasses = Set(rows.map(\.epochs).filter { $0 > 0 }).count > 1
    let head = ["optimizer", "settings", "cost of last pass", "test error %", "seeds", "time"]
    let lines = rows.map { row -> [String] in
      let known = defaults(row.optimizer)
      let named = row.hyperparameters.sorted { $0.key < $1.key }
        .filter { $0.key == "alpha" || known[$0.key] != $0.value }
        .map { "\($0.key)=\(NumberText.significant($0.value, digits: 6))" }
      let schedule = ["", "constant"].contains(row.schedule) ? [] : [row.schedule]
      let settings = differing.compactMap { name in
        row.settings[name].map { "\(name)=\($0)" }
      }
      let passes = haveOtherPasses && row.epochs > 0 ? ["epochs=\(row.epochs)"] : []
      let seeds =
        row.diverged == 0
        ? "\(row.finished)"
        : (row.finished > 0 ? "\(row.finished), " : "") + "\(row.diverged) diverged"
      return [
        row.optimizer, (named + schedule + settings + passes).joined(separator: " "),
        Self.text(row.cost),
        Self.text(row.testError, scale: 100), seeds, Self.duration(row.seconds),
      ]
    }
    let widths = head.indices.map { column in
      ([head] + lines).map { $0[column].count }.max() ?? 0
    }
    func line(_ fields: [String]) -> String {
      var text = zip(fields, widths).map { field, width in
        field + String(repeating: " ", count: width - field.count)
      }.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text
    }
    let arms = rows.map(\.arm).distinct
    var out = [line(head)]
    for arm in arms {
      if arms.count > 1 { out.append("[\(arm)]") }
      out += zip(rows, lines).filter { $0.0.arm == arm }.map { line($0.1) }
    }
    return out.joined(separator: "\n") + "\n"
  }

  /// A mean and half of its 95 % interval, with the digits that this leaves, e.g. `0.2612 ±0.0003`.
  package static func text(_ estimate: Estimate, scale: Double = 1) -> String {
    let value = scale * estimate.value
    guard value.isFinite else { return "-" }
    let half = scale * (estimate.high - estimate.low) / 2
    guard estimate.hasInterval, half > 0 else { return NumberText.significant(value, digits: 4) }
    let decimals = Swift.min(8, Swift.max(0, 1 - Int(log10(half).rounded(.down))))
    return NumberText.fixed(value, decimals: decimals) + " ±"
      + NumberText.fixed(half, decimals: decimals)
  }

  private static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "-" }
    if seconds < 100 { return NumberText.significant(seconds, digits: 2) + " s" }
    return seconds < 6000
      ? "\(Int((seconds / 60).rounded())) min" : NumberText.significant(seconds / 3600) + " h"
  }
}

extension ResultTable: Encodable {
  private struct JSONEstimate: Encodable {
    let mean, low, high: Double?
    let seeds: Int

    init(_ estimate: Estimate) {
      func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
      mean = finite(estimate.value)
      low = finite(estimate.low)
      high = finite(estimate.high)
      seeds = estimate.count
    }
  }

  private struct JSONRow: Encodable {
    let arm, optimizer: String
    let hyperparameters: [String: Double]
    let schedule: String
    let settings: [String: String]
    let epochs: Int
    let trainingCostOfLastPass, testError: JSONEstimate
    let finished, diverged: Int
    let secondsPerRun: Double?
  }

  /// Writes the rows as a JSON array; what is not a number is left out.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(
      rows.map { row in
        JSONRow(
          arm: row.arm, optimizer: row.optimizer, hyperparameters: row.hyperparameters,
          schedule: row.schedule, settings: row.settings, epochs: row.epochs,
          trainingCostOfLastPass: JSONEstimate(row.cost), testError: JSONEstimate(row.testError),
          finished: row.finished, diverged: row.diverged,
          secondsPerRun: row.seconds.isFinite ? row.seconds : nil)
      })
  }
}
