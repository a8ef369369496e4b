import Numerics
import Optimizers
import Testing

@Suite struct SGDTests {
  private let method = MethodUnderTest(
    name: "sgd",
    unusual: [
      "alpha": 0x1p-5
    ]
  ) { h in
    return { theta, g, alpha in theta - alpha * g }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `takes the step of the gradient`() {
    var optimizer = SGD(count: 2, alpha: 0.5)
    var theta: FloatVector = [1, 2]
    optimizer.step(&theta, gradient: [4, -2])
    #expect(theta == [-1, 3])
  }
}
