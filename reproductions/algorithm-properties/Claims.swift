import Glibc
import Optimizers
import Reporting
import Reproduction

/// At most 1, but for what rounding adds.
private let withinRounding = Region.atMost(1 + 1e-6)

private func text(_ number: Double) -> String { NumberText.significant(number, digits: 4) }

extension ClaimContext {
  /// The numbers of a quantity with their labels along its only free axis.
  func values(
    _ topic: Topic, _ quantity: Quantity, _ labels: [Axis: String] = [:], along axis: Axis
  ) throws -> [(label: String, value: Double)] {
    let computation = try finished(topic)
    return zip(try computation.labels(axis), try computation.values(quantity, labels))
      .filter { !$0.1.isNaN }.map { (label: $0.0, value: $0.1) }
  }
}

/// The largest step of every pair of decay rates over sequences of gradients, closed form and
/// simulation, in units of alpha.
private func largestSteps(
  _ context: ClaimContext, _ topic: Topic = .worstCase, _ closedForm: Quantity = .largestStep
) throws -> [(pair: String, betas: Betas, step: Double)] {
  try context.document.view.subgroup(topic.rawValue).labels(.betas).map { pair in
    let steps = try [.attainedStep, closedForm].flatMap {
      try context.values(topic, $0, [.betas: pair], along: .gradients).map(\.value)
    }
    return (pair: pair, betas: Betas(pair), step: steps.max() ?? .nan)
  }
}

