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

  /// A method that is handed gradients; `make` makes one with its defaults.
  init<Method: PartedOptimizer>(
    name: String, title: String, source: String, hyperparameters: [Hyperparameter<Method>],
    make: @escaping @Sendable (_ count: Int) -> Method
  ) {
    self.name = name
    self.title = title
    self.source = source
    let standard = make(0)
    self.hyperparameters = hyperparameters.map {
      HyperparameterDescription(
        name: $0.name, default: standard[keyPath: $0.path], range: $0.range, meaning: $0.meaning)
    }
    stateVectors = Method.parts.vectors.map(\.name)
    maker = .steps { values, count in
      hyperparameters.reduce(into: make(count)) { $0[keyPath: $1.path] = values[$1.name] }
    }
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

/// A hyperparameter of a method that is handed gradients, and where its value lies.
struct Hyperparameter<Method>: Sendable {
  typealias Path = WritableKeyPath<Method, Double> & Sendable

  let name: String
  let range: HyperparameterRange
  let meaning: String
  let path: Path

  static func alpha(_ path: Path) -> Self {
    Self(name: "alpha", range: .positive, meaning: "stepsize", path: path)
  }
  static func beta1(_ path: Path) -> Self {
    Self(name: "beta1", range: .decayRate, meaning: "decay rate of the first moment", path: path)
  }
  static func beta2(_ path: Path) -> Self {
    Self(name: "beta2", range: .decayRate, meaning: "decay rate of the second moment", path: path)
  }
  static func rho(_ path: Path) -> Self {
    Self(name: "rho", range: .decayRate, meaning: "decay rate of the averages", path: path)
  }
  static func momentum(_ path: Path) -> Self {
    Self(
      name: "momentum", range: .decayRate, meaning: "how much of the last update goes on",
      path: path)
  }
  static func epsilon(_ path: Path) -> Self {
    Self(
      name: "epsilon", range: .notNegative, meaning: "keeps the denominator from vanishing",
      path: path)
  }
  static func lambda(_ path: Path) -> Self {
    Self(name: "lambda", range: .factor, meaning: "decay of beta1 at each step", path: path)
  }
  static func initialAccumulator(_ path: Path) -> Self {
    Self(
      name: "initial-accumulator", range: .notNegative, meaning: "where the sum of squares starts",
      path: path)
  }
  static func weightDecay(_ path: Path) -> Self {
    Self(
      name: "weight-decay", range: .notNegative, meaning: "decay of theta per unit of stepsize",
      path: path)
  }
  static func momentumDecay(_ path: Path) -> Self {
    Self(
      name: "momentum-decay", range: .notNegative,
      meaning: "how fast the momentum approaches beta1", path: path)
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
