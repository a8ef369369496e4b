import Glibc
import Numerics
import Optimizers
import Reporting
import Reproduction

// Abstract and section 1: Adam is suited to objectives that change. f_t(theta) = |theta - c_t|^2 / 2
// with a minimum c_t that drifts or jumps, seen through gradients with noise.

enum Change: String, CaseIterable { case drift, jumps = "switch" }
let noiseLevels = [0.1, 1, 10]
let trackers = [Adam.method, AdaGrad.method, RMSProp.method, SGD.method].map(\.name)
private let stepsizes = (-8...4).map { pow(10, Double($0) / 2) }
private let searchSeeds = (0..<5).map { Search.firstSeed + UInt64($0) }

extension Quantity {
  static let trackingError = Quantity(
    "tracking_error", [.method, .log10Alpha],
    "root of the mean square distance of a parameter from its minimum, over all steps")
}

/// The mean distance from the moving minimum, for every method and stepsize.
///
/// - Parameter seeds: of the runs that are judged; the stepsizes are chosen with others.
func nonStationary(steps: Int, seeds: [UInt64]) -> Computation<NoData> {
  let count = 10
  return Computation(
    Topic.nonStationary,
    "how far from a moving minimum each method is, on average over all steps",
    axes: [
      Axis.change(Change.self), Axis.noise(.double(noiseLevels)),
      Axis.seed(searchSeeds + seeds, "seed; those from 1000000 on choose the stepsizes"),
    ],
    ownAxes: [
      Axis.method(.string(trackers)), Axis.log10Alpha(.double((-8...4).map { Double($0) / 2 })),
    ],
    quantities: [.trackingError],
    parameters: ["steps": Double(steps), "parameters": Double(count)]
  ) { point, _ in
    let noise = Double(point[.noise]) ?? .nan
    let problem = movingMinimum(
      point.label(.change), noise: noise, steps: steps, count: count, seed: point.seed)
    return UnitsOfWork(count: trackers.count) { unit, ledger in
      for (index, alpha) in stepsizes.enumerated() {
        var optimizer = try OptimizerRegistry.make(
          trackers[unit], hyperparameters: ["alpha": alpha], count: count)
        var theta = FloatVector(count: count)
        var gradient = FloatVector(count: count)
        var sum = 0.0
        for t in 0..<steps {
          for i in 0..<count {
            let distance = theta[i] - problem.minimum[t * count + i]
            sum += Double(distance) * Double(distance)
            gradient[i] = distance + problem.noise[t * count + i]
          }
          optimizer.step(&theta, gradient: gradient)
        }
        let error = (sum / Double(steps * count)).squareRoot()
        ledger.record(.trackingError, at: [unit, index], error.isFinite ? error : .infinity)
      }
    }
  }
}

/// The minimum of every parameter at every step, and the noise that its gradient carries.
private func movingMinimum(
  _ change: Change, noise deviation: Double, steps: Int, count: Int, seed: UInt64
) -> (minimum: [Float], noise: [Float]) {
  var minimum: [Float] = []
  var noise: [Float] = []
  var now = [Float](repeating: 0, count: count)
  for t in 0..<steps {
    var stream = RandomStream(seed: seed, purpose: .problem, step: t, lane: 103)
    let jumps = change == .jumps && t.isMultiple(of: 1000)
    for i in 0..<count {
      let step = stream.nextNormal()
      let place = 2 * stream.nextUniform() - 1
      now[i] = change == .drift ? now[i] + 0.01 * step : jumps ? place : now[i]
      noise.append(Float(deviation) * stream.nextNormal())
    }
    minimum += now
  }
  return (minimum, noise)
}

/// Abstract and section 1.
package let nonStationaryClaim = Claim.custom(
  "alg.nonstationary", "Adam is suited to non-stationary objectives", place: "abstract, section 1",
  threshold: .ratio("Adam / AdaGrad", .below(0)),
  rule:
    "a drifting and a switching quadratic, noise of 0.1, 1 and 10: tracking error of Adam lower than "
    + "AdaGrad's, alpha of both searched with other seeds; the paired interval of each of the six",
  figure: "alg-nonstationary"
) { (context: ClaimContext) throws -> ClaimOutcome in
  let group = try context.finished(Topic.nonStationary)
  let seeds = try group.labels(.seed)
  let isSearch: (String) -> Bool = { (UInt64($0) ?? 0) >= Search.firstSeed }
  func errors(_ method: String, _ change: String, _ noise: String) throws -> (
    alpha: String, errors: [Double]
  ) {
    func values(_ alpha: String, _ seeds: [String]) throws -> [Double] {
      try seeds.map {
        try group.number(
          .trackingError,
          [.change: change, .noise: noise, .seed: $0, .method: method, .log10Alpha: alpha])
      }
    }
    var best: (alpha: String, error: Double)?
    for alpha in try group.labels(.log10Alpha) {
      let error = Statistics.mean(try values(alpha, seeds.filter(isSearch)))
      if error < best?.error ?? .infinity { best = (alpha, error) }
    }
    guard let best else { throw NotRun("every stepsize of \(method) diverged") }
    return (best.alpha, try values(best.alpha, seeds.filter { !isSearch($0) }))
  }
  var parts: [(name: String, estimate: Estimate, text: String)] = []
  for change in try group.labels(.change) {
    for noise in try group.labels(.noise) {
      let all = try trackers.map { try errors($0, change, noise) }
      let estimate = Statistics.studentMean(zip(all[0].errors, all[1].errors).map { log($0 / $1) })
      let means = zip(trackers, all).map { name, part in
        "\(name) \(NumberText.significant(Statistics.mean(part.errors)))"
      }
      let name = "\(change), noise \(noise)"
      parts.append((name, estimate, "\(name): \(means.joined(separator: ", "))"))
    }
  }
  return try ClaimOutcome(
    each: parts.map(\.estimate), in: .below(0), unit: "log(Adam / AdaGrad)", ofCosts: true,
    numbers: parts.map {
      ClaimNumber($0.name, $0.estimate.value, low: $0.estimate.low, high: $0.estimate.high)
    },
    "Adam's error is the lower one in \(parts.count { $0.estimate.value < 0 }) of \(parts.count); mean tracking "
      + "errors: " + parts.map(\.text).joined(separator: "; "))
}.reading(Topic.nonStationary, .trackingError)
