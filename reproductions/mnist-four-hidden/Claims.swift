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
private func adamLowest(_ unit: String, _ values: [String: [Double]]) -> ClaimOutcome {
  let adam = values["Adam"] ?? []
  let rivals = ["SGD", "Momentum", "RMSprop"]
  let estimates = rivals.map { rival in
    Statistics.studentMean(zip(adam, values[rival] ?? []).map { log($0 / $1) })
  }
  let worst = estimates.max { $0.value < $1.value } ?? Estimate(.nan, count: 0)
  let medians = methods.map { method in
    "\(method) \(NumberText.significant(Statistics.median(values[method] ?? [])))"
  }
  return ClaimOutcome(
    .all(estimates.map { $0.judgement(ofLogRatioIn: .below(0)) }), worst, threshold: 0,
    unit: "log(Adam / strongest rival)",
    numbers: zip(rivals, estimates).map {
      ClaimNumber("Adam / \($0)", $1.value, low: $1.low, high: $1.high)
    },
    "median \(unit): " + medians.joined(separator: ", "))
}

let fourHiddenClaims = claims.map { $0.of(writeUp).reading(minibatchCost) }

private let claims: [Claim] = [
  .custom(
    "four-hidden.losses", "the losses published for iterations 0 to 1900",
    threshold: .init("share inside / the share that 95 % of our own runs reach", .atLeast(1)),
    rule: "share of the 24 numbers, which are losses of single minibatches, inside our 5-95 % band "
      + "over seeds of such losses: at least the share that 95 % of our own runs reach, each in the band of "
      + "the others",
    figure: "four-hidden", arms: [judgedArm]
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    var inside = 0
    var own: [Int] = []
    var numbers: [ClaimNumber] = []
    for method in methods {
      guard let published = context.paper.curve(method, of: "four-hidden") else {
        throw NotRun("there are no published losses of \(method)")
      }
      let losses = try context.losses(method)
      if own.isEmpty { own = [Int](repeating: 0, count: losses.count) }
      for point in published.points {
        let iteration = Int(point.x)
        func band(_ rows: [[Double]]) -> (low: Double, high: Double) {
          let values = rows.map { $0[iteration] }
          return (Statistics.quantile(values, 0.05), Statistics.quantile(values, 0.95))
        }
        let (low, high) = band(losses)
        if low <= point.y && point.y <= high { inside += 1 }
        for seed in losses.indices where losses.count > 1 {
          let others = band(losses.indices.filter { $0 != seed }.map { losses[$0] })
          let loss = losses[seed][iteration]
          own[seed] += others.low <= loss && loss <= others.high ? 1 : 0
        }
        numbers.append(
          ClaimNumber("\(method), iteration \(iteration)", point.y, low: low, high: high))
      }
    }
    let share = Double(inside) / Double(numbers.count)
    let seeds = try context.document.view.labels("seed").count
    let shares = own.map { Double($0) / Double(numbers.count) }
    let usual = Statistics.quantile(shares, 0.05)
    let judgement: Judgement =
      Statistics.confidence(seeds: seeds) == nil
      ? .inconclusive : share >= usual ? .reproduced : .notReproduced
    return ClaimOutcome(
      judgement, effect: share, threshold: usual, unit: "share inside", seeds: seeds,
      numbers: numbers,
      "\(inside) of \(numbers.count) published losses (\(percent(share))) lie inside our band over "
        + "\(seeds) seeds; of our own runs, each in the band of the others, 95 % reach \(percent(usual)), half "
        + percent(Statistics.median(shares))
        + (seeds == 1 ? "; one seed has no band" : ""))
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
    return adamLowest("iterations to loss 0.3", values)
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
    return adamLowest("deviation of the last 500 losses", values)
  },
]
