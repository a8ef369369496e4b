import Numerics

/// An optimizer: hyperparameters and state, both plain data; one `step` is one update of `theta`.
///
/// State starts at zero and belongs to one `theta`. A saved state that is put back continues the
/// run bit for bit.
public protocol Optimizer: Sendable {
  /// The stepsize of the next update, the paper's `alpha_t`; a schedule sets it before each step.
  var alpha: Double { get set }

  /// Everything that later updates depend on, apart from the hyperparameters.
  var state: OptimizerState { get set }

  /// Updates `theta` in place with the gradient at `theta`; both have as many elements as the
  /// optimizer was made for.
  mutating func step(_ theta: inout FloatVector, gradient: FloatVector)
}

/// An optimizer whose direction is that of Adam: mhat / (sqrt(vhat) + epsilon), with both moments corrected.
public protocol MomentsOptimizer: Optimizer {
  /// Keeps the denominator from vanishing.
  var epsilon: Double { get }
}

/// The state of an optimizer as plain data.
public struct OptimizerState: Sendable, Equatable {
  /// The number of updates made, the paper's `t`.
  public var step: Int
  /// Running products and the like, by name, in a fixed order.
  public var scalars: [Scalar] = []
  /// The moments, by the paper's symbol, in a fixed order.
  public var vectors: [Vector] = []

  /// A named number.
  public struct Scalar: Sendable, Equatable {
    /// The symbol.
    public var name: String
    /// The value.
    public var value: Double
  }

  /// A named vector.
  public struct Vector: Sendable, Equatable {
    /// The symbol.
    public var name: String
    /// One element a parameter.
    public var values: FloatVector
  }
}

/// An optimizer whose state lies in numbers and vectors of its own.
public protocol PartedOptimizer: Optimizer {
  /// What the next update starts from, apart from the hyperparameters.
  static var parts: StateParts<Self> { get }
}

/// Where the parts of an optimizer's state lie, by the names that saved states have for them.
public struct StateParts<Method>: Sendable {
  /// A name, and where its value lies.
  public typealias Part<Value> = (name: String, path: WritableKeyPath<Method, Value> & Sendable)

  let step: WritableKeyPath<Method, Int> & Sendable
  var scalars: [Part<Double>] = []
  var vectors: [Part<FloatVector>] = []
}

extension PartedOptimizer {
  /// Everything that later updates depend on, apart from the hyperparameters.
  public var state: OptimizerState {
    get {
      OptimizerState(
        step: self[keyPath: Self.parts.step],
        scalars: Self.parts.scalars.map { .init(name: $0.name, value: self[keyPath: $0.path]) },
        vectors: Self.parts.vectors.map { .init(name: $0.name, values: self[keyPath: $0.path]) })
    }
    set {
      self[keyPath: Self.parts.step] = newValue.step
      for part in Self.parts.scalars { self[keyPath: part.path] = newValue.scalar(part.name) }
      for part in Self.parts.vectors {
        let count = self[keyPath: part.path].count
        self[keyPath: part.path] = newValue.vector(part.name, count: count)
      }
    }
  }
}

extension OptimizerState {
  func scalar(_ name: String) -> Double {
    guard let scalar = scalars.first(where: { $0.name == name }) else {
      preconditionFailure("the state of this optimizer has \(name)")
    }
    return scalar.value
  }

  func vector(_ name: String, count: Int) -> FloatVector {
    guard let vector = vectors.first(where: { $0.name == name }) else {
      preconditionFailure("the state of this optimizer has \(name)")
    }
    precondition(
      vector.values.count == count, "\(name) has \(vector.values.count) elements, not \(count)")
    return vector.values
  }
}
