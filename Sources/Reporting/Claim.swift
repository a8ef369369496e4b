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
  public var arms: [String]?
  /// Whether it is decided by measured times, which differ from one run to the next: its outcome is then
  /// stored apart from what repeats.
  public private(set) var isTimed = false
  private let outcomes: @Sendable (ClaimContext) throws -> [ClaimOutcome]

  /// The claim, decided by measured times.
  public var timed: Claim {
    var copy = self
    copy.isTimed = true
    return copy
  }

  private init(
    _ id: String, _ statement: String, place: String, rule: String, figure: String? = nil,
    arms: [String]? = nil, outcomes: @escaping @Sendable (ClaimContext) throws -> [ClaimOutcome]
  ) {
    self.id = id
    self.statement = statement
    self.place = place
    self.rule = rule
    let stem = id.prefix { $0 != "." }
    self.figure = figure ?? (stem.hasPrefix("fig") ? String(stem) : "")
    self.arms = arms
    self.outcomes = outcomes
  }

  /// A claim with a rule of its own.
  ///
  /// - Parameters:
  ///   - rule: the rule in words.
  ///   - arms: the arms it is judged in; nil: every arm of the document.
  ///   - judge: the rule. What it throws becomes the reason of the verdict `not run`.
  public static func custom(
    _ id: String, _ statement: String, place: String, rule: String, figure: String? = nil,
    arms: [String]? = nil, judge: @escaping @Sendable (ClaimContext) throws -> ClaimOutcome
  ) -> Claim {
    Claim(id, statement, place: place, rule: rule, figure: figure, arms: arms) {
      [try judge($0)]
    }
  }

  /// `a` has a lower cost than `b` at every epoch of `epochs`: the interval of log(a / b) lies
  /// below 0.
  public static func lower(
    _ id: String, _ statement: String, place: String, _ a: String, than b: String,
    at epochs: [Int], variable: String = "train_cost_running", figure: String? = nil
  ) -> Claim {
    ratio(
      id, statement, place: place, a, to: b, inside: -.infinity...0, at: epochs,
      variable: variable, figure: figure, rule: "\(a) lower than \(b) at epochs \(text(epochs))")
  }

  /// `a` has a cost that is lower than `b`'s by at least `fraction` at every epoch of `epochs`.
  public static func lowerByFraction(
    _ fraction: Double, _ id: String, _ statement: String, place: String, _ a: String,
    than b: String, at epochs: [Int], variable: String = "train_cost_running",
    figure: String? = nil
  ) -> Claim {
    let percent = NumberText.significant(100 * fraction)
    return ratio(
      id, statement, place: place, a, to: b, inside: -.infinity...log(1 - fraction), at: epochs,
      variable: variable, figure: figure,
      rule: "\(a) lower than \(b) by at least \(percent) % at epochs \(text(epochs))")
  }

  /// For every pair, `a` has a cost at `epoch` that is lower than `b`'s by at least `fraction`: one
  /// verdict a pair (`<id>.<a>`) and one for all (`<id>`).
  public static func lowerByFraction(
    _ fraction: Double, _ id: String, _ statement: String, place: String,
    pairs: [(a: String, b: String)], at epoch: Int, variable: String = "train_cost_running",
    figure: String? = nil
  ) -> Claim {
    let percent = NumberText.significant(100 * fraction)
    let names = NumberText.list(pairs.map { "\($0.a) than \($0.b)" })
    return Claim(
      id, statement, place: place,
      rule: "cost at epoch \(epoch) lower by at least \(percent) %: \(names)", figure: figure
    ) { context in
      let parts = try pairs.map { pair in
        RatioPart(
          label: "\(pair.a) and \(pair.b)",
          comparison: try context.compare(pair.a, with: pair.b, variable: variable, at: [epoch]),
          region: -.infinity...log(1 - fraction))
      }
      let perPair = zip(pairs, parts).map { pair, part in
        var outcome = RatioPart.outcome([part], pair.a, pair.b)
        outcome.id = "\(id).\(slug(pair.a))"
        outcome.statement = "\(statement): \(pair.a)"
        return outcome
      }
      return [RatioPart.outcome(parts, "each", "its rival")] + perPair
    }
  }

  /// The costs of `a` and `b` are alike at every epoch of `epochs`: |log(a / b)| <= `within`.
  public static func similar(
    _ id: String, _ statement: String, place: String, _ a: String, to b: String, within: Double,
    at epochs: [Int], variable: String = "train_cost_running", figure: String? = nil
  ) -> Claim {
    let width = NumberText.significant(within)
    return ratio(
      id, statement, place: place, a, to: b, inside: -within...within, at: epochs,
      variable: variable, figure: figure,
      rule: "|log(\(a) / \(b))| <= \(width) at epochs \(text(epochs))")
  }

  /// The ratio of the costs of `a` and `b` lies inside `range` at every epoch of `epochs`.
  public static func ratio(
    _ id: String, _ statement: String, place: String, _ a: String, to b: String,
    inside range: ClosedRange<Double>, at epochs: [Int],
    variable: String = "train_cost_running", figure: String? = nil
  ) -> Claim {
    ratio(
      id, statement, place: place, a, to: b,
      inside: log(range.lowerBound)...log(range.upperBound), at: epochs, variable: variable,
      figure: figure,
      rule: NumberText.significant(range.lowerBound) + " <= \(a) / \(b) <= "
        + NumberText.significant(range.upperBound) + " at epochs \(text(epochs))")
  }

  private static func ratio(
    _ id: String, _ statement: String, place: String, _ a: String, to b: String,
    inside region: ClosedRange<Double>, at epochs: [Int], variable: String, figure: String?,
    rule: String
  ) -> Claim {
    Claim(id, statement, place: place, rule: rule, figure: figure) { context in
      let parts = try epochs.map { epoch in
        let comparison = try context.compare(a, with: b, variable: variable, at: [epoch])
        return RatioPart(
          label: "epoch \(epoch)", comparison: comparison, region: region)
      }
      return [RatioPart.outcome(parts, a, b)]
    }
  }

  /// `a` has a lower mean cost over the last `count` of `total` epochs than each of `rivals`: one
  /// verdict a rival (`<id>.<rival>`) and one for all (`<id>`). Also says from which epoch on the
  /// median of `a`, over the seeds that are compared, stays below.
  public static func lastEpochsMeanLower(
    _ id: String, _ statement: String, place: String, _ a: String, than rivals: [String],
    last count: Int, of total: Int, variable: String = "train_cost_running",
    figure: String? = nil
  ) -> Claim {
    Claim(
      id, statement, place: place,
      rule: "mean cost of the last \(count) of \(total) passes lower than that of "
        + "\(NumberText.list(rivals)); one that is lower decides, else all must have been run",
      figure: figure
    ) { context in
      // A running mean is labelled with the epoch at whose end its pass starts, so the last of
      // `total` passes has the label `total - 1`.
      let end = variable == "train_cost_running" ? total : total + 1
      let epochs = Array((end - count)..<end)
      var parts: [RatioPart] = []
      var perRival: [ClaimOutcome] = []
      var leads: [Int?] = []
      var missing: NotRun?
      for rival in rivals {
        var outcome: ClaimOutcome
        do {
          let part = RatioPart(
            label: rival,
            comparison: try context.compare(a, with: rival, variable: variable, at: epochs),
            region: -.infinity...0)
          let lead = try context.lead(of: a, over: rival, variable: variable, comparedAt: epochs)
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
  }

  /// Our curve lies on the paper's: the median over the figure's epochs of |log(ours / paper)|,
  /// ours being the median over seeds, is at most the first threshold (`reproduced`), at most the
  /// second (`inconclusive`), or above (`not reproduced`). Id: `<figure>.match.<contender>`.
  ///
  /// - Parameters:
  ///   - curve: the curve's name in the paper's legend; nil: as the contender's.
  ///   - thresholds: (0.05, 0.15) for linear axes, (0.15, 0.5) for logarithmic ones.
  ///   - epochs: the part of the curve that is compared; nil: its points inside the figure's frame.
  public static func figureMatch(
    figure: String, contender: String, curve: String? = nil,
    thresholds: (reproduced: Double, inconclusive: Double) = (0.05, 0.15),
    epochs: ClosedRange<Int>? = nil, place: String, variable: String = "train_cost_running",
    arms: [String]? = ["published", "custom"]
  ) -> Claim {
    let name = curve ?? contender
    let first = NumberText.significant(thresholds.reproduced)
    let second = NumberText.significant(thresholds.inconclusive)
    return Claim(
      "\(figure).match.\(slug(contender))",
      "our curve of \(contender) lies on the paper's", place: place,
      rule: "median over epochs of |log(ours / paper)|: reproduced <= \(first), "
        + "inconclusive <= \(second)",
      figure: figure, arms: arms
    ) { context in
      [
        try FigureMatch(context, figure: figure, contender, curve: name, epochs, variable)
          .outcome(thresholds)
      ]
    }
  }

  /// The claim, judged only where `condition` does not throw; what it throws becomes the reason of
  /// the verdict `not run`.
  ///
  /// - Parameter words: the condition in words, for the rule.
  public func judged(
    onlyIf words: String, _ condition: @escaping @Sendable (ClaimContext) throws -> Void
  ) -> Claim {
    Claim(
      id, statement, place: place, rule: "\(rule); judged only if \(words)", figure: figure,
      arms: arms
    ) { [outcomes] context in
      try condition(context)
      return try outcomes(context)
    }
  }

  /// Judges the claim in every arm it applies to.
  public func judge(
    _ document: Document, paper: PaperCurves = PaperCurves(),
    siblings: [String: Document] = [:]
  ) -> [ClaimOutcome] {
    let present = document.root.labels(of: "arm")
    let judged: [String?]
    if let arms, !present.isEmpty {
      let found = arms.filter(present.contains)
      judged = found.isEmpty ? Array(arms.prefix(1)) : found
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
    } else if context.arm == "tuned", let reason = context.document.searchedElsewhere {
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
    for index in found.indices {
      if found[index].id.isEmpty { found[index].id = id }
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
    of a: String, over b: String, variable: String, comparedAt epochs: [Int]
  ) throws -> Int? {
    let array = try array(variable)
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

/// The comparison of two contenders at one place, against a region for log(a / b).
private struct RatioPart {
  let label: String
  let comparison: Comparison
  let region: ClosedRange<Double>
  let estimate: Estimate
  let verdict: Verdict

  init(label: String, comparison: Comparison, region: ClosedRange<Double>) {
    self.label = label
    self.comparison = comparison
    self.region = region
    let estimate = comparison.estimate
    self.estimate = estimate
    if estimate.hasInterval {
      if estimate.low >= region.lowerBound && estimate.high <= region.upperBound
        && !(estimate.high == 0 && region.upperBound == 0)
      {
        verdict = .reproduced
      } else if estimate.high < region.lowerBound || estimate.low > region.upperBound {
        verdict = .notReproduced
      } else {
        verdict = .inconclusive
      }
    } else {
      verdict = .inconclusive
    }
  }

  /// The boundary of the region that the estimate is nearest to.
  var threshold: Double {
    let ends = [region.lowerBound, region.upperBound].filter(\.isFinite)
    guard estimate.value.isFinite else { return ends.last ?? .nan }
    return ends.min { Swift.abs(estimate.value - $0) < Swift.abs(estimate.value - $1) } ?? .nan
  }

  /// How far the interval is inside the region; negative if it reaches out.
  private var margin: Double {
    if estimate.value.isNaN { return -.infinity }
    let low = estimate.hasInterval ? estimate.low : estimate.value
    let high = estimate.hasInterval ? estimate.high : estimate.value
    return Swift.min(low - region.lowerBound, region.upperBound - high)
  }

  private var text: String {
    let ratio = ClaimOutcome.interval(
      exp(estimate.value), exp(estimate.low), exp(estimate.high))
    let medians = [comparison.a, comparison.b]
      .map { costs in
        let median = Statistics.median(costs)
        return median.isInfinite ? "diverged" : NumberText.significant(median)
      }
    return "\(label): \(medians[0]) against \(medians[1])"
      + (estimate.value.isFinite ? ", ratio \(ratio)" : "")
  }

  /// One outcome for all parts: not reproduced if any is not, else inconclusive if any is.
  static func outcome(_ parts: [RatioPart], _ a: String, _ b: String) -> ClaimOutcome {
    let order: [Verdict] = [.notReproduced, .inconclusive, .reproduced]
    let verdict = order.first { verdict in parts.contains { $0.verdict == verdict } } ?? .notRun
    guard
      let deciding = parts.filter({ $0.verdict == verdict }).min(by: { $0.margin < $1.margin })
    else { return ClaimOutcome(.notRun, "there is no epoch to judge") }

    let seeds = parts.map(\.comparison.pairs).min() ?? 0
    var sentence = "\(a) against \(b), "
    sentence += seeds == 1 ? "1 seed; " : "\(seeds) seeds; "
    sentence += parts.map(\.text).joined(separator: "; ")
    let divergedA = parts.map(\.comparison.diverged.a).max() ?? 0
    let divergedB = parts.map(\.comparison.diverged.b).max() ?? 0
    if divergedA > 0 { sentence += "; \(a) diverged in \(divergedA) of \(seeds) seeds" }
    if divergedB > 0 { sentence += "; \(b) diverged in \(divergedB) of \(seeds) seeds" }
    let leftOut = parts.map(\.comparison.leftOut).max { $0.count < $1.count } ?? []
    if let reason = leftOut.first {
      sentence += "; \(leftOut.count) seed\(leftOut.count == 1 ? "" : "s") left out: \(reason)"
    }
    if seeds == 1, verdict == .inconclusive {
      sentence += "; one seed has no interval"
    }
    return ClaimOutcome(
      verdict, effect: deciding.estimate.value, low: deciding.estimate.low,
      high: deciding.estimate.high, threshold: deciding.threshold, unit: "log(\(a) / \(b))",
      seeds: seeds,
      numbers: parts.map {
        ClaimNumber(
          $0.label, $0.estimate.value, low: $0.estimate.low, high: $0.estimate.high)
      }, sentence)
  }
}

/// The distance between one of our curves and one of the paper's.
private struct FigureMatch {
  let contender: String
  /// One row a seed: |our epochs|.
  let costs: [[Double]]
  let epochs: [Int]
  let paper: [Double]
  var diverged = false

  init(
    _ context: ClaimContext, figure: String, _ contender: String, curve name: String,
    _ range: ClosedRange<Int>?, _ variable: String
  ) throws {
    self.contender = contender
    guard let curve = context.paper.curve(name, of: figure) else {
      throw NotRun("the paper's \(figure) has no curve '\(name)'")
    }
    let compared =
      range.map { Double($0.lowerBound)...Double($0.upperBound) } ?? context.paper.frame(of: figure)
    let points = curve.data.filter { compared?.contains($0.x) ?? true }
    guard !points.isEmpty else { throw NotRun("the paper's curve has no points there") }
    epochs = points.map { Int($0.x.rounded()) }
    paper = points.map(\.y)
    let array = try context.array(variable)
    var rows: [[Double]] = []
    var reasons: [String] = []
    for seed in context.seeds(of: array) {
      var row: [Double] = []
      var reason: String?
      for epoch in epochs {
        switch try context.cell(array, contender, seed: seed, epoch: epoch) {
        case .value(let value): row.append(value)
        case .diverged: row.append(.infinity)
        case .missing(let why): reason = reason ?? why
        }
      }
      if let reason { reasons.append(reason) } else { rows.append(row) }
    }
    guard !rows.isEmpty else { throw NotRun(reasons.first ?? "there are no seeds") }
    costs = rows
    diverged = rows.contains { $0.contains(.infinity) }
  }

  /// |log(ours / paper)| of each epoch, ours being the median over the given seeds.
  private func distances(_ seeds: [Int]) -> [Double] {
    epochs.indices.map { column in
      let ours = Statistics.median(seeds.map { costs[$0][column] })
      return Swift.abs(log(ours / paper[column]))
    }
  }

  func outcome(_ thresholds: (reproduced: Double, inconclusive: Double)) -> ClaimOutcome {
    let all = Array(costs.indices)
    let distances = distances(all)
    let effect = Statistics.median(distances)
    let (low, high) = Statistics.bootstrapInterval(count: costs.count) { seeds in
      Statistics.median(self.distances(seeds))
    }
    let verdict: Verdict
    if effect > thresholds.inconclusive {
      verdict = .notReproduced
    } else if effect > thresholds.reproduced || costs.count == 1 {
      verdict = .inconclusive
    } else {
      verdict = .reproduced
    }
    let worst = distances.indices.max { distances[$0] < distances[$1] } ?? 0
    var sentence =
      "the median distance of \(contender) to the paper's curve is "
      + "\(NumberText.significant(effect)) in log cost over \(epochs.count) epochs; the largest is "
      + "\(NumberText.significant(distances[worst])) at epoch \(epochs[worst])"
    if diverged { sentence += "; some runs diverged" }
    if costs.count == 1 { sentence += "; one seed has no interval" }
    return ClaimOutcome(
      verdict, effect: effect, low: low, high: high, threshold: thresholds.reproduced,
      unit: "median |log(ours / paper)|", seeds: costs.count,
      numbers: zip(epochs, distances).map { ClaimNumber("epoch \($0)", $1) }, sentence)
  }
}
