/// The costs of a panel's lines as ratios to Adam's, seed by seed, for curves that lie so near to each
/// other that the panel does not show what the verdicts are about.
package struct RatioStrip: Sendable {
  /// One line as a ratio: the median over seeds with the range.
  package struct Line: Sendable {
    package let index: Int
    package let points: [LineData.Point]
  }

  /// The line that the others are divided by.
  package let reference: Int
  /// Its name.
  package let name: String
  package let lines: [Line]
  /// The vertical range, which has 1 inside.
  package let range: ClosedRange<Double>

  /// Nil where lines are not costs along the passes, where there is no Adam, or where all lines stand
  /// apart.
  package init?(_ panel: PanelData) {
    let own = panel.lines.indices.filter { index in
      let line = panel.lines[index]
      return line.line.along == "epoch" && line.line.band == .seeds && line.line.xVariable == nil
        && line.line.variable.hasPrefix("train_cost") && line.finite.count > 1
        && !line.line.name.isEmpty
    }
    let adams = own.filter { ["Adam", "Adam+dropout"].contains(panel.lines[$0].line.name) }
    guard own.count > 1, let reference = adams.first, adams.count == 1,
      Self.coincide(panel, own)
    else { return nil }
    let base = panel.lines[reference]
    lines = own.filter { $0 != reference }.map { index in
      Line(index: index, points: Self.ratios(panel.lines[index], base))
    }
    self.reference = reference
    name = base.line.name
    // The first passes, where curves fall steeply, would hide the rest.
    let start = panel.xRange.lowerBound + 0.05 * (panel.xRange.upperBound - panel.xRange.lowerBound)
    let values = lines.flatMap(\.points).filter { $0.x >= start && panel.xRange.contains($0.x) }
      .map(\.middle).filter { $0.isFinite && $0 < 2 && $0 > 0.5 }.sorted()
    guard values.count > 1 else { return nil }
    let low = Swift.min(0.98, values[values.count / 50])
    let high = Swift.max(1.02, values[values.count - 1 - values.count / 50])
    let margin = 0.08 * (high - low)
    range = (low - margin)...(high + margin)
  }

  /// Whether two lines end within 6 % of the vertical axis of each other.
  private static func coincide(_ panel: PanelData, _ lines: [Int]) -> Bool {
    let ends = lines.compactMap { index in
      panel.lines[index].finite.last { panel.xRange.contains($0.x) }.map {
        FigureLayout.position($0.middle, panel.panel.y, panel.yRange)
      }
    }.filter { $0 > -0.1 && $0 < 1.1 }.sorted()
    return zip(ends, ends.dropFirst()).contains { $1 - $0 < 0.06 }
  }

  private static func ratios(_ line: LineData, _ base: LineData) -> [LineData.Point] {
    zip(line.points, line.perSeed).compactMap { point, values in
      guard let place = base.points.firstIndex(where: { $0.x == point.x }) else { return nil }
      // One that diverged has no ratio to anything.
      let pairs = zip(values, base.perSeed[place]).filter { $0.isFinite && $1.isFinite }
      let ratios = pairs.map { $0 / $1 }.filter(\.isFinite)
      guard let low = ratios.min(), let high = ratios.max() else { return nil }
      return LineData.Point(x: point.x, middle: Statistics.median(ratios), low: low, high: high)
    }
  }
}
