import ResultStore

/// A claim of the paper and the rule that decides it, which is fixed before its results or says which were known.
public struct Claim: Sendable {
  /// The claim, e.g. `fig1a.adam-faster-than-adagrad`; where its part before the first dot begins with `fig`, that
  /// names the figure.
  public var id: String
  /// What is claimed, in our words.
  public var statement: String
  /// Where the paper says it, e.g. `section 6.1, Figure 1 (left)`; empty if somebody else does.
  public var place: String
  /// Who says it, if not the paper.
  public private(set) var writeUp: WriteUp?
  /// What decides, as a formula.
  public var threshold: Threshold
  /// The rule in words.
  public var rule: String
  /// The figure that shows it; empty if none does.
  public var figure: String
  /// The arms it is judged in, those of them that the document has; nil: in every arm it has.
  public var arms: [Arm]?
  /// Whether it is decided by measured times, which differ from one run to the next: its outcome is then
  /// stored apart from what repeats.
  public private(set) var isTimed = false
  /// The claim of another experiment, or of the same, of which it is a part, so that it does not count by
  /// itself; nil: none.
  public private(set) var whole: String?
  /// Whose claim it is.
  public private(set) var group: ClaimGroup
  /// The costs that it compares, where it is about the ratio of two contenders' costs: what other
  /// readings of the paper are applied to.
  package private(set) var comparisons: [CostComparison] = []
  /// The contenders that it names, as far as they are known beforehand.
  package private(set) var contenders: [String] = []
  /// The variables that it reads beside costs, as far as they are known beforehand.
  package private(set) var variables: [String] = []
  /// The same in results of other experiments alone.
  private var variablesElsewhere: [String] = []
  /// The paper's curve that it lays ours on.
  package private(set) var matched: MatchedCurve?
  /// What must hold for it to be judged; it throws the reason where it does not.
  private var conditions: [@Sendable (ClaimContext) throws -> Void] = []
  private let paperFigure: @Sendable (PaperCurves) -> PaperFigure
  private var outcomes: @Sendable (ClaimContext) throws -> [ClaimOutcome]

  private func with(_ change: (inout Claim) -> Void) -> Claim {
    var copy = self
    change(&copy)
    return copy
  }

  /// The claim, decided by measured times.
  public var timed: Claim { with { $0.isTimed = true } }

  func comparing(_ comparisons: [CostComparison]) -> Claim {
    with { $0.comparisons = comparisons }.naming(comparisons.flatMap { [$0.a, $0.b] })
  }

  /// The claim, with the contenders that it names.
  func naming(_ names: [String]) -> Claim { with { $0.contenders = names } }

  /// The claim, with what it reads beside costs: a program stops at its start if no run records it. What is
  /// not declared, the rule does not see.
  public func reading(_ recorded: any Recorded...) -> Claim {
    with { $0.variables += recorded.map(\.variable) }
  }

  /// The claim, with what it reads beside costs in results of other experiments alone.
  public func readingElsewhere(_ recorded: [any Recorded]) -> Claim {
    with { $0.variablesElsewhere += recorded.map(\.variable) }
  }

  /// The claim, as a part of the one that its id names before the last dot, which counts for all its parts.
  public var asPart: Claim {
    part(of: id.split(separator: ".").dropLast().joined(separator: "."))
  }

  /// The claim, as a part of another, which may be another experiment's and counts for all its parts.
  public func part(of whole: String) -> Claim { with { $0.whole = whole } }

  /// The claim, undecided in the arm `literal` unless the other reading of the stated schedule agrees: alpha / sqrt(t)
  /// for the rival, a constant stepsize for AdaGrad, as section 5 describes it (Adam with an annealed alpha
  /// t^(-1/2), so that its own stays).
  public var openToUndecayedAdaGrad: Claim {
    with { claim in
      let (judge, comparisons) = (claim.outcomes, claim.comparisons)
      claim.rule +=
        "; in the arm literal undecided unless the search's points with a constant stepsize for AdaGrad agree"
      claim.outcomes = { context in
        var found = try judge(context)
        guard context.arm == Arm.literal.rawValue, let first = found.first,
          first.verdict == .reproduced || first.verdict == .notReproduced
        else { return found }
        let other = Readings.ofUndecayedAdaGrad(comparisons, context.document)
        guard other?.verdict != first.verdict else { return found }
        found[0] = first.undecided(other == nil ? .otherReadingNotRun : .otherReading)
        found[0].detail +=
          other.map {
            "; with a constant stepsize for AdaGrad \($0.verdict.rawValue): \($0.effectText)"
          }
          ?? "; the search does not tell what a constant stepsize for AdaGrad gives"
        return found
      }
    }
  }

