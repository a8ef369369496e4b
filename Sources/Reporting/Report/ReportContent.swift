import Foundation
import ResultStore
import Storage

/// Everything that a report says, before it is written as a page or as Markdown.
public struct ReportContent: Sendable {
  /// A claim with its verdicts, one an arm, the headline first.
  package struct ClaimRow: Sendable {
    package var experiment: String
    package var evidence: [Evidence]

    package var outcomes: [ClaimOutcome] { evidence.map(\.outcome) }
    package var id: String { evidence[0].outcome.id }
    package var statement: String { evidence[0].outcome.statement }
    package var place: String { evidence[0].outcome.place }
    /// Of which claim it is a part, e.g. `, part of alg.adamax-bound`; empty where its id tells.
    package var partOf: String {
      let outcome = evidence[0].outcome
      return outcome.isPart && !outcome.id.hasPrefix(outcome.claim + ".")
        ? ", part of \(outcome.claim)" : ""
    }
    package var rule: String { evidence[0].outcome.rule }
    package var formula: String { evidence[0].formula }
    package var figure: String { evidence[0].outcome.figure }
    package var group: ClaimGroup { headline.group }
    package var isPart: Bool { headline.isPart }
    /// The verdict that counts: that of the first arm.
    package var headline: ClaimOutcome { evidence[0].outcome.asHeadline }
    package var section: PaperSection { .of(evidence[0].outcome) }

    /// Whether the headline's arm has no verdict by an experiment's runs of a profile.
    func hasNoVerdict(of profile: String, _ experiment: String) -> Bool {
      experiment == self.experiment
        && ([evidence[0]] + evidence[0].others).contains {
          $0.profile == profile && $0.outcome.verdict == .notRun
        }
    }

    /// A claim of an experiment with its verdicts, of which there is one at least.
    package init(experiment: String, evidence: [Evidence]) {
      self.experiment = experiment
      self.evidence = evidence
    }
  }

  /// One result file of one profile.
  package struct Part: Sendable {
    package var profile: String
    package var experiment: ResultSet.Experiment
    package var summary: ExperimentSummary
  }

  /// A figure with its numbers, and as drawn.
  package struct FigureEntry: Sendable {
    package var experiment: String
    /// The figure with the panels that have data; all of them if none has.
    package var figure: Figure
    package var panels: [PanelData]
    package var warnings: [String]
    /// What the figure shows, in a sentence; empty if nothing was judged.
    package var finding = ""
    package var section: PaperSection
    /// Nil if it is not drawn: without gnuplot, or without data.
    package var drawn: DrawnFigure?

    package var hasData: Bool { panels.contains(where: \.hasData) }
  }

