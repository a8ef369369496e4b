import Glibc
import ResultStore

/// A panel with its numbers: what is drawn, and what the report says about it.
package struct PanelData: Sendable {
  /// The panel as declared, or with a title that says which profile it is from.
  package private(set) var panel: Figure.Panel
  /// What the panel must say about its data and its protocol, a line each.
  package private(set) var warnings: [String] = []
  /// Our lines, in order.
  package let lines: [LineData]
  /// The horizontal range.
  package let xRange: ClosedRange<Double>
  /// The vertical range.
  package let yRange: ClosedRange<Double>

  /// Whether any line has data inside the horizontal range.
  package var hasData: Bool { lines.contains { $0.points.contains { xRange.contains($0.x) } } }
  /// Whether curves of the paper are drawn, dashed, beside ours.
  package var hasPaperCurves: Bool {
    lines.contains { $0.paper?.isPrinted == false && !$0.points.isEmpty }
  }
  /// The largest number of seeds behind a line.
  package var seeds: Int { lines.map(\.seeds).max() ?? 0 }

  /// A panel of a figure, filled from a document.
  package init(_ panel: Figure.Panel, of figure: Figure, document: Document, paper: PaperCurves) {
    self.panel = panel
    let source = panel.paperFigure ?? figure.id
    lines = panel.lines.map { line in
      LineData(
        line, panel: panel, document: document,
        paper: line.paper.flatMap { name in
          let curve = paper.curve(name, of: source)
          guard let labels = line.relativeTo else { return curve }
          return labels["optimizer"].flatMap { paper.curve($0, of: source) }
            .flatMap { curve?.divided(by: $0) }
        })
    }
    let xs = lines.flatMap { $0.points.map(\.x) + ($0.paper?.points.map(\.x) ?? []) }
    var xRange = Self.range(panel.x, xs)
    // What ends in the first third of the axis would be a stub in a corner: the axes end with it.
    let last = lines.flatMap { $0.points.map(\.x) }.max() ?? xRange.upperBound
    let isCut =
      !panel.x.isLogarithmic && lines.allSatisfy { $0.line.along == "epoch" }
      && last > xRange.lowerBound
      && last - xRange.lowerBound < (xRange.upperBound - xRange.lowerBound) / 3
    if isCut { xRange = xRange.lowerBound...last }
    let ys = lines.flatMap { line in
      line.points.flatMap { [$0.low, $0.middle, $0.high] }
        + (line.paper?.data ?? []).filter { xRange.contains($0.x) }.map(\.y)
    }
    var y = panel.y
    if isCut { (y.low, y.high) = (nil, nil) }
    yRange = Self.range(y, ys)
    self.xRange = xRange
    if !told.isEmpty { self.panel.title += panel.title.isEmpty ? told : "; \(told)" }
  }

  /// The panels of a figure that are drawn: those with data, or all if none has any.
  package static func shown<Entry>(_ entries: [Entry], _ panel: (Entry) -> PanelData) -> [Entry] {
    let filled = entries.filter { panel($0).hasData }
    return filled.isEmpty ? entries : filled
  }

  /// The largest values that the title is to tell, e.g. `defaults: 7.27, stated 3.16`; empty if none is.
  package var told: String {
    (panel.largest ?? []).compactMap { entry in
      lines.first { $0.line.name == entry.line }?.finite.map(\.middle).max()
        .map { "\(entry.label) \(NumberText.significant($0))" }
    }.joined(separator: ", ")
  }

  /// The panel with what it must say, and where it is from, if that is to be told.
  package func marked(_ warnings: [String], from origin: String) -> PanelData {
    var copy = self
    copy.warnings = warnings
    if !origin.isEmpty {
      copy.panel.title += copy.panel.title.isEmpty ? origin : " (\(origin))"
    }
    return copy
  }

  /// The declared range, completed from the data: with a margin of 3 % where it is open.
  private static func range(_ axis: Figure.Axis, _ values: [Double]) -> ClosedRange<Double> {
    let usable = values.filter { $0.isFinite && (!axis.isLogarithmic || $0 > 0) }
    let smallest = usable.min() ?? (axis.isLogarithmic ? 0.1 : 0)
    let largest = usable.max() ?? 1
    func scaled(_ value: Double) -> Double { axis.isLogarithmic ? log10(value) : value }
    func unscaled(_ value: Double) -> Double { axis.isLogarithmic ? pow(10, value) : value }
    let span = scaled(largest) - scaled(smallest)
    // One value alone, e.g. of a run of no epochs, still needs an axis with two ends.
    let least = axis.isLogarithmic ? 0.1 : smallest == 0 ? 0.5 : 0.05 * Swift.abs(smallest)
    let margin = span > 1e-6 * Swift.abs(scaled(largest)) ? 0.03 * span : least
    let low = axis.low ?? unscaled(scaled(smallest) - margin)
    let high = axis.high ?? unscaled(scaled(largest) + margin)
    if low < high { return low...high }
    if axis.isLogarithmic { return axis.high == nil ? low...(10 * low) : (high / 10)...high }
    let width = Swift.max(1, Swift.abs(low))
    return axis.high == nil ? low...(low + width) : (high - width)...high
  }
}

