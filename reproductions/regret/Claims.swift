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
    guard try group.allFinished() else {
      throw NotRun("\(computation) has not been computed to its end")
    }
    return group
  }

  /// The exponent of R(T) over the last two decades: with seeds that of their mean, with its
  /// interval over them by the jackknife; without seeds with the interval of the fit.
  fileprivate func exponent(
    _ computation: String, _ selection: [String: String]
  ) throws -> Estimate {
    let group = try finished(computation)
    let times = try group.coordinates("T")
    func fit(_ regret: [Double]) -> Estimate {
      let points = zip(times, regret).filter { $0 >= (times.last ?? 1) / 100 && $1 > 0 }
      return Statistics.slope(points.map { log($0.0) }, points.map { log($0.1) })
    }
    guard let seeds = try? group.labels("seed") else {
      return fit(try group.array("regret", selection).values)
    }
    let curves = try seeds.map { seed in
      try group.array("regret", selection.merging(["seed": seed]) { old, _ in old }).values
    }
    func exponent(_ chosen: [Int]) -> Double {
      fit(times.indices.map { time in Statistics.mean(chosen.map { curves[$0][time] }) }).value
    }
    return Statistics.jackknife(count: seeds.count, statistic: exponent)
  }
}

let regretClaims: [Claim] = [
  .custom(
    "alg.theorem-4.1", "the regret is bounded as in theorem 4.1 under its assumptions",
    place: "section 4, theorem 4.1",
    rule: "numerically, counterexamples included: any R(T) above the bound = not reproduced",
    figure: "regret-bound"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
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
    rule: "exponents of R(T) fitted over the last two decades, on benign streams and on "
      + "counterexamples: not reproduced if the interval of one lies above 0.55",
    figure: "regret-average"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
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
    let simple = try context.exponent("counterexamples", ["example": "C = 3", "method": "Adam"])
    let all =
      benign + [("periodic", periodic), ("stochastic", stochastic), ("C = 3", simple)]
    func last(_ group: String, _ place: [String: String]) throws -> Double {
      let values = try context.finished(group).series("average_regret", place, along: "T").y
      return values.last ?? .nan
    }
    let adam = try last("counterexamples", ["example": "periodic", "method": "Adam"])
    let amsgrad = try last("counterexamples", ["example": "periodic", "method": "AMSGrad"])
    let worst = all.max { $0.1.low < $1.1.low }?.1 ?? simple
    let exponents = all.map {
      "\($0.0) \(text($0.1.value)) [\(text($0.1.low)), \(text($0.1.high))]"
    }
    return ClaimOutcome(
      .all(all.map { $0.1.judgement(in: .atMost(0.55)) }), worst, threshold: 0.55,
      unit: "exponent of R(T) with the highest interval",
      numbers: all.map { ClaimNumber($0.0, $0.1.value, low: $0.1.low, high: $0.1.high) },
      "exponents: " + exponents.joined(separator: ", ") + "; on the periodic counterexample the "
        + "average regret ends at \(text(adam)) with Adam, which goes to the worst point, and at "
        + "\(text(amsgrad)) with AMSGrad")
  },
  .custom(
    "alg.lemma-10.3", "sum_t sqrt(g_t^2 / t) <= 2 G_inf ||g_{1:T}||_2",
    place: "appendix, lemma 10.3", rule: "numerically: any violation = not reproduced",
    figure: "regret-lemma"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
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
  .custom(
    "regret.convex-rate", "experiments confirm the rate of convergence in convex problems",
    place: "section 8",
    rule:
      "exponent of R(T) of Adam on MNIST logistic regression with alpha / sqrt(t), over the last two "
      + "decades: the interval at most 0.55", figure: "regret-streams"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let estimate = try context.exponent(
      "mnist", ["problem": "MNIST logistic", "method": "Adam"])
    return ClaimOutcome(
      estimate.judgement(in: .atMost(0.55)), estimate, threshold: 0.55, unit: "exponent of R(T)",
      "R(T) grows like T^\(text(estimate.value)); theorem 4.1 and corollary 4.2 have 0.5")
  },
  sparseClaim,
]