  /// The profiles, the first one first.
  package let sets: [ResultSet]
  /// The files of all profiles, in the paper's order, of one experiment the longest first.
  package let parts: [Part]
  package let claims: [ClaimRow]
  package let figures: [FigureEntry]
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
  ///   - results: one profile.
  ///   - others: further profiles; each claim is told by the longest that judges it.
  ///   - reference: the reference results of the first profile, if there are any.
  ///   - known: the claims of experiments, for those that have not been run.
  ///   - gnuplot: draws the figures; nil: they are not drawn again.
  ///   - figureProblem: why there are no figures, if there are none.
  public init(
    _ results: ResultSet, with others: [ResultSet] = [], reference: ResultSet? = nil,
    known: ClaimList = ClaimList(), gnuplot: Gnuplot? = nil, figureProblem: String? = nil
  ) throws {
    sets = [results] + others
    parts = Self.parts(sets)
    comparisons = reference.map { ReferenceComparison.compare(results, with: $0) } ?? []
    claims = Self.rows(sets, reference: reference, known: known)
    var entries = Self.entries(parts, claims)
    var problem = figureProblem
    var failure: (any UserFacingError)?
    if let gnuplot {
      let undrawn = entries
      do {
        let drawn = try inParallel(undrawn.indices) { index in
          let entry = undrawn[index]
          return entry.hasData
            ? try gnuplot.draw(entry.figure, panels: entry.panels, finding: entry.finding) : nil
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

  private static func parts(_ sets: [ResultSet]) -> [Part] {
    let all = sets.flatMap(\.experiments)
    let names = (ResultSet.experimentNames + all.map(\.name)).distinct
    return names.flatMap { name in
      all.filter { $0.name == name }
        .map { Part(profile: $0.profile, experiment: $0, summary: ExperimentSummary($0.document)) }
        .sorted {
          Evidence.rank(ofProfile: $0.profile) > Evidence.rank(ofProfile: $1.profile)
        }
    }
  }

  /// The verdict that counts for each claim: that of the first arm.
  package var headlines: [ClaimOutcome] { claims.map(\.headline) }

  /// How many claims there are of each group and verdict.
  package var counts: ClaimCounts { ClaimCounts(claims.flatMap(\.outcomes)) }

  /// How the claims stand, a sentence a group.
  package var summary: String { counts.text }

  /// The name of the profile, or the names of all.
  package var profile: String {
    NumberText.list(sets.map { $0.profile.isEmpty ? "unknown" : $0.profile })
  }

  /// What must be said before any number is read: stand-in data, shortened runs, missing parts.
  package var caveats: [String] {
    var lines: [String] = []
    func names(_ parts: [Part]) -> String { NumberText.list(parts.map(name)) }
    let standIns = parts.filter { $0.experiment.document.dataOrigin == "stand-in" }
    if !standIns.isEmpty {
      lines.append(
        "Generated stand-in data, not the paper's: \(names(standIns)). No claim is judged from them."
      )
    }
    let dirty = parts.filter { $0.experiment.document.isOfChangedProgram }
    if !dirty.isEmpty {
      lines.append("Made by a program with changes that are not in its commit: \(names(dirty)).")
    }
    // What must be said of a part must be said of the whole.
    let whole = claims.filter { !$0.isPart }
    let older = whole.count { claim in
      claims.contains { part in
        part.headline.claim == claim.headline.claim
          && part.evidence.contains { $0.ruleRemark != nil }
      }
    }
    if older > 0 {
      lines.append(
        "\(older) of \(whole.count) claims are judged by a rule that is younger than the result, or was made "
          + "with results known; each says so.")
    }
    // Of one experiment the longest run counts; what a shorter one leaves out does not matter then.
    let shortened = parts.filter { part in
      !part.experiment.document.shortened.isEmpty
        && parts.first { $0.experiment.name == part.experiment.name }?.profile == part.profile
    }
    if !shortened.isEmpty {
      let list = shortened.map { "\(name($0)) (\($0.experiment.document.shortened))" }
      lines.append("Shorter than the paper's protocol: \(NumberText.list(list)).")
    }
    let unfinished = parts.filter { !$0.experiment.document.unfinished.isEmpty }
    if !unfinished.isEmpty {
      let list = unfinished.map { "\(name($0)) (\($0.experiment.document.unfinished))" }
      let judged = unfinished.filter { $0.experiment.document.hasRealData }
      let unjudged = claims.count { claim in
        claim.headline.group == .paper && !claim.isPart
          && judged.contains { claim.hasNoVerdict(of: $0.profile, $0.experiment.name) }
      }
      let rest =
        switch unjudged {
        case 0: "; without them each of its claims about the paper's text is judged"
        case 1: "; one of its claims about the paper's text is not judged"
        default: "; \(unjudged) of its claims about the paper's text are not judged"
        }
      // No run would give a verdict on generated data.
      lines.append("Not finished: \(NumberText.list(list))\(judged.isEmpty ? "" : rest).")
    }
    let noted = parts.compactMap { part in
      part.experiment.document.root.text("data_note").map { "\(name(part)) (\($0))" }
    }
    if !noted.isEmpty {
      lines.append("Data that differ from the official files: \(NumberText.list(noted)).")
    }
    let missing = ResultSet.experimentNames.filter { name in
      !parts.contains { $0.experiment.name == name }
    }
    if !missing.isEmpty { lines.append("Not run: \(NumberText.list(missing)).") }
    for problem in sets.flatMap(\.problems) { lines.append("Left out: \(problem.description).") }
    if let figureProblem { lines.append("No figures: \(figureProblem).") }
    return lines
  }

  /// The experiment, with its profile where there are several.
  package func name(_ part: Part) -> String {
    sets.count == 1 ? part.experiment.name : "\(part.experiment.name) of \(part.profile)"
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
}
