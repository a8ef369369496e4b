import Numerics
import Optimizers
import Testing

@Suite struct AdaGradTests {
  private let method = MethodUnderTest(
    name: "adagrad",
    unusual: [
      "alpha": 0x1p-6, "epsilon": 0.25, "initial-accumulator": 0.5,
    ]
  ) { h in
    let epsilon = h["epsilon"]!
    var v = h["initial-accumulator"]!
    return { theta, g, alpha in
      v += g * g
      return theta - alpha * g / (v.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `constant gradients give steps of alpha over the root of t`() {
    var optimizer = AdaGrad(count: 1, alpha: 1, epsilon: 0)
    var theta: FloatVector = [0]
    for t in 1...9 {
      let before = theta[0]
      optimizer.step(&theta, gradient: [3])
      #expect(abs(before - theta[0] - 1 / Float(t).squareRoot()) < 1e-6)
    }
  }

  /// Section 5: Adam with beta1 = 0, beta2 -> 1 and the stepsize alpha / sqrt(t) is AdaGrad.
  @Test func `is the limit of Adam as beta2 goes to 1`() {
    func distance(beta2: Double) -> Float {
      var adagrad = AdaGrad(count: 17, alpha: 0.01, epsilon: 0)
      var adam = Adam(count: 17, alpha: 0.01, beta1: 0, beta2: beta2, epsilon: 0)
      var (a, b) = (FloatVector(count: 17), FloatVector(count: 17))
      for t in 1...200 {
        let gradient = FloatVector(GradientSequence.random.gradient(t, count: 17))
        adam.alpha = Schedule.inverseSquareRoot(of: .step).alpha(base: 0.01, step: t, epoch: 1)
        adagrad.step(&a, gradient: gradient)
        adam.step(&b, gradient: gradient)
      }
      return zip(a.array, b.array).map { abs($0 - $1) }.max() ?? .nan
    }
    #expect(distance(beta2: 1 - 1e-8) < 1e-6)
    #expect(distance(beta2: 1 - 1e-4) < 1e-3)
    #expect(distance(beta2: 0.9) > 1e-3)
  }
}
