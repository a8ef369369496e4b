/// Follows a method in double precision beside its kernel, and tells where the kernel's numbers no
/// longer fit 32-bit floating point.
///
/// The kernels hold squares of gradients in 32 bits. They are right while every nonzero moment that
/// matters lies between 2^-102 and the largest float: for gradients of about 1e-15 to 1e18 in any
/// case, below that too where epsilon outweighs the root. Above, sums of squares stay at the largest
/// float; below, they lose digits and vanish. A parameter that has left this range is continued here
/// in 64 bits, in which no square of a float overflows or vanishes.
public struct SinglePrecisionRange {
  private let rule: UpdateRule
  private let parameters: RuleParameters
  private let coefficients: [RuleCoefficients]
  private let alphas: [Double]
  private var states: [RuleState]
  private var theta: [Double]
  private var step = 0
  /// For each parameter the step, from 1, at which it left the range; 0 while it is inside.
  public private(set) var leftAt: [Int]

  /// Follows the method `name` from `theta0`; `alphas` are the stepsizes of all steps. Nil if the
  /// method has no rule.
  public init?(
    _ name: String, hyperparameters: [String: Double], theta0: [Double], alphas: [Double]
  ) {
    guard let rule = UpdateRule.registered(name) else { return nil }
    self.rule = rule
    parameters = RuleParameters(hyperparameters)
    let alpha = parameters.alpha
    coefficients = rule.coefficients(parameters, scales: alphas.map { $0 / alpha })
    self.alphas = alphas
    states = Array(repeating: rule.start(parameters), count: theta0.count)
    theta = theta0
    leftAt = Array(repeating: 0, count: theta0.count)
  }

  /// Whether a parameter has left the range.
  public var hasLeft: Bool { leftAt.contains { $0 > 0 } }

  /// The parameter that left first, with its step.
  public var first: (step: Int, parameter: Int)? {
    leftAt.indices.filter { leftAt[$0] > 0 }.min { leftAt[$0] < leftAt[$1] }
      .map { (leftAt[$0], $0) }
  }

  /// Makes the next step. Gives `body` each parameter that is outside with its `theta`.
  public mutating func advance(
    gradient: (Int) -> Double, _ body: (_ parameter: Int, _ theta: Double) -> Void
  ) {
    let c = coefficients[step]
    step += 1
    let alphaFits = alphas[step - 1] >= Double(Float.leastNormalMagnitude)
    for index in theta.indices {
      let g = gradient(index)
      let change = rule.change(
        &states[index], gradient: g, theta: theta[index], c, parameters)
      if leftAt[index] == 0, g.isFinite,
        !alphaFits && change != 0 || !fits(states[index], g, c, change: change, theta: theta[index])
      {
        leftAt[index] = step
      }
      theta[index] += change
      if leftAt[index] > 0 { body(index, theta[index]) }
    }
  }

  /// The kernel's state vector `name` of a parameter, where the rule keeps it.
  public func value(_ name: String, parameter: Int) -> Double? {
    let state = states[parameter]
    switch (rule.family, name) {
    case (.momentum, "b"), (.nesterov, "b"), (_, "m"): return state.first
    case (.heavyBall, "w"), (.nesterovSutskever, "w"): return parameters.alpha * state.first
    case (.rmsPropMomentum, "w"): return parameters.alpha * state.third
    case (_, "v"), (_, "s"), (.adaMax, "u"): return state.second
    case (.adaDelta, "u"), (_, "vmax"): return state.third
    default: return nil
    }
  }

  private static let largest = Double(Float.greatestFiniteMagnitude)
  private static let smallSquare = 0x1p-102
  private static let smallMoment = 0x1p-116

  private func fits(
    _ state: RuleState, _ g: Double, _ c: RuleCoefficients, change: Double, theta: Double
  ) -> Bool {
    let isVelocity = rule.family == .heavyBall || rule.family == .nesterovSutskever
    let first = abs(state.first) * (isVelocity ? parameters.alpha : 1)
    var squares = [state.second, c.secondFactor * max(state.second, state.third)]
    if rule.family == .rmsPropMomentum || rule.family == .adaDelta {
      squares = [state.second]
      let third = abs(state.third) * (rule.family == .adaDelta ? 1 : parameters.alpha)
      guard third <= Self.largest else { return false }
      if rule.family == .adaDelta, parameters.epsilon < 0x1p-100, change != 0 { return false }
    }
    let factors = [c.momentFactor, c.gradientFactor * max(1, abs(g))]
    guard first <= Self.largest / 2,
      factors.allSatisfy({ 2 * $0 * c.scale * parameters.alpha <= Self.largest }),
      squares.allSatisfy({ $0 <= Self.largest })
    else { return false }
    // What is too small to change theta need not be exact.
    guard abs(change) > 0x1p-30 * abs(theta) else { return true }
    if first != 0 && first < Self.smallMoment { return false }
    guard isAdaptive, state.second > 0 else { return true }
    if rule.family == .adaMax { return state.second >= Self.smallMoment }
    guard state.second < Self.smallSquare else { return true }
    let epsilon = parameters.epsilon
    return rule.epsilonInside
      ? epsilon > 0x1p24 * state.second : epsilon * epsilon > 0x1p46 * state.second
  }

  private var isAdaptive: Bool {
    switch rule.family {
    case .sgd, .momentum, .heavyBall, .nesterov, .nesterovSutskever: false
    default: true
    }
  }
}
