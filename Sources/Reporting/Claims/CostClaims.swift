import Glibc
import ResultStore

// Claims about the costs of contenders, by rules that several experiments share.

extension Claim {
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
      threshold: .ratio("each of them", .atMost(log(1 - fraction))),
      rule:
        "cost at epoch \(epoch) lower by at least \(percent) %: \(names); one pair that is not lower by "
        + "so much decides, else all must have been run", figure: figure,
      paperFigure: { paper in
        .all(
          pairs.map { pair in
            .ratios(
              pair.a, pair.b, of: figure ?? "", at: [epoch], in: .atMost(log(1 - fraction)), paper)
          })
      }
    ) { context in
      each(
        pairs.map { NamedPair($0.a, $0.b, label: "\($0.a) and \($0.b)", part: $0.a) },
        of: (id, statement), sides: ("each", "its rival")
      ) { pair in
        RatioPart(
          label: pair.label, pair: (pair.a, pair.b),
          comparison: try context.compare(pair.a, with: pair.b, measure: measure, at: [epoch]),
          region: .atMost(log(1 - fraction)))
      }
    }
    .comparing(
      pairs.map {
        CostComparison($0.a, $0.b, at: [[epoch]], of: measure, .atMost(log(1 - fraction)))
      })
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

  /// For every pair, the ratio of the mean costs over `epochs` lies inside `range`.
  ///
  /// - Parameter resolution: what the search of their settings may hide.
  public static func ratioOfMeans(
    _ id: String, _ statement: String, place: String, pairs: [(a: String, b: String)],
    inside range: ClosedRange<Double>, over epochs: ClosedRange<Int>,
    resolution: SearchResolution, measure: Measure = .runningCost, figure: String? = nil
  ) -> Claim {
    let region = Region.inside(log(range.lowerBound)...log(range.upperBound))
    let ends = [range.lowerBound, range.upperBound].map { NumberText.significant($0) }
    let names = pairs.map { "\($0.a) / \($0.b)" }
    return Claim(
      id, statement, place: place, threshold: .ratio("each of them", region),
      rule:
        "mean cost of epochs \(epochs.lowerBound) to \(epochs.upperBound), \(ends[0]) <= a / b <= \(ends[1]) of "
        + "\(NumberText.list(names)); an interval that reaches into \(resolution.text) does not decide, as the search's "
        + "stepsizes may hide as much", figure: figure,
      paperFigure: { paper in
        .all(
          pairs.map {
            .means($0.a, $0.b, of: figure ?? "", over: Array(epochs), in: region, paper)
          })
      }
    ) { context in
      var parts = Conjunction<RatioPart>(\.judgement)
      for (a, b) in pairs {
        parts.add { add in
          add(
            RatioPart(
              label: "\(a) and \(b)", pair: (a, b),
              comparison: try context.compare(a, with: b, measure: measure, at: Array(epochs)),
              region: region, resolution: resolution))
        }
      }
      _ = try parts.verdict()
      return [RatioPart.outcome(parts, "each", "its rival")]
    }
    .comparing(
      pairs.map {
        CostComparison(
          $0.a, $0.b, at: [Array(epochs)], of: measure, region, resolution: resolution)
      })
  }

  private static func ratio(
    _ id: String, _ statement: String, place: String, _ a: String, to b: String,
    region: Region, at epochs: [Int], measure: Measure, figure: String?, rule: String
  ) -> Claim {
    Claim(
      id, statement, place: place, threshold: .ratio("\(a) / \(b)", region), rule: rule,
      figure: figure,
      paperFigure: { .ratios(a, b, of: figure ?? "", at: epochs, in: region, $0) }
    ) { context in
      let parts = try epochs.map { epoch in
        let comparison = try context.compare(a, with: b, measure: measure, at: [epoch])
        return RatioPart(
          label: "epoch \(epoch)", pair: (a, b), comparison: comparison, region: region)
      }
      return [RatioPart.outcome(parts, a, b)]
    }
    .comparing([CostComparison(a, b, at: epochs.map { [$0] }, of: measure, region)])
  }

  /// `a` has a lower mean cost over the last `count` of `total` epochs than each of `rivals`: one
  /// verdict a rival (`<id>.<rival>`) and one for all (`<id>`). Also says from which epoch on the
  /// median of `a`, over the seeds that are compared, stays below.
  ///
  /// - Parameter resolution: what the search of their settings may hide; nil: nothing.
  public static func lastEpochsMeanLower(
    _ id: String, _ statement: String, place: String, _ a: String, than rivals: [String],
    last count: Int, of total: Int, resolution: SearchResolution? = nil,
    measure: Measure = .runningCost,
    figure: String? = nil
  ) -> Claim {
    let limits = resolution.map { "; \($0.rule("\(a) / rival"))" } ?? ""
    let epochs = Array(measure.labels(ofPasses: total).suffix(count))
    return Claim(
      id, statement, place: place, threshold: .ratio("\(a) / each rival", .below(0)),
      rule: "mean cost of the last \(count) of \(total) passes lower than that of "
        + "\(NumberText.list(rivals)); one that is lower decides, else all must have been run\(limits)",
      figure: figure,
      paperFigure: { paper in
        .all(rivals.map { .means(a, $0, of: figure ?? "", over: epochs, in: .below(0), paper) })
      }
    ) { context in
      each(
        rivals.map { NamedPair(a, $0, label: $0, part: $0, words: "than \($0)") },
        of: (id, statement), sides: (a, "rival"),
        lead: { pair in
          try context.lead(of: pair.a, over: pair.b, measure: measure, comparedAt: epochs)
        }
      ) { pair in
        RatioPart(
          label: pair.label, pair: (pair.a, pair.b),
          comparison: try context.compare(pair.a, with: pair.b, measure: measure, at: epochs),
          region: .below(0), resolution: resolution)
      }
    }
    .comparing(
      rivals.map {
        CostComparison(a, $0, at: [epochs], of: measure, .below(0), resolution: resolution)
      })
  }

  /// Our curve lies on the paper's: the median over the figure's odd epochs of |log(ours / paper)|,
  /// averaged over the seeds, is at most the first threshold (`reproduced`), at most the second
  /// (`inconclusive`), or above (`not reproduced`). Id:
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
    let matched = MatchedCurve(
      figure: figure, curve: curve ?? contender, epochs: epochs, measure: measure)
    let first = NumberText.significant(thresholds.reproduced)
    let second = NumberText.significant(thresholds.inconclusive)
    return Claim(
      "\(figure).match.\(slug(contender))",
      "our curve of \(contender) lies on the paper's", place: place,
      threshold: .atMost(thresholds, "median |log(ours / paper)|"),
      rule: "median over the odd epochs of |log(ours / paper)|, mean over seeds: reproduced <= "
        + "\(first), inconclusive <= \(second)",
      figure: figure, arms: arms, group: .figure, paperFigure: { _ in .satisfies }
    ) { context in
      [try FigureMatch(context, contender, on: matched).outcome(thresholds)]
    }.naming([contender]).matching(matched)
  }

  /// Two contenders of a claim about several such pairs.
  private struct NamedPair {
    let a: String
    let b: String
    /// What the comparison is called.
    let label: String
    /// The end of the id of its own verdict, before it is made one.
    let part: String
    /// The end of the statement.
    let words: String

    init(_ a: String, _ b: String, label: String, part: String, words: String? = nil) {
      (self.a, self.b, self.label, self.part) = (a, b, label, part)
      self.words = words ?? part
    }
  }

  /// One verdict for all pairs, and after it one for each.
  ///
  /// - Parameters:
  ///   - sides: what the whole compares, in words.
  ///   - lead: from which epoch on the first of a pair stays below, if that is told.
  ///   - compare: the comparison of a pair.
  private static func each(
    _ pairs: [NamedPair], of claim: (id: String, statement: String), sides: (String, String),
    lead: ((NamedPair) throws -> Int?)? = nil, compare: (NamedPair) throws -> RatioPart
  ) -> [ClaimOutcome] {
    var parts = Conjunction<RatioPart>(\.judgement)
    var leads: [Int?] = []
    let perPair = pairs.map { pair in
      var own: ClaimOutcome?
      parts.add { add in
        let part = try compare(pair)
        let first = try lead?(pair)
        own = RatioPart.outcome([part], pair.a, pair.b)
        if lead != nil {
          leads.append(first)
          own?.tellLead(first)
        }
        add(part)
      }
      var outcome =
        own ?? ClaimOutcome(.notRun, parts.missing.last?.reason ?? "there is nothing to judge")
      outcome.id = "\(claim.id).\(slug(pair.part))"
      outcome.statement = "\(claim.statement): \(pair.words)"
      return outcome
    }
    if let reason = parts.open { return [ClaimOutcome(.notRun, reason.reason)] + perPair }
    var whole = RatioPart.outcome(parts, sides.0, sides.1)
    if lead != nil { whole.tellLead(leads.contains(nil) ? nil : leads.compactMap(\.self).max()) }
    return [whole] + perPair
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
