import Glibc
import Numerics
import Optimizers
import Reporting
import Reproduction

// The end of section 2: the last three lines of algorithm 1 in another order, with alpha_t =
// alpha sqrt(1 - beta2^t) / (1 - beta1^t) and an epsilon-hat beside the uncorrected root.

private let gradientSizes = [1.0, 1e-4, 1e-6, 1e-8]

/// Adam in double precision, in either order.
private struct Moments {
  private var m = 0.0
  private var v = 0.0
  private let beta1 = 0.9
  private let beta2 = 0.999

  mutating func take(_ gradient: Double) {
    m += (1 - beta1) * (gradient - m)
    v += (1 - beta2) * (gradient * gradient - v)
  }

  /// The step of algorithm 1 after t gradients.
  func step(_ t: Int, epsilon: Double) -> Double {
    m / (1 - pow(beta1, Double(t))) / ((v / (1 - pow(beta2, Double(t)))).squareRoot() + epsilon)
  }

  /// The step in the other order.
  func efficientStep(_ t: Int, epsilonHat: Double) -> Double {
    (1 - pow(beta2, Double(t))).squareRoot() / (1 - pow(beta1, Double(t))) * m
      / (v.squareRoot() + epsilonHat)
  }
}

extension Quantity {
  static let orderDistance = Quantity(
    "distance", [.gradientSize],
    "largest distance of the two trajectories over the largest way from the start, with "
      + "epsilon-hat = epsilon sqrt(1 - beta2^t), double precision")
  static let orderDistanceFixed = Quantity(
    "distance_fixed", [.gradientSize], "the same with epsilon-hat = epsilon")
  static let orderDistanceSingle = Quantity(
    "distance_single", [.gradientSize],
    "the same as distance, between our optimizers in single precision")
}

/// Trajectories of both orders on the same noisy quadratic costs, with gradients of several sizes.
func efficientOrder(steps: Int) -> Computation<NoData> {
  let (count, alpha, epsilon, beta2) = (16, 0.01, 1e-8, 0.999)
  return Computation(
    Topic.efficientOrder,
    "algorithm 1 beside the order of computation that is called more efficient",
    ownAxes: [
      Axis.gradientSize(.double(gradientSizes), "standard deviation of the gradients' noise")
    ],
    quantities: [.orderDistance, .orderDistanceFixed, .orderDistanceSingle],
    parameters: ["steps": Double(steps), "alpha": alpha, "epsilon": epsilon]
  ) { point, _ in
    UnitsOfWork(count: gradientSizes.count) { unit, ledger in
      let size = gradientSizes[unit]
      let noise = (1...steps).map { step -> [Double] in
        var stream = RandomStream(seed: point.seed, purpose: .problem, step: step, lane: 102)
        return (0..<count).map { _ in Double(stream.nextNormal()) }
      }
      /// Gradients of sum (theta_i - 1)^2 / 2 with noise of a standard deviation of 1, times `size`.
      func trajectory(_ step: (Moments, Int) -> Double) -> [[Double]] {
        var theta = [Double](repeating: 0, count: count)
        var moments = theta.map { _ in Moments() }
        return noise.enumerated().map { index, noise in
          for i in theta.indices {
            moments[i].take(size * (theta[i] - 1 + noise[i]))
            theta[i] -= alpha * step(moments[i], index + 1)
          }
          return theta
        }
      }
      /// The same in single precision; `step` makes one step.
      func single(_ step: (inout FloatVector, FloatVector, Int) -> Void) -> [[Double]] {
        var theta = FloatVector(count: count)
        var gradient = FloatVector(count: count)
        return noise.enumerated().map { index, noise in
          for i in 0..<count { gradient[i] = Float(size * (Double(theta[i]) - 1 + noise[i])) }
          step(&theta, gradient, index + 1)
          return theta.array.map(Double.init)
        }
      }
      func epsilonHat(_ t: Int) -> Double { epsilon * (1 - pow(beta2, Double(t))).squareRoot() }
      let reference = trajectory { $0.step($1, epsilon: epsilon) }
      ledger.record(
        .orderDistance, at: [unit],
        relativeDistance(trajectory { $0.efficientStep($1, epsilonHat: epsilonHat($1)) }, reference)
      )
      ledger.record(
        .orderDistanceFixed, at: [unit],
        relativeDistance(trajectory { $0.efficientStep($1, epsilonHat: epsilon) }, reference))
      var adam = Adam(count: count, alpha: alpha, epsilon: epsilon)
      var efficient = AdamEpsilonHat(count: count, alpha: alpha)
      let first = single { theta, gradient, _ in adam.step(&theta, gradient: gradient) }
      let second = single { theta, gradient, t in
        efficient.epsilon = epsilonHat(t)
        efficient.step(&theta, gradient: gradient)
      }
      ledger.record(.orderDistanceSingle, at: [unit], relativeDistance(second, first))
    }
  }
}

/// The end of section 2.
let efficientOrderClaim = Claim.custom(
  "alg.efficient-order",
  "the order of computation with alpha_t is the same algorithm if epsilon-hat is epsilon sqrt(1 - beta2^t)",
  place: "section 2",
  threshold: .init("largest distance / way", .atMost(1e-6)),
  rule:
    "trajectories on noisy quadratic costs, gradients of sizes 1 to 1e-8, equal within 1e-6 of the "
    + "way from the start, with epsilon-hat = epsilon sqrt(1 - beta2^t), in double precision"
) { (context: ClaimContext) throws -> ClaimOutcome in
  func distances(_ quantity: Quantity) throws -> [(label: String, value: Double)] {
    try context.values(.efficientOrder, quantity, along: .gradientSize)
  }
  func text(_ number: Double) -> String { NumberText.significant(number) }
  let exact = try distances(.orderDistance)
  let fixed = try distances(.orderDistanceFixed)
  let single = try distances(.orderDistanceSingle).map(\.value).max() ?? .nan
  let largest = exact.map(\.value).max() ?? .nan
  return try ClaimOutcome(
    exactly: largest, in: .atMost(1e-6),
    unit: "largest distance / way",
    numbers: exact.map { ClaimNumber("gradients of size \($0.label)", $0.value) }
      + fixed.map { ClaimNumber("fixed epsilon-hat, gradients of size \($0.label)", $0.value) },
    "largest distance \(text(largest)), in single precision \(text(single)); with a fixed epsilon-hat = "
      + "epsilon, which the paper does not define, "
      + fixed.map { "\(text($0.value)) for gradients of size \($0.label)" }.joined(separator: ", "))
}.reading(Topic.efficientOrder, .orderDistance, .orderDistanceFixed, .orderDistanceSingle)
