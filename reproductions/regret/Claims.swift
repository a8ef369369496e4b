import Glibc
import Reporting
import Reproduction
import ResultStore

private func text(_ number: Double) -> String { NumberText.significant(number, digits: 4) }

extension ClaimContext {
  /// The exponent of R(T) over the last two decades: with seeds that of their mean, with its
  /// interval over them by the jackknife; without seeds with the interval of the fit.
  fileprivate func exponent(
    _ topic: Topic, _ method: Rival, _ labels: [Axis: String] = [:]
  ) throws -> Estimate {
    let group = try finished(topic)
    let times = try group.labels(.costs).compactMap(Double.init)
    let labels = labels.merging([.method: method.rawValue]) { own, _ in own }
    func fit(_ regret: [Double]) -> Estimate {
      let points = zip(times, regret).filter { $0 >= (times.last ?? 1) / 100 && $1 > 0 }
      return Statistics.slope(points.map { log($0.0) }, points.map { log($0.1) })
    }
    guard let seeds = try? group.labels(.seed) else {
      return fit(try group.values(.regret, labels))
    }
    let curves = try seeds.map { seed in
      try group.values(.regret, labels.merging([.seed: seed]) { own, _ in own })
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
    threshold: .init("largest R(T) / bound", .atMost(1)),
    rule: "numerically, counterexamples included: any R(T) above the bound = not reproduced",
    figure: "regret-bound"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    var numbers: [ClaimNumber] = []
    func largestRatio(_ group: DocumentView, _ place: [Axis: String]) throws -> Double {
      zip(try group.values(.regret, place), try group.values(.bound, place)).map { $0 / $1 }.max()
        ?? .nan
    }
    for stream in Stream.allCases {
      let group = try context.finished(stream.topic)
      for method in [Rival.adam, .smallerLambda] {
        let ratio = try largestRatio(
          group, [.stream: stream.rawValue, .method: method.rawValue])
        numbers.append(ClaimNumber("\(stream.rawValue), \(method.rawValue)", ratio))
      }
    }
    let group = try context.finished(Topic.counterexamples)
    var violations: [String] = []
    for example in Counterexample.deterministic.map(\.name) {
      let place: [Axis: String] = [.example: example, .method: Rival.adam.rawValue]
      let regret = try group.values(.regret, place)
      let bound = try group.values(.bound, place)
      numbers.append(ClaimNumber(example, try largestRatio(group, place)))
      let first = try group.number(.firstViolation, place)
      if first > 0, let regret = regret.last, let bound = bound.last {
        violations.append(
          "\(example): from T = \(Int(first)) on, at the end R(T) = \(text(regret)) against "
            + "\(text(bound)), \(text(regret / bound)) times")
      }
    }
    let largest = numbers.map(\.value).max() ?? .nan
    return ClaimOutcome(
      largest <= 1 && violations.isEmpty ? .reproduced : .notReproduced, effect: largest,
      threshold: 1, unit: "largest R(T) / bound", numbers: numbers,
      violations.isEmpty
        ? "no violation"
        : "the bound is broken, with every assumption met: " + violations.joined(separator: "; "))
  }.reading(Topic.streams, .regret, .bound).reading(Topic.mnist, .regret, .bound)
    .reading(Topic.counterexamples, .regret, .bound, .firstViolation),
  .custom(
    "alg.regret-vanishes", "for all bounded convex costs R(T) / T = O(1 / sqrt(T))",
    place: "section 4, corollary 4.2",
    threshold: .init("exponent of R(T)", .atMost(0.55)),
    rule: "exponents of R(T) fitted over the last two decades, on benign streams and on "
      + "counterexamples: not reproduced if the interval of one lies above 0.55",
    figure: "regret-average"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    var all = try Stream.allCases.map { stream in
      (stream.rawValue, try context.exponent(stream.topic, .adam, [.stream: stream.rawValue]))
    }
    let periodic: [Axis: String] = [.example: Counterexample.periodic.name]
    let simple = Counterexample.simple.name
    all += [
      (Counterexample.periodic.name, try context.exponent(.counterexamples, .adam, periodic)),
      (Counterexample.stochastic.name, try context.exponent(.stochastic, .adam)),
      (simple, try context.exponent(.counterexamples, .adam, [.example: simple])),
    ]
    func last(_ method: Rival) throws -> Double {
      let labels = periodic.merging([.method: method.rawValue]) { own, _ in own }
      return try context.finished(Topic.counterexamples).values(.averageRegret, labels).last ?? .nan
    }
    let (adam, amsgrad) = (try last(.adam), try last(.amsGrad))
    let exponents = all.map {
      "\($0.0) \(text($0.1.value)) [\(text($0.1.low)), \(text($0.1.high))]"
    }
    return try ClaimOutcome(
      each: all.map(\.1), in: .atMost(0.55), unit: "exponent of R(T)",
      numbers: all.map { ClaimNumber($0.0, $0.1.value, low: $0.1.low, high: $0.1.high) },
      "exponents: " + exponents.joined(separator: ", ") + "; on the periodic counterexample the "
        + "average regret ends at \(text(adam)) with Adam, which goes to the worst point, and at "
        + "\(text(amsgrad)) with AMSGrad")
  }.reading(Topic.streams, .regret).reading(Topic.mnist, .regret)
    .reading(Topic.counterexamples, .regret, .averageRegret).reading(Topic.stochastic, .regret),
  .custom(
    "alg.lemma-10.3", "sum_t sqrt(g_t^2 / t) <= 2 G_inf ||g_{1:T}||_2",
    place: "appendix, lemma 10.3", threshold: .init("largest left side / right side", .atMost(1)),
    rule: "numerically: any violation = not reproduced",
    figure: "regret-lemma"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let group = try context.finished(Topic.lemma)
    var numbers: [ClaimNumber] = []
    var broken: [String] = []
    var corrected = 0.0
    for sequence in GradientSequence.allCases.map(\.rawValue) {
      let place: [Axis: String] = [.sequence: sequence]
      let left = try group.values(.left, place)
      func largestRatio(_ right: Quantity) throws -> Double {
        zip(left, try group.values(right, place)).map { $0 / $1 }.max() ?? .nan
      }
      numbers.append(ClaimNumber(sequence, try largestRatio(.right)))
      corrected = max(corrected, try largestRatio(.corrected))
      let first = try group.number(.lemmaViolation, place)
      if first > 0 { broken.append("\(sequence) from T = \(Int(first)) on") }
    }
    let largest = numbers.map(\.value).max() ?? .nan
    return ClaimOutcome(
      broken.isEmpty ? .reproduced : .notReproduced, effect: largest, threshold: 1,
      unit: "largest left side / right side", numbers: numbers,
      (broken.isEmpty ? "no violation" : "broken by " + broken.joined(separator: " and "))
        + "; sqrt(1 + ln T) ||g|| is never exceeded (largest ratio \(text(corrected)))")
  }.reading(Topic.lemma, .left, .right, .corrected, .lemmaViolation),
  .custom(
    "regret.convex-rate", "on a convex problem Adam's regret grows no faster than sqrt(T)",
    place: "corollary 4.2",
    threshold: .init("exponent of R(T)", .atMost(0.55)),
    rule:
      "exponent of R(T) of Adam on MNIST (is a digit even, from 49 means of pixels, one image a cost) with alpha / "
      + "sqrt(t), over the last two decades: the interval at most 0.55", figure: "regret-streams"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let estimate = try context.exponent(.mnist, .adam, [.stream: Stream.logistic.rawValue])
    return ClaimOutcome(
      estimate.judgement(in: .atMost(0.55)), estimate, threshold: 0.55, unit: "exponent of R(T)",
      "mean exponent of R(T) over these decades \(text(estimate.value)); theorem 4.1 and corollary 4.2 have 0.5. The paper "
        + "measures no rate")
  }.reading(Topic.mnist, .regret).part(of: "alg.regret-vanishes"),
  sparseClaim,
]
