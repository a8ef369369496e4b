import Numerics

/// What the registry knows about an optimization method.
public struct MethodDescription: Sendable {
  /// The name that options and result files use, e.g. `"adam-epsilon-hat"`.
  public let name: String
  /// The name for figures and tables, e.g. `"AdaMax"`.
  public let title: String
  /// Where the method and its defaults are from.
  public let source: String
  /// Its hyperparameters, `alpha` first.
  public let hyperparameters: [HyperparameterDescription]
  /// The symbols of its state vectors, each with one element a parameter.
  public let stateVectors: [String]

  /// How it is made: one that is handed gradients, or one that asks for them.
  enum Maker: Sendable {
    case steps(@Sendable (Hyperparameters, Int) -> any Optimizer)
    case sums(@Sendable (Hyperparameters, FloatVector, UInt64) throws -> any SumOptimizer)
  }

  let maker: Maker

  /// Whether it minimises a sum of subfunctions and chooses what is evaluated (`SumOptimizer`).
  public var takesSums: Bool { if case .sums = maker { true } else { false } }

  init<Method: PartedOptimizer>(
    name: String, title: String, source: String, hyperparameters: [HyperparameterDescription],
    make: @escaping @Sendable (Hyperparameters, Int) -> Method
  ) {
    self.name = name
    self.title = title
    self.source = source
    self.hyperparameters = hyperparameters
    stateVectors = Method.parts.vectors.map(\.name)
    maker = .steps(make)
  }

  /// A method that minimises a sum of subfunctions.
  init(
    name: String, title: String, source: String, hyperparameters: [HyperparameterDescription],
    makeSum: @escaping @Sendable (Hyperparameters, FloatVector, UInt64) throws -> any SumOptimizer
  ) {
    self.name = name
    self.title = title
    self.source = source
    self.hyperparameters = hyperparameters
    stateVectors = []
    maker = .sums(makeSum)
  }

  /// The hyperparameter of that name, if the method has it.
  public func hyperparameter(_ name: String) -> HyperparameterDescription? {
    hyperparameters.first { $0.name == name }
  }
}

/// A hyperparameter of a method.
public struct HyperparameterDescription: Sendable, Equatable {
  /// The name that options and result files use, e.g. `"beta1"`, `"weight-decay"`.
  public let name: String
  /// The value where none is given.
  public let `default`: Double
  /// The values that make sense.
  public let range: HyperparameterRange
  /// What it does, in a few words.
  public let meaning: String
}

/// An interval of real numbers, open or closed at either end.
public struct HyperparameterRange: Sendable, Equatable, CustomStringConvertible {
  /// The lower end.
  public let lower: Double
  /// Whether the lower end belongs to it.
  public let includesLower: Bool
  /// The upper end.
  public let upper: Double
  /// Whether the upper end belongs to it.
  public let includesUpper: Bool

  /// Whether `value` is in the interval; NaN and infinities never are.
  public func contains(_ value: Double) -> Bool {
    value.isFinite && (includesLower ? value >= lower : value > lower)
      && (includesUpper ? value <= upper : value < upper)
  }

  /// The interval as mathematics writes it, e.g. `[0, 1)`.
  public var description: String {
    func text(_ end: Double) -> String { end.isFinite ? "\(Int(end))" : "infinity" }
    return
      "\(includesLower ? "[" : "(")\(text(lower)), \(text(upper))\(includesUpper ? "]" : ")")"
  }

  static let count = HyperparameterRange(
    lower: 1, includesLower: true, upper: .infinity, includesUpper: false)
  static let share = HyperparameterRange(
    lower: 0, includesLower: true, upper: 1, includesUpper: true)
  static let positive = HyperparameterRange(
    lower: 0, includesLower: false, upper: .infinity, includesUpper: false)
  static let notNegative = HyperparameterRange(
    lower: 0, includesLower: true, upper: .infinity, includesUpper: false)
  static let decayRate = HyperparameterRange(
    lower: 0, includesLower: true, upper: 1, includesUpper: false)
  static let factor = HyperparameterRange(
    lower: 0, includesLower: false, upper: 1, includesUpper: true)
}

extension HyperparameterDescription {
  static func alpha(_ value: Double) -> Self {
    Self(name: "alpha", default: value, range: .positive, meaning: "stepsize")
  }
  static func beta1(_ value: Double) -> Self {
    Self(
      name: "beta1", default: value, range: .decayRate, meaning: "decay rate of the first moment")
  }
  static func beta2(_ value: Double) -> Self {
    Self(
      name: "beta2", default: value, range: .decayRate, meaning: "decay rate of the second moment")
  }
  static func rho(_ value: Double) -> Self {
    Self(name: "rho", default: value, range: .decayRate, meaning: "decay rate of the averages")
  }
  static func momentum(_ value: Double) -> Self {
    Self(
      name: "momentum", default: value, range: .decayRate,
      meaning: "how much of the last update goes on")
  }
  static func epsilon(_ value: Double) -> Self {
    Self(
      name: "epsilon", default: value, range: .notNegative,
      meaning: "keeps the denominator from vanishing")
  }
  static func lambda(_ value: Double) -> Self {
    Self(
      name: "lambda", default: value, range: .factor, meaning: "decay of beta1 at each step")
  }
  static func initialAccumulator(_ value: Double) -> Self {
    Self(
      name: "initial-accumulator", default: value, range: .notNegative,
      meaning: "where the sum of squares starts")
  }
  static func weightDecay(_ value: Double) -> Self {
    Self(
      name: "weight-decay", default: value, range: .notNegative,
      meaning: "decay of theta per unit of stepsize")
  }
  static func momentumDecay(_ value: Double) -> Self {
    Self(
      name: "momentum-decay", default: value, range: .notNegative,
      meaning: "how fast the momentum approaches beta1")
  }
}

/// A value for every hyperparameter of a method.
struct Hyperparameters {
  private let values: [String: Double]

  init(_ values: [String: Double]) { self.values = values }

  subscript(name: String) -> Double {
    guard let value = values[name] else {
      preconditionFailure("the method's description lists \(name)")
    }
    return value
  }
}
