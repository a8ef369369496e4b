import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct AdamEpsilonHatTests {
  private let method = MethodUnderTest(
    name: "adam-epsilon-hat",
    unusual: [
      "alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9999, "epsilon": 0.25,
    ]
  ) { h in
    let (beta1, beta2, epsilon) = (h["beta1"]!, h["beta2"]!, h["epsilon"]!)
    var (m, v, t) = (0.0, 0.0, 0.0)
    return { theta, g, alpha in
      t += 1
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g * g
      let stepsize = alpha * (1 - pow(beta2, t)).squareRoot() / (1 - pow(beta1, t))
      return theta - stepsize * m / (v.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `is algorithm 1 when its epsilon follows the correction`() {
    let epsilon = 0.1
    var adam = Adam(count: 17, epsilon: epsilon)
    var hat = AdamEpsilonHat(count: 17)
    var constant = AdamEpsilonHat(count: 17, epsilon: epsilon)
    var (a, b, c) = (FloatVector(count: 17), FloatVector(count: 17), FloatVector(count: 17))
    for t in 1...300 {
      let gradient = FloatVector(GradientSequence.random.gradient(t, count: 17))
      hat.epsilon = epsilon * (1 - pow(0.999, Double(t))).squareRoot()
      adam.step(&a, gradient: gradient)
      hat.step(&b, gradient: gradient)
      constant.step(&c, gradient: gradient)
      for index in 0..<17 { #expect(abs(a[index] - b[index]) < 1e-6) }
      if t == 1 { #expect(abs(c[0]) < 0.5 * abs(a[0]), "a constant one damps the first step") }
    }
  }
}
