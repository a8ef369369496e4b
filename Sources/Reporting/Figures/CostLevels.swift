import Glibc
import ResultStore

/// After how many passes each line of a panel is at given costs, for costs that tend to 0, whose ratios at a
/// fixed pass say little.
package struct CostLevels: Sendable {
  /// One line at one level: the median over seeds with their range, in passes; infinite: never.
  package struct Place: Sendable, Equatable {
    package let line: Int
    package let level: Int
    package let middle: Double
    package let low: Double
    package let high: Double
  }

  /// The costs, from the highest on.
  package let levels: [Double]
  package let places: [Place]
  /// The lines that have places, in order.
  package let lines: [Int]
  private let names: [String]

  /// Nil for a panel that asks for none, and where no line is ever at any of them.
  package init?(_ panel: PanelData) {
    guard let levels = panel.panel.costLevels, !levels.isEmpty else { return nil }
    let own = panel.lines.indices.filter { index in
      let line = panel.lines[index]
      return Measure(rawValue: line.line.variable) != nil && line.line.along == "epoch"
        && line.line.band == .seeds && line.line.xVariable == nil && !line.line.name.isEmpty
        && !line.points.isEmpty
    }
    lines = own
    places = own.flatMap { index in
      levels.indices.map { level in
        let line = panel.lines[index]
        let seeds = line.perSeed.first?.count ?? 0
        let first = Double(Measure(rawValue: line.line.variable)?.passes(atLabel: 0) ?? 0)
        let counts = (0..<seeds).compactMap { seed -> Double? in
          let costs = zip(line.points, line.perSeed).map { (passes: $0.x + first, cost: $1[seed]) }
            .filter { $0.cost.isFinite }
          // A seed without any cost has diverged at once, or was not run.
          if costs.isEmpty { return line.diverged.contains(seed) ? .infinity : nil }
          return Self.passes(costs, to: levels[level])
        }
        return Place(
          line: index, level: level, middle: Statistics.median(counts),
          low: counts.min() ?? .infinity, high: counts.max() ?? .infinity)
      }
    }
    guard places.contains(where: { $0.middle.isFinite }) else { return nil }
    self.levels = levels
    names = panel.lines.map(\.line.name)
  }

  /// The passes until the cost is at most `cost`, interpolated in its logarithm; infinite if it never is.
  ///
  /// - Parameter costs: those known after so many passes, in order.
  static func passes(_ costs: [(passes: Double, cost: Double)], to cost: Double) -> Double {
    guard let index = costs.firstIndex(where: { $0.cost <= cost }) else { return .infinity }
    let here = costs[index]
    guard index > 0, costs[index - 1].cost > here.cost, here.cost > 0 else { return here.passes }
    let before = costs[index - 1]
    return before.passes
      + (here.passes - before.passes) * log(before.cost / cost) / log(before.cost / here.cost)
  }

  /// The places in words, e.g. `Passes to a cost of 0.1: Adam 23.4, Adagrad 36.9`.
  package var text: String {
    levels.indices.map { level in
      let parts = places.filter { $0.level == level }.map { place in
        "\(names[place.line]) "
          + (place.middle.isFinite ? NumberText.significant(place.middle) : "never")
      }
      return "Passes to a cost of \(NumberText.significant(levels[level])): "
        + parts.joined(separator: ", ")
    }.joined(separator: "; ")
  }
}
