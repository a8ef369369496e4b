import Datasets
import Glibc
import Numerics
import Optimizers
import Reproduction
import ResultStore

/// Linear costs `c_t x` in one dimension, on [-1, 1], of Reddi, Kale and Kumar 2018: rarely a
/// large slope, else a small one the other way. The best point is -1; Adam forgets the large
/// slope before the next one comes.
struct Counterexample {
  let name: String
  /// The rare slope, positive.
  let large: Double
  /// The common one, negative.
  let small: Double
  /// Every so many-th cost is the large one, the first included.
  let period: Int
  /// Whether it comes at random instead, with this probability.
  var probability: Double?
  /// Whether theta is projected on [-1, 1]; if not, every cost has `4 max(0, |x| - 1)` added, which
  /// keeps gradients and iterates bounded without.
  var isProjected = true
  let alpha: Double
  let beta1: Double
  let beta2: Double
  let lambdaRest: Double

  /// Their synthetic experiment; alpha, horizon and start are ours.
  static let stochastic = Counterexample(
    name: "stochastic", large: 1010, small: -10, period: 101, probability: 0.01, alpha: 0.5,
    beta1: 0.9, beta2: 0.99, lambdaRest: 1e-8)

  static let periodic = Counterexample(
    name: "periodic", large: 1010, small: -10, period: 101, alpha: 0.5, beta1: 0.9, beta2: 0.99,
    lambdaRest: 1e-8)
  static let simple = Counterexample(
    name: "C = 3", large: 3, small: -1, period: 3, alpha: 0.6, beta1: 0, beta2: 0.1,
    lambdaRest: 0.5)
  static let notProjected = Counterexample(
    name: "C = 3, no projection", large: 3, small: -1, period: 3, isProjected: false, alpha: 0.3,
    beta1: 0, beta2: 0.1, lambdaRest: 0.5)
  static let defaultBetas = Counterexample(
    name: "C = 3, default betas", large: 3, small: -1, period: 3, alpha: 0.6, beta1: 0.9,
    beta2: 0.999, lambdaRest: 0.5)
  static let deterministic = [periodic, simple, notProjected, defaultBetas]

  func slope(_ t: Int, _ stream: inout RandomStream) -> Double {
    guard let probability else { return t % period == 1 ? large : small }
    return stream.nextDouble() < probability ? large : small
  }

  /// `G_inf`.
  var gradientBound: Double { large + (isProjected ? 0 : 4) }
}

private let rivals = [Rival.adam, .amsGrad]
private let methods = rivals.map(\.rawValue)

private func computation(
  _ topic: Topic, _ meaning: String, axes: [Dimension], horizon: Int,
  example: @escaping @Sendable (ComputationPoint) -> Counterexample
) -> Computation<ImageData> {
  Computation(
    topic, meaning, axes: axes,
    ownAxes: [Axis.method(.string(methods)), Axis.costs(horizons(to: horizon))],
    quantities: [.regret, .averageRegret, .iterate, .bound, .firstViolation],
    parameters: ["horizon": Double(horizon)]
  ) { point, _ in
    try work(example(point), horizon: horizon, seed: point.seed)
  }
}

/// The streams that the proof fails on.
func counterexamples(horizon: Int, seeds: [UInt64]) -> [Computation<ImageData>] {
  [
    computation(
      .counterexamples, "regret on the counterexamples of Reddi, Kale and Kumar 2018",
      axes: [Axis.example(.string(Counterexample.deterministic.map(\.name)))],
      horizon: horizon
    ) { point in
      Counterexample.deterministic.first { $0.name == point[.example] } ?? .stochastic
    },
    computation(
      .stochastic, "regret on their stochastic counterexample", axes: [Axis.seed(seeds)],
      horizon: horizon
    ) { _ in .stochastic },
  ]
}

