import Numerics

/// One part of `theta`: a weight matrix or a bias vector.
public struct Parameter: Sendable, Hashable {
  /// The name, e.g. `hidden1.weights`.
  public let name: String
  /// The logical shape.
  public let shape: [Int]
  /// The part's first element in `theta`.
  public let offset: Int
  /// The elements it occupies in `theta`, with the padding of a blocked layout.
  public let storedCount: Int

  /// A part of `theta`.
  public init(name: String, shape: [Int], offset: Int, storedCount: Int) {
    self.name = name
    self.shape = shape
    self.offset = offset
    self.storedCount = storedCount
  }
}

/// What the noise of one gradient evaluation is keyed by: same key, same masks and samples.
public struct NoiseKey: Sendable, Hashable {
  /// The run's seed.
  public var seed: UInt64
  /// The epoch, from 0.
  public var epoch: Int
  /// The minibatch within the epoch, from 0.
  public var step: Int

  /// The key of minibatch `step` of `epoch` in the run with `seed`.
  public init(seed: UInt64, epoch: Int, step: Int) {
    self.seed = seed
    self.epoch = epoch
    self.step = step
  }

  /// The key of the stream for `purpose`; `lane` tells apart streams of the same purpose.
  func stream(_ purpose: RandomPurpose, lane: Int) -> RandomStream.Key {
    RandomStream.Key(seed: seed, purpose: purpose, epoch: epoch, step: step, lane: lane)
  }
}

/// The cost of one minibatch.
public struct MinibatchCost: Sendable, Hashable {
  /// The mean over the minibatch, without the penalty.
  public var cost: Double
  /// The penalty on `theta`, e.g. L2; its gradient is part of the objective's gradient.
  public var penalty: Double

  /// A cost and its penalty.
  public init(cost: Double, penalty: Double) {
    self.cost = cost
    self.penalty = penalty
  }
}

/// The cost of a whole split at a fixed `theta`, without dropout and without the penalty.
public struct Evaluation: Sendable, Hashable {
  /// The mean cost of an example.
  public var cost: Double
  /// The share of examples that are classified wrongly; `nil` where there are no classes.
  public var error: Double?

  /// A mean cost and an error rate.
  public init(cost: Double, error: Double?) {
    self.cost = cost
    self.error = error
  }
}

/// The paper's `f_t(theta)`: gives the cost and its gradient at `theta` for a minibatch.
///
/// An objective preallocates everything a step needs; it belongs to one worker and is not shared
/// between threads. It may keep the data in any memory layout, and `theta` in the layout its
/// primitives prefer.
public protocol Objective: AnyObject {
  /// The parts of `theta`, in order.
  var parameters: [Parameter] { get }

  /// The number of examples of a split.
  func count(of split: Split) -> Int

  /// `theta` before the first step; the same for every contender of a seed.
  func initialTheta(seed: UInt64) -> FloatVector

  /// Writes the gradient of cost plus penalty at `theta` to `gradient`, and returns both parts.
  ///
  /// - Parameters:
  ///   - theta: the parameters, `parameterCount` elements.
  ///   - minibatch: indices of training examples; any number up to the size that the objective was
  ///     made for.
  ///   - noise: the key of dropout masks and samples.
  ///   - gradient: overwritten, `parameterCount` elements.
  func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost

  /// The penalty at `theta`, whose gradient is part of `evaluateGradient`'s.
  func penalty(at theta: FloatVector) -> Double

  /// The cost of a whole split at `theta`, without dropout. Objectives that sample (a variational
  /// bound) key their noise by `noise`.
  func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation

  /// Where the elements of part `index` of `parameters` are stored, relative to its offset, each
  /// once and always in the same order. What else is stored there is padding and stays 0.
  func storedPositions(ofPart index: Int) -> [Int32]
}

extension Objective {
  /// The number of elements of `theta`, padding included.
  public var parameterCount: Int {
    parameters.last.map { $0.offset + $0.storedCount } ?? 0
  }

  /// The logical elements of each parameter of `theta` or of a vector like it (a gradient, a
  /// moment): row-major, without the padding of the stored layout.
  public func logicalParameters(of theta: FloatVector) -> [[Float]] {
    precondition(theta.count == parameterCount)
    return theta.withUnsafeBufferPointer { theta in
      parameters.enumerated().map { index, parameter in
        storedPositions(ofPart: index).map { theta[parameter.offset + Int($0)] }
      }
    }
  }

  /// `theta` from the logical elements of each parameter; the inverse of `logicalParameters`.
  public func theta(fromLogical logical: [[Float]]) -> FloatVector {
    parameters.stored(logical, positions: storedPositions)
  }

  /// Gives `body` the elements of `theta` and of a gradient to write, which have to fit the objective.
  @inline(__always)
  func withElements<Result>(
    of theta: FloatVector, _ gradient: inout FloatVector,
    _ body: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Result
  ) -> Result {
    precondition(theta.count == parameterCount && gradient.count == parameterCount)
    return theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let theta = theta.baseAddress, let gradient = gradient.baseAddress else {
          preconditionFailure("an objective has parameters")
        }
        return body(theta, gradient)
      }
    }
  }

  /// The first ones as they are stored, for layouts that have padding at the end of a part at most.
  public func storedPositions(ofPart index: Int) -> [Int32] {
    Array(0..<Int32(parameters[index].shape.reduce(1, *)))
  }
}

/// The sum of the squares of some elements of `theta`, added up in order in double precision.
func squaredNorm(_ theta: FloatVector, in range: Range<Int>) -> Double {
  theta.withUnsafeBufferPointer { theta in
    theta[range].reduce(0.0) { $0 + Double($1) * Double($1) }
  }
}
