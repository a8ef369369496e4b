/// The update of one parameter in double precision, for every method of the registry and for the
/// variants and faults that are met elsewhere.
///
/// It is written from the algorithm boxes, apart from the kernels, which it checks.
public struct UpdateRule: Sendable, Hashable {
  /// The kinds of methods.
  public enum Family: Sendable, Hashable {
    case sgd, momentum, heavyBall, nesterov, nesterovSutskever
    case adaGrad, rmsProp, rmsPropMomentum, adaDelta, adam, adaMax
    /// The sign of the gradient.
    case sign
    /// The sign of a mean of the gradient and a first moment (Lion, Chen et al. 2023).
    case lion
  }

  /// Where Adam's family corrects the bias.
  public enum Correction: Sendable, Hashable {
    /// Both moments, before epsilon is added: algorithm 1.
    case moments
    /// The stepsize, so that epsilon is added to the uncorrected root.
    case stepsize
    /// The first moment alone.
    case firstMoment
    /// The second moment alone.
    case secondMoment
    /// Both moments, each with the rate of the other.
    case exchanged
    /// Nowhere.
    case none
  }

  /// Which second moment AMSGrad takes the largest of.
  public enum Maximum: Sendable, Hashable { case none, uncorrected, corrected }

  /// Where `theta` decays.
  public enum Decay: Sendable, Hashable {
    /// Nowhere.
    case none
    /// Beside the update, times the stepsize (AdamW).
    case decoupled
    /// In the gradient, as an L2 penalty.
    case coupled
  }

  /// How NAdam looks ahead.
  public enum Lookahead: Sendable, Hashable { case none, scheduled, constant }

  /// What a resumed run has lost.
  public enum Loss: Sendable, Hashable { case powers, moments, everything }

  /// The kind of method.
  public var family: Family
  /// Whether epsilon stands under the root.
  public var epsilonInside = false
  /// Bias correction.
  public var correction = Correction.moments
  /// AMSGrad's maximum.
  public var maximum = Maximum.none
  /// Decay of `theta`.
  public var decay = Decay.none
  /// NAdam's momentum.
  public var lookahead = Lookahead.none
  /// What is added to the step in the bias corrections.
  public var counterOffset = 0
  /// Whether a gradient of zero leaves moments and `theta` of its parameter as they are.
  public var isLazy = false
  /// Whether epsilon is added to AdaMax's gradient, as PyTorch does.
  public var maxHasEpsilon = false
  /// Whether epsilon is added to AdaMax's maximum where it divides, as Keras does.
  public var denominatorHasEpsilon = false
  /// The step, from 1, before which something is lost.
  public var restart = 0
  /// What is lost there.
  public var loss = Loss.powers

  /// Whether the stepsize of each step can be found from changes.
  var hasFindableScales: Bool { family != .rmsPropMomentum }

  /// A rule without variants.
  public init(_ family: Family) { self.family = family }

  /// A rule with some of its variants chosen.
  public init(_ family: Family, _ change: (inout UpdateRule) -> Void) {
    self.family = family
    change(&self)
  }

  /// The rule of a method of the registry; nil for one that has no update of its own here.
  public static func registered(_ name: String) -> UpdateRule? { table[name] }

  private static let table: [String: UpdateRule] = [
    "sgd": .init(.sgd), "momentum": .init(.momentum), "heavy-ball": .init(.heavyBall),
    "nesterov": .init(.nesterov), "nesterov-sutskever": .init(.nesterovSutskever),
    "adagrad": .init(.adaGrad),
    "adagrad-epsilon-inside": .init(.adaGrad) { $0.epsilonInside = true },
    "rmsprop": .init(.rmsProp),
    "rmsprop-epsilon-inside": .init(.rmsProp) { $0.epsilonInside = true },
    "rmsprop-momentum": .init(.rmsPropMomentum) { $0.epsilonInside = true },
    "adadelta": .init(.adaDelta) { $0.epsilonInside = true },
    "adam": .init(.adam), "adam-uncorrected": .init(.adam) { $0.correction = .none },
    "adam-epsilon-hat": .init(.adam) { $0.correction = .stepsize },
    "adamax": .init(.adaMax),
    "amsgrad": .init(.adam) {
      $0.correction = .none
      $0.maximum = .uncorrected
    },
    "amsgrad-corrected": .init(.adam) { $0.maximum = .uncorrected },
    "adamw": .init(.adam) { $0.decay = .decoupled },
    "nadam": .init(.adam) { $0.lookahead = .scheduled },
  ]
}

/// The hyperparameters of a rule, named as in the registry.
public enum RuleParameter: String, Sendable, CaseIterable {
  case alpha, beta1, beta2, rho, momentum, epsilon, lambda
  case initialAccumulator = "initial-accumulator"
  case weightDecay = "weight-decay"
  case momentumDecay = "momentum-decay"
}

/// A value for every hyperparameter; a rule takes those that it has.
public struct RuleParameters: Sendable, Equatable {
  var alpha = 1.0
  var beta1 = 0.0
  var beta2 = 0.0
  var rho = 0.0
  var momentum = 0.0
  var epsilon = 0.0
  var lambda = 1.0
  var initialAccumulator = 0.0
  var weightDecay = 0.0
  var momentumDecay = 0.004

  /// Those given by their names in the registry.
  public init(_ named: [String: Double] = [:]) {
    for (name, value) in named {
      if let parameter = RuleParameter(rawValue: name) { self[parameter] = value }
    }
  }

  /// The value of a hyperparameter.
  public subscript(parameter: RuleParameter) -> Double {
    get { self[keyPath: Self.path(of: parameter)] }
    set { self[keyPath: Self.path(of: parameter)] = newValue }
  }

  private static func path(of parameter: RuleParameter) -> WritableKeyPath<RuleParameters, Double> {
    switch parameter {
    case .alpha: \.alpha
    case .beta1: \.beta1
    case .beta2: \.beta2
    case .rho: \.rho
    case .momentum: \.momentum
    case .epsilon: \.epsilon
    case .lambda: \.lambda
    case .initialAccumulator: \.initialAccumulator
    case .weightDecay: \.weightDecay
    case .momentumDecay: \.momentumDecay
    }
  }
}
