import Glibc

/// Where things stand in a figure: sizes in pixels at 96 an inch, and places that follow from the data
/// alone.
package enum FigureLayout {
  /// The sizes of a panel.
  package struct Sizes: Sendable {
    let width: Double
    let height: Double

    /// In a figure as a file.
    static let file = Sizes(width: 520, height: 360)
    /// On the page, and in figures for narrow screens.
    static let narrow = Sizes(width: 430, height: 330)
    /// One of many that share a legend.
    static let small = Sizes(width: 330, height: 270)

    static func of(_ figure: Figure, isNarrow: Bool) -> Sizes {
      figure.isGrid ? small : isNarrow ? narrow : file
    }
  }

  static let left = 68.0
  static let top = 30.0
  static let bottom = 54.0
  static let titleHeight = 34.0
  static let findingHeight = 19.0
  static let legendHeight = 24.0
  static let lineHeight = 17.0
  static let warningHeight = 15.0
  /// A strip of ratios under a panel, and the space above it.
  static let stripHeight = 92.0
  static let stripGap = 30.0
  /// The room of a sample of a line before its label, and its length.
  static let keyWidth = 42.0
  static let keyLength = 26.0

  /// The point type of gnuplot that a line has: filled, or with dropout open.
  static func marker(_ index: Int, _ name: String) -> Int {
    let filled = [7, 5, 9, 11, 13, 15]
    return filled[index % filled.count] - (Palette.hasDropout(name) ? 1 : 0)
  }

  /// The label of a line: its index in the panel, and where the line ends, as shares of the axes.
  package struct Label: Equatable {
    package let line: Int
    /// Of its last place that is inside the frame; 0 if there is none.
    package let x: Double
    /// Of its last value, which may be outside of the frame; at the top if it has none.
    package let y: Double
  }

  /// The labels of the lines that have any value, or that diverged at once.
  package static func labels(_ data: PanelData) -> [Label] {
    data.lines.indices.compactMap { index in
      let line = data.lines[index]
      guard !line.line.name.isEmpty, !line.points.isEmpty || line.paper != nil else { return nil }
      let own =
        line.points.isEmpty ? (line.paper?.data ?? []).map(LineData.Point.init) : line.finite
      let inside = own.filter { data.xRange.contains($0.x) }
      let visible = inside.last { data.yRange.contains($0.middle) }
      return Label(
        line: index,
        x: visible.map { position($0.x, data.panel.x, data.xRange) } ?? 0,
        y: inside.last.map { position($0.middle, data.panel.y, data.yRange) } ?? 1)
    }
  }

  /// The share of the axis at which a value stands.
  static func position(
    _ value: Double, _ axis: Figure.Axis, _ range: ClosedRange<Double>
  ) -> Double {
    let low = range.lowerBound
    let high = range.upperBound
    return axis.isLogarithmic
      ? log(Swift.max(value, low * 1e-9) / low) / log(high / low) : (value - low) / (high - low)
  }

  /// Round numbers inside a range: steps of 1, 2 or 5 times a power of ten, smaller ones where less than
  /// two are inside.
  package static func ticks(_ range: ClosedRange<Double>, atMost count: Int) -> [Double] {
    let span = range.upperBound - range.lowerBound
    let rough = span / Double(Swift.max(1, count - 1))
    let power = pow(10, log10(rough).rounded(.down))
    let steps = [0.5, 1, 2, 5, 10].map { $0 * power }
    let fitting = steps.firstIndex { $0 >= rough * (1 - 1e-9) } ?? steps.count - 1
    for step in steps[...fitting].reversed() {
      let first = (range.lowerBound / step - 1e-9).rounded(.up)
      let last = (range.upperBound / step + 1e-9).rounded(.down)
      guard first < last else { continue }
      return (0...Int(last - first)).map { index in
        let value = (first + Double(index)) * step
        return value == 0 ? 0 : value
      }
    }
    return [range.lowerBound, range.upperBound]
  }

  /// Round numbers on a logarithmic axis of less than two decades, where powers of ten alone would be
  /// one label or none; nil where they are enough.
  package static func logarithmicTicks(_ range: ClosedRange<Double>, atMost count: Int) -> [Double]?
  {
    let low = range.lowerBound
    let high = range.upperBound
    guard low > 0 else { return nil }
    let powers = (Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up)))
      .map { pow(10, Double($0)) }
    let accepted = (low * (1 - 1e-9))...(high * (1 + 1e-9))
    func inside(_ factors: [Double]) -> [Double] {
      var found: [Double] = []
      for power in powers { found += factors.map { $0 * power }.filter(accepted.contains) }
      return found
    }
    guard inside([1]).count < 3 else { return nil }
    let candidates: [[Double]] = [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3]]
    for factors in candidates {
      let found = inside(factors)
      if found.count >= 3 && found.count <= Swift.max(3, count) { return found }
    }
    return ticks(range, atMost: Swift.min(count, 6))
  }

  /// Places on [0, 1] as near as possible to the wanted ones, at least `gap` apart.
  package static func spread(_ wanted: [Double], gap: Double) -> [Double] {
    let order = wanted.indices.sorted {
      wanted[$0] == wanted[$1] ? $0 < $1 : wanted[$0] < wanted[$1]
    }
    // Neighbours that would overlap form a group, placed around the mean of its members.
    var groups: [(members: [Int], centre: Double)] = []
    func extent(_ group: (members: [Int], centre: Double)) -> (low: Double, high: Double) {
      let half = gap * Double(group.members.count - 1) / 2
      let centre = Swift.min(Swift.max(group.centre, half), Swift.max(half, 1 - half))
      return (centre - half, centre + half)
    }
    for index in order {
      groups.append(([index], Swift.min(1, Swift.max(0, wanted[index]))))
      while groups.count > 1,
        extent(groups[groups.count - 2]).high + gap > extent(groups[groups.count - 1]).low
      {
        let upper = groups.removeLast()
        let lower = groups.removeLast()
        let count = Double(lower.members.count + upper.members.count)
        let sum =
          lower.centre * Double(lower.members.count) + upper.centre * Double(upper.members.count)
        groups.append((lower.members + upper.members, sum / count))
      }
    }
    var places = wanted
    for group in groups {
      let low = extent(group).low
      for (rank, member) in group.members.enumerated() {
        places[member] = low + gap * Double(rank)
      }
    }
    return places
  }

  /// At most four points in each of 240 columns, which is about one a pixel: its first, lowest, highest and
  /// last.
  package static func thinned(_ points: [LineData.Point], _ data: PanelData) -> [LineData.Point] {
    guard points.count > 720 else { return points }
    let low = data.xRange.lowerBound
    let high = data.xRange.upperBound
    func column(_ x: Double) -> Int {
      let share =
        data.panel.x.isLogarithmic
        ? log(Swift.max(x, low * 1e-3) / low) / log(high / low) : (x - low) / (high - low)
      return Int((share * 240).rounded(.down))
    }
    var kept: [LineData.Point] = []
    var start = 0
    while start < points.count {
      let bin = column(points[start].x)
      var end = start
      while end < points.count, column(points[end].x) == bin { end += 1 }
      let range = start..<end
      let lowest = range.min { points[$0].middle < points[$1].middle } ?? start
      let highest = range.max { points[$0].middle < points[$1].middle } ?? start
      let bandLow = points[range].map(\.low).min() ?? .nan
      let bandHigh = points[range].map(\.high).max() ?? .nan
      var previous = -1
      for index in [start, lowest, highest, end - 1].sorted() where index != previous {
        var point = points[index]
        point.low = bandLow
        point.high = bandHigh
        kept.append(point)
        previous = index
      }
      start = end
    }
    return kept
  }
}

extension LineData.Point {
  /// A point of the paper's curve.
  init(_ point: PaperCurves.Point) {
    self.init(x: point.x, middle: point.y, low: point.y, high: point.y)
  }
}

extension String {
  /// As it is if it has at most so many characters, else its beginning and its end with … between them.
  package func shortened(to length: Int) -> String {
    guard count > length else { return self }
    let kept = Swift.max(2, length - 1)
    return "\(prefix(kept - kept / 3))…\(suffix(kept / 3))"
  }
}
