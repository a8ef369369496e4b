import Glibc

/// What a rule keeps of one parameter. `first` is the first moment or the velocity, `second` the
/// second moment, the sum of squares or AdaMax's `u`, `third` AMSGrad's maximum, AdaDelta's `u` or
/// the velocity of RMSProp with momentum.
public struct RuleState: Sendable, Equatable {
  var first = 0.0
  var second = 0.0
  var third = 0.0
}

/// What depends on the step alone.
public struct RuleCoefficients: Sendable {
  /// The stepsize over alpha.
  var scale = 1.0
  /// The decay rate of the first moment.
  var beta1 = 0.0
  /// The factor of the first moment in the numerator.
  var momentFactor = 1.0
  /// The factor of the gradient in the numerator.
  var gradientFactor = 0.0
  /// The factor of the second moment under the root.
  var secondFactor = 1.0
  /// The moments are lost before this step.
  var forgets = false
}

extension UpdateRule {
  /// The state before the first step.
  public func start(_ p: RuleParameters) -> RuleState {
    RuleState(second: family == .adaGrad ? p.initialAccumulator : 0)
  }

  /// The coefficients of steps 1 to `scales.count`, where `scales` are the stepsizes over alpha.
  public func coefficients(_ p: RuleParameters, scales: [Double]) -> [RuleCoefficients] {
    var product = 1.0
    return scales.enumerated().map { index, scale in
      let step = index + 1
      var c = RuleCoefficients(scale: scale, beta1: p.beta1)
      let isLater = restart > 0 && step >= restart
      c.forgets = step == restart && loss != .powers
      guard family == .adam || family == .adaMax else { return c }
      let powersLost = isLater && loss != .moments
      let clock = powersLost ? step - restart + 1 : step
      if powersLost && step == restart { product = 1 }
      c.beta1 = p.lambda == 1 ? p.beta1 : p.beta1 * pow(p.lambda, Double(clock - 1))
      let t = Double(max(1, clock + counterOffset))
      let firstRest = 1 - pow(p.beta1, t)
      let secondRest = 1 - pow(p.beta2, t)
      switch correction {
      case .none: break
      case .stepsize:
        c.momentFactor = secondRest.squareRoot() / firstRest
      case .firstMoment: c.momentFactor = 1 / firstRest
      case .secondMoment: c.secondFactor = 1 / secondRest
      case .exchanged:
        c.momentFactor = 1 / secondRest
        c.secondFactor = 1 / firstRest
      case .moments:
        c.momentFactor = 1 / firstRest
        c.secondFactor = family == .adam ? 1 / secondRest : 1
      }
      switch lookahead {
      case .none: break
      case .constant:
        c.gradientFactor = (1 - p.beta1) / firstRest
        c.momentFactor = p.beta1 / (1 - pow(p.beta1, t + 1))
      case .scheduled:
        func mu(_ t: Double) -> Double { p.beta1 * (1 - 0.5 * pow(0.96, p.momentumDecay * t)) }
        product *= mu(t)
        c.gradientFactor = (1 - mu(t)) / (1 - product)
        c.momentFactor = mu(t + 1) / (1 - product * mu(t + 1))
      }
      return c
    }
  }

