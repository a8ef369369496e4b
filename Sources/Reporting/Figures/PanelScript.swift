import Glibc

/// One panel of a figure as a part of a gnuplot script.
struct PanelScript {
  private let panel: PanelData
  private let index: Int
  private let isGrid: Bool
  private let sizes: FigureLayout.Sizes
  private let colours: [String]
  private let strip: RatioStrip?
  private let levels: CostLevels?
  private let hasStripRoom: Bool
  /// The room for labels and for warnings, the same in all panels.
  private let right: Double
  private let top: Double
  private let labels: [FigureLayout.Label]

  init(
    _ panel: PanelData, _ index: Int, figure: Figure, panels: [PanelData], sizes: FigureLayout.Sizes
  ) {
    self.panel = panel
    self.index = index
    self.sizes = sizes
    isGrid = figure.isGrid
    colours = Palette.colours(of: panel.lines.map(\.line)).map(Palette.rgb)
    levels = figure.isGrid ? nil : CostLevels(panel)
    strip = figure.isGrid || panel.panel.costLevels != nil ? nil : RatioStrip(panel)
    hasStripRoom =
      !figure.isGrid
      && panels.contains {
        CostLevels($0) != nil || $0.panel.costLevels == nil && RatioStrip($0) != nil
      }
    right = figure.isGrid ? 14 : Self.margin(panels, sizes)
    labels = figure.isGrid ? [] : FigureLayout.labels(panel)
    let lines = panels.map { Self.wrapped($0.warnings, sizes).count }.max() ?? 0
    top = FigureLayout.top + FigureLayout.warningHeight * Double(lines)
  }

  /// The height of the whole panel, with the strip.
  var height: Double {
    sizes.height + (hasStripRoom ? FigureLayout.stripHeight + FigureLayout.stripGap : 0) + top
      - FigureLayout.top
  }

  private var stripRoom: Double {
    hasStripRoom ? FigureLayout.stripHeight + FigureLayout.stripGap : 0
  }
  private var plotWidth: Double { sizes.width - FigureLayout.left - right }
  private var plotHeight: Double { height - top - FigureLayout.bottom - stripRoom }

  private static func wrapped(_ warnings: [String], _ sizes: FigureLayout.Sizes) -> [String] {
    warnings.flatMap {
      ClaimTable.wrapped($0, width: Int((sizes.width - FigureLayout.left - 4) / 6.6))
    }
  }

  /// The room that the longest label at a line's end needs.
  private static func margin(_ panels: [PanelData], _ sizes: FigureLayout.Sizes) -> Double {
    let names = panels.flatMap { panel in
      FigureLayout.labels(panel).map { name(panel.lines[$0.line], sizes).count }
    }
    let longest = Swift.max(names.max() ?? 0, 9)
    return Swift.min(
      largestShare * sizes.width, 16 + FigureLayout.keyWidth + 6.6 * Double(longest))
  }

  /// The largest share of a panel's width that labels may have.
  private static let largestShare = 0.45

  private static func name(_ line: LineData, _ sizes: FigureLayout.Sizes) -> String {
    let name = line.line.name + (line.isDiverged && isAlongTime(line) ? " (diverged)" : "")
    let room = largestShare * sizes.width - 13 - FigureLayout.keyLength
    return name.shortened(to: Int(room / 6.6))
  }

  private static func isAlongTime(_ line: LineData) -> Bool {
    ["epoch", "step", "iteration"].contains(line.line.along)
  }

  // MARK: Drawing

