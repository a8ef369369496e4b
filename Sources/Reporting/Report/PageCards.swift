import ResultStore
import Storage

/// The cards of the page: one a section of the paper, with its sentence, figures and claims.
enum PageCards {
  /// The sections that have a claim or a figure.
  static func sections(_ content: ReportContent) -> [PaperSection] {
    PaperSection.all.filter { section in
      content.claims.contains { $0.section == section }
        || content.figures.contains { $0.section == section }
    }
  }

  static func all(_ content: ReportContent) -> String {
    let sections = sections(content)
    if sections.isEmpty { return "<p>There is nothing to show.</p>" }
    return sections.map { card($0, content) }.joined(separator: "\n")
  }

  private static func card(_ section: PaperSection, _ content: ReportContent) -> String {
    let claims = content.claims.filter { $0.section == section }
    let figures = content.figures.filter { $0.section == section }
    var out = "<article class=\"card\" id=\"\(section.anchor)\">\n"
    let group: ClaimGroup = section == .writeUps ? .writeUp : .paper
    let chips = ReportSentences.counts(claims, group).filter { $0.count > 0 }.map {
      verdict, count in
      "<span class=\"badge \(HTML.kind(verdict))\">\(count) \(ReportText.marked(verdict))</span>"
    }
    out +=
      "<h3>\(HTML.escaped(section.heading)) <span class=\"chips\">\(chips.joined(separator: " "))"
    out +=
      "</span></h3>\n<p class=\"sentence\">\(HTML.escaped(ReportSentences.section(claims)))</p>\n"
    let drawn = figures.filter { $0.hasData }
    // The paper's own figures, or that of the gravest failure; the others are a click away.
    let own = drawn.filter { $0.figure.place.hasPrefix("Figure") }
    let failure = ReportSentences.failures(claims).first { row in
      drawn.contains { $0.figure.id == row.figure }
    }
    let shown = own.isEmpty ? drawn.filter { $0.figure.id == failure?.figure } : own
    let others = drawn.filter { entry in !shown.contains { $0.figure.id == entry.figure.id } }
    out += shown.map { figure($0, content) }.joined()
    let undrawn = figures.filter { !$0.hasData }
    if !undrawn.isEmpty {
      let names = undrawn.map { $0.figure.place.isEmpty ? $0.figure.title : $0.figure.place }
      out +=
        "<p class=\"missing\">Not run, so not drawn: \(HTML.escaped(NumberText.list(names))).</p>\n"
    }
    if !claims.isEmpty {
      let noun = claims.count == 1 ? "verdict" : "verdicts"
      out += HTML.details(
        "\(claims.count) \(noun): rules, numbers, and what would change them",
        claims.map { claim($0, content) }.joined(), id: "\(section.anchor)-claims", kind: "claims")
    }
    if !others.isEmpty {
      out += HTML.details(
        "\(others.count) more \(others.count == 1 ? "figure" : "figures")",
        others.map { figure($0, content) }.joined(), kind: "more")
    }
    let experiments = experiments(claims, figures)
    if !experiments.isEmpty {
      out += HTML.details("Run it, read it", commands(experiments, figures, content), kind: "run")
    }
    return out + "</article>"
  }

  private static func experiments(
    _ claims: [ReportContent.ClaimRow], _ figures: [ReportContent.FigureEntry]
  ) -> [String] {
    let names = claims.map(\.experiment) + figures.map(\.experiment)
    return ResultSet.experimentNames.filter(names.contains)
  }

  // MARK: A claim

