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

/// The state of an optimizer as plain data.
public struct OptimizerState: Sendable, Equatable {
  /// The number of updates made, the paper's `t`.
  public var step: Int
  /// Running products and the like, by name, in a fixed order.
  public var scalars: [Scalar]
  /// The moments, by the paper's symbol, in a fixed order.
  public var vectors: [Vector]

  /// A named number.
  public struct Scalar: Sendable, Equatable {
    /// The symbol.
    public var name: String
    /// The value.
    public var value: Double

    /// A named number.
    public init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// A named vector.
  public struct Vector: Sendable, Equatable {
    /// The symbol.
    public var name: String
    /// One element a parameter.
    public var values: FloatVector

    /// A named vector.
    public init(_ name: String, _ values: FloatVector) {
      self.name = name
      self.values = values
    }
  }

  /// The state after `step` updates.
  public init(step: Int, scalars: [Scalar] = [], vectors: [Vector] = []) {
    self.step = step
    self.scalars = scalars
    self.vectors = vectors
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
