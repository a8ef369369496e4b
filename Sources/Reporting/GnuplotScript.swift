import Glibc

/// A figure as a gnuplot script with its data inside.
package struct GnuplotScript {
  /// Where a panel stands on the canvas, in pixels at 96 per inch.
  private struct Layout {
    static let panelWidth = 520.0
    static let panelHeight = 360.0
    static let smallWidth = 330.0
    static let smallHeight = 270.0
    static let left = 68.0
    static let top = 30.0
    static let bottom = 54.0
    static let titleHeight = 34.0
    static let legendHeight = 24.0
    static let lineHeight = 17.0
    static let warningHeight = 15.0
    /// The room of a sample of a line before its label, and its length.
    static let keyWidth = 42.0
    static let keyLength = 26.0
  }

  let figure: Figure
  let panels: [PanelData]
  /// Said on every panel, a line each, e.g. that the data are a stand-in.
  let warnings: [String]
  /// The lines under the panels.
  let notes: [String]

  /// A script for panels with their data.
  package init(figure: Figure, panels: [PanelData], warnings: [String], notes: [String]) {
    self.figure = figure
    self.panels = panels
    self.warnings = warnings
    self.notes = notes
  }

  /// Many small panels share one legend; few large ones carry their labels at the lines' ends.
  private var isGrid: Bool { figure.isGrid }
  private var width: Double { isGrid ? Layout.smallWidth : Layout.panelWidth }
  private var height: Double { isGrid ? Layout.smallHeight : Layout.panelHeight }

  /// Draws the whole figure into `figure.svg`, `figure.png` and, where gnuplot can, `figure.pdf`;
  /// and each panel by itself into `panel-<n>.svg`.
  package var text: String {
    let columns = Swift.max(1, Swift.min(figure.columns, panels.count))
    let rows = (panels.count + columns - 1) / columns
    let canvasWidth = width * Double(columns)
    let notes = self.notes.flatMap {
      ClaimTable.wrapped($0, width: Int((canvasWidth - 28) / 6.4))
    }
    let footer = Layout.lineHeight * Double(notes.count) + (notes.isEmpty ? 0 : 8)
    let header = Layout.titleHeight + (isGrid ? Layout.legendHeight : 0)
    let canvasHeight = header + height * Double(rows) + footer
    var out = "set encoding utf8\n"
    for (index, panel) in panels.enumerated() { out += data(panel, index) }

    let size = "\(pixels(canvasWidth)),\(pixels(canvasHeight))"
    var whole = "set multiplot\n"
    whole += "set label 1000 \(quoted(figure.title)) at screen 0.5, screen "
    whole += fraction(canvasHeight - 20, canvasHeight)
    whole += " center noenhanced font \",15\" front\n"
    for (index, note) in notes.enumerated() {
      let y = footer - 12 - Layout.lineHeight * Double(index)
      whole += "set label \(1001 + index) \(quoted(note)) at screen \(fraction(14, canvasWidth)),"
      whole += " screen \(fraction(y, canvasHeight)) left noenhanced font \",11\""
      whole += " tc rgb \"#555555\" front\n"
    }
    if isGrid { whole += legend(canvasWidth, canvasHeight) }
    for (index, panel) in panels.enumerated() {
      let column = Double(index % columns)
      let row = Double(index / columns)
      whole += self.panel(
        panel, index, x: column * width,
        y: canvasHeight - header - (row + 1) * height, canvasWidth: canvasWidth,
        canvasHeight: canvasHeight)
      if index == 0 {
        for label in 0...notes.count { whole += "unset label \(1000 + label)\n" }
        for label in figure.legend.indices {
          whole += "unset label \(1100 + label)\nunset arrow \(1100 + label)\n"
        }
      }
    }
    whole += "unset multiplot\nset output\n"

    out += "set terminal svg size \(size) enhanced font \"DejaVu Sans,12\" background \"#ffffff\"\n"
    out += "set output \"figure.svg\"\n" + whole
    let double = "\(pixels(2 * canvasWidth)),\(pixels(2 * canvasHeight))"
    out += "set terminal pngcairo size \(double) enhanced font \"DejaVu Sans,12\" fontscale 1.5"
    out += " linewidth 2 pointscale 2 background \"#ffffff\"\n"
    out += "set output \"figure.png\"\n" + whole
    let inches =
      "\(NumberText.fixed(canvasWidth / 96, decimals: 3))in,"
      + "\(NumberText.fixed(canvasHeight / 96, decimals: 3))in"
    out += "if (strstrt(GPVAL_TERMINALS, \" pdfcairo \") > 0) {\n"
    out += "set terminal pdfcairo size \(inches) enhanced font \"DejaVu Sans,12\" fontscale 0.5625"
    out += " linewidth 1 pointscale 0.75 background \"#ffffff\"\n"
    out += "set output \"figure.pdf\"\n" + whole + "}\n"

    for (index, panel) in panels.enumerated() {
      out += "set terminal svg size \(pixels(width)),\(pixels(height)) enhanced"
      out += " font \"DejaVu Sans,12\"\nset output \"panel-\(index).svg\"\nset multiplot\n"
      out += self.panel(
        panel, index, x: 0, y: 0, canvasWidth: width, canvasHeight: height)
      out += "unset multiplot\nset output\n"
    }
    return out
  }

  // MARK: One panel

  private func panel(
    _ data: PanelData, _ index: Int, x: Double, y: Double, canvasWidth: Double,
    canvasHeight: Double
  ) -> String {
    let right = marginForLabels
    var out = "set lmargin at screen \(fraction(x + Layout.left, canvasWidth))\n"
    out += "set rmargin at screen \(fraction(x + width - right, canvasWidth))\n"
    out += "set bmargin at screen \(fraction(y + Layout.bottom, canvasHeight))\n"
    out += "set tmargin at screen \(fraction(y + height - top, canvasHeight))\n"
    out += "set border 3 lw 1 lc rgb \"black\"\nset tics nomirror out scale 0.6\n"
    out += "set grid lc rgb \"#bbbbbb\" lw 0.5 dt 3\nunset key\n"
    out += axis("x", data.panel.x, data.xRange) + axis("y", data.panel.y, data.yRange)
    let above = 1 + (15 + top - Layout.top) / plotHeight
    // At a fixed place: beside wide numbers gnuplot's own label would leave the canvas.
    let middle = y + Layout.bottom + plotHeight / 2
    out += "set label 88 \(quoted(data.panel.y.label)) at screen \(fraction(x + 13, canvasWidth)),"
    out += " screen \(fraction(middle, canvasHeight)) center rotate by 90 noenhanced front\n"
    out += "set label 89 \(quoted(data.panel.title)) at graph 0, graph \(coordinate(above)) left"
    out += " noenhanced front\n"

    let labels = isGrid ? [] : Self.labels(data)
    let places = Self.spread(labels.map(\.y), gap: 15 / plotHeight)
    let hasKeys = Self.needsKeys(labels)
    for (number, (label, place)) in zip(labels, places).enumerated() {
      let line = data.lines[label.line]
      let colour = "lc rgb \"\(Self.rgb(line.line.colour))\" front\n"
      let isCut = line.isDiverged && isAlongTime(line)
      let y = "graph \(coordinate(place))"
      let name = "set label \(number + 1) \(quoted(line.line.name + (isCut ? " (diverged)" : "")))"
      let style = " left noenhanced font \",11\" tc rgb \"\(Self.rgb(line.line.colour))\""
      if hasKeys {
        // A line that ends early cannot be joined to its label: what joins them would look like data.
        func along(_ pixels: Double) -> String { "graph \(coordinate(1 + pixels / plotWidth))" }
        out += "\(name) at \(along(13 + Layout.keyLength)), \(y)" + style + " front\n"
        out += "set label \(number + 301) \"\" at \(along(8 + Layout.keyLength / 2)), \(y)"
        out += " point pt \(markers[label.line % markers.count]) ps 0.75 \(colour)"
        if !line.line.isPoints {
          out += "set arrow \(number + 1) from \(along(8)), \(y) to"
          out += " \(along(8 + Layout.keyLength)), \(y) nohead lw 2"
          out += " dt \(dashes[label.line % dashes.count]) \(colour)"
        }
      } else {
        out += "\(name) at graph 1.035, \(y)" + style + " front\n"
        out += "set arrow \(number + 1) from graph \(coordinate(Swift.min(label.x, 1))), graph "
        out += "\(coordinate(clamped(label.y))) to graph 1.03, \(y) nohead lw 0.6 \(colour)"
      }
    }
    for (line, warning) in wrappedWarnings.enumerated() {
      let y = coordinate(
        1 + (9 + Layout.warningHeight * Double(wrappedWarnings.count - 1 - line)) / plotHeight)
      out += "set label \(92 + line) \(quoted(warning)) at graph 0, graph \(y) left noenhanced"
      out += " font \",11\" tc rgb \"#a00000\" front\n"
    }
    if !data.hasData {
      out += "set label 91 \"not run\" at graph 0.5, graph 0.93 center noenhanced"
      out += " font \",16\" tc rgb \"#555555\" front\n"
    }
    out += "plot " + plots(data, index).joined(separator: ", \\\n  ") + "\n"
    for number in labels.indices {
      out += "unset label \(number + 1)\nunset label \(number + 301)\n"
      out += "unset arrow \(number + 1)\n"
    }
    for label in 88..<(92 + wrappedWarnings.count) { out += "unset label \(label)\n" }
    out += "unset logscale\nset xtics auto\nset ytics auto\nset format\n"
    return out
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
      guard !line.line.name.isEmpty, !line.points.isEmpty else { return nil }
      let inside = line.finite.filter { data.xRange.contains($0.x) }
      let visible = inside.last { data.yRange.contains($0.middle) }
      return Label(
        line: index,
        x: visible.map { position($0.x, data.panel.x, data.xRange) } ?? 0,
        y: inside.last.map { position($0.middle, data.panel.y, data.yRange) } ?? 1)
    }
  }

  /// Whether some line ends so far from the axis' end that samples of the lines have to stand by the
  /// labels.
  package static func needsKeys(_ labels: [Label]) -> Bool { labels.contains { $0.x < 0.85 } }

  private func plots(_ data: PanelData, _ index: Int) -> [String] {
    var bands: [String] = []
    var references: [String] = []
    var printed: [String] = []
    var lines: [String] = []
    for (number, line) in data.lines.enumerated() {
      let name = "$p\(index)_\(number)"
      let colour = Self.rgb(line.line.colour)
      let dash = dashes[number % dashes.count]
      let marker = markers[number % markers.count]
      if line.line.band != .none, line.seeds > 1 || line.line.band != .seeds {
        bands.append(
          "\(name) using 1:3:4 with filledcurves fc rgb \"\(colour)\" fs transparent solid 0.22"
            + " noborder notitle")
      }
      if line.paper?.isPrinted == true {
        printed.append("\(name)_paper using 1:2 with points pt 7 ps 1 lc rgb \"black\" notitle")
      } else if line.paper != nil {
        references.append(
          "\(name)_paper using 1:2 with lines lw 1.1 dt 1 lc rgb \"\(Self.faint(line.line.colour))\""
            + " notitle")
      }
      if !line.line.isPoints {
        lines.append(
          "\(name) using 1:2 with lines lw 2 dt \(dash) lc rgb \"\(colour)\" notitle")
      }
      lines.append(
        "\(name)_marks using 1:2 with points pt \(marker) ps 0.75 lw 1.2 lc rgb \"\(colour)\""
          + " notitle")
      if line.isDiverged {
        lines.append(
          "\(name)_diverged using 1:2 with points pt 2 ps 1 lw 2 lc rgb \"\(colour)\" notitle")
      }
    }
    let all = bands + references + lines + printed
    return all.isEmpty ? ["NaN notitle"] : all
  }

  private func data(_ data: PanelData, _ index: Int) -> String {
    var out = ""
    for (number, line) in data.lines.enumerated() {
      let name = "$p\(index)_\(number)"
      let points = Self.thinned(line.points, data)
      var rows: [String] = []
      for point in points {
        guard point.middle.isFinite else {
          rows.append("")
          continue
        }
        let floor = data.panel.y.isLogarithmic ? data.yRange.lowerBound * 1e-3 : -.infinity
        let values = [point.middle, point.low, point.high].map { value in
          number9(Swift.max(floor, value.isInfinite ? ceiling(data) : value))
        }
        rows.append("\(number9(point.x)) " + values.joined(separator: " "))
      }
      out += block(name, rows)

      let finite = line.finite.filter { data.xRange.contains($0.x) }
      out += block("\(name)_marks", marks(finite, line, number, data))
      if line.isDiverged {
        let y = number9(height(0.965 - 0.055 * Double(number % 4), data))
        var places = line.points.indices.filter { line.points[$0].middle.isInfinite }
        if isAlongTime(line) { places = Array(places.prefix(1)) }
        out += block(
          "\(name)_diverged", places.map { "\(number9(line.points[$0].x)) \(y)" })
      }
      if let paper = line.paper {
        out += block("\(name)_paper", paper.points.map { "\(number9($0.x)) \(number9($0.y))" })
      }
    }
    return out
  }

  /// Where markers stand: at all of few points, else at about eight, not at the same places for
  /// neighbouring lines.
  private func marks(
    _ points: [LineData.Point], _ line: LineData, _ number: Int, _ data: PanelData
  ) -> [String] {
    var chosen = points
    if points.count > 14 && !line.line.isPoints {
      let count = 8
      var last = -1
      chosen = []
      for step in 0..<count {
        let share = (Double(step) + 0.5 + 0.18 * Double(number % 5 - 2)) / Double(count)
        let index = points.firstIndex { Self.position($0.x, data.panel.x, data.xRange) >= share }
        if let index, index != last {
          chosen.append(points[index])
          last = index
        }
      }
    }
    return chosen.map { "\(number9($0.x)) \(number9($0.middle))" }
  }

  private func axis(_ name: String, _ axis: Figure.Axis, _ range: ClosedRange<Double>) -> String {
    var out = "set \(name)range [\(number9(range.lowerBound)):\(number9(range.upperBound))]\n"
    if name == "x" { out += "set xlabel \(quoted(axis.label)) noenhanced offset 0,0.3\n" }
    let most = Int((name == "x" ? plotWidth / 34 : plotHeight / 28).rounded(.down))
    var ticks = axis.ticks
    if axis.isLogarithmic {
      out += "set logscale \(name)\n"
      // 2 and 5 would read as powers of 10.
      ticks = ticks ?? Self.logarithmicTicks(range, atMost: most)
      let hasOtherTicks = ticks?.contains { log10($0) != log10($0).rounded() } ?? false
      out += "set format \(name) \"\(hasOtherTicks ? "%g" : "10^{%L}")\"\n"
    } else {
      ticks = ticks ?? Self.ticks(range, atMost: most)
      out += "set format \(name) \"%g\"\n"
    }
    if let ticks {
      out += "set \(name)tics (\(ticks.map(number9).joined(separator: ", ")))\n"
    } else {
      out += "set \(name)tics auto\n"
    }
    return out
  }

  // MARK: Helpers

  private let dashes = ["1", "(12,4)", "(4,4)", "(14,4,3,4)", "(8,3,8,3,2,3)", "(2,3)"]
  private let markers = [7, 5, 9, 11, 13, 6]

  private var plotWidth: Double { width - Layout.left - marginForLabels }
  private var plotHeight: Double { height - top - Layout.bottom }
  /// The room above the frame: the panel's title, and under it the warnings.
  private var top: Double { Layout.top + Layout.warningHeight * Double(wrappedWarnings.count) }
  private var wrappedWarnings: [String] {
    warnings.flatMap { ClaimTable.wrapped($0, width: Int((width - Layout.left - 4) / 6.6)) }
  }

  /// Round numbers inside a range: steps of 1, 2 or 5 times a power of ten.
  package static func ticks(_ range: ClosedRange<Double>, atMost count: Int) -> [Double] {
    let span = range.upperBound - range.lowerBound
    let rough = span / Double(Swift.max(1, count - 1))
    let power = pow(10, log10(rough).rounded(.down))
    let step = power * ([1, 2, 5].first { $0 * power >= rough * (1 - 1e-9) } ?? 10)
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    guard first <= last else { return [range.lowerBound, range.upperBound] }
    return (0...Int(last - first)).map { index in
      let value = (first + Double(index)) * step
      return value == 0 ? 0 : value
    }
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

  /// The shared legend of a grid: marker, line and name of each line.
  private func legend(_ canvasWidth: Double, _ canvasHeight: Double) -> String {
    let y = fraction(canvasHeight - Layout.titleHeight - 8, canvasHeight)
    let entries = figure.legend
    let widths = entries.map { 60 + 7.2 * Double($0.name.count) }
    var x = (canvasWidth - widths.reduce(0, +)) / 2
    var out = ""
    for (index, entry) in entries.enumerated() {
      let colour = Self.rgb(entry.colour)
      out += "set arrow \(1100 + index) from screen \(fraction(x, canvasWidth)), screen \(y)"
      out += " to screen \(fraction(x + 30, canvasWidth)), screen \(y) nohead lw 2"
      out += " dt \(dashes[index % dashes.count]) lc rgb \"\(colour)\" front\n"
      out += "set label \(1100 + index) \(quoted(entry.name)) at screen"
      out += " \(fraction(x + 15, canvasWidth)), screen \(y) left noenhanced"
      out += " point pt \(markers[index % markers.count]) ps 0.75 lc rgb \"\(colour)\""
      out += " offset 2.6,0 tc rgb \"\(colour)\" front\n"
      x += widths[index]
    }
    return out
  }

  /// The room that the longest label at a line's end needs.
  private var marginForLabels: Double {
    if isGrid { return 14 }
    let longest = figure.panels.flatMap { $0.lines.map(\.name.count) }.max() ?? 0
    let diverged = panels.contains { $0.lines.contains { $0.isDiverged && isAlongTime($0) } }
    let keys = panels.contains { Self.needsKeys(Self.labels($0)) } ? Layout.keyWidth - 10 : 0
    return Swift.min(0.45 * width, 26 + keys + 6.8 * Double(longest + (diverged ? 11 : 0)))
  }

  private func isAlongTime(_ line: LineData) -> Bool {
    ["epoch", "step", "iteration"].contains(line.line.along)
  }

  private func ceiling(_ data: PanelData) -> Double { height(1.5, data) }

  /// The value at a share of the vertical axis.
  private func height(_ share: Double, _ data: PanelData) -> Double {
    let low = data.yRange.lowerBound
    let high = data.yRange.upperBound
    return data.panel.y.isLogarithmic
      ? low * pow(high / low, share) : low + share * (high - low)
  }

  /// The share of the axis at which a value stands.
  private static func position(
    _ value: Double, _ axis: Figure.Axis, _ range: ClosedRange<Double>
  ) -> Double {
    let low = range.lowerBound
    let high = range.upperBound
    return axis.isLogarithmic
      ? log(Swift.max(value, low * 1e-9) / low) / log(high / low) : (value - low) / (high - low)
  }

  private func clamped(_ share: Double) -> Double { Swift.min(1, Swift.max(0, share)) }

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

  /// At most four points a pixel column: its first, lowest, highest and last.
  package static func thinned(_ points: [LineData.Point], _ data: PanelData) -> [LineData.Point] {
    guard points.count > 1200 else { return points }
    let low = data.xRange.lowerBound
    let high = data.xRange.upperBound
    func column(_ x: Double) -> Int {
      let share =
        data.panel.x.isLogarithmic
        ? log(Swift.max(x, low * 1e-3) / low) / log(high / low) : (x - low) / (high - low)
      return Int((share * 400).rounded(.down))
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

  private func block(_ name: String, _ rows: [String]) -> String {
    // gnuplot refuses to plot a block without any row.
    let content = rows.allSatisfy(\.isEmpty) ? ["NaN NaN NaN NaN"] : rows
    return "\(name) << EOD\n" + content.joined(separator: "\n") + "\nEOD\n"
  }

  /// The colours of lines and of what is said about them, with the names by which a page, light or
  /// dark, sets them.
  static let pageColours: [(rgb: String, name: String)] =
    Figure.Colour.allCases.filter { $0 != .black }.flatMap {
      [(rgb($0), "c-\($0.rawValue)"), (faint($0), "f-\($0.rawValue)")]
    } + [("#a00000", "no"), ("#555555", "quiet")]

  private static func rgb(_ colour: Figure.Colour) -> String {
    switch colour {
    case .blue: "#0072b2"
    case .green: "#009e73"
    case .red: "#d55e00"
    case .cyan: "#56b4e9"
    case .magenta: "#cc79a7"
    case .orange: "#e69f00"
    case .black: "#222222"
    case .grey: "#888888"
    }
  }

  /// The colour of the paper's own curve, lighter than ours.
  private static func faint(_ colour: Figure.Colour) -> String {
    switch colour {
    case .blue: "#5fa5cf"
    case .green: "#5cbfa2"
    case .red: "#e6985f"
    case .cyan: "#93cdef"
    case .magenta: "#dda8c6"
    case .orange: "#eec25f"
    case .black: "#777777"
    case .grey: "#b5b5b5"
    }
  }

  private func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: " ")
    return "\"\(escaped)\""
  }

  private func fraction(_ part: Double, _ whole: Double) -> String {
    NumberText.fixed(part / whole, decimals: 5)
  }

  private func pixels(_ value: Double) -> String { NumberText.fixed(value, decimals: 0) }
  private func coordinate(_ value: Double) -> String { NumberText.fixed(value, decimals: 4) }
  private func number9(_ value: Double) -> String { NumberText.significant(value, digits: 7) }
}
