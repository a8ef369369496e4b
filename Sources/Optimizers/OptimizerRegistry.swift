import Numerics
import Storage

/// All methods, by name.
public enum OptimizerRegistry {
  /// Every method: the simple ones first, then the adaptive ones, then Adam and what came of it.
  public static let all: [MethodDescription] = [
    SGD.method, Momentum.method, HeavyBall.method, Nesterov.method, NesterovSutskever.method,
    AdaGrad.method, AdaGradEpsilonInside.method, RMSProp.method, RMSPropEpsilonInside.method,
    RMSPropMomentum.method, AdaDelta.method, Adam.method, AdamUncorrected.method,
    AdamEpsilonHat.method, AdaMax.method, AMSGrad.method, AMSGradCorrected.method, AdamW.method,
    NAdam.method,
  ]

  /// The methods that minimise a sum of subfunctions and choose what is evaluated.
  public static let sumOptimizers: [MethodDescription] = [SumOfFunctionsOptimizer.method]

  /// The name among `names` that is nearest to `text`, if two edits or a third of its letters suffice.
  public static func closest(to text: String, among names: [String]) -> String? {
    let wanted = String(text.lowercased().prefix(64))
    let ranked = names.map { (name: $0, distance: editDistance(wanted, $0)) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, best.name.count / 3) ? best.name : nil
  }

  /// The method of that name, of either kind. Throws `OptimizerError.unknownMethod`.
  public static func method(_ name: String) throws -> MethodDescription {
    try method(name, among: all + sumOptimizers)
  }

  /// The method of that name that is handed gradients. Throws `OptimizerError.needsSum` for one of the other
  /// kind, `OptimizerError.unknownMethod`.
  public static func steppingMethod(_ name: String) throws -> MethodDescription {
    if sumOptimizers.contains(where: { $0.name == name }) { throw OptimizerError.needsSum(name) }
    return try method(name, among: all)
  }

  private static func method(
    _ name: String, among all: [MethodDescription]
  ) throws -> MethodDescription {
    guard let method = all.first(where: { $0.name == name }) else {
      throw OptimizerError.unknownMethod(
        name, known: all.map(\.name), suggestion: closest(to: name, among: all.map(\.name)))
    }
    return method
  }

  /// The values of all hyperparameters of a method: those given, and the defaults of the others.
  /// Throws `OptimizerError`.
  public static func resolve(
    _ name: String, hyperparameters: [String: Double] = [:]
  ) throws -> [String: Double] {
    let method = try method(name)
    for given in hyperparameters.keys.sorted() where method.hyperparameter(given) == nil {
      let known = method.hyperparameters.map(\.name)
      throw OptimizerError.unknownHyperparameter(
        given, method: name, known: known, suggestion: closest(to: given, among: known))
    }
    var values: [String: Double] = [:]
    for hyperparameter in method.hyperparameters {
      let value = hyperparameters[hyperparameter.name] ?? hyperparameter.default
      guard hyperparameter.range.contains(value) else {
        throw OptimizerError.outOfRange(
          hyperparameter.name, method: name, value: value, range: hyperparameter.range)
      }
      let held = Float(value)
      guard held == 0 ? value == 0 : held.isNormal else {
        throw OptimizerError.notRepresentable(hyperparameter.name, method: name, value: value)
      }
      values[hyperparameter.name] = value
    }
    return values
  }

  /// An optimizer of `count` parameters before its first step; hyperparameters that are not given
  /// take the method's defaults. Throws `OptimizerError`.
  public static func make(
    _ name: String, hyperparameters: [String: Double] = [:], count: Int
  ) throws -> any Optimizer {
    let values = try resolve(name, hyperparameters: hyperparameters)
    guard case .steps(let make) = try method(name).maker else {
      throw OptimizerError.needsSum(name)
    }
    return make(Hyperparameters(values), count)
  }

  /// An optimizer of a sum of subfunctions that starts at `theta`; `seed` decides its random choices.
  /// Throws `OptimizerError`, `SumOptimizerError`.
  public static func makeSum(
    _ name: String, hyperparameters: [String: Double] = [:], theta: FloatVector, seed: UInt64
  ) throws -> any SumOptimizer {
    let values = try resolve(name, hyperparameters: hyperparameters)
    guard case .sums(let make) = try method(name).maker else {
      throw OptimizerError.takesGradients(name)
    }
    return try make(Hyperparameters(values), theta, seed)
  }
}

/// A method is kept by its name.
extension MethodDescription: Equatable, Codable {
  /// Whether both are the same method.
  public static func == (one: MethodDescription, other: MethodDescription) -> Bool {
    one.name == other.name
  }

  /// The method whose name is there.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let method = try? OptimizerRegistry.method(container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "there is no such method")
    }
    self = method
  }

  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}

/// A method or a hyperparameter that does not exist, or a value that makes no sense.
public enum OptimizerError: UserFacingError, Equatable {
  /// There is no method of that name.
  case unknownMethod(String, known: [String], suggestion: String?)
  /// The method has no hyperparameter of that name.
  case unknownHyperparameter(String, method: String, known: [String], suggestion: String?)
  /// The value is outside the hyperparameter's range.
  case outOfRange(String, method: String, value: Double, range: HyperparameterRange)
  /// The value is too large or too small for 32-bit floating point, in which updates are made.
  case notRepresentable(String, method: String, value: Double)
  /// The text names no schedule.
  case unknownSchedule(String)
  /// The method chooses what is evaluated, so it cannot be handed gradients.
  case needsSum(String)
  /// The method is handed gradients, and chooses nothing.
  case takesGradients(String)

  /// What went wrong and what would be right; one line.
  public var description: String {
    switch self {
    case .unknownMethod(let name, let known, let suggestion):
      "unknown optimizer '\(name)'\(Self.hint(suggestion)); "
        + "choose one of \(known.joined(separator: ", "))"
    case .unknownHyperparameter(let name, let method, let known, let suggestion):
      "\(method) has no hyperparameter '\(name)'\(Self.hint(suggestion)); "
        + "it has \(known.joined(separator: ", "))"
    case .outOfRange(let name, let method, let value, let range):
      "\(name) = \(value) is out of range for \(method); give a number in \(range)"
    case .notRepresentable(let name, let method, let value):
      "\(name) = \(value) of \(method) cannot be held in 32-bit floating point; give a number from "
        + "\(Float.leastNormalMagnitude) to \(Float.greatestFiniteMagnitude)"
    case .unknownSchedule(let text):
      "unknown schedule '\(text)'; choose one of \(Schedule.forms.joined(separator: ", "))"
    case .needsSum(let name):
      "\(name) chooses itself what is evaluated and cannot be handed gradients; "
        + "use it where a cost is a sum of minibatches, as in mnist-mlp-deterministic"
    case .takesGradients(let name):
      "\(name) is handed gradients and does not choose what is evaluated; "
        + "take one of \(OptimizerRegistry.sumOptimizers.map(\.name).joined(separator: ", "))"
    }
  }

  /// A wrong option.
  public var exitStatus: ExitStatus { .usage }

  private static func hint(_ suggestion: String?) -> String {
    suggestion.map { " (did you mean \($0)?)" } ?? ""
  }
}
