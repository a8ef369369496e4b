import Glibc
import ResultStore

extension Claim {
  /// `a` needs fewer passes than `b` until its running cost is at most `cost`, by at least
  /// `fraction`: the interval of the paired log ratio decides.
  ///
  /// For costs that have no minimum above 0, whose ratio at a fixed pass says nothing. A run that does
  /// not get there in the passes made, or diverges first, needs more than all others; how many is not
  /// known, so there is a verdict by that bound but no number.
  public static func fewerPasses(
    by fraction: Double, to cost: Double, _ id: String, _ statement: String, place: String,
    _ a: String, than b: String, figure: String? = nil
  ) -> Claim {
    let percent = NumberText.significant(100 * fraction)
    return custom(
      id, statement, place: place,
      threshold: .ratio("passes of \(a) / of \(b)", .atMost(log(1 - fraction))),
      rule: "\(a) needs fewer passes than \(b) by at least \(percent) % until its running cost is "
        + "\(NumberText.significant(cost))", figure: figure
    ) { context in
      let array = try context.array(.runningCost)
      var comparison = Comparison()
      var reasons: [String] = []
      for seed in context.seeds(of: array) {
        let passes = try [a, b].map { try context.passes(of: $0, array, seed: seed, to: cost) }
        if let reason = passes.compactMap(\.reason).first {
          reasons.append(reason)
        } else {
          comparison.add(passes[0].count, passes[1].count, seed: seed)
        }
      }
      guard comparison.pairs > 0 else { throw NotRun(reasons.first ?? "there are no seeds") }
      comparison.leftOut = reasons
      let part = RatioPart(
        label: "passes to cost \(NumberText.significant(cost))", pair: (a, b),
        comparison: comparison, region: .atMost(log(1 - fraction)))
      let isCensored = (comparison.a + comparison.b).contains(where: \.isInfinite)
      guard isCensored else { return RatioPart.outcome([part], a, b) }
      let made = context.passesMade(array)
      let seeds = NumberText.count(comparison.pairs, "seed")
      let texts = [(a, comparison.a), (b, comparison.b)].map { name, counts in
        "\(name) \(Self.told(counts, of: made))"
      }
      let leftOut = reasons.first.map { "; seeds left out: \(reasons.count), \($0)" } ?? ""
      return ClaimOutcome(
        part.judgement, seeds: comparison.pairs,
        "\(part.label), \(seeds): \(texts.joined(separator: ", "))\(leftOut)")
    }.naming([a, b])
  }

  /// Passes until a cost is reached, one number a seed, infinite where it was not in those made.
  private static func told(_ counts: [Double], of made: Int) -> String {
    let reached = counts.filter(\.isFinite)
    if reached.isEmpty { return "not within \(made) passes" }
    let median = "after \(NumberText.significant(Statistics.median(reached))) passes"
    return reached.count == counts.count
      ? median
      : "\(median) with \(reached.count) seeds, with the others not within \(made)"
  }
}

extension ClaimContext {
  /// How many passes runs make: the last label starts one that is not made.
  fileprivate func passesMade(_ array: Cells) -> Int {
    max(0, array.labels(of: "epoch").count - 1)
  }

  /// The passes until the running cost is at most `cost`, interpolated in its logarithm: infinite if
  /// it never is; or why that is not known.
  package func passes(
    of contender: String, _ array: Cells, seed: String, to cost: Double
  ) throws -> (count: Double, reason: String?) {
    var costs: [(passes: Double, cost: Double)] = []
    let epochs = array.labels(of: "epoch").compactMap { Int($0) }
    // The last label starts a pass that is not made.
    for epoch in epochs.dropLast() {
      switch try cell(array, contender, seed: seed, epoch: epoch) {
      case .diverged: return (.infinity, nil)
      case .missing(let reason): return (.nan, reason)
      case .value(let value):
        costs.append((Double(Measure.runningCost.passes(atLabel: epoch)), value))
      }
      if costs.last?.cost ?? .infinity <= cost { break }
    }
    return (CostLevels.passes(costs, to: cost), nil)
  }
}
