import Numerics
import Optimizers
import Testing

@Suite struct AdaDeltaTests {
  private let method = MethodUnderTest(
    name: "adadelta",
    unusual: [
      "alpha": 0.5, "rho": 0.9, "epsilon": 1e-3,
    ]
  ) { h in
    let (rho, epsilon) = (h["rho"]!, h["epsilon"]!)
    var (v, u) = (0.0, 0.0)
    return { theta, g, alpha in
      v = rho * v + (1 - rho) * g * g
      let d = (u + epsilon).squareRoot() / (v + epsilon).squareRoot() * g
      u = rho * u + (1 - rho) * d * d
      return theta - alpha * d
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `the first step is the root of epsilon over that of 1 - rho`() {
    var optimizer = AdaDelta(count: 1, rho: 0.75, epsilon: 1e-4)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [100])
    #expect(abs(theta[0] + 0.02) < 1e-6)
  }
}
