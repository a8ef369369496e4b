import ResultStore
import Storage

/// The report as Markdown.
public enum MarkdownReport {
  /// `report.md`, with the figures of the folder `figures` beside it.
  public static func text(_ content: ReportContent) -> String {
    var out = "# Reproduction report: Adam (Kingma & Ba 2015)\n\n"
    out += "Profile `\(content.results.profile)`. \(content.summary)\n"
    if let agreement = content.agreement { out += "\(agreement)\n" }
    out += "\n" + content.caveats.map { "- \(escaped($0))\n" }.joined()
    if !content.caveats.isEmpty { out += "\n" }
    out += "## Verdicts\n\n" + verdicts(content)
    out += readings(content)
    out += "## Figures\n\n" + figures(content)
    out += "## Deviations and open choices\n\n" + protocols(content)
    out += "## How long each part took\n\n" + times(content)
    if !content.comparisons.isEmpty {
      out += "## Agreement with the reference results\n\n"
      out += table(
        ["experiment", "agreement"], content.comparisons.map { [$0.experiment, $0.text] })
    }
    out += "## Provenance\n\n" + provenance(content)
    out += "## How to cite\n\n"
    out += ReportText.citation(content).map { "    \($0)\n" }.joined()
    return out
  }

  static func verdicts(_ content: ReportContent) -> String {
    guard !content.claims.isEmpty else { return "No claim has been judged.\n\n" }
    func rows(_ claim: ReportContent.ClaimRow) -> [[String]] {
      claim.outcomes.enumerated().map { index, outcome in
        [
          index == 0 ? "\(claim.statement)<br>`\(claim.id)`, \(claim.place)" : "",
          index == 0 ? claim.paperFigure : "", outcome.arm, ReportText.marked(outcome.verdict),
          outcome.effectText,
          outcome.detail + (index == 0 ? claim.ruleRemark.map { " (\($0))" } ?? "" : ""),
        ]
      }
    }
    return ClaimGroup.allCases.map { group in
      let rows = content.claims.filter { $0.group == group }.flatMap(rows)
      if rows.isEmpty { return "" }
      return "### \(group.title)\n\n"
        + table(
          ["claim", "paper's own figure", "arm", "verdict", "effect [95 %]", "numbers"], rows)
    }.joined()
  }

  /// The verdicts under other readings of what the paper leaves open: a table a claim.
  private static func readings(_ content: ReportContent) -> String {
    let parts = content.results.experiments.map(\.readings).flatMap { readings in
      readings.claims.map { claim in
        let rows = readings.of(claim).map { reading in
          [
            reading.text, ReportText.marked(reading.outcome.verdict), reading.outcome.effectText,
            "\(reading.outcome.seeds)",
          ]
        }
        return "`\(claim)` \(readings.summary(of: claim)).\n\n"
          + table(["reading", "verdict", "effect [95 %]", "seeds"], rows)
      }
    }
    if parts.isEmpty { return "" }
    return
      "## Readings\n\nThe verdict under each reading of what the paper leaves open that was run, by "
      + "effect: a map, not a vote. Settings from a search are judged on the search's own runs.\n\n"
      + parts.joined()
  }

  private static func figures(_ content: ReportContent) -> String {
    if content.figures.isEmpty { return "There are none.\n\n" }
    return content.figures.map { entry in
      var out = "### \(entry.figure.title)\n\n"
      if content.hasPictures {
        out += "![\(escaped(entry.figure.title))](figures/\(entry.figure.id).svg)\n\n"
      }
      for warning in entry.warnings { out += "**\(escaped(warning))**\n\n" }
      if !entry.figure.caption.isEmpty {
        let place = entry.figure.place.isEmpty ? "" : "The paper's \(entry.figure.place): "
        out += "\(escaped(place + entry.figure.caption))\n\n"
      }
      let rows = ReportContent.distances(entry)
      if !rows.isEmpty { out += table(ReportText.distanceHeader, rows) }
      return out
    }.joined()
  }