  private static func claim(_ row: ReportContent.ClaimRow, _ content: ReportContent) -> String {
    let kind = HTML.kind(row.headline.verdict)
    var out = "<div class=\"claim\" id=\"claim-\(row.id)\" data-verdict=\"\(kind)\" "
    out += "data-group=\"\(row.headline.group.rawValue)\">\n"
    out += "<h4>\(HTML.badge(row.headline.verdict)) \(HTML.escaped(row.statement)) "
    out +=
      "<a class=\"permalink\" href=\"#claim-\(row.id)\" aria-label=\"Link to this claim\">¶</a></h4>\n"
    out += "<p><code>\(row.id)</code>\(row.partOf), \(HTML.escaped(row.place))."
    if !row.rule.isEmpty { out += " <b>Rule:</b> \(HTML.escaped(row.rule))." }
    out += "</p>\n"
    let rows = row.evidence.map { evidence -> [String] in
      let outcome = evidence.outcome
      let paper = content.paperEffect(row, evidence).map {
        NumberText.significant(ClaimOutcome.ratio(ofLogarithm: $0))
      }
      var origin = HTML.escaped(evidence.origin)
      if !evidence.dissent.isEmpty {
        origin += " <b>(\(HTML.escaped(NumberText.list(evidence.dissent))))</b>"
      }
      if let remark = evidence.ruleRemark { origin += "; \(HTML.escaped(remark))" }
      return [
        outcome.arm.isEmpty ? "–" : HTML.escaped(outcome.arm), HTML.badge(outcome.verdict),
        outcome.effectText.isEmpty ? "–" : HTML.escaped(outcome.effectText),
        outcome.thresholdText.isEmpty ? "–" : HTML.escaped(outcome.thresholdText), paper ?? "–",
        origin.isEmpty ? "–" : origin,
      ]
    }
    out += HTML.table(
      "Verdicts by arm.", ["arm", "verdict", "effect [95 %]", "threshold", "the paper's", "from"],
      rows)
    for evidence in row.evidence where !evidence.outcome.detail.isEmpty {
      let arm = evidence.outcome.arm.isEmpty ? "" : "\(evidence.outcome.arm): "
      out += "<p>\(HTML.escaped(arm + evidence.outcome.detail)).</p>\n"
    }
    if !row.headline.paperFigure.isEmpty {
      out += "<p><b>Does the paper's own figure satisfy the rule?</b> "
      out += "\(HTML.escaped(row.headline.paperFigure)).</p>\n"
    }
    out += readings(row, content)
    out +=
      "<p><b>What would change this:</b> \(HTML.escaped(ReportSentences.whatWouldChange(row)))</p>\n"
    return out + "<p class=\"links\">\(links(row, content).joined(separator: " · "))</p>\n</div>\n"
  }

  /// The verdicts under other readings of what the paper leaves open.
  private static func readings(_ row: ReportContent.ClaimRow, _ content: ReportContent) -> String {
    guard let readings = content.readings(of: row) else { return "" }
    return HTML.details(
      HTML.escaped("It \(readings.summary(of: row.id)) of the text"),
      HTML.table(
        "Verdicts under each reading that was run, by effect.", ReportText.readingHeader,
        ReportText.readingRows(readings, row.id).map { $0.map(HTML.escaped) }))
  }

  private static func links(_ row: ReportContent.ClaimRow, _ content: ReportContent) -> [String] {
    var links: [String] = []
    if content.figures.contains(where: { $0.figure.id == row.figure && $0.hasData }) {
      links.append("<a href=\"#figure-\(row.figure)\">figure</a>")
    }
    if let part = content.parts.first(where: { part in
      part.experiment.name == row.experiment
        && (row.evidence[0].profile.isEmpty || part.profile == row.evidence[0].profile)
    }) {
      links.append("<a href=\"#\(ReportText.protocolAnchor(part))\">protocol</a>")
      links.append(
        "<a href=\"\(ReportText.link(to: part, content))\">\(FilePaths.name(of: part.experiment.path))</a>"
      )
    }
    if Errata.of(row.id) != nil { links.append("<a href=\"#errata\">erratum</a>") }
    links.append("<code>reproductions/\(row.experiment)</code>")
    return links
  }

  // MARK: A figure

