import Glibc
import Numerics
import Optimizers
import Reproduction

/// A method with its hyperparameters, as theorem 4.1 demands: `alpha_t = alpha / sqrt(t)`,
/// `beta_{1,t} = beta1 lambda^(t-1)`.
struct Strategy {
  let method: MethodDescription
  let alpha: Double
  var beta1 = 0.9
  var beta2 = 0.999
  /// `1 - lambda`.
  var lambdaRest = 0.0
  /// 0 as in the theorem, unless parameters may have had no gradient yet.
  var epsilon = 0.0

  /// Theorem 4.1 is about Adam.
  var hasBound: Bool { method == Adam.method && lambdaRest > 0 }

  func makeOptimizer(count: Int) throws -> any Optimizer {
    let values = [
      "alpha": alpha, "epsilon": epsilon, "beta1": beta1, "beta2": beta2, "lambda": 1 - lambdaRest,
    ].filter { method.hyperparameter($0.key) != nil }
    return try OptimizerRegistry.make(method.name, hyperparameters: values, count: count)
  }

  /// AdaGrad's own sum of squares is its schedule.
  func stepsize(_ t: Int) -> Double {
    method == AdaGrad.method ? alpha : alpha / Double(t).squareRoot()
  }

  /// The three terms on the right side of theorem 4.1 after T costs.
  ///
  /// - Parameters:
  ///   - diameter: the theorem's D and D_inf.
  ///   - gradientBound: its G_inf.
  ///   - secondMoments: vhat_{T,i}.
  ///   - squares: the squares of ||g_{1:T,i}||_2.
  func boundTerms(
    _ rounds: Int, diameter: (two: Double, infinity: Double), gradientBound: Double,
    secondMoments: [Double], squares: [Double]
  ) -> [Double] {
    let gamma = beta1 * beta1 / beta2.squareRoot()
    let first =
      diameter.two * diameter.two / (2 * alpha * (1 - beta1))
      * secondMoments.reduce(0) { $0 + (Double(rounds) * $1).squareRoot() }
    let second =
      alpha * (1 + beta1) * gradientBound
      / ((1 - beta1) * (1 - beta2).squareRoot() * (1 - gamma) * (1 - gamma))
      * squares.reduce(0) { $0 + $1.squareRoot() }
    let third =
      Double(squares.count) * diameter.infinity * diameter.infinity * gradientBound
      * (1 - beta2).squareRoot() / (2 * alpha * (1 - beta1) * lambdaRest * lambdaRest)
    return [first, second, third]
  }
}

/// A strategy at play: it chooses theta_t, sees f_t, pays f_t(theta_t) and steps, in the
/// single-precision arithmetic of our optimizers; costs are added up in double precision.
struct Player {
  let strategy: Strategy
  private var optimizer: any Optimizer
  private(set) var theta: FloatVector
  private var gradient: FloatVector
  private var slopes: [Double]
  /// What has been paid.
  private(set) var paid = 0.0
  /// The sums of the squares of the gradients.
  private(set) var squares: [Double]
  private let name: String

  init(_ name: String, _ strategy: Strategy, dimension: Int) throws {
    self.name = name
    self.strategy = strategy
    optimizer = try strategy.makeOptimizer(count: dimension)
    theta = FloatVector(count: dimension)
    gradient = FloatVector(count: dimension)
    slopes = [Double](repeating: 0, count: dimension)
    squares = slopes
  }

  /// Plays round `t`; afterwards theta is projected on the box, unless `radius` is `nil`.
  @inline(__always)
  mutating func play(
    _ t: Int, radius: Double?,
    _ cost: (UnsafeBufferPointer<Float>, inout [Double]) -> Double
  ) {
    paid += Self.pay(theta, &slopes, cost)
    Self.take(slopes, into: &gradient, &squares)
    optimizer.alpha = strategy.stepsize(t)
    optimizer.step(&theta, gradient: gradient)
    guard let radius else { return }
    theta.withUnsafeMutableBufferPointer { theta in
      for i in theta.indices { theta[i] = min(Float(radius), max(-Float(radius), theta[i])) }
    }
  }

  // Functions of parts of a player, which may be read and written at the same time.

  @inline(__always)
  private static func pay(
    _ theta: FloatVector, _ slopes: inout [Double],
    _ cost: (UnsafeBufferPointer<Float>, inout [Double]) -> Double
  ) -> Double {
    theta.withUnsafeBufferPointer { cost($0, &slopes) }
  }

  @inline(__always)
  private static func take(
    _ slopes: [Double], into gradient: inout FloatVector, _ squares: inout [Double]
  ) {
    gradient.withUnsafeMutableBufferPointer { gradient in
      for i in gradient.indices { gradient[i] = Float(slopes[i]) }
    }
    for i in slopes.indices { squares[i] += slopes[i] * slopes[i] }
  }

  /// The terms of the theorem's bound after T rounds; NaN where there is no theorem.
  func boundTerms(_ rounds: Int, diameter: (two: Double, infinity: Double), gradientBound: Double)
    -> [Double]
  {
    guard strategy.hasBound,
      let v = optimizer.state.vectors.first(where: { $0.name == "v" })?.values
    else { return [.nan, .nan, .nan] }
    let correction = -expm1(Double(rounds) * log(strategy.beta2))
    return strategy.boundTerms(
      rounds, diameter: diameter, gradientBound: gradientBound,
      secondMoments: v.array.map { Double($0) / correction }, squares: squares)
  }

  /// Keeps the state between units of work.
  func save(to state: inout ProcessState) {
    state.store(optimizer.state, as: name)
    state.vectors[name + ".theta"] = theta
    state.numbers[name + ".paid"] = [paid]
    state.numbers[name + ".squares"] = squares
  }

  /// Goes on from a kept state.
  mutating func restore(from state: ProcessState) throws {
    try state.restore(&optimizer, from: name)
    theta = try state.vector(name + ".theta", count: theta.count)
    paid = try state.numbers(name + ".paid", count: 1)[0]
    squares = try state.numbers(name + ".squares", count: squares.count)
  }
}
