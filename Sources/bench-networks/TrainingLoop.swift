// What is timed: steps of training, or of Adam alone.

import Networks
import Numerics
import Optimizers

/// Something that makes one step after the other.
protocol Stepping: AnyObject {
  func step()
}

/// A subject in training, on one thread.
final class TrainingLoop: Stepping {
  private(set) var theta: FloatVector
  var gradient: FloatVector
  /// The cost of the last step's minibatch, before the step, with the penalty.
  private(set) var cost = Double.nan

  private let objective: any MeasurableProducts
  private let minibatch: Int
  private let seed: UInt64
  private let order: [Int32]
  private var optimizer: any Optimizer
  private var position = 0
  private var stepCount = 0

  /// `subject` at its start; stepsize and form of Adam are the subject's unless others are given.
  init(
    _ objective: any MeasurableProducts, _ subject: Subject, seed: UInt64, alpha: Double? = nil,
    hasEpsilonHat: Bool? = nil
  ) {
    self.objective = objective
    self.seed = seed
    minibatch = subject.minibatch
    theta = objective.initialTheta(seed: seed)
    gradient = FloatVector(count: theta.count)
    optimizer = subject.optimizer(
      theta.count, alpha: alpha ?? subject.alpha,
      hasEpsilonHat: hasEpsilonHat ?? subject.hasEpsilonHat)
    order = Self.order(of: objective, seed: seed)
  }

  /// The order in which an epoch visits the examples; minibatches are taken from it one after the
  /// other, what is left at the end is not used.
  static func order(of objective: any MeasurableProducts, seed: UInt64) -> [Int32] {
    var stream = RandomStream(seed: seed, purpose: .minibatchOrder)
    return stream.permutation(count: objective.count(of: .training))
  }

  func step() {
    if position + minibatch > order.count { position = 0 }
    order.withUnsafeBufferPointer { order in
      let found = objective.evaluateGradient(
        at: theta,
        minibatch: UnsafeBufferPointer(rebasing: order[position..<position + minibatch]),
        noise: NoiseKey(seed: seed, epoch: 0, step: stepCount), gradient: &gradient)
      cost = found.cost + found.penalty
    }
    update()
    position += minibatch
    stepCount += 1
  }

  /// The optimizer's part of a step.
  func update() { optimizer.step(&theta, gradient: gradient) }
}

/// Adam alone, of one gradient.
final class UpdateLoop: Stepping {
  static let alpha = 1e-3
  static let epsilon = 1e-8

  let start: FloatVector
  let gradient: FloatVector
  private var theta: FloatVector
  private var optimizer: any Optimizer
  private var stepCount = 0

  init(count: Int, hasEpsilonHat: Bool = false) {
    var stream = RandomStream(seed: 0, purpose: .problem)
    var (start, gradient) = (FloatVector(count: count), FloatVector(count: count))
    start.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
    gradient.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
    (self.start, self.gradient, theta) = (start, gradient, start)
    optimizer =
      hasEpsilonHat
      ? AdamEpsilonHat(count: count, alpha: Self.alpha, epsilon: Self.epsilon)
      : Adam(count: count, alpha: Self.alpha, epsilon: Self.epsilon)
  }

  func step() {
    optimizer.step(&theta, gradient: gradient)
    stepCount += 1
  }

  /// The root mean square of a step so far, in units of alpha: what stands for a cost here.
  var size: Double {
    var squares = 0.0
    for i in 0..<theta.count {
      let moved = Double(theta[i]) - Double(start[i])
      squares += moved * moved
    }
    return (squares / Double(theta.count)).squareRoot() / (Self.alpha * Double(stepCount))
  }
}
