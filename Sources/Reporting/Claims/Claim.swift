import Glibc
import ResultStore

/// A claim of the paper and the rule that decides it, fixed before any result is seen.
public struct Claim: Sendable {
  /// The claim, e.g. `fig1a.adam-faster-than-adagrad`; its part before the first dot names the
  /// figure.
  public var id: String
  /// What is claimed, in our words.
  public var statement: String
  /// Where the paper says it, e.g. `section 6.1, Figure 1 (left)`.
  public var place: String
  /// The rule in words.
  public var rule: String
  /// The figure that shows it; empty if none does.
  public var figure: String
  /// The arms it is judged in, those of them that the document has; nil: in every arm it has.
  public var arms: [Arm]?
  /// Whether it is decided by measured times, which differ from one run to the next: its outcome is then
  /// stored apart from what repeats.
  public private(set) var isTimed = false
  /// Whose claim it is.
  public private(set) var group: ClaimGroup
  /// The costs that it compares, where it is about the ratio of two contenders' costs: what other
  /// readings of the paper are applied to.
  package private(set) var comparisons: [CostComparison] = []
  /// The contenders that it names, as far as they are known beforehand.
  package private(set) var contenders: [String] = []
  /// The paper's curve that it lays ours on.
  package private(set) var matched: (figure: String, curve: String)?
  private let paperFigure: @Sendable (PaperCurves) -> PaperFigure
  private let outcomes: @Sendable (ClaimContext) throws -> [ClaimOutcome]

  /// The claim, decided by measured times.
  public var timed: Claim {
    var copy = self
    copy.isTimed = true
    return copy
  }

  private func comparing(_ comparisons: [CostComparison]) -> Claim {
    var copy = self
    copy.comparisons = comparisons
    return copy.naming(comparisons.flatMap { [$0.a, $0.b] })
  }

  /// The claim, with the contenders that it names.
  func naming(_ names: [String]) -> Claim {
    var copy = self
    copy.contenders = names
    return copy
  }

  /// The claim, as one of another group.
  public func of(_ group: ClaimGroup) -> Claim {
    var copy = self
    copy.group = group
    return copy
  }

  /// Whether the paper's own figure satisfies the rule.
  public func paperFigure(_ paper: PaperCurves) -> PaperFigure { paperFigure(paper) }