let propertyClaims: [Claim] = [
  .custom(
    "alg.bound.spike",
    "a gradient after nothing but zeros makes a step of at most "
      + "alpha (1 - beta1) / sqrt(1 - beta2)",
    place: "section 2.1", threshold: .init("largest step / bound", withinRounding),
    rule: "all n <= 1e5, three (beta1, beta2) pairs, within 1e-6",
    figure: "alg-spike"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let largest = try context.values(.spike, .largestAfterZeros, along: .betas)
    let ratios = largest.map { ($0.label, $0.value / Betas($0.label).statedBound) }
    let worst = ratios.map(\.1).max() ?? .nan
    return try ClaimOutcome(
      exactly: worst, in: withinRounding,
      unit: "largest step / bound", numbers: ratios.map { ClaimNumber($0.0, $0.1) },
      largest.map {
        "(\($0.label)): largest step \(text($0.value)) alpha, bound \(text(Betas($0.label).statedBound))"
      }.joined(separator: "; "))
  }.reading(Topic.spike, .largestAfterZeros).part(of: "alg.bound.first"),
  .custom(
    "alg.bound.first",
    "where 1 - beta1 > sqrt(1 - beta2), no step is larger than alpha (1 - beta1) / sqrt(1 - beta2)",
    place: "section 2.1",
    threshold: .init("largest step / bound", withinRounding),
    rule:
      "supremum over sequences of gradients at (0.9, 0.999), (0.9, 0.9999) and (0, 0.999), closed "
      + "form and simulation, at most 1 + 1e-6 of the bound", figure: "alg-worst-case"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let ratios = try largestSteps(context).filter(\.betas.isFirstCase)
      .map { (pair: $0.pair, step: $0.step, bound: $0.betas.statedBound) }
    let worst = ratios.map { $0.step / $0.bound }.max() ?? .nan
    return try ClaimOutcome(
      exactly: worst, in: withinRounding,
      unit: "largest step / bound",
      numbers: ratios.map { ClaimNumber($0.pair, $0.step / $0.bound) },
      ratios.map { "(\($0.pair)): \(text($0.step)) alpha, stated \(text($0.bound))" }
        .joined(separator: "; "))
  }.reading(Topic.worstCase, .attainedStep, .largestStep),
  .custom(
    "alg.bound.general", "where 1 - beta1 <= sqrt(1 - beta2), no step is larger than alpha",
    place: "section 2.1",
    threshold: .init("largest step / alpha", withinRounding),
    rule: "worst case over sequences, closed form and simulation, <= 1 + 1e-6 wherever "
      + "1 - beta1 <= sqrt(1 - beta2)", figure: "alg-worst-case"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let worst = try largestSteps(context)
    let judged = worst.filter { !$0.betas.isFirstCase }
    let others = worst.filter { $0.betas.isFirstCase }
    let largest = judged.map(\.step).max() ?? .nan
    let broken = others.filter { $0.step > $0.betas.statedBound * (1 + 1e-6) }
    return try ClaimOutcome(
      exactly: largest, in: withinRounding,
      unit: "largest step / alpha", numbers: worst.map { ClaimNumber($0.pair, $0.step) },
      "gradients that change by the factor beta2 / beta1 from each to the next lead to "
        + judged.map {
          "\(text($0.step)) alpha at (\($0.pair))"
            + ($0.betas.hasLargestStep ? "" : " after 500 gradients and more after more")
        }.joined(separator: ", ")
        + "; it holds for all sequences only where beta1 = beta2. The bound of the other case, "
        + "stated for all sequences too, is a bound on spikes only: "
        + broken.map {
          "\(text($0.step)) instead of \(text($0.betas.statedBound)) at (\($0.pair))"
        }.joined(separator: ", "))
  }.reading(Topic.worstCase, .attainedStep, .largestStep),
  .custom(
    "alg.adamax-bound", "no step of AdaMax is larger than alpha, in the worst case",
    place: "section 7.1",
    threshold: .init("largest step / alpha", withinRounding),
    rule: "worst case, closed form and simulation, <= 1 + 1e-6", figure: "alg-adamax"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let worst = try largestSteps(context, .worstCaseOfAdaMax, .largestStepOfAdaMax)
    let largest = worst.map(\.step).max() ?? .nan
    return try ClaimOutcome(
      exactly: largest, in: withinRounding,
      unit: "largest step / alpha", numbers: worst.map { ClaimNumber($0.pair, $0.step) },
      "gradients that shrink by the factor beta2 lead to "
        + worst.map { "\(NumberText.significant($0.step, digits: 7)) alpha at (\($0.pair))" }
        .joined(separator: ", "))
  }.reading(Topic.worstCaseOfAdaMax, .attainedStep, .largestStepOfAdaMax),
  .custom(
    "alg.adamax-limit", "the L^p methods tend to AdaMax as p grows", place: "section 7.1",
    threshold: .every([
      .init("largest |log(u_p / u)| at the last p", .below(0.01)),
      .init("rises of it from p to 2 p", .atMost(0)),
    ]),
    rule: "largest |log(u_p / u)| over 1000 normal gradients falls with every doubling of p and is "
      + "below 0.01 at the last", figure: "alg-adamax-limit"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let exact = try context.values(
      .normFamily, .normDeviation, [.gradientSize: normalGradients], along: .power)
    let falls = zip(exact, exact.dropFirst()).allSatisfy { $0.value > $1.value }
    let last = exact.last?.value ?? .nan
    let firstLost = try [normalGradients, smallGradients].map { deviation in
      let lost = try context.values(
        .normFamily, .lostSteps, [.gradientSize: deviation], along: .power)
      return
        "p = \(lost.first { $0.value > 0 }?.label ?? "none") for gradients of size \(deviation)"
    }
    return ClaimOutcome(
      falls && last < 0.01 ? .reproduced : .notReproduced, effect: last, threshold: 0.01,
      unit: "largest |log(u_p / u)|",
      numbers: exact.map { ClaimNumber("p = \($0.label)", $0.value) },
      "\(text(exact.first?.value ?? .nan)) at p = \(exact.first?.label ?? ""), \(text(last)) at "
        + "p = \(exact.last?.label ?? ""); powers of gradients leave single precision from "
        + firstLost.joined(separator: " and ") + " on")
  }.reading(Topic.normFamily, .normDeviation, .lostSteps),
  .custom(
    "alg.scale-invariance", "steps do not change when the gradients are rescaled",
    place: "abstract, section 2.1",
    threshold: .init("parameters that differ", .atMost(0)),
    rule: "trajectories equal bit for bit for factors 2^-32 to 2^32 with epsilon = 0, one for all "
      + "parameters and one each", figure: "alg-scale"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    func series(_ quantity: Quantity, _ epsilon: String) throws -> [(
      label: String, value: Double
    )] {
      try context.values(.scale, quantity, [.epsilon: epsilon], along: .log2Scale)
    }
    let changed = try series(.changed, epsilons.none)
    let judged = changed.filter { abs(Double($0.label) ?? .infinity) <= 32 }
    let diagonal = try context.finished(Topic.scale)
      .number(.changedDiagonal, [.epsilon: epsilons.none])
    let effect = max(judged.map(\.value).max() ?? .nan, diagonal)
    let exact = changed.filter { $0.value == 0 }.compactMap { Double($0.label) }
    let small = try series(.scaleDeviation, epsilons.standard).last { $0.value > 0.01 }
    return try ClaimOutcome(
      exactly: effect, in: .atMost(0),
      unit: "share of parameters that change",
      numbers: changed.map { ClaimNumber("2^\($0.label)", $0.value) },
      "no bit changes from 2^\(Int(exact.min() ?? 0)) to 2^\(Int(exact.max() ?? 0)) with epsilon = 0 "
        + "(beyond, squares leave single precision); with epsilon = 1e-8 the trajectory is off by "
        + "more than 1 % for gradients of 2^\(small?.label ?? "-") and below")
  }.reading(Topic.scale, .changed, .changedDiagonal, .scaleDeviation),
  .custom(
    "alg.unbiased", "corrected moments are unbiased for stationary gradients",
    place: "section 3",
    threshold: .init("bias / expectation", .inside(-0.05...0.05)),
    rule: "bias of each corrected moment, several distributions and times, in units of its "
      + "expectation: 95 % intervals, simultaneous by Bonferroni, within +- 5 %",
    figure: "alg-moments"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let group = try context.finished(Topic.moments)
    let z = try group.values(.standardErrors)
    let corrected = try group.values(.correctedMoment)
    // Each row has its deviation in standard errors and as a share, and so the standard error.
    let reach = Statistics.normalQuantile(1 - 0.05 / Double(2 * z.count))
    let estimates = zip(corrected, z).map { ratio, z in
      let error = z == 0 ? 0 : abs((ratio - 1) / z)
      return Estimate(
        ratio - 1, low: ratio - 1 - reach * error, high: ratio - 1 + reach * error, count: 0)
    }
    let bound = 0.05
    func largest(_ estimate: Estimate) -> Double { max(abs(estimate.low), abs(estimate.high)) }
    let worst = estimates.max { largest($0) < largest($1) } ?? Estimate(.nan, count: 0)
    let raw = try group.values(.uncorrectedMoment, [.moment: Moment.second.rawValue]).min() ?? .nan
    let sequences = group.group.number(sequenceCount) ?? .nan
    return ClaimOutcome(
      .all(estimates.map { $0.judgement(in: .inside(-bound...bound)) }), worst, threshold: bound,
      unit: "bias / expectation",
      "the widest of \(z.count) simultaneous intervals, which is the one told here, from \(Int(sequences)) sequences each, reaches "
        + "\(text(largest(worst))); largest |z| \(text(z.map(abs).max() ?? .nan)); without correction "
        + "the second moment starts at \(text(raw)) of its expectation")
  }.reading(Topic.moments, .standardErrors, .correctedMoment, .uncorrectedMoment),
  .custom(
    "alg.adagrad-limit", "AdaGrad is Adam with beta1 = 0, beta2 -> 1 and alpha / sqrt(t)",
    place: "section 5",
    threshold: .init("slope", .inside(0.95...1.05)),
    rule: "distance of trajectories goes to 0 linearly in 1 - beta2: slope of the logarithms over "
      + "1e-6 to 1e-3 within 1 +- 0.05", figure: "alg-adagrad-limit"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let points = try context.values(.adaGradLimit, .limitDistance, along: .log10Rest)
      .map { (x: Double($0.label) ?? .nan, y: $0.value) }
    let fitted = points.filter { (-6.01 ... -2.99).contains($0.x) }
    let slope = Statistics.slope(fitted.map(\.x), fitted.map { log10($0.y) })
    let last = points.min { $0.x < $1.x }
    return try ClaimOutcome(
      exactly: slope.value, in: .inside(0.95...1.05), low: slope.low, high: slope.high,
      unit: "slope",
      numbers: points.map { ClaimNumber("1 - beta2 = 10^\(text($0.x))", $0.y) },
      "the relative distance is \(text(last?.y ?? .nan)) at 1 - beta2 = 10^\(text(last?.x ?? .nan))"
    )
  }.reading(Topic.adaGradLimit, .limitDistance),
  .custom(
    "alg.memory", "little memory: two vectors of the size of theta", place: "abstract, section 1",
    threshold: .init("bytes a parameter", .inside(7.99...8.01)),
    rule: "bytes of optimizer state per parameter, measured: two 4-byte numbers"
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let bytes = try context.values(.memory, .bytes, along: .method)
    func size(of method: MethodDescription) -> Double {
      bytes.first { $0.label == method.name }?.value ?? .nan
    }
    let adam = size(of: Adam.method)
    return try ClaimOutcome(
      exactly: adam, in: .inside(7.99...8.01),
      unit: "bytes a parameter", numbers: bytes.map { ClaimNumber($0.label, $0.value) },
      "Adam keeps \(text(adam)) bytes a parameter in single precision; SGD "
        + "\(text(size(of: SGD.method))), AdaGrad \(text(size(of: AdaGrad.method))), AMSGrad "
        + text(size(of: AMSGrad.method)))
  }.reading(Topic.memory, .bytes),
  efficientOrderClaim, nonStationaryClaim,
]
