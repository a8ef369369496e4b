import Glibc
import ResultStore

/// What a report says in sentences: all of it follows from the verdicts.
package enum ReportSentences {
  /// How many of the paper's claims are not run to the end but have numbers so far.
  package static func begun(_ claims: [ReportContent.ClaimRow]) -> Int {
    claims.count {
      $0.headline.group == .paper && !$0.headline.isPart && $0.headline.verdict == .notRun
        && !$0.headline.effectText.isEmpty
    }
  }

  /// How many claims of a group have each verdict; parts of a claim do not count.
  package static func counts(_ claims: [ReportContent.ClaimRow], _ group: ClaimGroup = .paper)
    -> [(verdict: Verdict, count: Int)]
  {
    let counts = ClaimCounts(claims.flatMap(\.outcomes))
    return Verdict.allCases.map { ($0, counts.count(group, $0)) }
  }

  /// `9 reproduced, 8 not reproduced and 6 not run`, without what there is none of.
  package static func tally(_ counts: [(verdict: Verdict, count: Int)]) -> String {
    NumberText.list(counts.filter { $0.count > 0 }.map { "\($0.count) \($0.verdict.rawValue)" })
  }

  /// Whether the paper holds, with the counts of its own claims.
  package static func answer(_ claims: [ReportContent.ClaimRow]) -> String {
    let counts = counts(claims)
    let total = counts.reduce(0) { $0 + $1.count }
    guard total > 0 else { return "No claim of the paper has been judged." }
    func count(_ verdict: Verdict) -> Int { counts.first { $0.verdict == verdict }?.count ?? 0 }
    let word: String
    switch (count(.reproduced), count(.notReproduced)) {
    case (0, 0): word = "Not known yet"
    case (total, _): word = "Yes"
    case (_, 0): word = "As far as it has been tested"
    case (0, _): word = "No"
    default: word = "In part"
    }
    let noun = total == 1 ? "claim" : "claims"
    // Without the list of all claims those of experiments that are not there are not known.
    let judged = Set(claims.map(\.experiment))
    let whose =
      ResultSet.experimentNames.allSatisfy(judged.contains)
      ? "of the paper's \(total) own \(noun)"
      : "of the \(total) \(noun) of the paper that these results are about"
    let parts = [Verdict.reproduced, .notReproduced, .inconclusive].filter { count($0) > 0 }
      .map { "\(count($0)) \(count($0) == 1 ? "is" : "are") \($0.rawValue)" }
    let open = count(.notRun)
    let begun = begun(claims)
    let rest =
      open == 0
      ? []
      : [
        "\(open) \(open == 1 ? "has" : "have") not been run"
          + (begun == 0 ? "" : " (\(begun) of them only in part)")
      ]
    return "\(word): \(whose) \(NumberText.list(parts + rest))."
  }

  /// The claims of the paper that fail, the gravest first: those whose erratum comes first, then those
  /// that miss their threshold by the largest factor.
  package static func failures(_ claims: [ReportContent.ClaimRow]) -> [ReportContent.ClaimRow] {
    func rank(_ row: ReportContent.ClaimRow) -> (Int, Double) {
      let distance = ThresholdDistance(row.headline, formula: row.formula)?.value ?? 0
      return (Errata.gravity(of: row.id), distance.isFinite ? distance : 0)
    }
    return claims.filter {
      $0.headline.group == .paper && !$0.headline.isPart && $0.headline.verdict == .notReproduced
    }.sorted { rank($0) < rank($1) }
  }

  /// Why the gravest failure is one, or nil if there is none.
  package static func gravest(_ claims: [ReportContent.ClaimRow]) -> String? {
    guard let row = failures(claims).first else { return nil }
    let effect = row.headline.effectText
    let numbers = effect.isEmpty ? "" : " (\(effect))"
    guard let erratum = Errata.of(row.id) else {
      return "What weighs most: “\(row.statement)” does not hold\(numbers)."
    }
    let first = erratum.found.split(separator: ". ", maxSplits: 1).first.map(String.init) ?? ""
    return [
      "What weighs most: \(erratum.title)\(numbers).", erratum.weight,
      first.hasSuffix(".") ? first : first + ".",
    ].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// The decided claims that other arms decide the other way, and these arms; settings that were inferred from
  /// the paper's curves decide nothing.
  package static func turned(_ claims: [ReportContent.ClaimRow]) -> (ids: [String], arms: [String])
  {
    var (ids, arms): ([String], [String]) = ([], [])
    for row in claims {
      let headline = row.headline
      guard headline.isDecided, !headline.isPart, headline.group != .figure else { continue }
      let others = row.outcomes.filter {
        $0.isDecided && $0.verdict != headline.verdict && $0.arm != Arm.fitted.rawValue
      }
      if !others.isEmpty { ids.append(headline.id) }
      for other in others where !arms.contains(other.arm) { arms.append(other.arm) }
    }
    return (ids, arms)
  }

  /// How the claims of one section stand: what fails first, with its numbers.
  package static func section(_ claims: [ReportContent.ClaimRow]) -> String {
    let counted = claims.filter { !$0.headline.isPart && $0.headline.group != .figure }
    guard !counted.isEmpty else { return "Nothing is claimed here that could be judged." }
    func named(_ verdict: Verdict, withNumbers: Bool) -> String? {
      let rows = counted.filter { $0.headline.verdict == verdict }
      if rows.isEmpty { return nil }
      let texts = rows.prefix(4).map { row -> String in
        let effect = row.headline.effectText
        let remark = row.headline.finding == .better ? ", better than claimed" : ""
        return withNumbers && !effect.isEmpty
          ? "\(row.statement) (\(effect)\(remark))" : row.statement
      }
      return texts.joined(separator: "; ") + (rows.count > 4 ? "; and \(rows.count - 4) more" : "")
    }
    let total = counted.count
    let holding = counted.count { $0.headline.verdict == .reproduced }
    let isOpen = !counted.contains { $0.headline.isDecided }
    var parts = [
      total == 1
        ? "The one claim \(holding == 1 ? "holds" : "does not hold or is open")."
        : isOpen
          ? "None of the \(total) claims has been decided."
          : "\(holding) of \(total) claims \(holding == 1 ? "holds" : "hold")."
    ]
    if let text = named(.notReproduced, withNumbers: true) {
      parts.append("Does not hold: \(text).")
    }
    if let text = named(.inconclusive, withNumbers: true) { parts.append("Undecided: \(text).") }
    if let text = named(.reproduced, withNumbers: false) { parts.append("Holds: \(text).") }
    let turned = turned(counted)
    if !turned.ids.isEmpty {
      parts.append(
        "In the arm \(NumberText.list(turned.arms)) the verdict turns with \(NumberText.list(turned.ids))."
      )
    }
    let open = counted.count { $0.headline.verdict == .notRun }
    if open > 0 { parts.append("Not run: \(open) of them.") }
    if total == 1 { parts.removeFirst() }
    return parts.joined(separator: " ")
  }

  /// What a figure shows, by the verdicts on the claims it is about; empty without any.
  package static func finding(_ claims: [ReportContent.ClaimRow]) -> String {
    let all = claims.filter { $0.headline.group != .figure && $0.headline.verdict != .notRun }
    // A figure of its own tells of a part too.
    let whole = all.filter { !$0.headline.isPart }
    let judged = whole.isEmpty ? all : whole
    let order: [Verdict] = [.notReproduced, .reproduced, .inconclusive]
    guard
      let row = order.compactMap({ verdict in judged.first { $0.headline.verdict == verdict } })
        .first
    else { return "" }
    let word =
      switch row.headline.verdict {
      case .reproduced: "holds"
      case .notReproduced: "does not hold"
      default:
        row.headline.judgement.openByRule == nil ? "undecided" : "undecided by its rule"
      }
    let effect = row.headline.effectText
    let arm = row.headline.arm.isEmpty ? "" : "\(row.headline.arm): "
    return "“\(row.statement)” \(word)" + (effect.isEmpty ? "" : " (\(arm)\(effect))")
  }

  /// What a figure shows whose claims are not judged: how often a claim holds under other readings, or how
  /// far our curves are from the paper's; empty if it shows neither.
  package static func finding(_ panels: [PanelData], readings: [Readings]) -> String {
    let claims = panels.compactMap { panel in
      panel.lines.first { $0.line.variable.hasPrefix("readings/") }?.line.select["claim"]
    }
    let told = claims.compactMap { claim -> String? in
      guard let readings = readings.first(where: { !$0.of(claim).isEmpty }) else { return nil }
      let all = readings.counted(of: claim)
      let open = all.count { $0.outcome.verdict == .inconclusive }
      return "\(claim) holds in \(all.count { $0.outcome.verdict == .reproduced }) of \(all.count)"
        + (open > 0 ? " (\(open) undecided)" : "")
    }
    if !told.isEmpty { return "Readings: \(NumberText.list(told))" }
    let distances = panels.flatMap(\.lines).compactMap(\.distanceToPaper?.value)
    guard let nearest = distances.min(), let farthest = distances.max() else { return "" }
    func percent(_ distance: Double) -> String {
      NumberText.significant(100 * (exp(distance) - 1), digits: 2)
    }
    return distances.count == 1
      ? "Our curve and the paper's are \(percent(nearest)) % apart at the median"
      : "Our curves and the paper's are \(percent(nearest)) to \(percent(farthest)) % apart at the median"
  }

  /// What would lead to another verdict.
  package static func whatWouldChange(_ row: ReportContent.ClaimRow) -> String {
    let outcome = row.headline
    let threshold = outcome.thresholdText
    let other = row.evidence.dropFirst().first {
      $0.outcome.verdict == .reproduced && outcome.verdict != .reproduced
        || $0.outcome.verdict == .notReproduced && outcome.verdict == .reproduced
    }
    let known =
      other.map {
        " In the arm \($0.outcome.arm) it is \($0.outcome.verdict.rawValue)"
          + ($0.outcome.effectText.isEmpty ? "." : ": \($0.outcome.effectText).")
      } ?? ""
    switch outcome.verdict {
    case .notRun:
      return "A run that reaches it: make reproduce-\(row.experiment) PROFILE=paper." + known
    case .inconclusive:
      switch outcome.openReason {
      case .oneSeed, .twoSeeds: return "Three seeds or more: --seeds '0..<3'." + known
      case .coarseSearch: return "A search with more stepsizes a decade." + known
      case .otherReading:
        return "The same verdict however what the paper leaves open is read." + known
      case .otherReadingNotRun:
        return "Runs that tell how the other reading of what the paper leaves open ends." + known
      case .betweenLimits: return "A distance at or below \(threshold)." + known
      case .noVerdict: return "Another rule: this one tells numbers and gives no verdict." + known
      case .limitInside, .limitInsideWider, nil:
        if outcome.seeds == 3 || outcome.seeds == 4 {
          return "Six seeds, which decide by the 95 % interval instead of the 99.9 % one: "
            + "--seeds '0..<6'." + known
        }
        return
          "An interval that lies on one side of \(threshold.isEmpty ? "the threshold" : threshold)."
          + known
      }
    case .reproduced, .notReproduced:
      if threshold.isEmpty { return "Other numbers under the same rule." + known }
      let side = outcome.verdict == .reproduced ? "not as claimed" : "as claimed"
      return "An effect on the other side of \(threshold), \(side)." + known
    }
  }
}

extension ReportContent {
  /// The logarithm of the ratio of the paper's own curves where a verdict on a ratio of two costs was
  /// decided; nil where the paper draws none.
  package func paperEffect(_ row: ClaimRow, _ evidence: Evidence) -> Double? {
    let outcome = evidence.outcome
    guard let ratioName = outcome.ratioName, outcome.effect.isFinite,
      let number = outcome.numbers.first(where: { $0.value == outcome.effect }),
      number.label.hasPrefix("epoch "), let epoch = Double(number.label.dropFirst(6)),
      let part = parts.first(where: {
        $0.experiment.name == row.experiment && $0.profile == evidence.profile
      }),
      let paper = part.experiment.figures.first(where: { $0.figure.id == outcome.figure })?.paper
    else { return nil }
    let names = ratioName.split(separator: "/").map {
      $0.filter { $0 != " " }
    }
    guard names.count == 2 else { return nil }
    let values = names.map { name in
      paper.curve(String(name), of: outcome.figure)?.data.first { abs($0.x - epoch) < 1e-3 }?.y
    }
    guard let a = values[0], let b = values[1], a > 0, b > 0 else { return nil }
    return log(a / b)
  }
}

extension ClaimOutcome {
  /// The ratio whose logarithm is given.
  static func ratio(ofLogarithm value: Double) -> Double { exp(value) }
}
