import Networks
import Numerics
import Optimizers

/// The cost of the training set as a sum over fixed minibatches: subfunction i is the mean cost of its
/// minibatch, weighted by its size, and its share of the penalty.
public final class MinibatchSum: SumOfSubfunctions {
  /// What noise an evaluation of the objective has.
  public enum Noise: Sendable {
    /// The same at every evaluation of a minibatch, so that subfunctions are deterministic.
    case frozen
    /// Another at every evaluation.
    case fresh
  }

  /// The number of minibatches.
  public let count: Int
  let objective: any Objective
  /// The number of evaluations made before the next one, which fresh noise is keyed by.
  var evaluation = 0
  private let seed: UInt64
  private let noise: Noise
  private let order: [Int32]

  /// The training examples of the objective in random order, divided into `count` minibatches whose sizes
  /// differ by one at most.
  public init(_ objective: any Objective, count: Int, seed: UInt64, noise: Noise) {
    self.objective = objective
    self.count = count
    self.seed = seed
    self.noise = noise
    var stream = RandomStream(seed: seed, purpose: .minibatchOrder)
    order = stream.permutation(count: objective.count(of: .training))
  }

  /// The places of a minibatch's examples in the order.
  func range(of subfunction: Int) -> Range<Int> {
    subfunction * order.count / count..<(subfunction + 1) * order.count / count
  }

  /// Value and gradient of one minibatch: cost and penalty, times its size over the mean size.
  public func evaluate(
    _ subfunction: Int, at theta: FloatVector, gradient: inout FloatVector
  ) -> Double {
    let range = range(of: subfunction)
    let key =
      switch noise {
      case .frozen: NoiseKey(seed: seed, epoch: 0, step: subfunction)
      case .fresh: NoiseKey(seed: seed, epoch: 1, step: evaluation)
      }
    evaluation += 1
    let cost = order.withUnsafeBufferPointer {
      objective.evaluateGradient(
        at: theta, minibatch: UnsafeBufferPointer(rebasing: $0[range]), noise: key,
        gradient: &gradient)
    }
    let weight = Double(range.count * count) / Double(order.count)
    if weight != 1 {
      gradient.withUnsafeMutableBufferPointer { gradient in
        for index in gradient.indices { gradient[index] *= Float(weight) }
      }
    }
    return weight * (cost.cost + cost.penalty)
  }
}
