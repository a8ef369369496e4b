import Networks
import Numerics

/// Mean squared distance of theta to the examples of a minibatch: small, convex, and sensitive to
/// the order of the examples and to the noise key.
final class QuadraticObjective: Objective {
  let parameters = [Parameter(name: "theta", shape: [3], offset: 0, storedCount: 3)]
  private let points: [[Float]]
  private let explodesAfter: Int?
  private var evaluations = 0
  /// The examples of all minibatches so far.
  private(set) var taken: Set<Int> = []

  init(count: Int, explodesAfter: Int? = nil) {
    var stream = RandomStream(seed: 42, purpose: .test)
    points = (0..<count).map { _ in (0..<3).map { _ in stream.nextNormal() } }
    self.explodesAfter = explodesAfter
  }

  func count(of split: Split) -> Int { split == .training ? points.count : 1 }

  func initialTheta(seed: UInt64) -> FloatVector {
    var stream = RandomStream(seed: seed, purpose: .initialisation)
    return FloatVector((0..<3).map { _ in stream.nextNormal() })
  }

  func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    evaluations += 1
    taken.formUnion(minibatch.map(Int.init))
    if let explodesAfter, evaluations > explodesAfter {
      return MinibatchCost(cost: .infinity, penalty: 0)
    }
    var stream = RandomStream(
      seed: noise.seed, purpose: .dropout, epoch: noise.epoch, step: noise.step)
    let jitter = stream.nextUniform() * 0.01
    var cost: Float = 0
    for index in 0..<3 {
      var sum: Float = 0
      for example in minibatch {
        let difference = theta[index] - points[Int(example)][index]
        sum += difference
        cost += difference * difference / Float(2 * minibatch.count)
      }
      gradient[index] = sum / Float(minibatch.count) + jitter
    }
    return MinibatchCost(cost: Double(cost), penalty: 0)
  }

  func penalty(at theta: FloatVector) -> Double { 0 }

  func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    let cost = (0..<3).reduce(0) { $0 + Double(theta[$1] * theta[$1]) }
    return Evaluation(cost: cost, error: 0.5)
  }
}