  private static func protocols(_ content: ReportContent) -> String {
    zip(content.results.experiments, content.summaries).map { experiment, summary in
      var out = "### \(experiment.title)\n\n"
      let place = experiment.place.isEmpty ? "" : "\(experiment.place); "
      out += "`\(experiment.name)`, \(escaped(place + summary.protocolText)).\n\n"
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

  private static func times(_ content: ReportContent) -> String {
    table(ReportText.timeHeader, ReportText.timeRows(content))
  }

  private static func provenance(_ content: ReportContent) -> String {
    table(ReportText.provenanceHeader, content.results.experiments.map(ReportText.provenance))
  }

  static func table(_ header: [String], _ rows: [[String]]) -> String {
    let lines =
      ([header, header.map { _ in "---" }] + rows)
      .map { row in row.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") } }
    return lines.map { "| \($0.joined(separator: " | ")) |\n" }.joined() + "\n"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("<", with: "&lt;").replacing("*", with: "\\*").replacing("_", with: "\\_")
  }
}

/// Words and rows that both forms of the report share.
enum ReportText {
  static let distanceHeader = [
    "panel", "line", "ours, at the end [range]", "paper", "median |log(ours / paper)|",
  ]
  static let settingHeader = [
    "arm", "contender", "settings", "last training cost [range]", "runs",
  ]
  static let searchHeader = [
    "search of", "grid points", "runs", "diverged points", "best cost", "median cost", "selected",
  ]
  static let timeHeader = ["experiment", "computation", "this invocation", "jobs", "written"]
  static let provenanceHeader = [
    "file", "SHA-256", "commit", "data", "data SHA-256", "processor", "software",
  ]

  static func marked(_ verdict: Verdict) -> String {
    let mark =
      switch verdict {
      case .reproduced: "✓"
      case .notReproduced: "✗"
      case .inconclusive: "?"
      case .notRun: "–"
      }
    return "\(mark) \(verdict.rawValue)"
  }

  static func row(_ setting: ExperimentSummary.Setting) -> [String] {
    let cost =
      setting.lowest == setting.highest
      ? NumberText.significant(setting.cost)
      : ClaimOutcome.interval(setting.cost, setting.lowest, setting.highest)
    return [setting.arm, setting.contender, setting.settings, cost, setting.runs]
  }

  static func row(_ choice: OpenChoice) -> [String] {
    [
      choice.question, choice.taken, choice.alternative,
      choice.effect.isEmpty ? "not measured" : choice.effect,
    ]
  }

  static func row(_ search: ExperimentSummary.Search) -> [String] {
    [
      search.contender, "\(search.points)", "\(search.trials)", "\(search.diverged)",
      NumberText.significant(search.best), NumberText.significant(search.median),
      search.selected,
    ]
  }

  static func timeRows(_ content: ReportContent) -> [[String]] {
    var total = 0.0
    var rows = zip(content.results.experiments, content.summaries).map { experiment, summary in
      let volatile = experiment.document.root.group("volatile")
      if summary.computeSeconds.isFinite { total += summary.computeSeconds }
      let invocation = volatile?.number("seconds_of_this_invocation") ?? .nan
      return [
        experiment.name, NumberText.duration(summary.computeSeconds),
        NumberText.duration(invocation),
        volatile?.number("jobs").map { NumberText.exact($0) } ?? "-",
        volatile?.text("written_at") ?? "-",
      ]
    }
    rows.append(["all", NumberText.duration(total), "-", "-", "-"])
    return rows
  }

  static func provenance(_ experiment: ResultSet.Experiment) -> [String] {
    let root = experiment.document.root
    func text(_ name: String) -> String { root.text(name) ?? "-" }
    let dirty = root.text("git_dirty") == "true" ? " + changes" : ""
    let threads = root.number("threads_per_run").map { ", \(NumberText.exact($0)) thread a run" }
    return [
      FilePaths.name(of: experiment.path), String(experiment.sha256.prefix(16)),
      String(text("git_commit").prefix(12)) + dirty,
      [root.text("data_name"), root.text("data_origin")].compactMap { $0 }.joined(separator: ", "),
      String(text("data_sha256").prefix(16)),
      "\(text("cpu_model")), \(text("isa"))\(threads ?? "")",
      "Swift \(text("swift_version")), oneDNN \(text("onednn_version")), "
        + "HDF5 \(text("hdf5_version"))",
    ]
  }

  /// Two entries in BibTeX: the paper, and this reproduction at its commit.
  static func citation(_ content: ReportContent) -> [String] {
    let commits = content.results.experiments.compactMap { $0.document.root.text("git_commit") }
    let commit = commits.first ?? "unknown"
    return [
      "@inproceedings{kingma2015adam,",
      "  author = {Kingma, Diederik P. and Ba, Jimmy},",
      "  title = {Adam: A Method for Stochastic Optimization},",
      "  booktitle = {International Conference on Learning Representations},",
      "  year = {2015}, eprint = {1412.6980}, archivePrefix = {arXiv}, note = {version 9}",
      "}",
      "@software{adam-reproduction,",
      "  author = {{The adam-reproduction contributors}},",
      "  title = {Adam: a reproduction in Swift},",
      "  year = {2026}, version = {commit \(commit)}",
      "}",
    ]
  }
}

/// The results in the README, between two marker lines.
public enum ReadmeSection {
  /// The line before the results.
  public static let begin = "<!-- results: begin (written by make readme) -->"
  /// The line after them.
  public static let end = "<!-- results: end -->"

  /// The section: the results of the first folder in full, those of the others as short tables.
  ///
  /// - Parameter parts: contents and their folders, as the README names these.
  public static func text(_ parts: [(content: ReportContent, folder: String)]) -> String {
    guard let first = parts.first else { return "" }
    let others = parts.dropFirst().map { short($0.content, folder: $0.folder) }.joined()
    return text(first.content, folder: first.folder, after: others)
  }

  /// The verdicts of a profile of which a part has been run: a line a claim, which says how much of
  /// the protocol was run.
  private static func short(_ content: ReportContent, folder: String) -> String {
    let profile = content.results.profile
    var out = "Profile `\(profile)`, as far as it is kept in [\(folder)](\(folder)): "
    out += "\(content.summary)\n\n"
    let rows = content.claims.map { claim -> [String] in
      let document = content.results.experiments.first { $0.name == claim.experiment }?.document
      var extent: [String] = []
      if let shortened = document?.shortened, !shortened.isEmpty { extent.append(shortened) }
      if let arm = claim.outcomes.first?.arm, !arm.isEmpty,
        document?.root.labels(of: "arm").count != 1
      {
        extent.append("arm \(arm)")
      }
      if let seeds = document?.root.labels(of: "seed").count, seeds > 0 {
        extent.append(seeds == 1 ? "one seed" : "\(seeds) seeds")
      }
      return row(claim, extent: extent.joined(separator: ", "))
    }
    if !rows.isEmpty {
      out += MarkdownReport.table(
        ["claim", "id", "run", "verdict", "in other arms", "effect [95 %]"], rows)
    }
    return out + pictures(content, folder: folder)
  }

  private static func row(_ claim: ReportContent.ClaimRow, extent: String? = nil) -> [String] {
    let headline = claim.outcomes.first
    let others = claim.outcomes.dropFirst().map { "\($0.arm): \(ReportText.marked($0.verdict))" }
    return [claim.statement, "`\(claim.id)`"] + (extent.map { [$0] } ?? []) + [
      headline.map { ReportText.marked($0.verdict) } ?? "",
      others.joined(separator: "; "),
      headline?.effectText ?? "",
    ]
  }

  /// The tally, one line a claim, the figures.
  ///
  /// - Parameters:
  ///   - folder: the folder of the results, as the README names it.
  ///   - after: what stands between the table and the figures.
  static func text(_ content: ReportContent, folder: String, after: String = "") -> String {
    var out =
      "\n\(content.summary) A claim that is judged in several arms counts by `literal`, else by "
    out += "`tuned`. Profile `\(content.results.profile)`.\n\n"
    if !content.caveats.isEmpty {
      out += content.caveats.map { "- \($0)\n" }.joined() + "\n"
    }
    let rows = content.claims.map { row($0) }
    if !rows.isEmpty {
      out += MarkdownReport.table(
        ["claim", "id", "verdict", "in other arms", "effect [95 %]"], rows)
    }
    out += after
    return out + pictures(content, folder: folder)
  }

  /// The figures of a profile, under a line that says so.
  private static func pictures(_ content: ReportContent, folder: String) -> String {
    if content.figures.isEmpty { return "" }
    return "Figures of the profile `\(content.results.profile)`:\n\n"
      + content.figures.map { entry in
        "![\(entry.figure.title)](\(folder)/figures/\(entry.figure.id).svg)\n\n"
      }.joined()
  }

  /// The README with its section replaced.
  ///
  /// - Throws: `ReportError.noMarkers`.
  public static func replaced(in readme: String, path: String, by section: String) throws -> String
  {
    guard let first = readme.firstRange(of: begin + "\n"),
      let last = readme[first.upperBound...].firstRange(of: end)
    else { throw ReportError.noMarkers(path: path) }
    return readme[..<first.upperBound] + section + readme[last.lowerBound...]
  }
}
