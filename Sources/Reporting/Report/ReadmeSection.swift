import ResultStore
import Storage

/// A part of a Markdown file that is generated, between two marker lines.
public enum GeneratedBlock {
  /// The line before it.
  public static func begin(_ name: String) -> String {
    "<!-- \(name): begin (written by make readme) -->"
  }

  /// The line after it.
  public static func end(_ name: String) -> String { "<!-- \(name): end -->" }

  /// The file with one block replaced.
  ///
  /// - Throws: `ReportError.noMarkers`.
  public static func replaced(_ name: String, in text: String, path: String, by block: String)
    throws
    -> String
  {
    guard let first = text.firstRange(of: begin(name) + "\n"),
      let last = text[first.upperBound...].firstRange(of: end(name))
    else { throw ReportError.noMarkers(path: path, name: name) }
    return text[..<first.upperBound] + block + text[last.lowerBound...]
  }
}

/// What the project's own files say about its results: README.md, the ledger, the experiments' READMEs.
public enum ReadmeSection {
  /// README.md with its results.
  ///
  /// - Parameter ledger: the folder of the ledger, as README.md names it.
  public static func replaced(
    in readme: String, path: String, by content: ReportContent, ledger: String
  ) throws -> String {
    let new = try GeneratedBlock.replaced(
      "answer", in: readme, path: path, by: answer(content, ledger: ledger))
    return try GeneratedBlock.replaced(
      "sections", in: new, path: path, by: sections(content, ledger: ledger))
  }

  /// The answer and the forest plot.
  static func answer(_ content: ReportContent, ledger: String) -> String {
    var out = "**\(MarkdownReport.escaped(ReportSentences.answer(content.claims)))**\n"
    if let gravest = ReportSentences.gravest(content.claims) {
      out += "\(MarkdownReport.escaped(gravest))\n"
    }
    let table = RivalTable.markdown(content)
    return out + "\n" + table
      + picture(
        "\(ledger)/figures/forest",
        "The claims of the paper, by section, with the distance of each effect from its threshold")
  }

  /// A line a section.
  static func sections(_ content: ReportContent, ledger: String) -> String {
    let rows = PageCards.sections(content).map { section -> [String] in
      let claims = content.claims.filter { $0.section == section }
      let group: ClaimGroup = section == .writeUps ? .writeUp : .paper
      let counts = ReportSentences.counts(claims, group).filter { $0.count > 0 }
        .map { "\($0.count) \(ReportText.mark($0.verdict))" }
      return [
        "[\(section.heading)](\(ledger)/README.md#\(section.anchor))",
        counts.joined(separator: " ") + turned(claims), headline(claims),
      ]
    }
    var out = MarkdownReport.table(["section", "claims", "what was found"], rows)
    out +=
      "✓ reproduced, ✗ not reproduced, ? inconclusive, – not run; every claim with its numbers is in the\n"
    return out
      + "[ledger](\(ledger)/README.md) and, as a table, in [verdicts.csv](\(ledger)/verdicts.csv).\n"
  }

  /// How many of a section's verdicts another arm turns.
  private static func turned(_ claims: [ReportContent.ClaimRow]) -> String {
    let turned = ReportSentences.turned(claims)
    return turned.ids.isEmpty
      ? ""
      : " (\(turned.ids.count) have the other verdict in the arm \(NumberText.list(turned.arms)))"
  }

  /// The verdict of a section that says most: what fails, else what is undecided, else what holds.
  private static func headline(_ claims: [ReportContent.ClaimRow]) -> String {
    let counted = claims.filter { !$0.isPart && $0.group != .figure }
    let order: [Verdict] = [.notReproduced, .inconclusive, .reproduced, .notRun]
    let row = order.lazy.compactMap { verdict in
      counted.filter { $0.headline.verdict == verdict }
        .min { Errata.gravity(of: $0.id) < Errata.gravity(of: $1.id) }
    }.first
    guard let row else { return "" }
    var effect = row.headline.effectText.isEmpty ? "" : ": \(row.headline.effectText)"
    // What there is so far rests on a part of the protocol.
    if row.headline.verdict == .notRun, !effect.isEmpty, let extent = row.evidence.first?.extent,
      !extent.isEmpty
    {
      effect += " (\(extent))"
    }
    return "\(ReportText.mark(row.headline.verdict)) \(row.statement)\(effect)"
  }

  /// A figure, in its narrow form on narrow screens.
  static func picture(_ stem: String, _ words: String) -> String {
    let alternative = HTML.escaped(words)
    return "<picture>\n  <source media=\"(max-width: 600px)\" srcset=\"\(stem)-narrow.svg\">\n"
      + "  <img src=\"\(stem).svg\" alt=\"\(alternative)\">\n</picture>\n"
  }

  /// The results at the head of an experiment's README.
  ///
  /// - Parameter ledger: the folder of the ledger, as that README names it.
  public static func experiment(_ name: String, _ content: ReportContent, ledger: String) -> String
  {
    let claims = content.claims.filter { $0.experiment == name }
    let figures = content.figures.filter { $0.experiment == name && $0.hasData }
    var out = ""
    if let entry = figures.first {
      let words = entry.finding.isEmpty ? entry.figure.title : entry.finding
      out += picture("\(ledger)/figures/\(entry.figure.id)", words) + "\n"
    }
    if claims.isEmpty { return out + "No claim is judged by this experiment.\n" }
    let rows = claims.map { claim -> [String] in
      let others = claim.outcomes.dropFirst().map { "\($0.arm): \(ReportText.mark($0.verdict))" }
      return [
        "\(claim.statement)<br>`\(claim.id)`\(claim.partOf)",
        ReportText.marked(claim.headline.verdict),
        claim.headline.effectText, others.joined(separator: ", "), claim.evidence[0].origin,
      ]
    }
    out += MarkdownReport.table(["claim", "verdict", "effect [95 %]", "other arms", "from"], rows)
    return out + settings(name, content)
  }