/// One line with its numbers.
package struct LineData: Sendable {
  /// One place along the horizontal axis.
  package struct Point: Sendable, Equatable {
    /// The horizontal coordinate.
    package var x: Double
    /// The median over seeds; infinite where most runs had diverged.
    package var middle: Double
    /// The lower end of the band.
    package var low: Double
    /// The upper end of the band.
    package var high: Double

    /// One place.
    package init(x: Double, middle: Double, low: Double, high: Double) {
      self.x = x
      self.middle = middle
      self.low = low
      self.high = high
    }
  }

  /// The line as declared.
  package let line: Figure.Line
  /// The places that have a value or a divergence, in order.
  package private(set) var points: [Point] = []
  /// The values behind each point, by seed; infinite where a seed has diverged, NaN where it has none.
  package private(set) var perSeed: [[Double]] = []
  /// How many seeds have a value somewhere.
  package private(set) var seeds = 0
  /// How many seeds are behind the points that have a value: one number if all have as many.
  package var seedCounts: Set<Int> {
    Set(
      perSeed.filter { $0.contains(where: \.isFinite) }
        .map { values in values.count { !$0.isNaN } })
  }
  /// The seeds, as places in each row of `perSeed`, that diverged somewhere.
  package var diverged: Set<Int> {
    Set(perSeed.flatMap { values in values.indices.filter { values[$0].isInfinite } })
  }
  /// The paper's curve.
  package let paper: PaperCurves.Curve?

  /// The points with a finite middle.
  package var finite: [Point] { points.filter(\.middle.isFinite) }
  /// Whether any place is diverged for most seeds.
  package var isDiverged: Bool { points.contains { $0.middle.isInfinite } }

  /// The median over the paper's points of |log(ours / paper)|; nil if there is no common point.
  package var distanceToPaper: (value: Double, count: Int)? {
    guard let paper else { return nil }
    let distances = paper.data.compactMap { theirs -> Double? in
      guard let ours = points.first(where: { Swift.abs($0.x - theirs.x) <= 1e-5 }), theirs.y > 0,
        ours.middle > 0
      else { return nil }
      return Swift.abs(log(ours.middle / theirs.y))
    }
    return distances.isEmpty ? nil : (Statistics.median(distances), distances.count)
  }

  init(
    _ line: Figure.Line, panel: Figure.Panel, document: Document, paper: PaperCurves.Curve?
  ) {
    self.line = line
    self.paper = paper
    guard let cells = Cells(line.variable, in: document) else { return }
    let selection = panel.select.merging(line.select) { _, own in own }
    let status = RunStatus(document)
    let seedLabels = cells.has("seed") ? cells.labels(of: "seed") : ["0"]
    let xCells = line.xVariable.flatMap { Cells($0, in: document) }
    guard let unit = Self.unit(line, xCells, selection, seedLabels) else { return }
    var seen = [Bool](repeating: false, count: seedLabels.count)
    var points: [(point: Point, values: [Double])] = []
    for label in cells.labels(of: line.along) {
      var place = selection
      place[line.along] = label
      guard
        let x = Self.coordinate(
          label, xCells, place, seedLabels, hasOwnVariable: line.xVariable != nil
        ).map({ $0 / unit })
      else { continue }
      if case .quantiles(let dimension, let middle, let low, let high) = line.band {
        let values = [middle, low, high].map { quantile in
          cells.value(at: place.merging([dimension: quantile]) { _, new in new }) ?? .nan
        }
        if values[0].isFinite {
          points.append((Point(x: x, middle: values[0], low: values[1], high: values[2]), []))
          seen = seen.map { _ in true }
        }
        continue
      }
      if case .standardErrors(let origin, let deviation) = line.band {
        let value = (cells.value(at: place) ?? .nan) - origin
        let errors = Cells(deviation, in: document)?.value(at: place) ?? .nan
        if value.isFinite {
          let reach = errors.isFinite && errors != 0 ? 2 * Swift.abs(value / errors) : 0
          points.append((Point(x: x, middle: value, low: value - reach, high: value + reach), []))
          seen = seen.map { _ in true }
        }
        continue
      }
      var values: [Double] = []
      var bySeed = [Double](repeating: .nan, count: seedLabels.count)
      for (index, seed) in seedLabels.enumerated() {
        if cells.has("seed") { place["seed"] = seed }
        guard var value = cells.value(at: place) else { continue }
        if let other = line.relativeTo {
          // One that diverged has no ratio to anything.
          let base = cells.value(at: place.merging(other) { _, base in base }) ?? .nan
          guard base.isFinite, base > 0 else { continue }
          value /= base
        }
        if value.isFinite {
          values.append(value)
          bySeed[index] = value
          seen[index] = true
        } else if status?.state(at: place) == .diverged || value.isInfinite {
          values.append(.infinity)
          bySeed[index] = .infinity
        }
      }
      guard let low = values.min(), let high = values.max() else { continue }
      points.append(
        (Point(x: x, middle: Statistics.median(values), low: low, high: high), bySeed))
    }
    // The label after a running mean's last pass has no value, diverged or not.
    points.sort { $0.point.x < $1.point.x }
    if let width = line.smoothing, line.band == .seeds {
      points = Self.smoothed(points, over: width)
    }
    self.points = points.map(\.point)
    perSeed = points.map(\.values)
    seeds = seen.count { $0 }
  }

  /// Each seed's values, and the ends of the band, averaged over the places around each place; at the ends
  /// over fewer. What is not finite stays so: a run that diverged is not smoothed away.
  private static func smoothed(_ points: [(point: Point, values: [Double])], over width: Int)
    -> [(point: Point, values: [Double])]
  {
    func averaged(_ values: [Double]) -> [Double] {
      // The sum and the number of all finite values before each place.
      var sums = [(sum: 0.0, count: 0)]
      for value in values {
        let last = sums[sums.count - 1]
        sums.append(value.isFinite ? (last.sum + value, last.count + 1) : last)
      }
      return values.indices.map { index in
        let first = sums[Swift.max(0, index - (width - 1) / 2)]
        let end = sums[Swift.min(values.count, index + width / 2 + 1)]
        return end.count == first.count
          ? .nan : (end.sum - first.sum) / Double(end.count - first.count)
      }
    }
    let lows = averaged(points.map(\.point.low))
    let highs = averaged(points.map(\.point.high))
    let seeds = (points.first?.values.indices ?? 0..<0).map { seed in
      let values = points.map { $0.values[seed] }
      return zip(values, averaged(values)).map { $0.isFinite ? $1 : $0 }
    }
    return points.indices.map { index in
      let values = seeds.map { $0[index] }
      let finite = values.filter(\.isFinite)
      guard points[index].point.high.isFinite, !finite.isEmpty else { return points[index] }
      return (
        Point(
          x: points[index].point.x, middle: Statistics.median(finite), low: lows[index],
          high: highs[index]), values
      )
    }
  }

  /// What the horizontal coordinates are divided by; nil if that has not been measured.
  private static func unit(
    _ line: Figure.Line, _ xCells: Cells?, _ selection: [String: String], _ seeds: [String]
  ) -> Double? {
    guard let labels = line.xUnit, let xCells else { return 1 }
    let place = selection.merging(labels) { _, unit in unit }
    for label in xCells.labels(of: line.along).reversed() {
      let here = place.merging([line.along: label]) { _, new in new }
      if let steps = Double(label), steps > 0,
        let value = coordinate(label, xCells, here, seeds, hasOwnVariable: true), value > 0
      {
        return value / steps
      }
    }
    return nil
  }

  private static func coordinate(
    _ label: String, _ xCells: Cells?, _ place: [String: String], _ seeds: [String],
    hasOwnVariable: Bool
  ) -> Double? {
    guard hasOwnVariable else { return Double(label) }
    guard let xCells else { return nil }
    let values = seeds.compactMap { seed in
      xCells.value(at: place.merging(["seed": seed]) { _, new in new })
    }
    let median = Statistics.median(values.filter(\.isFinite))
    return median.isFinite ? median : nil
  }
}