  /// One sentence that several rules test: a claim that holds if each of `parts` does, of which one counterexample
  /// decides, and after it these, which do not count by themselves.
  public static func whole(
    _ id: String, _ statement: String, place: String, of parts: [Claim], figure: String? = nil
  ) -> [Claim] {
    let isTimed = parts.contains(where: \.isTimed)
    let formulas = parts.map(\.threshold.text).distinct
    let claim = Claim(
      id, statement, place: place,
      threshold: formulas.count == 1 ? parts[0].threshold : .everyPart,
      rule:
        "each of \(NumberText.list(parts.map(\.id))); one that does not hold decides, else all must have been run",
      figure: figure, arms: parts.first?.arms,
      paperFigure: { paper in .drawn(parts.map { $0.paperFigure(paper) }) }
    ) { context in
      var found = Conjunction<(id: String, outcome: ClaimOutcome)> { $0.outcome.judgement }
      for part in parts {
        found.add { add in
          for condition in part.conditions { try condition(context) }
          guard let outcome = try part.outcomes(context).first else { return }
          if outcome.verdict == .notRun { throw NotRun(outcome.detail) }
          add((part.id, outcome))
        }
      }
      let judgement = try found.verdict()
      guard
        var whole = found.parts.first(where: { $0.outcome.judgement.agrees(with: judgement) })?
          .outcome
      else { throw NotRun("there is nothing to judge") }
      whole.detail =
        found.parts.map { "\($0.id): \($0.outcome.detail)" }.joined(separator: "; ") + found.remark
      return [whole]
    }.with { whole in
      whole.variables = parts.flatMap(\.variables).distinct
      whole.variablesElsewhere = parts.flatMap(\.variablesElsewhere).distinct
      whole.isTimed = isTimed
    }.naming(parts.flatMap(\.contenders).distinct)
    return [claim] + parts.map { $0.part(of: id) }
  }

  /// The claim, as one of the paper's curves.
  public var ofCurve: Claim { with { $0.group = .figure } }

  /// The claim, as one that somebody else makes.
  public func of(_ writeUp: WriteUp) -> Claim {
    with { ($0.group, $0.writeUp) = (.writeUp, writeUp) }
  }

  /// The place in the paper or the write-up, for readers.
  public var source: String { writeUp?.description ?? place }

  /// What readers are told of it.
  func description(_ paper: PaperCurves) -> ClaimDescription {
    ClaimDescription(
      id: id, claim: whole ?? id, group: group, place: source, statement: statement, rule: rule,
      ruleDigest: ruleDigest, ruleDate: ruleDate, figure: figure,
      paperFigure: paperFigure(paper).text)
  }

  /// Whether the paper's own figure satisfies the rule.
  public func paperFigure(_ paper: PaperCurves) -> PaperFigure { paperFigure(paper) }

  init(
    _ id: String, _ statement: String, place: String, threshold: Threshold, rule: String,
    figure: String? = nil, arms: [Arm]? = nil, group: ClaimGroup = .paper,
    paperFigure: @escaping @Sendable (PaperCurves) -> PaperFigure,
    outcomes: @escaping @Sendable (ClaimContext) throws -> [ClaimOutcome]
  ) {
    self.id = id
    self.statement = statement
    self.place = place
    self.threshold = threshold
    self.rule = rule
    let stem = id.prefix { $0 != "." }
    self.figure = figure ?? (stem.hasPrefix("fig") ? String(stem) : "")
    self.arms = arms
    self.group = group
    self.paperFigure = paperFigure
    self.outcomes = outcomes
  }

