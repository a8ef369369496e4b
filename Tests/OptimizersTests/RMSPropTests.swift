import Numerics
import Optimizers
import Testing

@Suite struct RMSPropTests {
  private let method = MethodUnderTest(
    name: "rmsprop",
    unusual: [
      "alpha": 0x1p-6, "rho": 0.999, "epsilon": 0.25,
    ]
  ) { h in
    let (rho, epsilon) = (h["rho"]!, h["epsilon"]!)
    var v = 0.0
    return { theta, g, alpha in
      v = rho * v + (1 - rho) * g * g
      return theta - alpha * g / (v.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `the first step is alpha over the root of 1 - rho`() {
    var optimizer = RMSProp(count: 2, alpha: 0.5, rho: 0.75, epsilon: 0)
    var theta: FloatVector = [0, 0]
    optimizer.step(&theta, gradient: [7, -0.01])
    #expect(abs(theta[0] + 1) < 1e-6 && abs(theta[1] - 1) < 1e-6)
  }
}
