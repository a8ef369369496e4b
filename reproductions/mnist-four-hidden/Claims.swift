import Glibc
import Reporting
import Reproduction
import ResultStore

let writeUp = WriteUp.fourHidden
let iterations = 2000
let methods = ["SGD", "Momentum", "RMSprop", "Adam"]

let minibatchCost = Probe(
  "minibatch_cost", .afterSteps(Array(1...iterations)),
  meaning: "cost of the minibatch of the last of so many steps, after that step"
) { [$0.minibatchCost?().cost ?? .nan] }

private let smoothing = 11
private let noiseWindow = 51
private let judgedArm = Arm.literal

extension ClaimContext {
  /// The minibatch losses of a contender, one row a seed; infinite once a run has diverged.
  fileprivate func losses(_ contender: String) throws -> [[Double]] {
    let view = document.view
    return try view.labels("seed").map { seed in
      let run = ["arm": judgedArm.rawValue, "optimizer": contender, "seed": seed]
      let losses = try view.array(minibatchCost, run).values
      let diverged = RunStatus(document)?.state(at: run) == .diverged
      guard diverged || losses.allSatisfy(\.isFinite) else {
        throw NotRun("\(contender), seed \(seed), has not made \(iterations) iterations")
      }
      return losses.map { $0.isFinite ? $0 : .infinity }
    }
  }
}

private func percent(_ share: Double) -> String {
  NumberText.significant(100 * share, digits: 3) + " %"
}

/// Adam against each rival by a number that should be small, paired over seeds.
private func adamLowest(_ unit: String, _ values: [String: [Double]]) throws -> ClaimOutcome {
  let adam = values["Adam"] ?? []
  let rivals = ["SGD", "Momentum", "RMSprop"]
  let estimates = rivals.map { rival in
    Statistics.studentMean(zip(adam, values[rival] ?? []).map { log($0 / $1) })
  }
  let medians = methods.map { method in
    "\(method) \(NumberText.significant(Statistics.median(values[method] ?? [])))"
  }
  return try ClaimOutcome(
    each: estimates, in: .below(0), unit: "log(Adam / rival)", ofCosts: true,
    numbers: zip(rivals, estimates).map {
      ClaimNumber("Adam / \($0)", $1.value, low: $1.low, high: $1.high)
    },
    "median \(unit): " + medians.joined(separator: ", "))
}

let fourHiddenClaims = claims.map { $0.of(writeUp).reading(minibatchCost) }

/// The seeds from which on a band's share is that of its quantiles, and not of its few runs.
private let judgedSeeds = 20

private let claims: [Claim] = [
  .custom(
    "four-hidden.losses", "the losses published for iterations 0 to 1900",
    threshold: .init("share inside less that which 95 % of our own runs reach", .atLeast(0)),
    rule:
      "share of the 24 numbers, which are losses of single minibatches, inside the 5-95 % band of such "
      + "losses of all seeds but one, mean over the one: at least the share that 95 % of our own runs reach, "
      + "each in the band of the others; \(judgedSeeds) seeds or more decide",
    figure: "four-hidden", arms: [judgedArm]
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    var numbers: [ClaimNumber] = []
    // Of each seed: how many losses lie in the band of the others.
    var published: [Int] = []
    var own: [Int] = []
    for method in methods {
      guard let curve = context.paper.curve(method, of: "four-hidden") else {
        throw NotRun("there are no published losses of \(method)")
      }
      let losses = try context.losses(method)
      if own.isEmpty {
        own = [Int](repeating: 0, count: losses.count)
        published = own
      }
      for point in curve.points {
        let values = losses.map { $0[Int(point.x)] }
        func band(_ values: [Double]) -> ClosedRange<Double> {
          Statistics.quantile(values, 0.05)...Statistics.quantile(values, 0.95)
        }
        let all = band(values)
        numbers.append(
          ClaimNumber(
            "\(method), iteration \(Int(point.x))", point.y, low: all.lowerBound,
            high: all.upperBound))
        for seed in values.indices where values.count > 1 {
          let others = band(values.indices.filter { $0 != seed }.map { values[$0] })
          if others.contains(values[seed]) { own[seed] += 1 }
          if others.contains(point.y) { published[seed] += 1 }
        }
      }
    }
    func share(_ inside: Int) -> Double { Double(inside) / Double(numbers.count) }
    let seeds = own.count
    guard seeds > 1 else { throw NotRun("one seed has no band") }
    let shares = own.map(share)
    let mean = Statistics.mean(published.map(share))
    let usual = Statistics.quantile(shares, 0.05)
    let judgement: Judgement =
      seeds < judgedSeeds ? .inconclusive : mean >= usual ? .reproduced : .notReproduced
    return ClaimOutcome(
      judgement, effect: mean, threshold: usual, unit: "share inside", seeds: seeds,
      numbers: numbers,
      "\(percent(mean)) of \(numbers.count) published losses lie in the band of \(seeds - 1) seeds, mean over the "
        + "one left out; of our own runs, each in the band of the others, 95 % reach \(percent(usual)), half "
        + percent(Statistics.median(shares))
        + (seeds < judgedSeeds ? "; fewer than \(judgedSeeds) seeds do not decide" : ""))
  },
  .custom(
    "four-hidden.fastest", "Adam is the fastest",
    threshold: .ratio("Adam / each rival", .below(0)),
    rule: "iterations until the loss, smoothed over \(smoothing) iterations, is 0.3: fewer than "
      + "with each other method, paired over seeds", figure: "four-hidden", arms: [judgedArm]
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    var values: [String: [Double]] = [:]
    for method in methods {
      values[method] = try context.losses(method).map { (losses: [Double]) -> Double in
        let smoothed: [Double] = Statistics.runningMean(losses, window: smoothing)
        // A run that never gets there counts as one that does just after its end.
        let reached: Int = smoothed.firstIndex { $0 <= 0.3 } ?? iterations
        return Double(reached + 1)
      }
    }
    return try adamLowest("iterations to loss 0.3", values)
  },
  .custom(
    "four-hidden.least-noisy", "Adam is the least noisy",
    threshold: .ratio("Adam / each rival", .below(0)),
    rule: "standard deviation of the last 500 losses around their running median over "
      + "\(noiseWindow) iterations: lower than with each other method, paired over seeds",
    figure: "four-hidden", arms: [judgedArm]
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    var values: [String: [Double]] = [:]
    for method in methods {
      values[method] = try context.losses(method).map { (losses: [Double]) -> Double in
        let last = Array(losses.suffix(500))
        let medians: [Double] = Statistics.runningMedian(last, window: noiseWindow)
        return Statistics.standardDeviation(zip(last, medians).map { $0 - $1 })
      }
    }
    return try adamLowest("deviation of the last 500 losses", values)
  },
]