  /// A claim with a rule of its own.
  ///
  /// - Parameters:
  ///   - threshold: what decides, as a formula.
  ///   - rule: the rule in words.
  ///   - arms: the arms it is judged in; nil: every arm of the document.
  ///   - inPaper: whether the paper's own figure satisfies the rule.
  ///   - judge: the rule. What it throws becomes the reason of the verdict `not run`.
  public static func custom(
    _ id: String, _ statement: String, place: String = "", threshold: Threshold, rule: String,
    figure: String? = nil, arms: [Arm]? = nil,
    inPaper: @escaping @Sendable (PaperCurves) -> PaperFigure = { _ in .notDrawn },
    judge: @escaping @Sendable (ClaimContext) throws -> ClaimOutcome
  ) -> Claim {
    Claim(
      id, statement, place: place, threshold: threshold, rule: rule, figure: figure, arms: arms,
      paperFigure: inPaper
    ) {
      [try judge($0)]
    }
  }

  func matching(_ curve: MatchedCurve) -> Claim { with { $0.matched = curve } }

  /// The claim, judged only where `condition` does not throw; what it throws becomes the reason of
  /// the verdict `not run`.
  ///
  /// - Parameters:
  ///   - words: the condition in words, for the rule.
  ///   - recorded: what the condition reads beside costs, see `reading`.
  public func judged(
    onlyIf words: String, reading recorded: [any Recorded] = [],
    _ condition: @escaping @Sendable (ClaimContext) throws -> Void
  ) -> Claim {
    var copy = self
    copy.rule += "; judged only if \(words)"
    copy.conditions.append(condition)
    copy.variables += recorded.map(\.variable)
    return copy
  }

  /// Whether it is judged in an arm of a document: the verdict is `not run` where it is not.
  func isJudged(in arm: String, of document: Document) -> Bool {
    let context = ClaimContext(document: document, arm: arm, reading: variables)
    return conditions.allSatisfy { (try? $0(context)) != nil }
  }

  /// Judges the claim in every arm it applies to.
  public func judge(
    _ document: Document, paper: PaperCurves = PaperCurves(),
    siblings: [String: Document] = [:]
  ) -> [ClaimOutcome] {
    let present = document.root.labels(of: "arm")
    let judged: [String?]
    if let arms, !present.isEmpty {
      let names = arms.map(\.rawValue)
      let found = names.filter(present.contains)
      judged = found.isEmpty ? Array(names.prefix(1)) : found
    } else {
      judged = present.isEmpty ? [nil] : present
    }
    return judged.flatMap { judgeArm($0, of: document, paper: paper, siblings: siblings) }
  }

  private func judgeArm(
    _ arm: String?, of document: Document, paper: PaperCurves, siblings: [String: Document]
  ) -> [ClaimOutcome] {
    var found: [ClaimOutcome]
    if !document.hasRealData {
      let origin = document.dataOrigin
      found = [
        ClaimOutcome(
          .notRun,
          origin.isEmpty
            ? "the file does not say where its data come from, so there is no verdict"
            : "no verdict from \(origin) data")
      ]
    } else if let arm, let reason = document.searchedElsewhere(arm) {
      found = [ClaimOutcome(.notRun, reason)]
    } else {
      let context = ClaimContext(
        document: document, arm: arm, paper: paper, siblings: siblings, reading: variables,
        elsewhere: variables + variablesElsewhere)
      do {
        for condition in conditions { try condition(context) }
        found = try outcomes(context)
      } catch {
        found = [ClaimOutcome(.notRun, context.reason(error))]
      }
    }
    let description = description(paper)
    return found.map { outcome in
      var outcome = outcome
      let part = outcome.description
      outcome.description = description
      // A part tells its own.
      if !part.id.isEmpty { outcome.id = part.id }
      if !part.statement.isEmpty { outcome.statement = part.statement }
      outcome.arm = arm ?? ""
      return outcome
    }
  }
}

extension [Claim] {
  /// Judges all claims on one document, in order.
  ///
  /// - Parameters:
  ///   - paper: the paper's curves, for figure matches.
  ///   - siblings: results of other experiments by name, for claims that compare with them.
  public func judge(
    _ document: Document, paper: PaperCurves = PaperCurves(),
    siblings: [String: Document] = [:]
  ) -> [ClaimOutcome] {
    flatMap { $0.judge(document, paper: paper, siblings: siblings) }
  }
}