  /// Makes a step of one parameter: returns its change over alpha, without a decoupled decay.
  @inline(__always)
  func step(
    _ state: inout RuleState, gradient: Double, theta: Double, _ c: RuleCoefficients,
    _ p: RuleParameters
  ) -> Double {
    if c.forgets { state = start(p) }
    if isLazy && gradient == 0 { return 0 }
    let g = decay == .coupled ? gradient + p.weightDecay * theta : gradient
    switch family {
    case .sgd: return -c.scale * g
    case .momentum:
      state.first = p.momentum * state.first + g
      return -c.scale * state.first
    case .heavyBall:
      state.first = p.momentum * state.first - c.scale * g
      return state.first
    case .nesterov:
      state.first = p.momentum * state.first + g
      return -c.scale * (g + p.momentum * state.first)
    case .nesterovSutskever:
      state.first = p.momentum * state.first - c.scale * g
      return p.momentum * state.first - c.scale * g
    case .adaGrad:
      state.second += g * g
      return -c.scale * quotient(g, root(state.second, p))
    case .rmsProp:
      state.second = p.rho * state.second + (1 - p.rho) * g * g
      return -c.scale * quotient(g, root(state.second, p))
    case .rmsPropMomentum:
      let distance = g - state.first
      state.second = p.rho * (state.second + (1 - p.rho) * distance * distance)
      state.first = p.rho * state.first + (1 - p.rho) * g
      state.third =
        p.momentum * state.third - c.scale * quotient(g, root(state.second, p))
      return state.third
    case .adaDelta:
      state.second = p.rho * state.second + (1 - p.rho) * g * g
      let d = (state.third + p.epsilon).squareRoot() * quotient(g, root(state.second, p))
      state.third = p.rho * state.third + (1 - p.rho) * d * d
      return -c.scale * d
    case .adaMax:
      state.first = c.beta1 * state.first + (1 - c.beta1) * g
      state.second = max(p.beta2 * state.second, abs(g) + (maxHasEpsilon ? p.epsilon : 0))
      let divisor = state.second + (denominatorHasEpsilon ? p.epsilon : 0)
      return -c.scale * c.momentFactor * quotient(state.first, divisor)
    case .sign: return -c.scale * sign(g)
    case .lion:
      let mean = p.beta1 * state.first + (1 - p.beta1) * g
      state.first = p.beta2 * state.first + (1 - p.beta2) * g
      return -c.scale * sign(mean)
    case .adam:
      state.first = c.beta1 * state.first + (1 - c.beta1) * g
      state.second = p.beta2 * state.second + (1 - p.beta2) * g * g
      let second: Double
      switch maximum {
      case .none: second = c.secondFactor * state.second
      case .uncorrected:
        state.third = max(state.third, state.second)
        second = c.secondFactor * state.third
      case .corrected:
        state.third = max(state.third, c.secondFactor * state.second)
        second = state.third
      }
      let numerator = c.momentFactor * state.first + c.gradientFactor * g
      return -c.scale * quotient(numerator, root(second, p))
    }
  }

  /// Makes a step of one parameter: returns its whole change.
  @inline(__always)
  public func change(
    _ state: inout RuleState, gradient: Double, theta: Double, _ c: RuleCoefficients,
    _ p: RuleParameters
  ) -> Double {
    let plain = step(&state, gradient: gradient, theta: theta, c, p)
    return p.alpha * (decay == .decoupled ? plain + p.weightDecay * decayed(theta, c) : plain)
  }

  /// The change over alpha times the weight decay of a decoupled decay.
  @inline(__always)
  func decayed(_ theta: Double, _ c: RuleCoefficients) -> Double { -c.scale * theta }

  @inline(__always)
  private func root(_ square: Double, _ p: RuleParameters) -> Double {
    epsilonInside ? (square + p.epsilon).squareRoot() : square.squareRoot() + p.epsilon
  }

  @inline(__always)
  private func sign(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }

  @inline(__always)
  private func quotient(_ x: Double, _ d: Double) -> Double { d == 0 ? 0 : x / d }
}

/// Steps of heavy-ball or of Sutskever's form of Nesterov momentum, whose velocity holds the stepsizes, with
/// the stepsize for each step that suits the changes best.
struct ScaledVelocities {
  private let momentum: Double
  private let isNesterov: Bool
  private var velocities: [Double]
  /// The changes of the last step.
  private(set) var changes: [Double]

  /// Velocities of zero; nil for other rules.
  init?(_ rule: UpdateRule, _ p: RuleParameters, count: Int) {
    guard rule.family == .heavyBall || rule.family == .nesterovSutskever else { return nil }
    momentum = p.momentum
    isNesterov = rule.family == .nesterovSutskever
    velocities = Array(repeating: 0, count: count)
    changes = velocities
  }

  /// Makes the next step and returns its stepsize.
  mutating func advance(
    gradients: ArraySlice<Double>, changes found: [Double], tolerances: [Double]
  ) -> Double {
    let kept = isNesterov ? momentum * momentum : momentum
    let factor = isNesterov ? -(1 + momentum) : -1
    var (square, product) = (0.0, 0.0)
    for (index, g) in gradients.enumerated() {
      let weight = 1 / tolerances[index]
      let direction = factor * g * weight
      square += direction * direction
      product += direction * (found[index] - kept * velocities[index]) * weight
    }
    let stepsize = square > 0 ? max(0, product / square) : 0
    for (index, g) in gradients.enumerated() {
      changes[index] = kept * velocities[index] + stepsize * factor * g
      velocities[index] = momentum * velocities[index] - stepsize * g
    }
    return stepsize
  }
}
