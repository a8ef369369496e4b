import Numerics
import Optimizers
import Testing

@Suite struct AdaGradEpsilonInsideTests {
  private let method = MethodUnderTest(
    name: "adagrad-epsilon-inside",
    unusual: [
      "alpha": 0x1p-6, "epsilon": 0.25, "initial-accumulator": 0.5,
    ]
  ) { h in
    let epsilon = h["epsilon"]!
    var v = h["initial-accumulator"]!
    return { theta, g, alpha in
      v += g * g
      return theta - alpha * g / (v + epsilon).squareRoot()
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `epsilon is under the root`() {
    var optimizer = AdaGradEpsilonInside(count: 1, alpha: 1, epsilon: 4, initialAccumulator: 3)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [3])
    #expect(theta == [-0.75])
  }
}
