import Numerics
import Optimizers
import Testing

@Suite struct NesterovSutskeverTests {
  private let method = MethodUnderTest(
    name: "nesterov-sutskever",
    unusual: [
      "alpha": 0x1p-6, "momentum": 0.5,
    ]
  ) { h in
    // Equations 3 and 4 in terms of x; what is seen is x + momentum w.
    let momentum = h["momentum"]!
    var w = 0.0
    return { theta, g, alpha in
      let x = theta - momentum * w
      w = momentum * w - alpha * g
      return (x + w) + momentum * w
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is Nesterov while the stepsize is constant, and not when it changes`() {
    var (a, b) = (NesterovSutskever(count: 1, alpha: 0.25), Nesterov(count: 1, alpha: 0.25))
    var thetaA: FloatVector = [1]
    var thetaB: FloatVector = [1]
    for t in 1...50 {
      let gradient = FloatVector(GradientSequence.random.gradient(t, count: 1))
      a.step(&thetaA, gradient: gradient)
      b.step(&thetaB, gradient: gradient)
      #expect(abs(thetaA[0] - thetaB[0]) < 1e-5)
    }
    (a.alpha, b.alpha) = (0, 0)
    let before = (thetaA[0], thetaB[0])
    a.step(&thetaA, gradient: [1])
    b.step(&thetaB, gradient: [1])
    #expect(thetaA[0] != before.0 && thetaB[0] == before.1)
  }
}
