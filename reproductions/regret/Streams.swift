import Datasets
import Optimizers
import Reproduction
import ResultStore

/// What theorem 4.1 suggests for lambda, and one for which its bound says something.
let strategies: [(name: String, strategy: Strategy)] = [
  ("Adam", Strategy(method: Adam.method, alpha: 0.5, lambdaRest: 1e-8)),
  ("Adam, lambda = 0.9", Strategy(method: Adam.method, alpha: 0.5, lambdaRest: 0.1)),
  ("AMSGrad", Strategy(method: AMSGrad.method, alpha: 0.5, lambdaRest: 1e-8)),
  ("AdaGrad", Strategy(method: AdaGrad.method, alpha: 0.5)),
]

let problems = ["random signs", "noisy quadratic", "least squares", "MNIST logistic"]

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

func timeAxis(_ times: [Int]) -> Dimension {
  Dimension(
    "T", .int64(times.map(Int64.init)),
    attributes: .meaning("costs seen", units: "1"))
}

func textAxis(_ name: String, _ labels: [String], _ meaning: String) -> Dimension {
  Dimension(name, .string(labels), attributes: .meaning(meaning))
}

func seedAxis(_ seeds: [UInt64]) -> Dimension {
  Dimension(
    "seed", .int64(seeds.map { Int64(bitPattern: $0) }),
    attributes: .meaning("seed"))
}

/// Streams of convex costs where nothing is set up against Adam.
func benignStreams(horizon: Int, radius: Double?, seeds: [UInt64]) -> [Computation<ImageData>] {
  func computation(_ name: String, _ problems: [String], usesData: Bool) -> Computation<ImageData> {
    var parameters = ["horizon": Double(horizon), "alpha": 0.5, "beta1": 0.9, "beta2": 0.999]
    if let radius { parameters["radius"] = radius }
    return Computation(
      name, "regret on streams of convex costs, parameters projected on a box",
      axes: [textAxis("problem", problems, "stream of costs"), seedAxis(seeds)],
      ownAxes: [
        textAxis("method", strategies.map(\.name), "method"),
        textAxis("term", ["first", "second", "third"], "term of the bound"),
        timeAxis(horizons(to: horizon)),
      ],
      quantities: [
        Quantity("regret", ["method", "T"], "R(T): costs paid less those of the best fixed point"),
        Quantity("average_regret", ["method", "T"], "R(T) / T"),
        Quantity("bound", ["method", "T"], "right side of theorem 4.1"),
        Quantity("bound_terms", ["method", "term", "T"], "terms of the right side of theorem 4.1"),
        Quantity("least_cost", ["T"], "costs of the best fixed point in hindsight"),
      ],
      parameters: parameters, usesData: usesData
    ) { point, loadData in
      switch point["problem"] {
      case "random signs":
        try work(RandomSigns(radius: radius ?? 1), horizon: horizon, seed: point.seed)
      case "noisy quadratic":
        try work(NoisyQuadratic(radius: radius ?? 1), horizon: horizon, seed: point.seed)
      case "least squares":
        try work(LeastSquares(radius: radius ?? 1), horizon: horizon, seed: point.seed)
      default:
        try work(
          LogisticStream(try loadData().training, radius: radius ?? 10), horizon: horizon,
          seed: point.seed)
      }
    }
  }
  return [
    computation("streams", Array(problems.dropLast()), usesData: false),
    computation("mnist", [problems[problems.count - 1]], usesData: true),
  ]
}

/// Lets all strategies play against one stream, block after block.
private func work<Problem: OnlineProblem>(_ problem: Problem, horizon: Int, seed: UInt64) throws
  -> UnitsOfWork
{
  let times = horizons(to: horizon)
  let dimension = problem.dimension
  let diameter = (
    two: 2 * problem.radius * Double(dimension).squareRoot(), infinity: 2 * problem.radius
  )
  let start = try strategies.map { try Player($0.name, $0.strategy, dimension: dimension) }
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
      ledger.record("least_cost", at: [place], least)
      for (method, player) in players.enumerated() {
        let regret = player.paid - least
        let terms = player.boundTerms(
          t, diameter: diameter, gradientBound: problem.gradientBound)
        ledger.record("regret", at: [method, place], regret)
        ledger.record("average_regret", at: [method, place], regret / Double(t))
        ledger.record("bound", at: [method, place], terms.reduce(0, +))
        for (term, value) in terms.enumerated() {
          ledger.record("bound_terms", at: [method, term, place], value)
        }
      }
    }
    for player in players { player.save(to: &ledger.memory) }
    ledger.memory.numbers["statistics"] = statistics
    ledger.memory.numbers["best"] = best
  }
}