  private static func figure(_ entry: ReportContent.FigureEntry, _ content: ReportContent) -> String
  {
    let id = entry.figure.id
    let place = entry.figure.place.hasPrefix("Figure") ? "\(entry.figure.place): " : ""
    let heading = entry.finding.isEmpty ? entry.figure.title : entry.finding
    // Beside one or two panels there is room for the words.
    let columns = Swift.min(entry.figure.columns, entry.panels.count)
    let isBeside = entry.drawn != nil && !entry.figure.isGrid && columns <= 2
    var out = "<figure id=\"figure-\(id)\""
    if isBeside { out += " class=\"beside\" style=\"--panels: \(columns)\"" }
    out += ">\n<h4>\(HTML.escaped(place + heading))</h4>\n"
    // Panels as drawn say it themselves, but for the small ones of a grid.
    if !entry.warnings.isEmpty, entry.drawn == nil || entry.figure.isGrid {
      out += "<p class=\"warning\">\(HTML.escaped(entry.warnings.joined(separator: "; ")))</p>\n"
    }
    if let drawn = entry.drawn {
      let kind = entry.figure.isGrid ? "panels small" : "panels"
      if entry.figure.isGrid { out += legend(entry) }
      out += "<div class=\"\(kind)\" style=\"--columns: \(entry.figure.columns)\">\n"
      out += drawn.panels.joined(separator: "\n") + "\n</div>\n"
    } else if !content.hasPictures {
      out += "<p>Not drawn: gnuplot is missing. The numbers are below.</p>\n"
    }
    out += "<figcaption>\n"
    if !entry.figure.caption.isEmpty {
      out += "<p>\(HTML.escaped(entry.figure.title)). "
      out += (place.isEmpty ? "" : "<b>The paper:</b> ") + HTML.escaped(entry.figure.caption)
      out += "</p>\n"
    }
    if let drawn = entry.drawn {
      let files = ["svg", "png"] + (drawn.pdf == nil ? [] : ["pdf"])
      let links = files.map { "<a href=\"figures/\(id).\($0)\">\($0.uppercased())</a>" }
      out += "<p>\(HTML.escaped(Gnuplot.notes(entry.panels))) <span class=\"screen\">As a file: "
      out += "\(links.joined(separator: ", ")).</span></p>\n"
    }
    out += "</figcaption>\n"
    let rows = ReportContent.distances(entry).map { $0.map(HTML.escaped) }
    if !rows.isEmpty {
      out += HTML.details(
        "The numbers, and the distance to the paper's curves",
        HTML.table(
          "Each line of \(HTML.escaped(entry.figure.title)).", ReportText.distanceHeader, rows))
    }
    return out + "</figure>\n"
  }

  /// The legend that the small panels of a grid share.
  private static func legend(_ entry: ReportContent.FigureEntry) -> String {
    let marks = ["●", "■", "▲", "▼", "◆", "○"]
    let lines = entry.figure.legend
    let colours = Palette.colours(of: lines)
    var entries = lines.enumerated().map { index, line in
      "<li><span class=\"\(colours[index].rawValue)\" aria-hidden=\"true\">"
        + "\(marks[index % marks.count])</span> \(HTML.escaped(line.name))</li>"
    }
    if entry.panels.contains(where: \.hasPaperCurves) {
      entries.append("<li><span aria-hidden=\"true\">╌</span> the paper</li>")
    }
    return "<ul class=\"legend\" aria-label=\"Legend\">\(entries.joined())</ul>\n"
  }

  // MARK: Commands

  private static func commands(
    _ experiments: [String], _ figures: [ReportContent.FigureEntry], _ content: ReportContent
  ) -> String {
    var lines = ["make \(experiments.map { "reproduce-\($0)" }.joined(separator: " "))"]
    for part in content.parts where experiments.contains(part.experiment.name) {
      let variables = figures.filter { $0.experiment == part.experiment.name }
        .flatMap { $0.figure.panels }.flatMap(\.lines).map(\.variable)
      let variable = variables.first { !$0.contains("/") } ?? variables.first ?? "claims/verdict"
      lines.append("h5dump -d /\(variable) \(ReportText.link(to: part, content))")
    }
    return "<pre tabindex=\"0\">\(HTML.escaped(lines.joined(separator: "\n")))</pre>\n"
  }
}
