import Glibc
import Reporting
import ResultStore
import Testing

@Suite struct ClaimPassesTests {
  private let claim = Claim.fewerPasses(
    by: 0.1, to: 0.1, "made.up", "", place: "", "Adam", than: "AdaGrad")

  /// Costs that fall by the factor e in so many passes.
  private func results(adam: Double, adaGrad: Double) -> SyntheticResults {
    var results = SyntheticResults()
    results.arms = ["tuned"]
    results.cost = { _, contender, seed, epoch in
      let scale = [adam, 1, adaGrad][contender] * (1 + 0.001 * Double(seed * (contender + 1)))
      return exp(-Double(epoch) / scale)
    }
    return results
  }

  @Test func `passes are interpolated in the logarithm of the cost`() throws {
    let outcome = try #require(claim.judge(results(adam: 3, adaGrad: 6).document).first)
    #expect(outcome.verdict == .reproduced)
    // 0.1 is reached after 3 ln 10 and 6 ln 10 epochs, each a pass later.
    let tenfold: Double = log(10)
    let expected: Double = log((3 * tenfold + 1) / (6 * tenfold + 1))
    // The seeds differ by up to 1 %.
    #expect(abs(outcome.effect - expected) < 0.006)
    #expect(abs(outcome.threshold - log(0.9)) < 1e-12)
  }

  @Test func `a margin is needed, and the other way round is contrary`() {
    func judged(_ adam: Double, _ adaGrad: Double) -> ClaimOutcome? {
      claim.judge(results(adam: adam, adaGrad: adaGrad).document).first
    }
    #expect(judged(5.7, 6)?.verdict == .notReproduced)
    #expect(judged(6, 3)?.finding == .contrary)
  }

  @Test func `a run that does not get there has a verdict by the bound, and no number`() throws {
    func judged(_ adam: Double, _ adaGrad: Double) throws -> ClaimOutcome {
      let outcome = try #require(claim.judge(results(adam: adam, adaGrad: adaGrad).document).first)
      #expect(outcome.effect.isNaN && outcome.low.isNaN && outcome.numbers.isEmpty)
      #expect(!outcome.detail.contains("diverged") && !outcome.detail.contains("inf"))
      return outcome
    }
    let holds = try judged(3, 1000)
    #expect(holds.verdict == .reproduced && holds.detail.contains("AdaGrad not within "))
    #expect(try judged(1000, 3).finding == .contrary)
    #expect(try judged(1000, 1000).verdict == .inconclusive)
    var missing = results(adam: 3, adaGrad: 6)
    missing.notRun = Set((0..<5).map { [2, $0] })
    #expect(claim.judge(missing.document).first?.verdict == .notRun)
  }
}