private func work(_ example: Counterexample, horizon: Int, seed: UInt64) throws -> UnitsOfWork {
  let times = horizons(to: horizon)
  let start = try rivals.map { rival in
    let strategy = Strategy(
      method: rival.strategy.method, alpha: example.alpha, beta1: example.beta1,
      beta2: example.beta2,
      lambdaRest: example.lambdaRest)
    return try Player(rival.rawValue, strategy, dimension: 1)
  }
  return UnitsOfWork(count: (horizon + blockLength - 1) / blockLength) { unit, ledger in
    var players = start
    // The sum of the slopes; for each method the second moment, the least and the largest iterate
    // (the best point is among the points that the theorem measures distances of), the first
    // violation.
    var sum = 0.0
    var tracks = [[Double]](repeating: [0, -1, 0, -1], count: players.count)
    if unit > 0 {
      for index in players.indices {
        try players[index].restore(from: ledger.memory)
        tracks[index] = try ledger.memory.numbers(methods[index] + ".track", count: 4)
      }
      sum = try ledger.memory.numbers("sum", count: 1)[0]
    }
    var stream = RandomStream(seed: seed, purpose: .problem, epoch: unit, lane: 210)
    for index in 0..<min(blockLength, horizon - unit * blockLength) {
      let t = unit * blockLength + index + 1
      let slope = example.slope(t, &stream)
      sum += slope
      let place = times.firstIndex(of: t)
      for method in players.indices {
        var gradient = 0.0
        players[method].play(t, radius: example.isProjected ? 1 : nil) { theta, slopes in
          let x = Double(theta[0])
          let beyond = example.isProjected ? 0 : max(0, abs(x) - 1)
          gradient = slope + (beyond > 0 ? (x > 0 ? 4 : -4) : 0)
          slopes[0] = gradient
          return slope * x + 4 * beyond
        }
        let player = players[method]
        let x = Double(player.theta[0])
        tracks[method][0] += (1 - example.beta2) * (gradient * gradient - tracks[method][0])
        tracks[method][1] = min(tracks[method][1], x)
        tracks[method][2] = max(tracks[method][2], x)
        let regret = player.paid + abs(sum)
        var bound = Double.nan
        if player.strategy.hasBound {
          let width = example.isProjected ? 2 : tracks[method][2] - tracks[method][1]
          let vHat = tracks[method][0] / -expm1(Double(t) * log(example.beta2))
          bound = player.strategy.boundTerms(
            t, diameter: (width, width), gradientBound: example.gradientBound,
            secondMoments: [vHat], squares: player.squares
          ).reduce(0, +)
          if regret > bound && tracks[method][3] < 0 { tracks[method][3] = Double(t) }
        }
        guard let place else { continue }
        ledger.record(.regret, at: [method, place], regret)
        ledger.record(.averageRegret, at: [method, place], regret / Double(t))
        ledger.record(.iterate, at: [method, place], x)
        ledger.record(.bound, at: [method, place], bound)
      }
    }
    for (method, player) in players.enumerated() {
      player.save(to: &ledger.memory)
      ledger.memory.numbers[methods[method] + ".track"] = tracks[method]
      ledger.record(.firstViolation, at: [method], tracks[method][3])
    }
    ledger.memory.numbers["sum"] = [sum]
  }
}

/// Gradients that lemma 10.3 is about.
enum GradientSequence: String, CaseIterable {
  case falling = "g = 1 / sqrt(t)"
  case quarter = "g = 1/4"
  case one = "g = 1"

  /// The largest, `G_inf`.
  var bound: Double { self == .quarter ? 0.25 : 1 }

  func gradient(_ t: Int) -> Double { self == .falling ? 1 / Double(t).squareRoot() : bound }
}

/// Lemma 10.3: `sum_t sqrt(g_t^2 / t) <= 2 G_inf ||g_{1:T}||_2`, for one coordinate.
func lemma(horizon: Int) -> Computation<ImageData> {
  let times = horizons(to: horizon)
  return Computation(
    Topic.lemma, "both sides of lemma 10.3",
    axes: [Axis.sequence(GradientSequence.self)],
    ownAxes: [Axis.costs(times)], quantities: [.left, .right, .corrected, .lemmaViolation]
  ) { point, _ in
    let sequence: GradientSequence = point.label(.sequence)
    return UnitsOfWork(count: 1) { _, ledger in
      var (left, squares, first) = (0.0, 0.0, -1.0)
      for t in 1...horizon {
        let gradient = sequence.gradient(t)
        left += abs(gradient) / Double(t).squareRoot()
        squares += gradient * gradient
        let right = 2 * sequence.bound * squares.squareRoot()
        if left > right && first < 0 { first = Double(t) }
        guard let place = times.firstIndex(of: t) else { continue }
        ledger.record(.left, at: [place], left)
        ledger.record(.right, at: [place], right)
        ledger.record(.corrected, at: [place], ((1 + log(Double(t))) * squares).squareRoot())
      }
      ledger.record(.lemmaViolation, first)
    }
  }
}
