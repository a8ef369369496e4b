import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct AMSGradTests {
  private let method = MethodUnderTest(
    name: "amsgrad",
    unusual: [
      "alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.25, "lambda": 0.99,
    ]
  ) { h in
    let (beta1, beta2, epsilon) = (h["beta1"]!, h["beta2"]!, h["epsilon"]!)
    let lambda = h["lambda"]!
    var (m, v, vmax, t) = (0.0, 0.0, 0.0, 0.0)
    return { theta, g, alpha in
      let decayed = beta1 * pow(lambda, t)
      t += 1
      m = decayed * m + (1 - decayed) * g
      v = beta2 * v + (1 - beta2) * g * g
      vmax = max(vmax, v)
      return theta - alpha * m / (vmax.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `the denominator never shrinks, Adam's does`() {
    var optimizer = AMSGrad(count: 1)
    var theta: FloatVector = [0]
    optimizer.step(&theta, gradient: [10])
    let first = optimizer.state.vectors[2].values
    for _ in 0..<100 { optimizer.step(&theta, gradient: [0.01]) }
    #expect(optimizer.state.vectors.map(\.name) == ["m", "v", "vmax"])
    #expect(optimizer.state.vectors[2].values == first)
    #expect(optimizer.state.vectors[1].values[0] < first[0])
  }

  /// Reddi, Kale and Kumar 2018: 1010 x every 101st step, else -10 x, on [-1, 1]. The best point is
  /// -1; Adam goes to +1.
  @Test func `goes to the right end of Reddi's example, and Adam to the wrong one`() {
    func end(_ optimizer: any Optimizer) -> Float {
      var optimizer = optimizer
      var x: FloatVector = [0]
      for t in 1...40_000 {
        optimizer.alpha = 0.5 / Double(t).squareRoot()
        optimizer.step(&x, gradient: [t % 101 == 1 ? 1010 : -10])
        x[0] = min(1, max(-1, x[0]))
      }
      return x[0]
    }
    #expect(end(AMSGrad(count: 1, beta2: 0.99)) < -0.8)
    #expect(end(Adam(count: 1, beta2: 0.99)) > 0.9)
  }
}
