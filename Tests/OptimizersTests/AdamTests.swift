import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct AdamTests {
  private let method = MethodUnderTest(
    name: "adam",
    unusual: [
      "alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9999, "epsilon": 0.25, "lambda": 0.99,
    ]
  ) { h in
    let (beta1, beta2, epsilon) = (h["beta1"]!, h["beta2"]!, h["epsilon"]!)
    let lambda = h["lambda"]!
    var (m, v, t) = (0.0, 0.0, 0.0)
    return { theta, g, alpha in
      let decayed = beta1 * pow(lambda, t)
      t += 1
      m = decayed * m + (1 - decayed) * g
      v = beta2 * v + (1 - beta2) * g * g
      let mhat = m / (1 - pow(beta1, t))
      let vhat = v / (1 - pow(beta2, t))
      return theta - alpha * mhat / (vhat.squareRoot() + epsilon)
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `the defaults are the paper's`() throws {
    #expect(
      try method.defaults == [
        "alpha": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "lambda": 1,
      ])
  }

  @Test func `the first step is alpha against the sign of the gradient`() {
    var optimizer = Adam(count: 6, alpha: 0.125)
    var theta = FloatVector(count: 6)
    optimizer.step(&theta, gradient: [1, -1, 1000, -0.001, 3e17, 0])
    for (moved, sign) in zip(theta.array, [-1, 1, -1, 1, -1, 0] as [Float]) {
      #expect(abs(moved - 0.125 * sign) <= 0.125 * 1.1e-5)
    }
  }

  /// The largest step, over alpha, that a sequence of gradients makes at its end.
  private func lastStep(_ gradients: [Double], beta1: Double, beta2: Double) -> Double {
    var optimizer = Adam(count: 1, alpha: 1, beta1: beta1, beta2: beta2, epsilon: 0)
    var theta: FloatVector = [0]
    for g in gradients {
      theta[0] = 0
      optimizer.step(&theta, gradient: [Float(g)])
    }
    return abs(Double(theta[0]))
  }

  /// Section 2.1: a gradient after nothing but zeros obeys alpha (1 - beta1) / sqrt(1 - beta2).
  @Test func `a spike after zeros obeys the bound of section 2.1 and comes close to it`() {
    let bound = 0.1 / 0.001.squareRoot()
    for (zeros, expected) in [(9, 0.484), (99, 0.976), (999, 2.515), (9999, 3.1622)] {
      let gradients = [Double](repeating: 0, count: zeros) + [1]
      let step = lastStep(gradients, beta1: 0.9, beta2: 0.999)
      #expect(abs(step - expected) < 1e-3, "after \(zeros) zeros")
      #expect(step <= bound * (1 + 1e-6))
    }
  }

  /// The exact maximum over all sequences of t gradients, by the inequality of Cauchy and Schwarz.
  private func worstCase(_ t: Int, beta1: Double, beta2: Double) -> Double {
    let n = Double(t)
    let first = (1 - beta1) / (1 - pow(beta1, n))
    let ratio = beta1 * beta1 / beta2
    let square =
      first * first * (1 - pow(beta2, n)) / (1 - beta2) * (1 - pow(ratio, n)) / (1 - ratio)
    return square.squareRoot()
  }

  @Test(arguments: [
    (0.9, 0.999, 2, 1.00136), (0.9, 0.999, 100, 2.2434), (0.9, 0.999, 1000, 5.7812),
    (0.9, 0.99, 100, 1.8674), (0.9, 0.99, 1000, 2.3452), (0.9, 0.9999, 100, 2.2890),
    (0.0, 0.999, 100, 9.7575), (0.5, 0.75, 100, 1.2247),
  ])
  func `the worst case is attained, exceeds the paper's bound, and is not exceeded`(
    beta1: Double, beta2: Double, t: Int, expected: Double
  ) {
    let bound = worstCase(t, beta1: beta1, beta2: beta2)
    #expect(abs(bound - expected) < 6e-5 * expected)
    let worst = (1...t).map { pow(beta1 / beta2, Double(t - $0)) }
    let step = lastStep(worst, beta1: beta1, beta2: beta2)
    #expect(abs(step - bound) < 1e-5 * bound)
    if beta2 > beta1 * beta1, 1 - beta1 <= (1 - beta2).squareRoot() {
      #expect(step > 1, "section 2.1 states that this cannot be")
    }
    for trial in 0..<20 {
      var stream = RandomStream(seed: UInt64(trial), purpose: .test, step: t)
      let near = worst.map { $0 + 0.1 * Double(trial) * Double(stream.nextNormal()) }
      #expect(lastStep(near, beta1: beta1, beta2: beta2) <= bound * (1 + 1e-5))
    }
  }

  @Test func `with equal decay rates no step exceeds alpha`() {
    for trial in 0..<50 {
      var stream = RandomStream(seed: UInt64(trial), purpose: .test, step: 1)
      let gradients = (0..<60).map { _ in Double(stream.nextNormal()) }
      #expect(lastStep(gradients, beta1: 0.9, beta2: 0.9) <= 1 + 1e-6)
    }
  }

  /// Section 3: with stationary gradients E[mhat] = E[g] and E[vhat] = E[g^2] from the first step.
  @Test func `corrected moments are unbiased on stationary noise`() {
    let count = 200_000
    var optimizer = Adam(count: count)
    var theta = FloatVector(count: count)
    for t in 1...5 {
      var gradient = FloatVector(count: count)
      var stream = RandomStream(seed: 1, purpose: .test, step: t)
      gradient.withUnsafeMutableBufferPointer { gradient in
        stream.fillNormal(gradient)
        for index in gradient.indices { gradient[index] = 0.5 + 2 * gradient[index] }
      }
      optimizer.step(&theta, gradient: gradient)
      let state = optimizer.state
      let mean = state.vectors.map { vector in
        vector.values.array.reduce(0.0) { $0 + Double($1) } / Double(count)
      }
      let mhat = mean[0] / (1 - state.scalars[0].value)
      let vhat = mean[1] / (1 - state.scalars[1].value)
      #expect(abs(mhat - 0.5) < 5 * 2 / Double(count).squareRoot())
      #expect(abs(vhat - 4.25) < 5 * 6 / Double(count).squareRoot())
      #expect(abs(mean[0] - 0.5) > 0.1, "uncorrected, the first moment is biased")
    }
  }

  @Test func `lambda fades out the momentum`() {
    var optimizer = Adam(count: 1, alpha: 1, epsilon: 0, lambda: 0.5)
    var theta: FloatVector = [0]
    for _ in 1...60 { optimizer.step(&theta, gradient: [1]) }
    let before = theta[0]
    optimizer.step(&theta, gradient: [0])
    #expect(abs(theta[0] - before) < 1e-6, "with beta1 gone, a zero gradient moves nothing")
  }
}
