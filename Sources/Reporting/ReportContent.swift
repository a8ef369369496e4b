import Dispatch
import Foundation
import ResultStore
import Storage

/// Everything that a report says, before it is written as a page or as Markdown.
public struct ReportContent: Sendable {
  /// A claim with its verdicts, one an arm, the headline first.
  package struct ClaimRow: Sendable {
    package var id: String
    package var statement: String
    package var place: String
    package var rule: String
    package var figure: String
    package var experiment: String
    package var outcomes: [ClaimOutcome]

    /// Whose claim it is.
    package var group: ClaimGroup { outcomes.first?.group ?? .paper }
    /// Whether it is about a part of a claim.
    package var isPart: Bool { outcomes.first?.isPart ?? false }
    /// Whether the paper's own figure satisfies the rule, in words.
    package var paperFigure: String { outcomes.first?.paperFigure ?? "" }
    /// What must be said of the rule's age: that it is younger than the result, or that the verdict is
    /// by another rule than today's; nil if there is nothing to say.
    package var ruleRemark: String?
  }

  /// A figure with its numbers, and as drawn.
  package struct FigureEntry: Sendable {
    package var experiment: String
    package var figure: Figure
    package var panels: [PanelData]
    package var warnings: [String]
    /// Nil if gnuplot is not there.
    package var drawn: DrawnFigure?
  }

  package let results: ResultSet
  package let claims: [ClaimRow]
  package let figures: [FigureEntry]
  package let summaries: [ExperimentSummary]
  package let comparisons: [ReferenceComparison]
  /// Why there are no figures; nil if there are.
  package let figureProblem: String?
  /// The error that kept the figures from being drawn; nil if they were, or were not to be.
  public let figureError: (any UserFacingError)?
  /// Whether the figures are there as files.
  package var hasPictures: Bool { figureProblem == nil }

  /// Gathers everything, and draws the figures on all cores.
  ///
  /// - Parameters:
  ///   - reference: the reference results of the same profile, if there are any.
  ///   - known: the claims of experiments, for those that have not been run.
  ///   - gnuplot: draws the figures; nil: they are not drawn again.
  ///   - figureProblem: why there are no figures, if there are none.
  public init(
    _ results: ResultSet, reference: ResultSet? = nil, known: ClaimList = ClaimList(),
    gnuplot: Gnuplot? = nil, figureProblem: String? = nil
  ) throws {
    self.results = results
    summaries = results.experiments.map { ExperimentSummary($0.document) }
    comparisons = reference.map { ReferenceComparison.compare(results, with: $0) } ?? []
    claims = Self.rows(results, reference: reference, known: known)

    var entries: [FigureEntry] = []
    var jobs: [(document: Document, paper: PaperCurves)] = []
    for experiment in results.experiments {
      for (figure, paper) in experiment.figures {
        let panels = figure.panels.map {
          PanelData($0, of: figure, document: experiment.document, paper: paper)
        }
        entries.append(
          FigureEntry(
            experiment: experiment.name, figure: figure, panels: panels,
            warnings: Gnuplot.warnings(experiment.document), drawn: nil))
        jobs.append((experiment.document, paper))
      }
    }
    var problem = figureProblem
    var failure: (any UserFacingError)?
    if let gnuplot {
      let undrawn = entries
      let sources = jobs
      do {
        let drawn = try Self.inParallel(undrawn.indices) { index in
          try gnuplot.draw(
            undrawn[index].figure, of: sources[index].document, paper: sources[index].paper)
        }
        for index in entries.indices { entries[index].drawn = drawn[index] }
      } catch let error as any UserFacingError {
        // The tables say the same; figures can be drawn later.
        problem = error.description
        failure = error
      }
    }
    figures = entries
    self.figureProblem = problem
    figureError = failure
  }

  /// The claims of all experiments; those of an experiment that has not been run are known from the
  /// reference, or else from the list.
  private static func rows(
    _ results: ResultSet, reference: ResultSet?, known list: ClaimList
  ) -> [ClaimRow] {
    var rows: [ClaimRow] = []
    func add(_ outcome: ClaimOutcome, of experiment: String) {
      if let index = rows.firstIndex(where: {
        $0.id == outcome.id && $0.experiment == experiment
      }) {
        rows[index].outcomes.append(outcome)
      } else {
        rows.append(
          ClaimRow(
            id: outcome.id, statement: outcome.statement, place: outcome.place,
            rule: outcome.rule, figure: outcome.figure, experiment: experiment,
            outcomes: [outcome]))
      }
    }
    let known = (results.experiments + (reference?.experiments ?? [])).map(\.name)
    let order =
      ResultSet.experimentNames
      + known.filter {
        !ResultSet.experimentNames.contains($0)
      }
    var done: Set<String> = []
    for name in order where done.insert(name).inserted {
      if let experiment = results.experiments.first(where: { $0.name == name }) {
        for outcome in experiment.outcomes { add(outcome, of: name) }
      } else if let experiment = reference?.experiments.first(where: { $0.name == name }) {
        for var outcome in experiment.outcomes {
          outcome = {
            var missing = ClaimOutcome(.notRun, "\(name) has not been run")
            missing.id = outcome.id
            missing.arm = outcome.arm
            missing.statement = outcome.statement
            missing.place = outcome.place
            missing.rule = outcome.rule
            missing.claim = outcome.claim
            missing.group = outcome.group
            missing.ruleDigest = outcome.ruleDigest
            missing.ruleDate = outcome.ruleDate
            missing.paperFigure = outcome.paperFigure
            return missing
          }()
          add(outcome, of: name)
        }
      } else {
        for entry in list.entries where entry.experiment == name { add(entry.outcome, of: name) }
      }
    }
    for index in rows.indices {
      rows[index].outcomes.sort { Arm.rank($0.arm) < Arm.rank($1.arm) }
      let experiment = results.experiments.first { $0.name == rows[index].experiment }
      rows[index].ruleRemark = rows[index].outcomes.first.flatMap { outcome in
        experiment.flatMap { $0.ruleRemark(outcome, known: list) }
      }
    }
    return rows
  }

