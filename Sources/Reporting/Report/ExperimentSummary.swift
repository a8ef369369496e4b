import Glibc
import ResultStore

/// What the report says of one experiment besides verdicts and figures, read from its document.
package struct ExperimentSummary: Sendable {
  /// One contender in one arm.
  package struct Setting: Sendable, Equatable {
    package var arm: String
    package var contender: String
    /// E.g. `alpha = 0.001`, `beta1 = 0.9`, `schedule constant`.
    package var settings: [String]
    /// The last running training cost: median over seeds; NaN if there is none.
    package var cost: Double
    package var lowest: Double
    package var highest: Double
    /// E.g. `10 finished`, `3 finished, 1 diverged`, `not run`.
    package var runs: String
  }

  /// One contender's part of the search.
  package struct Search: Sendable, Equatable {
    package var contender: String
    package var points: Int
    package var trials: Int
    package var diverged: Int
    package var best: Double
    package var median: Double
    package var selected: String
  }

  package let settings: [Setting]
  package let searches: [Search]
  package let choices: [OpenChoice]
  package let notes: String
  /// The seeds, epochs and data in words.
  package let protocolText: String
  /// The sum of all runs' computation in seconds; NaN if the file does not say.
  package let computeSeconds: Double
  /// The processor time of the runs' training in seconds; NaN if the file does not say.
  package let trainingSeconds: Double
  /// Whether that is the time of all runs, of which there are none that train in computations.
  package let isTrainingTimed: Bool
  /// The number of all runs, those of searches too; NaN if the file does not say.
  package let runCount: Double
  /// The number of runs along the result's axes, and how many of them finished and diverged.
  package let runs: (all: Int, finished: Int, diverged: Int)

  package init(_ document: Document) {
    let root = document.root
    notes = [root.text("comment"), root.group("search")?.text("racing")].compactMap(\.self)
      .joined(separator: " ")
    choices = root.group("choices").map { [OpenChoice](decoding: $0) } ?? []
    let tally = Self.tally(document)
    runs = tally
    let makers = document.root.group("volatile/makers")
    func sum(_ name: String) -> Double {
      let known = makers?.variable(name)?.values.doubles?.filter(\.isFinite) ?? []
      return known.isEmpty ? .nan : known.reduce(0, +)
    }
    runCount = sum("runs")
    trainingSeconds = sum(RunTime.training.rawValue)
    isTrainingTimed =
      root.labels(of: "epoch").isEmpty
      || makers?.variable(RunTime.training.rawValue)?.values.doubles?.allSatisfy(\.isFinite)
        ?? false
    let sumOfAll = sum(RunTime.computation.rawValue)
    computeSeconds = sumOfAll.isFinite ? sumOfAll : Self.seconds(document)
    settings = Self.settings(document)
    searches = (try? SearchTable(document)).map(Self.searches) ?? []

    var parts: [String] = []
    let epochs = root.labels(of: "epoch").compactMap(Double.init).max()
    if let epochs { parts.append("\(NumberText.exact(epochs)) epochs") }
    let seeds = root.labels(of: "seed").count
    if seeds > 0 { parts.append(seeds == 1 ? "1 seed" : "\(seeds) seeds") }
    if tally.all > 0 {
      parts.append("\(tally.finished) of \(tally.all) runs finished")
      if tally.diverged > 0 { parts.append("\(tally.diverged) diverged") }
    }
    let origin = document.dataOrigin
    if let name = root.text("data_name"), origin != "none" {
      parts.append("data: \(name), \(origin)")
    } else if !origin.isEmpty {
      parts.append(origin == "none" ? "no data set needed" : "data: \(origin)")
    }
    if !document.shortened.isEmpty { parts.append("shortened: \(document.shortened)") }
    protocolText = parts.joined(separator: "; ")
  }

  private static func tally(_ document: Document) -> (all: Int, finished: Int, diverged: Int) {
    guard let codes = document.root.variable(RunState.variable)?.values.doubles else {
      return (0, 0, 0)
    }
    func count(_ state: RunState) -> Int { codes.count { $0 == Double(state.rawValue) } }
    return (codes.count, count(.finished), count(.diverged))
  }

  /// The last finite value of every run in `/volatile/elapsed_seconds`, summed.
  private static func seconds(_ document: Document) -> Double {
    guard let view = try? document.view.subgroup("volatile"),
      let array = try? view.array(RunTime.computation.rawValue), let length = array.shape.last,
      length > 0
    else { return .nan }
    return stride(from: 0, to: array.values.count, by: length).reduce(0) { sum, start in
      sum + (array.values[start..<start + length].last { $0.isFinite } ?? 0)
    }
  }

  private static func settings(_ document: Document) -> [Setting] {
    let root = document.root
    let contenders = root.labels(of: "optimizer")
    let arms = root.labels(of: "arm")
    let axes = arms.isEmpty ? ["optimizer"] : ["arm", "optimizer"]
    let described = root.variables.filter { $0.dimensions == axes }
    guard !described.isEmpty else { return [] }
    let cost = Cells(.runningCost, in: document)
    let status = RunStatus(document)
    var rows: [Setting] = []
    for arm in arms.isEmpty ? [""] : arms {
      for contender in contenders {
        var place = ["optimizer": contender]
        if !arms.isEmpty { place["arm"] = arm }
        let words = described.compactMap { variable -> String? in
          let name =
            variable.name.hasPrefix("setting_")
            ? String(variable.name.dropFirst(8)) : variable.name
          if variable.strings != nil {
            let text = (try? document.view.text(variable.name, place)) ?? ""
            return text.isEmpty ? nil : "\(name) \(text)"
          }
          let value = (try? document.view.number(variable.name, place)) ?? .nan
          return value.isNaN ? nil : "\(name) = \(NumberText.significant(value, digits: 6))"
        }
        if words.isEmpty { continue }
        let costs = cost.map { lastCosts($0, place) } ?? []
        rows.append(
          Setting(
            arm: arm, contender: contender, settings: words,
            cost: Statistics.median(costs), lowest: costs.min() ?? .nan,
            highest: costs.max() ?? .nan, runs: runText(status, document, place)))
      }
    }
    return rows
  }

  /// Each seed's last finite value.
  private static func lastCosts(_ cells: Cells, _ place: [String: String]) -> [Double] {
    let seeds = cells.has("seed") ? cells.labels(of: "seed") : ["0"]
    let epochs = cells.labels(of: "epoch")
    return seeds.compactMap { seed in
      var place = place
      place["seed"] = seed
      for epoch in epochs.reversed() {
        place["epoch"] = epoch
        if let value = cells.value(at: place), value.isFinite { return value }
      }
      return nil
    }
  }

  private static func runText(
    _ status: RunStatus?, _ document: Document, _ place: [String: String]
  ) -> String {
    guard let status else { return "" }
    let seeds = document.root.labels(of: "seed")
    let states = seeds.compactMap { seed in
      status.state(at: place.merging(["seed": seed]) { _, new in new })
    }
    // An arm may have fewer seeds than the file.
    let made = [RunState.finished, .diverged].compactMap { state in
      let count = states.count { $0 == state }
      return count == 0 ? nil : "\(count) \(state.word)"
    }
    return made.isEmpty ? "not run" : made.joined(separator: ", ")
  }

  private static func searches(_ table: SearchTable) -> [Search] {
    let deciding = Dictionary(grouping: table.deciding, by: \.contender)
    let all = Dictionary(grouping: table.rows, by: \.contender)
    return table.rows.map(\.contender).distinct.map { name in
      let rows = deciding[name] ?? []
      // A race compares those that went on to the end.
      let points = Dictionary(grouping: rows, by: \.point)
      // The mean over seeds of each point, as the selection takes it; a diverged point has none.
      let means = points.values.map { Statistics.mean($0.map(\.cost)) }.sorted()
      let finite = means.filter(\.isFinite)
      return Search(
        contender: name, points: Set((all[name] ?? []).map(\.point)).count,
        trials: all[name]?.count ?? 0,
        diverged: means.count - finite.count, best: finite.first ?? .nan,
        median: Statistics.median(finite),
        selected: rows.first(where: \.isSelected)?.point.text(digits: 6) ?? "")
    }
  }
}

extension Document {
  /// Whether the program that made it had changes that are not in its commit; files of older programs have
  /// a word instead of a number.
  package var isOfChangedProgram: Bool {
    root.number("git_dirty") == 1 || root.text("git_dirty") == "true"
  }
}

extension NumberText {
  /// A time as people say it, e.g. `42 s`, `3 min 20 s`, `2 h 5 min`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "-" }
    if seconds < 10 { return "\(significant(seconds, digits: 2)) s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
