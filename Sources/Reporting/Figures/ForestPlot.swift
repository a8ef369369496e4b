import Foundation

/// The claims of the paper by section on one axis: how far each effect lies from its threshold, as
/// SVG of our own.
///
/// The axis is symmetric and logarithmic in the distance (asinh), so that a difference of 1 % and a
/// factor of 50 are told apart.
package struct ForestPlot {
  /// Where things stand, in pixels.
  struct Layout {
    let width: Double
    /// Where labels begin and end, the plot, and the numbers.
    let labels: ClosedRange<Double>
    let plot: ClosedRange<Double>
    let numbers: Double
    let isNarrow: Bool

    static let wide = Layout(
      width: 1052, labels: 22...562, plot: 572...786, numbers: 796, isNarrow: false)
    static let narrow = Layout(
      width: 360, labels: 20...352, plot: 12...348, numbers: 20, isNarrow: true)
  }

  /// The colours and links of a place.
  package enum Setting: Sendable {
    /// Inside the page: its colours, and links to the claims.
    case page
    /// As a file: a white ground and fixed colours.
    case file
  }

  private let rows: [Row]
  private let layout: Layout
  private let setting: Setting
  private let answer: String

  private struct Mark {
    let value: Double
    let low: Double
    let high: Double
  }

  private struct Row {
    /// A section's heading, or nil: a claim.
    var heading: String?
    var id = ""
    var lines: [String] = []
    var verdict = Verdict.notRun
    var headline: Mark?
    var fitted: Mark?
    var paper: Double?
    var numbers = ""
  }

  /// The plot of the claims of the paper; parts of claims and curves are left out.
  package init(_ content: ReportContent, isNarrow: Bool, for setting: Setting) {
    let layout = isNarrow ? Layout.narrow : Layout.wide
    self.layout = layout
    self.setting = setting
    answer = ReportSentences.answer(content.claims)
    let claims = content.claims.filter { $0.headline.group == .paper && !$0.headline.isPart }
    let length = layout.labels.upperBound - layout.labels.lowerBound
    rows = PaperSection.all.flatMap { section -> [Row] in
      let own = claims.filter { $0.section == section }
      if own.isEmpty { return [] }
      return [Row(heading: section.heading)]
        + own.map { Self.row($0, content, Int(length / (isNarrow ? 7.1 : 6.35))) }
    }
  }

  private static func row(_ claim: ReportContent.ClaimRow, _ content: ReportContent, _ width: Int)
    -> Row
  {
    func mark(_ outcome: ClaimOutcome, effect: Double? = nil) -> Mark? {
      ThresholdDistance(outcome, effect: effect, formula: claim.formula).map {
        Mark(value: $0.value, low: $0.low, high: $0.high)
      }
    }
    let headline = claim.headline
    var row = Row(id: claim.id, lines: ClaimTable.wrapped(claim.statement, width: width))
    row.verdict = headline.verdict
    row.headline = mark(headline)
    row.fitted = claim.outcomes.dropFirst().first { $0.arm == "fitted" }.flatMap { mark($0) }
    row.paper =
      claim.evidence.lazy.compactMap { evidence in
        content.paperEffect(claim, evidence).flatMap { mark(evidence.outcome, effect: $0)?.value }
      }.first
    row.numbers = shortEffect(headline)
    if let limit = ThresholdDistance(headline, formula: claim.formula)?.limit, !limit.isEmpty {
      row.numbers += ", limit \(limit)"
    }
    if let reason = headline.openReason { row.numbers += ", \(reason.rawValue)" }
    return row
  }

  /// The effect without its name, e.g. `1.018 [1.017, 1.019]`.
  private static func shortEffect(_ outcome: ClaimOutcome) -> String {
    if outcome.effectText.isEmpty { return outcome.verdict.rawValue }
    let text = outcome.effectText
    let value =
      text.range(of: " = ", options: .backwards).map { String(text[$0.upperBound...]) } ?? text
    return outcome.verdict == .notRun ? "so far \(value)" : value
  }

  // MARK: The axis

  private static let unit = 0.02
  private static let limit = asinh(log(100) / unit)
  private static let ticks: [(label: String, distance: Double)] = [
    ("1 %", log(1.01)), ("10 %", log(1.1)), ("×2", log(2)), ("×100", log(100)),
  ]

  /// The horizontal place of a distance; what lies beyond a factor of 100 stands at the end.
  package static func place(_ distance: Double, in range: ClosedRange<Double>) -> Double {
    let share = asinh(distance / unit) / limit
    let clamped = Swift.min(1, Swift.max(-1, share))
    let middle = (range.lowerBound + range.upperBound) / 2
    return middle + clamped * (range.upperBound - range.lowerBound) / 2
  }

  // MARK: SVG

  private static let lineHeight = 14.0

  private func height(_ row: Row) -> Double {
    if row.heading != nil { return layout.isNarrow ? 26 : 24 }
    let text = Self.lineHeight * Double(Swift.max(1, row.lines.count))
    if !layout.isNarrow { return text + 4 }
    let hasMarks = row.headline != nil || row.fitted != nil || row.paper != nil
    return text + Self.lineHeight + (hasMarks ? 20 : 5)
  }

  /// The plot as an `<svg>` element.
  package var svg: String {
    let header = layout.isNarrow ? 58.0 : 40.0
    let axis = 34.0
    let body = rows.reduce(0) { $0 + height($1) }
    let answerLines =
      setting == .file
      ? ClaimTable.wrapped(answer, width: Int(layout.width / (layout.isNarrow ? 8.2 : 8.6))) : []
    let title = answerLines.isEmpty ? 0 : 17 * Double(answerLines.count) + 13
    let whole = title + header + body + axis + (layout.isNarrow ? 40 : 24)
    let name = "forest-\(layout.isNarrow ? "narrow" : "wide")"
    var out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(layout.width)) "
    out += "\(number(whole))\" role=\"img\" aria-labelledby=\"\(name)-title \(name)-desc\""
    out += " class=\"forest \(layout.isNarrow ? "narrow" : "wide")\""
    if setting == .file { out += " width=\"\(number(layout.width))\" height=\"\(number(whole))\"" }
    out += " font-family=\"DejaVu Sans, system-ui, sans-serif\" font-size=\"12\">\n"
    out += "<title id=\"\(name)-title\">The claims of the paper, and how far each effect lies from "
    out += "its threshold</title>\n<desc id=\"\(name)-desc\">\(HTML.escaped(answer))</desc>\n"
    if setting == .file {
      out += "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      for (index, line) in answerLines.enumerated() {
        out += text(
          line, layout.isNarrow ? 8 : 10, 20 + 17 * Double(index), weight: "bold", size: 13)
      }
    }
    let top = title + header
    let middle = Self.place(0, in: layout.plot)
    let bottom = top + body
    out += text(
      "◂ against the claim", middle - 8, top - 24, anchor: "end", fill: ink(.notReproduced))
    out += text("as claimed ▸", middle + 8, top - 24, fill: ink(.reproduced))
    if !layout.isNarrow {
      out += text(
        "distance of the effect from its threshold", layout.labels.lowerBound, top - 24, fill: quiet
      )
      out += text("effect [95 %], limit of its rule", layout.numbers, top - 24, fill: quiet)
    }
    out += rect(layout.plot.lowerBound, top - 6, middle, bottom, "no-bg", "#fff4f2")
    out += rect(middle, top - 6, layout.plot.upperBound, bottom, "yes-bg", "#effaf1")
    for (label, distance) in Self.ticks {
      for sign in [-1.0, 1.0] {
        let x = Self.place(sign * distance, in: layout.plot)
        out += line(x, top - 6, x, bottom, "line", "#c9d1d9", width: 0.6)
        for y in [top - 10, bottom + 13] where !(layout.isNarrow && distance < log(1.05)) {
          let isEnd =
            x > layout.plot.upperBound - 8
            ? "end" : x < layout.plot.lowerBound + 8 ? "start" : "middle"
          out += text(label, x, y, anchor: isEnd, fill: quiet, size: 9.5)
        }
      }
    }
    out += line(middle, top - 6, middle, bottom, "ink", "#1b1f24", width: 1.2)
    var y = top
    for row in rows {
      out += drawn(row, y)
      y += height(row)
    }
    out += key(bottom + (layout.isNarrow ? 32 : 34))
    return out + "</svg>"
  }

  private func drawn(_ row: Row, _ y: Double) -> String {
    if let heading = row.heading {
      return text(heading, layout.isNarrow ? 4 : 6, y + 19, weight: "bold", size: 12.5)
    }
    var out = ""
    let first = y + 12
    out += text(
      ReportText.mark(row.verdict), layout.isNarrow ? 4 : 6, first, fill: ink(row.verdict),
      weight: "bold")
    let label = row.lines.enumerated().map { index, line in
      text(line, layout.labels.lowerBound, first + Self.lineHeight * Double(index))
    }.joined()
    out += setting == .page ? "<a href=\"#claim-\(HTML.escaped(row.id))\">\(label)</a>" : label
    let end = first + Self.lineHeight * Double(row.lines.count - 1)
    if layout.isNarrow {
      out += text(row.numbers, layout.numbers, end + Self.lineHeight, fill: quiet, size: 11)
    } else {
      out += text(row.numbers, layout.numbers, (first + end) / 2, fill: quiet, size: 11)
    }
    let centre = layout.isNarrow ? end + Self.lineHeight + 11 : (first + end) / 2 - 4
    func x(_ value: Double) -> Double { Self.place(value, in: layout.plot) }
    if let fitted = row.fitted {
      out += line(x(fitted.low), centre, x(fitted.high), centre, "quiet", "#57606a", width: 1)
      out += "<circle cx=\"\(number(x(fitted.value)))\" cy=\"\(number(centre))\" r=\"4\" "
      out += "fill=\"none\" \(stroke(quiet)) stroke-width=\"1.4\"/>\n"
    }
    if let paper = row.paper {
      let p = x(paper)
      out += "<path d=\"M\(number(p)) \(number(centre - 6))l4 6l-4 6l-4 -6z\" fill=\"none\" "
      out += "\(stroke(("ink", "#1b1f24"))) stroke-width=\"1.2\"/>\n"
    }
    if let mark = row.headline {
      let colour = ink(row.verdict)
      out += line(x(mark.low), centre, x(mark.high), centre, colour.name, colour.rgb, width: 2)
      if row.verdict == .notRun {
        out +=
          "<circle cx=\"\(number(x(mark.value)))\" cy=\"\(number(centre))\" r=\"2.5\" \(fill(colour))/>\n"
      } else {
        out +=
          "<circle cx=\"\(number(x(mark.value)))\" cy=\"\(number(centre))\" r=\"4.5\" \(fill(colour))/>\n"
      }
    }
    return out
  }

  private func key(_ y: Double) -> String {
    let entries: [(String, String)] = [
      ("●", "the arm that decides, 95 % interval"), ("○", "settings fitted to the paper's curves"),
      ("◇", "the paper's own curves"), ("•", "so far: the rule asks for more runs"),
    ]
    var out = ""
    var x = layout.isNarrow ? 4.0 : layout.labels.lowerBound
    for (index, (mark, words)) in entries.enumerated() {
      let row = layout.isNarrow ? 14 * Double(index) : 0
      out += text("\(mark) \(words)", x, y + row, fill: quiet, size: 10.5)
      if !layout.isNarrow { x += 30 + 6.2 * Double(words.count) }
    }
    return out
  }

  // MARK: Elements

  private typealias Ink = (name: String, rgb: String)
  private let quiet: Ink = ("quiet", "#57606a")

  private func ink(_ verdict: Verdict) -> Ink {
    switch verdict {
    case .reproduced: ("yes", "#116329")
    case .notReproduced: ("no", "#a40e26")
    case .inconclusive: ("open", "#7d4e00")
    case .notRun: ("quiet", "#57606a")
    }
  }

  private func colour(_ ink: Ink) -> String { setting == .page ? "var(--\(ink.name))" : ink.rgb }
  private func fill(_ ink: Ink) -> String { "fill=\"\(colour(ink))\"" }
  private func stroke(_ ink: Ink) -> String { "stroke=\"\(colour(ink))\"" }
  private func number(_ value: Double) -> String { NumberText.exact((value * 10).rounded() / 10) }

  private func text(
    _ words: String, _ x: Double, _ y: Double, anchor: String = "start",
    fill: Ink = ("ink", "#1b1f24"), weight: String = "normal", size: Double = 12
  ) -> String {
    var out = "<text x=\"\(number(x))\" y=\"\(number(y))\" \(self.fill(fill))"
    if anchor != "start" { out += " text-anchor=\"\(anchor)\"" }
    if weight != "normal" { out += " font-weight=\"\(weight)\"" }
    if size != 12 { out += " font-size=\"\(number(size))\"" }
    return out + ">\(HTML.escaped(words))</text>\n"
  }

  private func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ name: String, _ rgb: String,
    width: Double
  ) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
      + "\(stroke((name, rgb))) stroke-width=\"\(number(width))\"/>\n"
  }

  private func rect(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ name: String, _ rgb: String
  ) -> String {
    "<rect x=\"\(number(x1))\" y=\"\(number(y1))\" width=\"\(number(x2 - x1))\" "
      + "height=\"\(number(y2 - y1))\" \(fill((name, rgb))) opacity=\"0.55\"/>\n"
  }
}