  private init(
    _ id: String, _ statement: String, place: String, rule: String, figure: String? = nil,
    arms: [Arm]? = nil, group: ClaimGroup = .paper,
    paperFigure: @escaping @Sendable (PaperCurves) -> PaperFigure,
    outcomes: @escaping @Sendable (ClaimContext) throws -> [ClaimOutcome]
  ) {
    self.id = id
    self.statement = statement
    self.place = place
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
  ///   - rule: the rule in words.
  ///   - arms: the arms it is judged in; nil: every arm of the document.
  ///   - inPaper: whether the paper's own figure satisfies the rule.
  ///   - judge: the rule. What it throws becomes the reason of the verdict `not run`.
  public static func custom(
    _ id: String, _ statement: String, place: String, rule: String, figure: String? = nil,
    arms: [Arm]? = nil,
    inPaper: @escaping @Sendable (PaperCurves) -> PaperFigure = { _ in .notDrawn },
    judge: @escaping @Sendable (ClaimContext) throws -> ClaimOutcome
  ) -> Claim {
    Claim(id, statement, place: place, rule: rule, figure: figure, arms: arms, paperFigure: inPaper)
    {
      [try judge($0)]
    }
  }

  /// `a` has a lower cost than `b` at every epoch of `epochs`: the interval of log(a / b) lies
  /// below 0.
  public static func lower(
    _ id: String, _ statement: String, place: String, _ a: String, than b: String,
    at epochs: [Int], measure: Measure = .runningCost, figure: String? = nil
  ) -> Claim {
    ratio(
      id, statement, place: place, a, to: b, region: .below(0), at: epochs,
      measure: measure, figure: figure, rule: "\(a) lower than \(b) at epochs \(text(epochs))")
  }

  /// `a` has a cost that is lower than `b`'s by at least `fraction` at every epoch of `epochs`.
  public static func lowerByFraction(
    _ fraction: Double, _ id: String, _ statement: String, place: String, _ a: String,
    than b: String, at epochs: [Int], measure: Measure = .runningCost,
    figure: String? = nil
  ) -> Claim {
    let percent = NumberText.significant(100 * fraction)
    return ratio(
      id, statement, place: place, a, to: b, region: .atMost(log(1 - fraction)), at: epochs,
      measure: measure, figure: figure,
      rule: "\(a) lower than \(b) by at least \(percent) % at epochs \(text(epochs))")
  }

  /// For every pair, `a` has a cost at `epoch` that is lower than `b`'s by at least `fraction`: one
  /// verdict a pair (`<id>.<a>`) and one for all (`<id>`).
  public static func lowerByFraction(
    _ fraction: Double, _ id: String, _ statement: String, place: String,
    pairs: [(a: String, b: String)], at epoch: Int, measure: Measure = .runningCost,
    figure: String? = nil
  ) -> Claim {
    let percent = NumberText.significant(100 * fraction)
    let names = NumberText.list(pairs.map { "\($0.a) than \($0.b)" })
    return Claim(
      id, statement, place: place,
      rule: "cost at epoch \(epoch) lower by at least \(percent) %: \(names)", figure: figure,
      paperFigure: { paper in
        .all(
          pairs.map { pair in
            .ratios(
              pair.a, pair.b, of: figure ?? "", at: [epoch], in: .atMost(log(1 - fraction)), paper)
          })
      }
    ) { context in
      let parts = try pairs.map { pair in
        RatioPart(
          label: "\(pair.a) and \(pair.b)",
          comparison: try context.compare(pair.a, with: pair.b, measure: measure, at: [epoch]),
          region: .atMost(log(1 - fraction)))
      }
      let perPair = zip(pairs, parts).map { pair, part in
        var outcome = RatioPart.outcome([part], pair.a, pair.b)
        outcome.id = "\(id).\(slug(pair.a))"
        outcome.statement = "\(statement): \(pair.a)"
        return outcome
      }
      return [RatioPart.outcome(parts, "each", "its rival")] + perPair
    }
    .comparing(pairs.map { CostComparison($0.a, $0.b, at: [[epoch]], .atMost(log(1 - fraction))) })
  }

  /// The costs of `a` and `b` are alike at every epoch of `epochs`: |log(a / b)| <= `within`.
  public static func similar(
    _ id: String, _ statement: String, place: String, _ a: String, to b: String, within: Double,
    at epochs: [Int], measure: Measure = .runningCost, figure: String? = nil
  ) -> Claim {
    let width = NumberText.significant(within)
    return ratio(
      id, statement, place: place, a, to: b, region: .inside(-within...within), at: epochs,
      measure: measure, figure: figure,
      rule: "|log(\(a) / \(b))| <= \(width) at epochs \(text(epochs))")
  }

  /// The ratio of the costs of `a` and `b` lies inside `range` at every epoch of `epochs`.
  public static func ratio(
    _ id: String, _ statement: String, place: String, _ a: String, to b: String,
    inside range: ClosedRange<Double>, at epochs: [Int],
    measure: Measure = .runningCost, figure: String? = nil
  ) -> Claim {
    ratio(
      id, statement, place: place, a, to: b,
      region: .inside(log(range.lowerBound)...log(range.upperBound)), at: epochs,
      measure: measure, figure: figure,
      rule: NumberText.significant(range.lowerBound) + " <= \(a) / \(b) <= "
        + NumberText.significant(range.upperBound) + " at epochs \(text(epochs))")
  }

  private static func ratio(
    _ id: String, _ statement: String, place: String, _ a: String, to b: String,
    region: Region, at epochs: [Int], measure: Measure, figure: String?, rule: String
  ) -> Claim {
    Claim(
      id, statement, place: place, rule: rule, figure: figure,
      paperFigure: { .ratios(a, b, of: figure ?? "", at: epochs, in: region, $0) }
    ) { context in
      let parts = try epochs.map { epoch in
        let comparison = try context.compare(a, with: b, measure: measure, at: [epoch])
        return RatioPart(
          label: "epoch \(epoch)", comparison: comparison, region: region)
      }
      return [RatioPart.outcome(parts, a, b)]
    }
    .comparing([CostComparison(a, b, at: epochs.map { [$0] }, region)])
  }

  /// `a` has a lower mean cost over the last `count` of `total` epochs than each of `rivals`: one
  /// verdict a rival (`<id>.<rival>`) and one for all (`<id>`). Also says from which epoch on the
  /// median of `a`, over the seeds that are compared, stays below.
  public static func lastEpochsMeanLower(
    _ id: String, _ statement: String, place: String, _ a: String, than rivals: [String],
    last count: Int, of total: Int, measure: Measure = .runningCost,
    figure: String? = nil
  ) -> Claim {
    let epochs = Array(measure.labels(ofPasses: total).suffix(count))
    return Claim(
      id, statement, place: place,
      rule: "mean cost of the last \(count) of \(total) passes lower than that of "
        + "\(NumberText.list(rivals)); one that is lower decides, else all must have been run",
      figure: figure,
      paperFigure: { paper in
        .all(rivals.map { .means(a, $0, of: figure ?? "", over: epochs, paper) })
      }
    ) { context in
      var parts: [RatioPart] = []
      var perRival: [ClaimOutcome] = []
      var leads: [Int?] = []
      var missing: NotRun?
      for rival in rivals {
        var outcome: ClaimOutcome
        do {
          let part = RatioPart(
            label: rival,
            comparison: try context.compare(a, with: rival, measure: measure, at: epochs),
            region: .below(0))
          let lead = try context.lead(of: a, over: rival, measure: measure, comparedAt: epochs)
          outcome = RatioPart.outcome([part], a, rival)
          outcome.tellLead(lead)
          leads.append(lead)
          parts.append(part)
        } catch let reason as NotRun {
          missing = missing ?? reason
          outcome = ClaimOutcome(.notRun, reason.reason)
        }
        outcome.id = "\(id).\(slug(rival))"
        outcome.statement = "\(statement): than \(rival)"
        perRival.append(outcome)
      }
      // Without all rivals there is no verdict over all, unless one of them is enough.
      if let missing, !perRival.contains(where: { $0.verdict == .notReproduced }) {
        return [ClaimOutcome(.notRun, missing.reason)] + perRival
      }
      var whole = RatioPart.outcome(parts, a, "rival")
      whole.tellLead(leads.contains(nil) ? nil : leads.compactMap(\.self).max())
      if let missing { whole.detail += "; not all rivals were run: \(missing.reason)" }
      return [whole] + perRival
    }
    .comparing(rivals.map { CostComparison(a, $0, at: [epochs], .below(0)) })
  }

  /// Our curve lies on the paper's: the median over the figure's odd epochs of |log(ours / paper)|,
  /// averaged over the seeds, is at most the first threshold (`reproduced`), at most the second
  /// (`inconclusive`), or above (`not reproduced`). The settings are fitted to the even epochs. Id:
  /// `<figure>.match.<contender>`.
  ///
  /// - Parameters:
  ///   - curve: the curve's name in the paper's legend; nil: as the contender's.
  ///   - thresholds: (0.05, 0.15) for linear axes, (0.15, 0.5) for logarithmic ones.
  ///   - epochs: the part of the curve that is compared; nil: its points inside the figure's frame.
  public static func figureMatch(
    figure: String, contender: String, curve: String? = nil,
    thresholds: (reproduced: Double, inconclusive: Double) = (0.05, 0.15),
    epochs: ClosedRange<Int>? = nil, place: String, measure: Measure = .runningCost,
    arms: [Arm]? = [.fitted, .custom]
  ) -> Claim {
    let name = curve ?? contender
    let first = NumberText.significant(thresholds.reproduced)
    let second = NumberText.significant(thresholds.inconclusive)
    return Claim(
      "\(figure).match.\(slug(contender))",
      "our curve of \(contender) lies on the paper's", place: place,
      rule: "median over the odd epochs of |log(ours / paper)|, mean over seeds: reproduced <= "
        + "\(first), inconclusive <= \(second); fitted to the even epochs",
      figure: figure, arms: arms, group: .figure, paperFigure: { _ in .satisfies }
    ) { context in
      [
        try FigureMatch(context, figure: figure, contender, curve: name, epochs, measure)
          .outcome(thresholds)
      ]
    }.naming([contender]).matching(figure, name)
  }

  private func matching(_ figure: String, _ curve: String) -> Claim {
    var copy = self
    copy.matched = (figure, curve)
    return copy
  }

  /// The claim, judged only where `condition` does not throw; what it throws becomes the reason of
  /// the verdict `not run`.
  ///
  /// - Parameter words: the condition in words, for the rule.
  public func judged(
    onlyIf words: String, _ condition: @escaping @Sendable (ClaimContext) throws -> Void
  ) -> Claim {
    var copy = Claim(
      id, statement, place: place, rule: "\(rule); judged only if \(words)", figure: figure,
      arms: arms, group: group, paperFigure: paperFigure
    ) { [outcomes] context in
      try condition(context)
      return try outcomes(context)
    }
    copy.comparisons = comparisons
    copy.contenders = contenders
    copy.matched = matched
    return copy
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
    return judged.flatMap { arm in
      let context = ClaimContext(
        document: document, arm: arm, paper: paper, siblings: siblings)
      return judgeArm(context)
    }
  }

  private func judgeArm(_ context: ClaimContext) -> [ClaimOutcome] {
    var found: [ClaimOutcome]
    if !context.document.hasRealData {
      let origin = context.document.dataOrigin
      found = [
        ClaimOutcome(
          .notRun,
          origin.isEmpty
            ? "the file does not say where its data come from, so there is no verdict"
            : "no verdict from \(origin) data")
      ]
    } else if let arm = context.arm, let reason = context.document.searchedElsewhere(arm) {
      found = [ClaimOutcome(.notRun, reason)]
    } else {
      do {
        found = try outcomes(context)
      } catch let missing as NotRun {
        found = [ClaimOutcome(.notRun, missing.reason)]
      } catch {
        found = [ClaimOutcome(.notRun, "\(error)")]
      }
    }
    let paperFigure = paperFigure(context.paper).text
    let (digest, date) = (ruleDigest, ruleDate)
    for index in found.indices {
      if found[index].id.isEmpty { found[index].id = id }
      found[index].claim = id
      found[index].group = group
      found[index].paperFigure = paperFigure
      found[index].ruleDigest = digest
      found[index].ruleDate = date
      if found[index].statement.isEmpty { found[index].statement = statement }
      found[index].place = place
      found[index].rule = rule
      found[index].figure = figure
      found[index].arm = context.arm ?? ""
    }
    return found
  }

  /// A name as part of an id: lower case, words joined by `-`.
  static func slug(_ name: String) -> String {
    let words = name.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "-") }
    return words.joined(separator: "-")
  }

  private static func text(_ epochs: [Int]) -> String {
    NumberText.list(epochs.map(String.init))
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

extension ClaimOutcome {
  /// Adds from which epoch on the cost stays below.
  fileprivate mutating func tellLead(_ lead: Int?) {
    detail += lead.map { "; below from epoch \($0) on" } ?? "; not below at the end"
    if let lead { numbers.append(ClaimNumber("below from epoch", Double(lead))) }
  }
}

extension ClaimContext {
  /// The first epoch from which on the median of `a` stays below that of `b`, over the seeds that
  /// `compare` takes at `epochs`; nil if it is not below at the last of them. A diverged run counts
  /// as infinite cost; epochs without values of all these seeds do not count.
  func lead(
    of a: String, over b: String, measure: Measure, comparedAt epochs: [Int]
  ) throws -> Int? {
    let array = try array(measure)
    func costs(_ seeds: [String], at epoch: Int) throws -> [[Double]]? {
      var costs: [[Double]] = []
      for contender in [a, b] {
        var row: [Double] = []
        for seed in seeds {
          switch try cell(array, contender, seed: seed, epoch: epoch) {
          case .value(let value): row.append(value)
          case .diverged: row.append(.infinity)
          case .missing: return nil
          }
        }
        costs.append(row)
      }
      return costs
    }
    let compared = try seeds(of: array).filter { seed in
      try epochs.allSatisfy { try costs([seed], at: $0) != nil }
    }
    var lead: Int?
    for epoch in 0...(epochs.last ?? 0) {
      guard let medians = try costs(compared, at: epoch)?.map(Statistics.median) else { continue }
      lead = medians[0] < medians[1] ? lead ?? epoch : nil
    }
    return lead
  }
}
