import Glibc
import Reporting
import Reproduction
import ResultStore

private func text(_ number: Double) -> String { NumberText.significant(number, digits: 4) }

/// The groups of benign streams in the result file, with their streams.
private let benignGroups = ["streams", "mnist"]

extension ClaimContext {
  /// A finished computation.
  fileprivate func finished(_ computation: String) throws -> DocumentView {
    let group = try document.view.subgroup(computation)
    guard try group.array("status").values.allSatisfy({ $0 == 1 }) else {
      throw NotRun("\(computation) has not been computed to its end")
    }
    return group
  }

  /// The exponent of R(T) over the last three decades, one fit a seed.
  fileprivate func exponent(
    _ computation: String, _ selection: [String: String]
  ) throws -> Estimate {
    let group = try finished(computation)
    let seeds = (try? group.labels("seed")) ?? [""]
    let hasSeeds = (try? group.labels("seed")) != nil
    let slopes = try seeds.map { seed -> Double in
      var place = selection
      if hasSeeds { place["seed"] = seed }
      let curve = try group.series("regret", place, along: "T")
      let last = curve.x.last ?? 1
      let points = zip(curve.x, curve.y).filter { $0 >= last / 1000 && $1 > 0 }
      guard points.count > 2 else { return .nan }
      return Statistics.slope(points.map { log($0.0) }, points.map { log($0.1) }).value
    }
    if slopes.count == 1, !hasSeeds {
      let curve = try group.series("regret", selection, along: "T")
      let last = curve.x.last ?? 1
      let points = zip(curve.x, curve.y).filter { $0 >= last / 1000 && $1 > 0 }
      return Statistics.slope(points.map { log($0.0) }, points.map { log($0.1) })
    }
    return Statistics.bootstrapMean(slopes.filter(\.isFinite))
  }
}

let regretClaims: [Claim] = [
  .custom(
    "alg.theorem-4.1", "the regret is bounded as in theorem 4.1 under its assumptions",
    place: "section 4, theorem 4.1",
    rule: "numerically, counterexamples included: any R(T) above the bound = not reproduced",
    figure: "regret-bound"
  ) { context in
    var numbers: [ClaimNumber] = []
    for name in benignGroups {
      let group = try context.finished(name)
      for problem in try group.labels("problem") {
        for method in ["Adam", "Adam, lambda = 0.9"] {
          let place = ["problem": problem, "method": method]
          let ratios = zip(
            try group.array("regret", place).values, try group.array("bound", place).values
          ).map { $0 / $1 }
          numbers.append(ClaimNumber("\(problem), \(method)", ratios.max() ?? .nan))
        }
      }
    }
    let group = try context.finished("counterexamples")
    var violations: [String] = []
    for example in try group.labels("example") {
      let place = ["example": example, "method": "Adam"]
      let regret = try group.array("regret", place).values
      let bound = try group.array("bound", place).values
      numbers.append(ClaimNumber(example, zip(regret, bound).map { $0 / $1 }.max() ?? .nan))
      let first = try group.number("first_violation", place)
      if first > 0, let regret = regret.last, let bound = bound.last {
        violations.append(
          "\(example): from T = \(Int(first)) on, at the end R(T) = \(text(regret)) against "
            + text(bound))
      }
    }
    let largest = numbers.map(\.value).max() ?? .nan
    return ClaimOutcome(
      largest <= 1 && violations.isEmpty ? .reproduced : .notReproduced, effect: largest,
      threshold: 1, unit: "largest R(T) / bound", numbers: numbers,
      violations.isEmpty
        ? "no violation"
        : "the bound is broken, with every assumption met: " + violations.joined(separator: "; "))
  },
  .custom(
    "alg.regret-vanishes", "for all bounded convex costs R(T) / T = O(1 / sqrt(T))",
    place: "section 4, corollary 4.2",
    rule: "fitted exponents of R(T) on benign streams and on counterexamples, all at most 0.5 "
      + "within their intervals", figure: "regret-average"
  ) { context in
    var benign: [(String, Estimate)] = []
    for name in benignGroups {
      for problem in try context.finished(name).labels("problem") {
        benign.append(
          (problem, try context.exponent(name, ["problem": problem, "method": "Adam"])))
      }
    }
    let periodic = try context.exponent(
      "counterexamples", ["example": "periodic", "method": "Adam"])
    let stochastic = try context.exponent("stochastic", ["method": "Adam"])
    let all = benign + [("periodic", periodic), ("stochastic", stochastic)]
    func last(_ group: String, _ place: [String: String]) throws -> Double {
      let values = try context.finished(group).series("average_regret", place, along: "T").y
      return values.last ?? .nan
    }
    let adam = try last("counterexamples", ["example": "periodic", "method": "Adam"])
    let amsgrad = try last("counterexamples", ["example": "periodic", "method": "AMSGrad"])
    let worst = all.max { $0.1.value < $1.1.value }?.1 ?? periodic
    let holds = all.allSatisfy { min($0.1.low, $0.1.value) <= 0.5 }
    let fails = all.contains { max($0.1.value, 0) > 0.9 }
    let exponents = all.map {
      "\($0.0) \(text($0.1.value)) [\(text($0.1.low)), \(text($0.1.high))]"
    }
    return ClaimOutcome(
      holds ? .reproduced : fails ? .notReproduced : .inconclusive, effect: worst.value,
      low: worst.low, high: worst.high, threshold: 0.5, unit: "largest exponent of R(T)",
      seeds: worst.count,
      numbers: all.map { ClaimNumber($0.0, $0.1.value, low: $0.1.low, high: $0.1.high) },
      "exponents: " + exponents.joined(separator: ", ") + "; periodic counterexample: average "
        + "regret \(text(adam)) with Adam and \(text(amsgrad)) with AMSGrad at the end")
  },
  .custom(
    "alg.lemma-10.3", "sum_t sqrt(g_t^2 / t) <= 2 G_inf ||g_{1:T}||_2",
    place: "appendix, lemma 10.3", rule: "numerically: any violation = not reproduced",
    figure: "regret-lemma"
  ) { context in
    let group = try context.finished("lemma_10_3")
    var numbers: [ClaimNumber] = []
    var broken: [String] = []
    var corrected = 0.0
    for sequence in try group.labels("sequence") {
      let place = ["sequence": sequence]
      let left = try group.array("left", place).values
      let right = try group.array("right", place).values
      numbers.append(ClaimNumber(sequence, zip(left, right).map { $0 / $1 }.max() ?? .nan))
      corrected = max(
        corrected,
        zip(left, try group.array("corrected", place).values).map { $0 / $1 }.max() ?? .nan)
      let first = try group.number("first_violation", place)
      if first > 0 { broken.append("\(sequence) from T = \(Int(first)) on") }
    }
    let largest = numbers.map(\.value).max() ?? .nan
    return ClaimOutcome(
      broken.isEmpty ? .reproduced : .notReproduced, effect: largest, threshold: 1,
      unit: "largest left side / right side", numbers: numbers,
      (broken.isEmpty ? "no violation" : "broken by " + broken.joined(separator: " and "))
        + "; sqrt(1 + ln T) ||g|| is never exceeded (largest ratio \(text(corrected)))")
  },
]
