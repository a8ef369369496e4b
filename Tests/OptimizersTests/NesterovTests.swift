import Numerics
import Optimizers
import Testing

@Suite struct NesterovTests {
  private let method = MethodUnderTest(
    name: "nesterov",
    unusual: [
      "alpha": 0x1p-6, "momentum": 0.5,
    ]
  ) { h in
    let momentum = h["momentum"]!
    var b = 0.0
    return { theta, g, alpha in
      b = momentum * b + g
      return theta - alpha * (g + momentum * b)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `looks ahead by the new velocity`() {
    var optimizer = Nesterov(count: 1, alpha: 1, momentum: 0.5)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [1])
    #expect(theta == [-1.5])
    optimizer.step(&theta, gradient: [0])
    #expect(theta == [-1.75])
  }
}
