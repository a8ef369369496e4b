import Numerics
import Optimizers
import Testing

@Suite struct HeavyBallTests {
  private let method = MethodUnderTest(
    name: "heavy-ball",
    unusual: [
      "alpha": 0x1p-6, "momentum": 0.5,
    ]
  ) { h in
    let momentum = h["momentum"]!
    var w = 0.0
    return { theta, g, alpha in
      w = momentum * w - alpha * g
      return theta + w
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `the velocity goes on when the stepsize is gone`() {
    var optimizer = HeavyBall(count: 1, alpha: 1, momentum: 0.5)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [1])
    #expect(theta == [-1])
    optimizer.alpha = 0
    optimizer.step(&theta, gradient: [0])
    #expect(theta == [-1.5])
  }

  @Test func `is Momentum while the stepsize is constant`() {
    var (a, b) = (HeavyBall(count: 1, alpha: 0.25), Momentum(count: 1, alpha: 0.25))
    var thetaA: FloatVector = [1]
    var thetaB: FloatVector = [1]
    for t in 1...50 {
      let gradient = FloatVector(GradientSequence.random.gradient(t, count: 1))
      a.step(&thetaA, gradient: gradient)
      b.step(&thetaB, gradient: gradient)
      #expect(abs(thetaA[0] - thetaB[0]) < 1e-5)
    }
  }
}
