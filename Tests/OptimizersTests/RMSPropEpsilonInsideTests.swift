import Numerics
import Optimizers
import Testing

@Suite struct RMSPropEpsilonInsideTests {
  private let method = MethodUnderTest(
    name: "rmsprop-epsilon-inside",
    unusual: [
      "alpha": 0x1p-6, "rho": 0.999, "epsilon": 0.25,
    ]
  ) { h in
    let (rho, epsilon) = (h["rho"]!, h["epsilon"]!)
    var v = 0.0
    return { theta, g, alpha in
      v = rho * v + (1 - rho) * g * g
      return theta - alpha * g / (v + epsilon).squareRoot()
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `epsilon is under the root`() {
    var optimizer = RMSPropEpsilonInside(count: 1, alpha: 1, rho: 0.5, epsilon: 8)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [4])
    #expect(theta == [-1])
  }
}
