import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct NAdamTests {
  private let method = MethodUnderTest(
    name: "nadam",
    unusual: [
      "alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9999, "epsilon": 0.25, "momentum-decay": 0.1,
    ]
  ) { h in
    let (beta1, beta2, epsilon) = (h["beta1"]!, h["beta2"]!, h["epsilon"]!)
    let decay = h["momentum-decay"]!
    var (m, v, t, product) = (0.0, 0.0, 0.0, 1.0)
    return { theta, g, alpha in
      t += 1
      let mu = beta1 * (1 - 0.5 * pow(0.96, t * decay))
      let next = beta1 * (1 - 0.5 * pow(0.96, (t + 1) * decay))
      product *= mu
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g * g
      let mbar = (1 - mu) * g / (1 - product) + next * m / (1 - product * next)
      let vhat = v / (1 - pow(beta2, t))
      return theta - alpha * mbar / (vhat.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }
}
