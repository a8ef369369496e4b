import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct AMSGradCorrectedTests {
  private let method = MethodUnderTest(
    name: "amsgrad-corrected",
    unusual: ["alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.25]
  ) { h in
    let (beta1, beta2, epsilon) = (h["beta1"]!, h["beta2"]!, h["epsilon"]!)
    var (m, v, vmax, t) = (0.0, 0.0, 0.0, 0.0)
    return { theta, g, alpha in
      t += 1
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g * g
      vmax = max(vmax, v)
      let mhat = m / (1 - pow(beta1, t))
      let vhat = vmax / (1 - pow(beta2, t))
      return theta - alpha * mhat / (vhat.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `the first step is alpha, that of AMSGrad without correction is not`() {
    func first(_ optimizer: any Optimizer) -> Float {
      var (optimizer, theta) = (optimizer, [0] as FloatVector)
      optimizer.step(&theta, gradient: [3])
      return theta[0]
    }
    #expect(abs(first(AMSGradCorrected(count: 1, alpha: 0.125)) + 0.125) < 1e-6)
    let uncorrected = Float(0.125 * 0.1 / 0.001.squareRoot())
    #expect(abs(first(AMSGrad(count: 1, alpha: 0.125)) + uncorrected) < 1e-6)
  }

  @Test func `the maximum is taken before the correction`() {
    // After a large gradient the corrected v falls while the largest uncorrected one stays.
    var optimizer = AMSGradCorrected(count: 1, alpha: 1, beta1: 0, epsilon: 0)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [1])
    theta[0] = 0
    optimizer.step(&theta, gradient: [0.001])
    let expected = 0.001 / (0.001 / (1 - 0.999 * 0.999)).squareRoot()
    #expect(abs(Double(theta[0]) + expected) < 1e-6 * expected)
  }
}