  /// The panel with its lower left corner at a place of the canvas.
  ///
  /// - Parameter afterwards: what is to follow when the panel is drawn, before its strip is.
  func text(
    x: Double, y: Double, canvasWidth: Double, canvasHeight: Double, afterwards: String = ""
  ) -> String {
    func margins(_ bottom: Double, _ top: Double) -> String {
      "set lmargin at screen \(fraction(x + FigureLayout.left, canvasWidth))\n"
        + "set rmargin at screen \(fraction(x + sizes.width - right, canvasWidth))\n"
        + "set bmargin at screen \(fraction(y + bottom, canvasHeight))\n"
        + "set tmargin at screen \(fraction(y + top, canvasHeight))\n"
    }
    func upright(_ number: Int, _ words: String, middle: Double) -> String {
      // At a fixed place: beside wide numbers gnuplot's own label would leave the canvas.
      "set label \(number) \(Gnuplot.quoted(words)) at screen \(fraction(x + 13, canvasWidth)),"
        + " screen \(fraction(y + middle, canvasHeight)) center rotate by 90 noenhanced front\n"
    }
    let low = FigureLayout.bottom + stripRoom
    var out = margins(low, low + plotHeight)
    out += "set border 3 lw 1 lc rgb \"black\"\nset tics nomirror out scale 0.6\n"
    out += "set grid lc rgb \"#bbbbbb\" lw 0.5 dt 3\nunset key\n"
    let hasStrip = strip != nil || levels != nil
    out += axis("x", panel.panel.x, panel.xRange, isLabelled: !hasStrip)
    out += axis("y", panel.panel.y, panel.yRange, isLabelled: true)
    let above = 1 + (15 + top - FigureLayout.top) / plotHeight
    out += upright(88, panel.panel.y.label, middle: low + plotHeight / 2)
    let title = panel.panel.title.shortened(to: Int((sizes.width - FigureLayout.left) / 6))
    out += "set label 89 \(Gnuplot.quoted(title)) at graph 0, graph \(coordinate(above)) left"
    out += " noenhanced font \",\(isGrid || title.count > 42 ? 10 : 12)\" front\n"
    out += lineLabels() + warningLabels()
    if !panel.hasData {
      out += "set label 91 \"not run\" at graph 0.5, graph 0.93 center noenhanced"
      out += " font \",16\" tc rgb \"\(Palette.quiet)\" front\n"
    }
    out += "plot " + plots.joined(separator: ", \\\n  ") + "\n" + afterwards
    let count = labels.count + 1
    for number in 0...count {
      out += "unset label \(number + 1)\nunset label \(number + 301)\nunset arrow \(number + 1)\n"
    }
    for label in 88..<(92 + Self.wrapped(panel.warnings, sizes).count) {
      out += "unset label \(label)\n"
    }
    func below(
      _ title: String, _ label: String, _ range: ClosedRange<Double>, ticks: [String],
      _ plots: [String]
    ) -> String {
      margins(FigureLayout.bottom, FigureLayout.bottom + FigureLayout.stripHeight)
        + axis("x", panel.panel.x, panel.xRange, isLabelled: true)
        + "unset logscale y\nset yrange [\(number(range.lowerBound)):\(number(range.upperBound))]\n"
        + "set format y \"%g\"\nset ytics (\(ticks.joined(separator: ", ")))\n"
        + upright(88, label, middle: FigureLayout.bottom + FigureLayout.stripHeight / 2)
        + "set label 89 \(Gnuplot.quoted(title)) at graph 0, graph 1.1 left noenhanced"
        + " font \",11\" tc rgb \"\(Palette.quiet)\" front\n"
        + "plot " + plots.joined(separator: ", \\\n  ") + "\nunset label 88\nunset label 89\n"
    }
    if let strip {
      out += below(
        "cost as a ratio to \(strip.name)'s; below 1 is better", "ratio", strip.range,
        ticks: FigureLayout.ticks(strip.range, atMost: 4).map(number), stripPlots(strip))
    }
    if let levels {
      let count = levels.levels.count
      out += below(
        "passes until the cost is there", "cost", 0.4...(Double(count) + 0.6),
        ticks: levels.levels.enumerated().map { index, level in
          "\(Gnuplot.quoted(NumberText.significant(level))) \(count - index)"
        }, levelPlots(levels))
    }
    return out + "unset logscale\nset xtics auto\nset ytics auto\nset format\n"
  }

  /// The names at the lines' ends: words in ink, each with a sample of its line.
  private func lineLabels() -> String {
    var wanted = labels.map(\.y)
    let hasPaper = panel.hasPaperCurves && !isGrid
    if hasPaper { wanted.append(-0.02) }
    let places = FigureLayout.spread(wanted, gap: 15 / plotHeight)
    func along(_ pixels: Double) -> String { "graph \(coordinate(1 + pixels / plotWidth))" }
    func sample(_ number: Int, _ y: String, _ style: String) -> String {
      "set arrow \(number + 1) from \(along(8)), \(y) to \(along(8 + FigureLayout.keyLength)), \(y)"
        + " nohead \(style) front\n"
    }
    func name(_ number: Int, _ words: String, _ y: String) -> String {
      "set label \(number + 1) \(Gnuplot.quoted(words)) at \(along(13 + FigureLayout.keyLength)), \(y)"
        + " left noenhanced font \",11\" front\n"
    }
    var out = ""
    for (number, label) in labels.enumerated() {
      let line = panel.lines[label.line]
      let y = "graph \(coordinate(places[number]))"
      let colour = "lc rgb \"\(colours[label.line])\""
      out += name(number, Self.name(line, sizes), y)
      if line.points.isEmpty {
        out += sample(number, y, "lw 1.2 dt (6,4) \(colour)")
        continue
      }
      out += "set label \(number + 301) \"\" at \(along(8 + FigureLayout.keyLength / 2)), \(y)"
      out +=
        " point pt \(FigureLayout.marker(label.line, line.line.name)) ps 0.75 \(colour) front\n"
      if !line.line.isPoints { out += sample(number, y, "lw 2 \(colour)") }
    }
    if hasPaper {
      let y = "graph \(coordinate(places[labels.count]))"
      out += name(labels.count, "the paper", y)
      out += sample(labels.count, y, "lw 1.2 dt (6,4) lc rgb \"\(Palette.quiet)\"")
    }
    return out
  }

