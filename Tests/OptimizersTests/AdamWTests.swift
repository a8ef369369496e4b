import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct AdamWTests {
  private let method = MethodUnderTest(
    name: "adamw",
    unusual: [
      "alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9999, "epsilon": 0.25, "weight-decay": 0.5,
    ]
  ) { h in
    let (beta1, beta2, epsilon) = (h["beta1"]!, h["beta2"]!, h["epsilon"]!)
    let weightDecay = h["weight-decay"]!
    var (m, v, t) = (0.0, 0.0, 0.0)
    return { theta, g, alpha in
      t += 1
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g * g
      let mhat = m / (1 - pow(beta1, t))
      let vhat = v / (1 - pow(beta2, t))
      return theta - alpha * (mhat / (vhat.squareRoot() + epsilon) + weightDecay * theta)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `without gradients theta decays by alpha weightDecay`() {
    var optimizer = AdamW(count: 1, alpha: 0.5, weightDecay: 0.5)
    var theta: FloatVector = [16]
    optimizer.step(&theta, gradient: [0])
    optimizer.step(&theta, gradient: [0])
    #expect(theta == [9])
  }

  @Test func `without decay it is Adam, bit for bit`() throws {
    let adamw = try method.trajectory(["weight-decay": 0], steps: 50)
    let adam = try MethodUnderTest(name: "adam", unusual: [:], reference: method.reference)
      .trajectory([:], steps: 50)
    #expect(adamw == adam)
  }
}
