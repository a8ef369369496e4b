import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct AdaMaxTests {
  private let method = MethodUnderTest(
    name: "adamax",
    unusual: [
      "alpha": 0x1p-6, "beta1": 0.5, "beta2": 0.9,
    ]
  ) { h in
    let (beta1, beta2) = (h["beta1"]!, h["beta2"]!)
    var (m, u, t) = (0.0, 0.0, 0.0)
    return { theta, g, alpha in
      t += 1
      m = beta1 * m + (1 - beta1) * g
      u = max(beta2 * u, abs(g))
      return u == 0 ? theta : theta - alpha / (1 - pow(beta1, t)) * m / u
    }
  }

  @Test(arguments: GradientSequence.allCases)
  func `agrees with the box in Double`(_ sequence: GradientSequence) throws {
    try method.checkAgreement(sequence)
  }

  @Test func `behaves as every optimizer does`() throws { try method.checkAll() }

  @Test func `is invariant to the scale of the gradients`() throws { try method.checkRescaling() }

  @Test func `the defaults are the paper's`() throws {
    #expect(try method.defaults == ["alpha": 0.002, "beta1": 0.9, "beta2": 0.999])
  }

  @Test func `where no gradient has come yet nothing moves, and the first moves by alpha`() {
    var optimizer = AdaMax(count: 3, alpha: 0.5)
    var theta: FloatVector = [1, 2, 3]
    optimizer.step(&theta, gradient: [0, -0.0, 1e-30])
    #expect(theta[0] == 1 && theta[1] == 2)
    #expect(abs(theta[2] - 2.5) < 1e-6)
    // beta2 = 0 forgets: u is 0 again while m is not.
    var forgetting = AdaMax(count: 1, alpha: 1, beta2: 0)
    theta = [0]
    forgetting.step(&theta, gradient: [1])
    let before = theta[0]
    forgetting.step(&theta, gradient: [0])
    #expect(theta[0] == before)
  }

  /// Section 7.1 states |step| <= alpha; the true worst case is a little more.
  @Test func `the worst case is (1 - beta1) over (1 - beta1 / beta2)`() {
    func lastStep(_ t: Int) -> Double {
      var optimizer = AdaMax(count: 1, alpha: 1)
      var theta: FloatVector = [0]
      for k in 1...t {
        theta[0] = 0
        optimizer.step(&theta, gradient: [Float(pow(0.999, Double(k)))])
      }
      return abs(Double(theta[0]))
    }
    let limit = 0.1 / (1 - 0.9 / 0.999)
    #expect(abs(limit - 1.0090909) < 1e-7)
    #expect(abs(lastStep(2) - 1.00047) < 1e-5)
    #expect(abs(lastStep(10) - 1.00366) < 1e-5)
    #expect(abs(lastStep(300) - limit) < 1e-5)
    for trial in 0..<50 {
      var stream = RandomStream(seed: UInt64(trial), purpose: .test)
      var optimizer = AdaMax(count: 1, alpha: 1)
      for _ in 0..<100 {
        var theta: FloatVector = [0]
        optimizer.step(&theta, gradient: [stream.nextNormal()])
        #expect(abs(Double(theta[0])) <= limit * (1 + 1e-6))
      }
    }
  }
}