  /// Which settings each contender had in each arm, folded; empty for an experiment without contenders.
  private static func settings(_ name: String, _ content: ReportContent) -> String {
    // The longest profile comes first.
    guard let part = content.parts.first(where: { $0.experiment.name == name }),
      !part.summary.settings.isEmpty
    else { return "" }
    var rows = part.summary.settings
    // What all have is told once.
    let common =
      rows.count == 1
      ? [] : rows[0].settings.filter { word in rows.allSatisfy { $0.settings.contains(word) } }
    for row in rows.indices { rows[row].settings.removeAll { common.contains($0) } }
    let summary = "The settings of each arm, and the costs that they lead to (\(part.profile))"
    let all =
      common.isEmpty
      ? "" : MarkdownReport.escaped("In all: \(common.joined(separator: ", ")).") + "\n\n"
    return "<details><summary>\(summary)</summary>\n\n" + all
      + MarkdownReport.table(
        ReportText.settingHeader, rows.map { ReportText.row($0).map(MarkdownReport.escaped) })
      + "</details>\n"
  }
}

/// Every claim with its verdict, as a page and as a table, beside the reference results.
public enum Ledger {
  /// `README.md` of the reference results.
  public static func text(_ content: ReportContent) -> String {
    var out =
      "# Ledger: every claim and its verdict\n\nWritten by `make readme` from the result files of "
    out += "this folder; the same as a table: [verdicts.csv](verdicts.csv). How to read the files: "
    out +=
      "[results/README.md](../README.md); how claims are judged: [docs/rules.md](../../docs/rules.md).\n\n"
    out += "**\(MarkdownReport.escaped(ReportSentences.answer(content.claims)))**\n"
    out += "\(MarkdownReport.escaped(ReportText.otherGroups(content)))\n\n"
    out += content.caveats.map { "- \(MarkdownReport.escaped($0))\n" }.joined()
    if !content.caveats.isEmpty { out += "\n" }
    for section in PageCards.sections(content) {
      let claims = content.claims.filter { $0.section == section }
      out += "<a id=\"\(section.anchor)\"></a>\n\n## \(section.heading)\n\n"
      out += "\(MarkdownReport.escaped(ReportSentences.section(claims)))\n\n"
      if !claims.isEmpty { out += MarkdownReport.verdicts(claims, content) }
      for entry in content.figures where entry.section == section && entry.hasData {
        let words = entry.finding.isEmpty ? entry.figure.title : entry.finding
        out += "\(MarkdownReport.escaped(entry.finding.isEmpty ? "" : entry.finding + ":\n\n"))"
        out += ReadmeSection.picture("figures/\(entry.figure.id)", words) + "\n"
      }
    }
    out += "<a id=\"times\"></a>\n\n## How long it took\n\n\(ReportText.timeCaption)\n\n"
    return out + MarkdownReport.table(ReportText.timeHeader, ReportText.timeRows(content))
  }
}

/// Verdicts as comma-separated values, for data frames.
public enum VerdictTable {
  static let columns = [
    "experiment", "profile", "claim", "part_of", "group", "section", "arm", "decides", "verdict",
    "finding", "open_reason", "quantity", "effect", "low", "high", "threshold", "paper_effect",
    "deciding_low", "deciding_high", "confidence", "seeds", "extent", "figure", "place",
    "statement", "rule",
  ]

  /// Every verdict of every file, and the claims that have none: a line each after the header. Ratios
  /// are ratios, not their logarithms; what there is none of is empty.
  public static func text(_ content: ReportContent) -> String {
    var rows = [columns]
    for claim in content.claims {
      func row(_ evidence: Evidence, decides: Bool) -> [String] {
        let outcome = evidence.outcome
        let plain = outcome.plain
        let quantity = outcome.ratioName ?? outcome.unit
        let paper = content.paperEffect(claim, evidence).map(ClaimOutcome.ratio(ofLogarithm:))
        return [
          claim.experiment, evidence.profile, outcome.id, outcome.claim, outcome.group.rawValue,
          claim.section.number, outcome.arm, decides ? "true" : "false", outcome.verdict.rawValue,
          outcome.finding.rawValue, outcome.openReason?.rawValue ?? "", quantity,
          number(plain.effect), number(plain.low),
          number(plain.high), number(plain.threshold), number(paper ?? .nan),
          number(outcome.plainDeciding.low), number(outcome.plainDeciding.high),
          number(outcome.confidence), outcome.seeds == 0 ? "" : "\(outcome.seeds)", evidence.extent,
          outcome.figure, outcome.place, outcome.statement, outcome.rule,
        ]
      }
      for (index, evidence) in claim.evidence.enumerated() {
        rows.append(row(evidence, decides: index == 0))
        rows += evidence.others.map { row($0, decides: false) }
      }
    }
    return rows.map { $0.map(field).joined(separator: ",") + "\n" }.joined()
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? NumberText.significant(value, digits: 9) : value.isNaN ? "" : "\(value)"
  }

  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"\(text.replacing("\"", with: "\"\""))\""
  }
}
