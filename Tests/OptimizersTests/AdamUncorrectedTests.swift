import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct AdamUncorrectedTests {
  private let method = MethodUnderTest(
    name: "adam-uncorrected",
    unusual: [
      "alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9999, "epsilon": 0.25,
    ]
  ) { h in
    let (beta1, beta2, epsilon) = (h["beta1"]!, h["beta2"]!, h["epsilon"]!)
    var (m, v) = (0.0, 0.0)
    return { theta, g, alpha in
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g * g
      return theta - alpha * m / (v.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `its steps are those of Adam times the missing correction`() {
    var plain = AdamUncorrected(count: 1, alpha: 1, epsilon: 0)
    var corrected = Adam(count: 1, alpha: 1, epsilon: 0)
    for t in 1...1000 {
      var a: FloatVector = [0]
      var b: FloatVector = [0]
      let gradient = FloatVector(GradientSequence.random.gradient(t, count: 1))
      plain.step(&a, gradient: gradient)
      corrected.step(&b, gradient: gradient)
      let ratio = (1 - pow(0.9, Double(t))) / (1 - pow(0.999, Double(t))).squareRoot()
      #expect(abs(Double(a[0]) - ratio * Double(b[0])) < 1e-5 * abs(Double(a[0])))
    }
  }
}