  private func warningLabels() -> String {
    let lines = Self.wrapped(panel.warnings, sizes)
    return lines.enumerated().map { line, warning in
      let y = coordinate(
        1 + (9 + FigureLayout.warningHeight * Double(lines.count - 1 - line)) / plotHeight)
      return
        "set label \(92 + line) \(Gnuplot.quoted(warning)) at graph 0, graph \(y) left noenhanced"
        + " font \",11\" tc rgb \"\(Palette.warning)\" front\n"
    }.joined()
  }

  private var plots: [String] {
    var bands: [String] = []
    var references: [String] = []
    var printed: [String] = []
    var lines: [String] = []
    for (number, line) in panel.lines.enumerated() {
      let name = "$p\(index)_\(number)"
      let colour = colours[number]
      if line.line.band != .none, line.seeds > 1 || line.line.band != .seeds {
        bands.append(
          "\(name) using 1:3:4 with filledcurves fc rgb \"\(colour)\" fs transparent solid 0.22"
            + " noborder notitle")
      }
      if line.paper?.isPrinted == true {
        printed.append("\(name)_paper using 1:2 with points pt 7 ps 1 lc rgb \"black\" notitle")
      } else if line.paper != nil {
        references.append(
          "\(name)_paper using 1:2 with lines lw 1.2 dt (6,4) lc rgb \"\(colour)\" notitle")
      }
      if !line.line.isPoints {
        lines.append("\(name) using 1:2 with lines lw 2 lc rgb \"\(colour)\" notitle")
      }
      lines.append(
        "\(name)_marks using 1:2 with points pt \(FigureLayout.marker(number, line.line.name)) ps 0.75"
          + " lw 1.2 lc rgb \"\(colour)\" notitle")
      if line.isDiverged {
        lines.append(
          "\(name)_diverged using 1:2 with points pt 2 ps 1 lw 2 lc rgb \"\(colour)\" notitle")
      }
    }
    let all = bands + references + lines + printed
    return all.isEmpty ? ["NaN notitle"] : all
  }

  private func stripPlots(_ strip: RatioStrip) -> [String] {
    let bands = strip.lines.map { line in
      "$s\(index)_\(line.index) using 1:3:4 with filledcurves fc rgb \"\(colours[line.index])\" fs"
        + " transparent solid 0.22 noborder notitle"
    }
    let lines = strip.lines.map { line in
      "$s\(index)_\(line.index) using 1:2 with lines lw 2 lc rgb \"\(colours[line.index])\" notitle"
    }
    let one = "1 with lines lw 1.5 lc rgb \"\(colours[strip.reference])\" notitle"
    return bands + [one] + lines
  }

  private func levelPlots(_ levels: CostLevels) -> [String] {
    levels.lines.filter { index in
      levels.places.contains { $0.line == index && $0.middle.isFinite }
    }.map { index in
      "$l\(self.index)_\(index) using 1:2:3:4 with xerrorbars pt"
        + " \(FigureLayout.marker(index, panel.lines[index].line.name)) ps 0.75 lw 1.2"
        + " lc rgb \"\(colours[index])\" notitle"
    }
  }

  // MARK: Data

  /// What is drawn, as blocks of data.
  var data: String {
    var out = ""
    for (number, line) in panel.lines.enumerated() {
      let name = "$p\(index)_\(number)"
      out += block(name, rows(FigureLayout.thinned(line.points, panel)))
      let finite = line.finite.filter { panel.xRange.contains($0.x) }
      out += block("\(name)_marks", marks(finite, line, number))
      if line.isDiverged {
        let y = self.number(height(0.965 - 0.055 * Double(number % 4)))
        var places = line.points.indices.filter { line.points[$0].middle.isInfinite }
        if Self.isAlongTime(line) { places = Array(places.prefix(1)) }
        out += block("\(name)_diverged", places.map { "\(self.number(line.points[$0].x)) \(y)" })
      }
      if let paper = line.paper {
        out += block(
          "\(name)_paper", paper.points.map { "\(self.number($0.x)) \(self.number($0.y))" })
      }
    }
    for line in strip?.lines ?? [] {
      out += block(
        "$s\(index)_\(line.index)",
        line.points.map { point in
          [point.x, point.middle, point.low, point.high].map(number).joined(separator: " ")
        })
    }
    if let levels {
      // Lines that are at a cost after the same passes stand one above the other.
      let lines = levels.lines
      let step = 0.7 / Double(lines.count)
      for (rank, line) in lines.enumerated() {
        let shift = step * (Double(lines.count - 1) / 2 - Double(rank))
        let places = levels.places.filter { $0.line == line && $0.middle.isFinite }
        out += block(
          "$l\(index)_\(line)",
          places.map { place in
            let y = Double(levels.levels.count - place.level) + shift
            let end = Swift.min(place.high, panel.xRange.upperBound)
            return [place.middle, y, place.low, end].map(number).joined(separator: " ")
          })
      }
    }
    return out
  }