  /// The verdict that counts for each claim: that of the first arm.
  package var headlines: [ClaimOutcome] { claims.compactMap(\.outcomes.first) }

  /// How many claims there are of each group and verdict.
  package var counts: ClaimCounts { ClaimCounts(claims.flatMap(\.outcomes)) }

  /// How the claims stand, a sentence a group.
  package var summary: String { counts.text }

  /// What must be said before any number is read: stand-in data, shortened runs, missing parts.
  package var caveats: [String] {
    var lines: [String] = []
    let standIns = results.experiments.filter { $0.document.dataOrigin == "stand-in" }
    if !standIns.isEmpty {
      lines.append(
        "Generated stand-in data, not the paper's: \(names(standIns)). No claim is judged from them."
      )
    }
    let dirty = results.experiments.filter { $0.document.root.text("git_dirty") == "true" }
    if !dirty.isEmpty {
      lines.append("Made by a program with changes that are not in its commit: \(names(dirty)).")
    }
    let shortened = results.experiments.filter { !$0.document.shortened.isEmpty }
    if !shortened.isEmpty {
      let list = shortened.map { "\($0.name) (\($0.document.shortened))" }
      lines.append("Shorter than the paper's protocol: \(NumberText.list(list)).")
    }
    let noted = results.experiments.compactMap { experiment in
      experiment.document.root.text("data_note").map { "\(experiment.name) (\($0))" }
    }
    if !noted.isEmpty {
      lines.append("Data that differ from the official files: \(NumberText.list(noted)).")
    }
    if !results.missing.isEmpty {
      lines.append("Not run: \(NumberText.list(results.missing)).")
    }
    for problem in results.problems { lines.append("Left out: \(problem.description).") }
    if let figureProblem { lines.append("No figures: \(figureProblem).") }
    return lines
  }

  private func names(_ experiments: [ResultSet.Experiment]) -> String {
    NumberText.list(experiments.map(\.name))
  }

  /// One sentence on the agreement with the reference results; nil if there is no reference.
  package var agreement: String? {
    guard !comparisons.isEmpty else { return nil }
    func count(_ agreement: ReferenceComparison.Agreement) -> Int {
      comparisons.count { $0.agreement == agreement }
    }
    let parts = [
      (count(.identical) + count(.sameNumbers), "the same numbers"),
      (count(.sameVerdicts), "the same verdicts"),
      (count(.otherVerdicts), "other verdicts"), (count(.notRun), "not run here"),
      (count(.noReference), "without a reference"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return "Against the reference results, by experiment: \(NumberText.list(parts))."
  }

  /// The distance of each of our lines to the paper's curve: rows of panel, line, our last value, the
  /// paper's at the same place, the distance in words.
  package static func distances(_ entry: FigureEntry) -> [[String]] {
    entry.panels.flatMap { panel in
      panel.lines.filter {
        !$0.line.name.isEmpty && (!$0.points.isEmpty || $0.paper != nil)
      }.map { line -> [String] in
        let last = line.finite.last { panel.xRange.contains($0.x) }
        let band =
          last.map { point in
            point.low == point.high
              ? ""
              : " [\(NumberText.significant(point.low)), \(NumberText.significant(point.high))]"
          } ?? ""
        let ours =
          last.map {
            "\(NumberText.significant($0.middle))\(band) at \(NumberText.significant($0.x))"
          } ?? (line.isDiverged ? "diverged" : "not run")
        let theirs = last.flatMap { last in
          line.paper?.data.first { Swift.abs($0.x - last.x) <= 1e-5 }
        }
        let distance = line.distanceToPaper.map {
          "\(NumberText.significant($0.value)) over \($0.count) points"
        }
        return [
          panel.panel.title, line.line.name, ours,
          theirs.map { NumberText.significant($0.y) } ?? "-", distance ?? "-",
        ]
      }
    }
  }

  /// Results of `body` for all indices, in order, computed on all cores.
  private static func inParallel<Result: Sendable>(
    _ indices: Range<Int>, _ body: @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let lock = NSLock()
    nonisolated(unsafe) var results = [Int: Swift.Result<Result, any Error>]()
    DispatchQueue.concurrentPerform(iterations: indices.count) { index in
      let result = Swift.Result { try body(index) }
      lock.withLock { results[index] = result }
    }
    return try indices.compactMap { try results[$0]?.get() }
  }
}
