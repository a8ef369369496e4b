/// A figure as a gnuplot script with its data inside.
package struct GnuplotScript {
  let figure: Figure
  let panels: [PanelData]
  /// What the figure shows, in a sentence under the title; may be empty.
  let finding: String
  /// The lines under the panels.
  let notes: [String]

  /// A script for panels with their data.
  package init(figure: Figure, panels: [PanelData], finding: String = "", notes: [String]) {
    self.figure = figure
    self.panels = panels
    self.finding = finding
    self.notes = notes
  }

  /// Draws the whole figure into `figure.svg`, `figure.png` and, where gnuplot can, `figure.pdf`; in
  /// one column for narrow screens into `figure-narrow.svg`; and each panel by itself into
  /// `panel-<n>.svg`.
  package var text: String {
    let wide = FigureLayout.Sizes.of(figure, isNarrow: false)
    let narrow = FigureLayout.Sizes.of(figure, isNarrow: true)
    let columns = Swift.max(1, Swift.min(figure.columns, panels.count))
    let data = panels.enumerated().map { index, panel in
      PanelScript(panel, index, figure: figure, panels: panels, sizes: wide).data
    }
    var out = "set encoding utf8\n" + data.joined()

    let (whole, width, height) = canvas(wide, columns: columns)
    let font = "enhanced font \"DejaVu Sans,12\""
    out +=
      "set terminal svg size \(pixels(width)),\(pixels(height)) \(font) background \"#ffffff\"\n"
    out += "set output \"figure.svg\"\n" + whole
    out +=
      "set terminal pngcairo size \(pixels(1.5 * width)),\(pixels(1.5 * height)) \(font) fontscale 1.125"
    out += " linewidth 1.5 pointscale 1.5 background \"#ffffff\"\n"
    out += "set output \"figure.png\"\n" + whole
    let inches =
      "\(NumberText.fixed(width / 96, decimals: 3))in,\(NumberText.fixed(height / 96, decimals: 3))in"
    out += "if (strstrt(GPVAL_TERMINALS, \" pdfcairo \") > 0) {\n"
    out += "set terminal pdfcairo size \(inches) \(font) fontscale 0.5625"
    out += " linewidth 1 pointscale 0.75 background \"#ffffff\"\n"
    out += "set output \"figure.pdf\"\n" + whole + "}\n"

    let (column, columnWidth, columnHeight) = canvas(narrow, columns: 1)
    out += "set terminal svg size \(pixels(columnWidth)),\(pixels(columnHeight)) \(font)"
    out += " background \"#ffffff\"\nset output \"figure-narrow.svg\"\n" + column

    for (index, panel) in panels.enumerated() {
      let script = PanelScript(panel, index, figure: figure, panels: panels, sizes: narrow)
      out += "set terminal svg size \(pixels(narrow.width)),\(pixels(script.height)) \(font)\n"
      out += "set output \"panel-\(index).svg\"\nset multiplot\n"
      out += script.text(x: 0, y: 0, canvasWidth: narrow.width, canvasHeight: script.height)
      out += "unset multiplot\nset output\n"
    }
    return out
  }

  /// All panels on one canvas, with title and notes.
  private func canvas(_ sizes: FigureLayout.Sizes, columns: Int)
    -> (script: String, width: Double, height: Double)
  {
    let scripts = panels.enumerated().map { index, panel in
      PanelScript(panel, index, figure: figure, panels: panels, sizes: sizes)
    }
    let cell = scripts.map(\.height).max() ?? sizes.height
    let rows = (panels.count + columns - 1) / columns
    let width = sizes.width * Double(columns)
    let titles = ClaimTable.wrapped(figure.title, width: Int((width - 20) / 8.4))
    // A finding that begins with the title goes on with what the panels' titles tell.
    let told = finding.hasPrefix(figure.title) ? "" : finding
    let findings = ClaimTable.wrapped(told, width: Int((width - 20) / 6.9)).filter {
      !$0.isEmpty
    }
    let notes = self.notes.flatMap { ClaimTable.wrapped($0, width: Int((width - 28) / 6.4)) }
    let footer = FigureLayout.lineHeight * Double(notes.count) + (notes.isEmpty ? 0 : 8)
    let head =
      FigureLayout.titleHeight + 20 * Double(Swift.max(0, titles.count - 1))
      + FigureLayout.findingHeight * Double(findings.count)
    let rowsOfLegend = figure.isGrid ? legendRows(width) : []
    let header = head + FigureLayout.legendHeight * Double(rowsOfLegend.count)
    let height = header + cell * Double(rows) + footer

    var out = "set multiplot\n"
    var label = 1000
    func write(_ words: String, x: String, y: Double, _ style: String) {
      out += "set label \(label) \(Gnuplot.quoted(words)) at screen \(x), screen "
      out += "\(fraction(y, height)) \(style) noenhanced front\n"
      label += 1
    }
    for (index, line) in titles.enumerated() {
      write(line, x: "0.5", y: height - 20 - 20 * Double(index), "center font \",15\"")
    }
    for (index, line) in findings.enumerated() {
      let y =
        height - 20 - 20 * Double(titles.count - 1) - FigureLayout.findingHeight * Double(index + 1)
      write(line, x: "0.5", y: y, "center font \",12\"")
    }
    for (index, note) in notes.enumerated() {
      let y = footer - 12 - FigureLayout.lineHeight * Double(index)
      write(note, x: fraction(14, width), y: y, "left font \",11\" tc rgb \"\(Palette.quiet)\"")
    }
    for (number, row) in rowsOfLegend.enumerated() {
      let top = height - head - 8 - FigureLayout.legendHeight * Double(number)
      out += legend(row, width, height, top)
    }
    // What stands on the canvas is drawn once, with the first panel.
    var unset = (1000..<label).map { "unset label \($0)\n" }.joined()
    for entry in 0...figure.legend.count {
      unset += "unset label \(1100 + entry)\nunset label \(1150 + entry)\n"
      unset += "unset arrow \(1100 + entry)\n"
    }
    for (index, script) in scripts.enumerated() {
      let x = Double(index % columns) * sizes.width
      let top = header + Double(index / columns) * cell
      out += script.text(
        x: x, y: height - top - script.height, canvasWidth: width, canvasHeight: height,
        afterwards: index == 0 ? unset : "")
    }
    return (out + "unset multiplot\nset output\n", width, height)
  }

  /// An entry of the shared legend of a grid: a line by its number, or the dashes of the paper's.
  private struct LegendEntry {
    let number: Int
    let name: String
    /// Nil for the paper's.
    let colour: Figure.Colour?

    /// The room that it takes.
    var width: Double { 60 + 7.2 * Double(name.count) }
  }

  /// The entries of the shared legend, in as many rows as a canvas of that width takes.
  private func legendRows(_ width: Double) -> [[LegendEntry]] {
    let lines = figure.legend
    let colours = Palette.colours(of: lines)
    var entries = lines.indices.map {
      LegendEntry(number: $0, name: lines[$0].name, colour: colours[$0])
    }
    if panels.contains(where: \.hasPaperCurves) {
      entries.append(LegendEntry(number: lines.count, name: "the paper", colour: nil))
    }
    return entries.reduce(into: [[]]) { rows, entry in
      let taken = rows[rows.count - 1].reduce(0) { $0 + $1.width }
      if taken > 0, taken + entry.width > width { rows.append([]) }
      rows[rows.count - 1].append(entry)
    }
  }

  /// A row of the shared legend: marker, line and name of each line.
  private func legend(
    _ row: [LegendEntry], _ canvasWidth: Double, _ canvasHeight: Double, _ top: Double
  ) -> String {
    let y = fraction(top, canvasHeight)
    var x = (canvasWidth - row.reduce(0) { $0 + $1.width }) / 2
    var out = ""
    for entry in row {
      let index = entry.number
      let colour = entry.colour.map(Palette.rgb) ?? Palette.quiet
      out += "set arrow \(1100 + index) from screen \(fraction(x, canvasWidth)), screen \(y)"
      out += " to screen \(fraction(x + 30, canvasWidth)), screen \(y) nohead"
      out += " \(entry.colour == nil ? "lw 1.2 dt (6,4)" : "lw 2") lc rgb \"\(colour)\" front\n"
      out += "set label \(1100 + index) \(Gnuplot.quoted(entry.name)) at screen"
      out += " \(fraction(x + 36, canvasWidth)), screen \(y) left noenhanced front\n"
      if entry.colour != nil {
        out +=
          "set label \(1150 + index) \"\" at screen \(fraction(x + 15, canvasWidth)), screen \(y)"
        out += " point pt \(FigureLayout.marker(index, entry.name)) ps 0.75 lc rgb \"\(colour)\""
        out += " front\n"
      }
      x += entry.width
    }
    return out
  }

  private func fraction(_ part: Double, _ whole: Double) -> String {
    NumberText.fixed(part / whole, decimals: 5)
  }

  private func pixels(_ value: Double) -> String { NumberText.fixed(value, decimals: 0) }
}
