import Numerics
import Optimizers
import Testing

@Suite struct RMSPropMomentumTests {
  private let method = MethodUnderTest(
    name: "rmsprop-momentum",
    unusual: [
      "alpha": 0x1p-8, "rho": 0.9, "momentum": 0.5, "epsilon": 0.25,
    ]
  ) { h in
    let (rho, momentum, epsilon) = (h["rho"]!, h["momentum"]!, h["epsilon"]!)
    var (n, m, s, w) = (0.0, 0.0, 0.0, 0.0)
    return { theta, g, alpha in
      // Graves' difference loses all digits when a gradient is constant and huge, even in Double; the
      // recursion for the variance is checked against it where it does not.
      s = rho * s + rho * (1 - rho) * (g - m) * (g - m)
      n = rho * n + (1 - rho) * g * g
      m = rho * m + (1 - rho) * g
      let variance = n - m * m
      if abs(s - variance) > 1e-9 * n { return .nan }
      let chosen = s < 1e-6 * n ? s : variance
      w = momentum * w - alpha * g / (chosen + epsilon).squareRoot()
      return theta + w
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `the momentum is of rescaled gradients`() {
    // After one gradient of 4: variance rho (1 - rho) 16 = 3, and a step of 4 / sqrt(3 + 1).
    var optimizer = RMSPropMomentum(count: 1, alpha: 1, rho: 0.75, momentum: 0.5, epsilon: 1)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [4])
    #expect(theta == [-2])
    optimizer.step(&theta, gradient: [0])
    #expect(theta == [-3])
  }
}
