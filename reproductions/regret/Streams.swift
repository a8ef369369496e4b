import Datasets
import Optimizers
import Reproduction

/// Who plays. Of Adam there are what theorem 4.1 suggests for lambda, and one for which its bound says
/// something.
enum Rival: String, CaseIterable {
  case adam = "Adam"
  case smallerLambda = "Adam, lambda = 0.9"
  case amsGrad = "AMSGrad"
  case adaGrad = "AdaGrad"

  /// Against streams where nothing is set up against it.
  var strategy: Strategy {
    switch self {
    case .adam: Strategy(method: Adam.method, alpha: 0.5, lambdaRest: 1e-8)
    case .smallerLambda: Strategy(method: Adam.method, alpha: 0.5, lambdaRest: 0.1)
    case .amsGrad: Strategy(method: AMSGrad.method, alpha: 0.5, lambdaRest: 1e-8)
    case .adaGrad: Strategy(method: AdaGrad.method, alpha: 0.5)
    }
  }
}

/// Streams of convex costs where nothing is set up against Adam.
enum Stream: String, CaseIterable {
  case randomSigns = "random signs"
  case noisyQuadratic = "noisy quadratic"
  case leastSquares = "least squares"
  case logistic = "MNIST logistic"

  /// The computation that it belongs to.
  var topic: Topic { self == .logistic ? .mnist : .streams }
}

/// 1, 2, 5, 10, ... up to the horizon, and the horizon.
func horizons(to last: Int) -> [Int] {
  var values: [Int] = []
  var decade = 1
  while decade < last {
    values += [1, 2, 5].map { $0 * decade }.filter { $0 < last }
    decade *= 10
  }
  return values + [last]
}

/// The regret on the streams.
func benignStreams(horizon: Int, radius: Double?, seeds: [UInt64]) -> [Computation<ImageData>] {
  [Topic.streams, .mnist].map { topic in
    var parameters = ["horizon": Double(horizon), "alpha": 0.5, "beta1": 0.9, "beta2": 0.999]
    if let radius { parameters["radius"] = radius }
    return Computation(
      topic, "regret on streams of convex costs, parameters projected on a box",
      axes: [
        Axis.stream(.string(Stream.allCases.filter { $0.topic == topic }.map(\.rawValue))),
        Axis.seed(seeds),
      ],
      ownAxes: [
        Axis.method(Rival.self), Axis.term(.string(["first", "second", "third"])),
        Axis.costs(horizons(to: horizon)),
      ],
      quantities: [.regret, .averageRegret, .bound, .boundTerms, .leastCost],
      parameters: parameters, usesData: topic == .mnist
    ) { point, loadData in
      func play(_ problem: some OnlineProblem) throws -> UnitsOfWork {
        try work(problem, horizon: horizon, seed: point.seed)
      }
      switch point.label(.stream) as Stream {
      case .randomSigns: return try play(RandomSigns(radius: radius ?? 1))
      case .noisyQuadratic: return try play(NoisyQuadratic(radius: radius ?? 1))
      case .leastSquares: return try play(LeastSquares(radius: radius ?? 1))
      case .logistic:
        return try play(LogisticStream(try loadData().training, radius: radius ?? 10))
      }
    }
  }
}

/// Lets all rivals play against one stream, block after block.
private func work<Problem: OnlineProblem>(_ problem: Problem, horizon: Int, seed: UInt64) throws
  -> UnitsOfWork
{
  let times = horizons(to: horizon)
  let dimension = problem.dimension
  let diameter = (
    two: 2 * problem.radius * Double(dimension).squareRoot(), infinity: 2 * problem.radius
  )
  let start = try Rival.allCases.map {
    try Player($0.rawValue, $0.strategy, dimension: dimension)
  }
  return UnitsOfWork(count: (horizon + blockLength - 1) / blockLength) { unit, ledger in
    var problem = problem
    var players = start
    var statistics = problem.emptyStatistics
    var best = [Double](repeating: 0, count: dimension)
    if unit > 0 {
      for index in players.indices { try players[index].restore(from: ledger.memory) }
      statistics = try ledger.memory.numbers("statistics", count: statistics.count)
      best = try ledger.memory.numbers("best", count: dimension)
    }
    problem.draw(block: unit, seed: seed)
    for index in 0..<min(blockLength, horizon - unit * blockLength) {
      let t = unit * blockLength + index + 1
      for player in players.indices {
        players[player].play(t, radius: problem.radius) {
          problem.evaluate(index, at: $0, &$1)
        }
      }
      problem.note(index, in: &statistics)
      guard let place = times.firstIndex(of: t) else { continue }
      let least = problem.leastCost(statistics, count: t, from: &best)
      ledger.record(.leastCost, at: [place], least)
      for (method, player) in players.enumerated() {
        let regret = player.paid - least
        let terms = player.boundTerms(
          t, diameter: diameter, gradientBound: problem.gradientBound)
        ledger.record(.regret, at: [method, place], regret)
        ledger.record(.averageRegret, at: [method, place], regret / Double(t))
        ledger.record(.bound, at: [method, place], terms.reduce(0, +))
        for (term, value) in terms.enumerated() {
          ledger.record(.boundTerms, at: [method, term, place], value)
        }
      }
    }
    for player in players { player.save(to: &ledger.memory) }
    ledger.memory.numbers["statistics"] = statistics
    ledger.memory.numbers["best"] = best
  }
}