  private func rows(_ points: [LineData.Point]) -> [String] {
    points.map { point in
      guard point.middle.isFinite else { return "" }
      let floor = panel.panel.y.isLogarithmic ? panel.yRange.lowerBound * 1e-3 : -.infinity
      let values = [point.middle, point.low, point.high].map { value in
        number(Swift.max(floor, value.isInfinite ? height(1.5) : value))
      }
      return "\(number(point.x)) " + values.joined(separator: " ")
    }
  }

  /// Where markers stand: at all of few points, else at about eight, not at the same places for
  /// neighbouring lines.
  private func marks(_ points: [LineData.Point], _ line: LineData, _ place: Int) -> [String] {
    var chosen = points
    if points.count > 14 && !line.line.isPoints {
      let count = 8
      var last = -1
      chosen = []
      for step in 0..<count {
        let share = (Double(step) + 0.5 + 0.18 * Double(place % 5 - 2)) / Double(count)
        let index = points.firstIndex {
          FigureLayout.position($0.x, panel.panel.x, panel.xRange) >= share
        }
        if let index, index != last {
          chosen.append(points[index])
          last = index
        }
      }
    }
    return chosen.map { "\(number($0.x)) \(number($0.middle))" }
  }

  private func axis(
    _ name: String, _ axis: Figure.Axis, _ range: ClosedRange<Double>, isLabelled: Bool
  ) -> String {
    var out = "set \(name)range [\(number(range.lowerBound)):\(number(range.upperBound))]\n"
    if name == "x" {
      out +=
        isLabelled
        ? "set xlabel \(Gnuplot.quoted(axis.label)) noenhanced offset 0,0.3\n" : "unset xlabel\n"
    }
    let most = Int((name == "x" ? plotWidth / 36 : plotHeight / 28).rounded(.down))
    var ticks = axis.ticks.map { $0.filter(range.contains) }
    if ticks?.count ?? 2 < 2 { ticks = nil }
    // Those that were declared for a wider panel, a part of them.
    while let all = ticks, all.count > Swift.max(most, 2) {
      ticks = all.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
    }
    if axis.isLogarithmic {
      out += "set logscale \(name)\n"
      // 2 and 5 would read as powers of 10.
      ticks = ticks ?? FigureLayout.logarithmicTicks(range, atMost: most)
      let hasOtherTicks = ticks?.contains { log10($0) != log10($0).rounded() } ?? false
      out += "set format \(name) \"\(hasOtherTicks ? "%g" : "10^{%L}")\"\n"
    } else {
      ticks = ticks ?? FigureLayout.ticks(range, atMost: most)
      out += "set format \(name) \"%g\"\n"
    }
    if name == "x" && !isLabelled { out += "set format x \"\"\n" }
    if let ticks {
      out += "set \(name)tics (\(ticks.map(number).joined(separator: ", ")))\n"
    } else {
      out += "set \(name)tics auto\n"
    }
    return out
  }

  /// The value at a share of the vertical axis.
  private func height(_ share: Double) -> Double {
    let low = panel.yRange.lowerBound
    let high = panel.yRange.upperBound
    return panel.panel.y.isLogarithmic
      ? low * pow(high / low, share) : low + share * (high - low)
  }

  private func block(_ name: String, _ rows: [String]) -> String {
    // gnuplot refuses to plot a block without any row.
    let content = rows.allSatisfy(\.isEmpty) ? ["NaN NaN NaN NaN"] : rows
    return "\(name) << EOD\n" + content.joined(separator: "\n") + "\nEOD\n"
  }

  private func fraction(_ part: Double, _ whole: Double) -> String {
    NumberText.fixed(part / whole, decimals: 5)
  }

  private func coordinate(_ value: Double) -> String { NumberText.fixed(value, decimals: 4) }
  private func number(_ value: Double) -> String { NumberText.significant(value, digits: 7) }
}
