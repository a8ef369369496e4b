import Glibc
import Numerics
import Optimizers
import Reporting
import Reproduction
import ResultStore

let place = "section 7.2"
let quietProblem = "logistic"
let noisyProblem = "logistic, alpha 0.01"
let perceptron = "perceptron"
let exponential = TemporalAverage.Kind.exponential(beta: 0.999)

private func probe(
  _ name: String, _ kind: TemporalAverage.Kind, corrected: Bool = true, _ meaning: String
) -> Probe {
  Probe(name, .everyEpoch, meaning: meaning) { context in
    guard let average = (context.optimizer as? AveragedOptimizer)?.average(kind),
      average.state.step > 0
    else { return [.nan] }
    var theta = FloatVector(count: context.theta.count)
    average.write(to: &theta, corrected: corrected)
    return [context.objective.evaluate(at: theta, on: .test, noise: context.noise).cost]
  }
}

let averagedCost = probe(
  "averaged_test_cost", exponential,
  "test cost at the exponential average with its bias correction")
let uncorrectedCost = probe(
  "uncorrected_test_cost", exponential, corrected: false,
  "test cost at the exponential average without its bias correction")
let meanCost = probe("mean_test_cost", .mean, "test cost at the mean of all iterates")

/// The average with bias correction against the last iterate, where the runs end.
let averagingClaim = Claim.custom(
  "alg.averaging", "averages of the iterates often generalise better than the last one",
  place: place,
  threshold: .ratio("average / last iterate", .below(0)),
  rule: "test cost of the corrected average lower than that of the last iterate after the last "
    + "epoch, paired over seeds, on a noisy convex problem (alpha 0.01) and on the perceptron, whose settings are ours",
  figure: "averaging", arms: [.literal]
) { context in
  let view = context.document.view
  let epochs = try view.labels("epoch")
  guard let end = epochs.last, let last = Int(end), last > 0 else {
    throw NotRun("no epoch was made")
  }
  func ratios(_ probe: Probe, _ problem: String) throws -> [Double] {
    try view.labels("seed").map { seed in
      let cell = ["arm": Arm.literal.rawValue, "optimizer": problem, "seed": seed, "epoch": end]
      let ratio = log(
        try view.number(probe.variable, cell) / view.number(Measure.testCost.name, cell))
      guard ratio.isFinite else {
        throw NotRun("\(problem), seed \(seed), has not come to its end")
      }
      return ratio
    }
  }
  let problems = [noisyProblem, perceptron]
  let estimates = try problems.map { Statistics.studentMean(try ratios(averagedCost, $0)) }
  func percent(_ logarithm: Double) -> String { NumberText.comparison(ratio: exp(logarithm)) }
  let quiet = Statistics.mean(try ratios(averagedCost, quietProblem))
  let sentences = try zip(problems, estimates).map { problem, estimate in
    let mean = Statistics.mean(try ratios(meanCost, problem))
    let uncorrected = Statistics.mean(try ratios(uncorrectedCost, problem))
    return "\(problem): \(percent(estimate.value)) than the last iterate after \(last) epochs "
      + "(without correction \(percent(uncorrected)), plain mean \(percent(mean)))"
  }
  return try ClaimOutcome(
    each: estimates, in: .below(0), unit: "log(average / last iterate)", ofCosts: true,
    numbers: zip(problems, estimates).map {
      ClaimNumber($0, $1.value, low: $1.low, high: $1.high)
    },
    sentences.joined(separator: "; ")
      + "; for comparison \(quietProblem) with Adam's default stepsize: \(percent(quiet))"
  )
}.reading(averagedCost, uncorrectedCost, meanCost)
