import ResultStore
import Storage

/// The report as Markdown, with the content of the page.
public enum MarkdownReport {
  /// `report.md`, with the figures of the folder `figures` beside it.
  public static func text(_ content: ReportContent) -> String {
    var out = "# Does \"Adam\" (Kingma & Ba 2015) hold? A reproduction\n\n"
    out += "**\(escaped(ReportSentences.answer(content.claims)))**\n\n"
    if let gravest = ReportSentences.gravest(content.claims) { out += "\(escaped(gravest))\n\n" }
    let failures = ReportSentences.failures(content.claims)
    if !failures.isEmpty {
      out += "What does not hold:\n\n"
      for row in failures {
        let effect = row.headline.effectText.isEmpty ? "" : ": \(row.headline.effectText)"
        out += "- \(escaped(row.statement + effect)) (`\(row.id)`)\n"
      }
      out += "\n"
    }
    out += "\(escaped(ReportText.otherGroups(content)))\n\n"
    if let agreement = content.agreement { out += "\(agreement)\n\n" }
    out += content.caveats.map { "- \(escaped($0))\n" }.joined()
    if !content.caveats.isEmpty { out += "\n" }
    out += "## The claims at a glance\n\n\(escaped(ReportText.howToRead))\n\n"
    if content.hasPictures, content.claims.contains(where: { $0.group == .paper }) {
      out += "![The claims of the paper](figures/forest.svg)\n\n"
    }
    out += "## Section by section\n\n" + cards(content)
    out += "## Choices and deviations\n\n" + protocols(content)
    out += "## Changes of rules and protocol\n\n\(escaped(ReportText.aboutChanges))\n\n"
    out += "\(RuleChanges.text)\n"
    out += "## Errata of the paper\n\n"
    out += Errata.all.map { "- \(escaped($0.title)), \($0.place)\n" }.joined()
    out += "\nWith evidence and corrections: `docs/errata.md` of the project.\n\n"
    out += "## Summary\n\n"
    out += ReportText.summary(content).map { "**\($0.title).** \(escaped($0.text))\n\n" }.joined()
    if !content.comparisons.isEmpty {
      out += "## Agreement with the reference results\n\n"
      out += table(
        ["experiment", "agreement"], content.comparisons.map { [$0.experiment, $0.text] })
    }
    out += "## How long each part took\n\n"
    out += "\(ReportText.timeCaption)\n\n"
    out += table(ReportText.timeHeader, ReportText.timeRows(content))
    out += "## Provenance\n\n"
    out += table(
      ReportText.provenanceHeader, content.parts.map { ReportText.provenance($0, content) })
    out += "## How to cite\n\n"
    out += ReportText.citation(content).map { "    \($0)\n" }.joined()
    return out
  }

  private static func cards(_ content: ReportContent) -> String {
    let sections = PageCards.sections(content)
    if sections.isEmpty { return "There is nothing to show.\n\n" }
    return sections.map { section in
      let claims = content.claims.filter { $0.section == section }
      var out = "### \(section.heading)\n\n\(escaped(ReportSentences.section(claims)))\n\n"
      let figures = content.figures.filter { $0.section == section }
      out += figures.filter(\.hasData).map { figure($0, content) }.joined()
      let undrawn = figures.filter { !$0.hasData }.map {
        $0.figure.place.isEmpty ? $0.figure.title : $0.figure.place
      }
      if !undrawn.isEmpty {
        out += "Not run, so not drawn: \(escaped(NumberText.list(undrawn))).\n\n"
      }
      out += verdicts(claims, content) + rules(claims)
      for claim in claims {
        guard let readings = content.readings(of: claim) else { continue }
        out += "`\(claim.id)` \(readings.summary(of: claim.id)) of the text:\n\n"
        out += table(ReportText.readingHeader, ReportText.readingRows(readings, claim.id))
      }
      return out
    }.joined()
  }

