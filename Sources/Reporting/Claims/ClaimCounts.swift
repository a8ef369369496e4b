import ResultStore

/// How many claims there are of each group and verdict: the one place where they are counted, for the
/// terminal, the page, the README and the result files.
///
/// A claim counts once: by the arm that decides (`Arm.byWeight`). Verdicts on parts of a claim, e.g.
/// on one rival of several, do not count.
public struct ClaimCounts: Sendable, Equatable {
  private var counts: [ClaimGroup: [Verdict: Int]] = [:]

  /// Counts verdicts in any order.
  public init(_ outcomes: [ClaimOutcome]) {
    for outcome in outcomes.headlines where !outcome.isPart {
      counts[outcome.group, default: [:]][outcome.verdict, default: 0] += 1
    }
  }

  /// The claims of a group with a verdict.
  public func count(_ group: ClaimGroup, _ verdict: Verdict) -> Int {
    counts[group]?[verdict] ?? 0
  }

  /// The claims of a group.
  public func count(_ group: ClaimGroup) -> Int {
    Verdict.allCases.reduce(0) { $0 + count(group, $1) }
  }

  /// The claims of all groups.
  public var all: Int { ClaimGroup.allCases.reduce(0) { $0 + count($1) } }

  /// One sentence a group that has claims, the paper's own first, e.g.
  /// `41 claims of the paper: 20 reproduced, 12 not reproduced and 9 not run.`
  public var sentences: [String] {
    ClaimGroup.allCases.compactMap { group in
      let total = count(group)
      guard total > 0 else { return nil }
      let parts = Verdict.allCases.compactMap { verdict -> String? in
        let count = count(group, verdict)
        return count == 0 ? nil : "\(count) \(verdict.rawValue)"
      }
      return "\(total) \(group.noun(total)): \(NumberText.list(parts))."
    }
  }

  /// The sentences as one line.
  public var text: String {
    sentences.isEmpty ? "No claim has been judged." : sentences.joined(separator: " ")
  }

  /// The counts as a group of a document, along `group` and `verdict`.
  func encoded() -> Group {
    var encoded = Group()
    encoded.attributes = [
      Attribute(
        "long_name", "claims by group and verdict; each counts once, by the arm that decides"),
      Attribute("comment", text),
    ]
    encoded.dimensions = [
      Dimension("group", .string(ClaimGroup.allCases.map(\.rawValue)), "whose claim it is"),
      Dimension("verdict", .string(Verdict.allCases.map(\.rawValue)), "verdict"),
    ]
    encoded.variables = [
      Variable(
        "claims", ["group", "verdict"],
        .int64(
          ClaimGroup.allCases.flatMap { group in
            Verdict.allCases.map { Int64(count(group, $0)) }
          }), "claims", units: "1")
    ]
    return encoded
  }
}

extension ClaimOutcome {
  /// The outcome as the one that counts: settings that were inferred from the paper's curves decide none of
  /// its claims, nor what others say, so that one that has been judged with these alone counts as not run.
  var asHeadline: ClaimOutcome {
    guard arm == Arm.fitted.rawValue, self.group != .figure, verdict != .notRun else {
      return self
    }
    var headline = self
    headline.judgement = .notRun
    headline.detail =
      "only with settings inferred from the paper's curves, which decide none but those about curves: \(detail)"
    return headline
  }
}

extension [ClaimOutcome] {
  /// The verdict that counts of each claim and part: that of the first arm in `Arm.byWeight`, in the
  /// order in which the ids come.
  public var headlines: [ClaimOutcome] {
    var order: [String] = []
    var best: [String: ClaimOutcome] = [:]
    for outcome in self {
      guard let other = best[outcome.id] else {
        order.append(outcome.id)
        best[outcome.id] = outcome
        continue
      }
      if Arm.rank(outcome.arm) < Arm.rank(other.arm) { best[outcome.id] = outcome }
    }
    return order.compactMap { best[$0]?.asHeadline }
  }
}
