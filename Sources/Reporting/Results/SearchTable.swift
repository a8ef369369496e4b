import Glibc
import ResultStore

/// The runs of a search, as the group `/search` of a document has them.
package struct SearchTable: Sendable {
  /// A point of the grid.
  package struct Point: Sendable, Hashable {
    /// The hyperparameters that were searched.
    package let values: [String: Double]
    package let schedule: String

    /// E.g. `alpha = 0.01, constant`.
    package var text: String { text(digits: 3) }

    func text(digits: Int) -> String {
      values.sorted { $0.key < $1.key }
        .map { "\($0.key) = \(NumberText.significant($0.value, digits: digits))" }
        .joined(separator: ", ") + ", \(schedule)"
    }
  }

  /// One run.
  package struct Row: Sendable {
    package let contender: String
    package let point: Point
    package let epochs: Int
    package let seed: String
    /// The running cost of the last pass; infinite if the run diverged.
    package let cost: Double
    /// That of each pass, infinite after a divergence; empty if it was not kept.
    package let curve: [Double]
    /// Whether the arm `tuned` has its point.
    let isSelected: Bool

    /// The mean cost over all passes; nil if the passes were not kept.
    package var meanCost: Double? { curve.isEmpty ? nil : Statistics.mean(curve) }
  }

  package let rows: [Row]

  /// Whether points of a contender differ in length, as those of a race do.
  var isRace: Bool { deciding.count < rows.count }

  /// The runs that choose: those of a contender's longest horizon, which a race lets the better points
  /// reach only.
  package var deciding: [Row] {
    let longest = Dictionary(rows.map { ($0.contender, $0.epochs) }, uniquingKeysWith: max)
    return rows.filter { $0.epochs == longest[$0.contender] }
  }

  /// Reads `/search`.
  ///
  /// - Throws: `DocumentError` if it is not there or incomplete.
  package init(_ document: Document) throws {
    let view = try document.view.subgroup("search")
    let contenders = try view.texts("contender").values
    let schedules = try view.texts("schedule").values
    let epochs = try view.array("search_epochs").values
    let seeds = try view.array("search_seed").values
    let costs = try view.array("final_cost").values
    let selected = view.group.variable("selected")?.values.doubles ?? []
    let known = ["contender", "schedule", "search_epochs", "search_seed", "final_cost", "trial"]
    let hyperparameters = view.group.variables.filter {
      $0.dimensions == ["trial"] && !known.contains($0.name) && !$0.name.hasPrefix("selected")
        && $0.values.doubles?.count == contenders.count
    }
    var curves: [[Double]] = []
    if view.hasVariable(Measure.runningCost.name) {
      let all = try view.array(Measure.runningCost)
      let length = all.shape.last ?? 0
      curves = (0..<contenders.count).map {
        Array(all.values[$0 * length..<($0 + 1) * length])
      }
    }
    rows = contenders.indices.map { row in
      var values: [String: Double] = [:]
      for variable in hyperparameters {
        if let value = variable.values.doubles?[row], !value.isNaN { values[variable.name] = value }
      }
      let passes = Int(epochs[row])
      let isKept = curves.indices.contains(row) && curves[row].contains { !$0.isNaN }
      return Row(
        contender: contenders[row], point: Point(values: values, schedule: schedules[row]),
        epochs: passes, seed: NumberText.exact(seeds[row]),
        cost: costs[row].isNaN ? .infinity : costs[row],
        curve: isKept ? curves[row].prefix(passes).map { $0.isNaN ? .infinity : $0 } : [],
        isSelected: selected.indices.contains(row) && selected[row] == 1)
    }
  }
}