  /// A table of the verdicts on some claims, a row an arm.
  static func verdicts(_ claims: [ReportContent.ClaimRow], _ content: ReportContent) -> String {
    guard !claims.isEmpty else { return "No claim has been judged.\n\n" }
    let rows = claims.flatMap { claim in
      claim.evidence.enumerated().map { index, evidence -> [String] in
        let outcome = evidence.outcome
        let origin = [
          evidence.origin, evidence.dissent.joined(separator: "; "), evidence.ruleRemark ?? "",
        ]
        let paper = content.paperEffect(claim, evidence).map {
          NumberText.significant(ClaimOutcome.ratio(ofLogarithm: $0))
        }
        return [
          index == 0 ? "\(claim.statement)<br>`\(claim.id)`\(claim.partOf), \(claim.place)" : "",
          outcome.arm, ReportText.marked(outcome.verdict), outcome.effectText, paper ?? "",
          outcome.detail, origin.filter { !$0.isEmpty }.joined(separator: "; "),
        ]
      }
    }
    return table(
      ["claim", "arm", "verdict", "effect [95 %]", "the paper's", "numbers", "from"], rows)
  }

  private static func rules(_ claims: [ReportContent.ClaimRow]) -> String {
    let lines = claims.filter { !$0.rule.isEmpty }.map { claim in
      let figure = claim.headline.paperFigure
      let paper = figure.isEmpty ? "" : " The paper's own figure satisfies it: \(figure)."
      return "- `\(claim.id)`. Rule: \(escaped(claim.rule + "." + paper)) What would change this: "
        + "\(escaped(ReportSentences.whatWouldChange(claim)))\n"
    }
    return lines.isEmpty ? "" : lines.joined() + "\n"
  }

  private static func figure(_ entry: ReportContent.FigureEntry, _ content: ReportContent) -> String
  {
    var out = "#### \(escaped(entry.finding.isEmpty ? entry.figure.title : entry.finding))\n\n"
    if content.hasPictures {
      out += "![\(escaped(entry.figure.title))](figures/\(entry.figure.id).svg)\n\n"
    }
    for warning in entry.warnings { out += "**\(escaped(warning))**\n\n" }
    if !entry.figure.caption.isEmpty {
      let place =
        entry.figure.place.hasPrefix("Figure") ? "The paper's \(entry.figure.place): " : ""
      out += "\(escaped(place + entry.figure.caption))\n\n"
    }
    let rows = ReportContent.distances(entry)
    if !rows.isEmpty { out += table(ReportText.distanceHeader, rows) }
    return out
  }

  private static func protocols(_ content: ReportContent) -> String {
    content.parts.map { part in
      let (experiment, summary) = (part.experiment, part.summary)
      var out = "### \(experiment.title)\n\n"
      let place = experiment.place.isEmpty ? "" : "\(experiment.place); "
      out += "`\(content.name(part))`, \(escaped(place + summary.protocolText)).\n\n"
      if !summary.notes.isEmpty { out += "\(escaped(summary.notes))\n\n" }
      if !summary.choices.isEmpty {
        out += table(
          ["open in the paper", "taken", "alternative", "measured effect"],
          summary.choices.map { ReportText.row($0).map(escaped) })
      }
      if !summary.settings.isEmpty {
        out += table(ReportText.settingHeader, summary.settings.map(ReportText.row))
      }
      if !summary.searches.isEmpty {
        out += table(ReportText.searchHeader, summary.searches.map(ReportText.row))
      }
      return out
    }.joined()
  }

  static func table(_ header: [String], _ rows: [[String]]) -> String {
    let lines =
      ([header, header.map { _ in "---" }] + rows)
      .map { row in row.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") } }
    return lines.map { "| \($0.joined(separator: " | ")) |\n" }.joined() + "\n"
  }

  static func escaped(_ text: String) -> String {
    text.replacing("<", with: "&lt;").replacing("*", with: "\\*").replacing("_", with: "\\_")
  }
}
