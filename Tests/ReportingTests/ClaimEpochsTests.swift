import Reporting
import ResultStore
import Testing

/// `Claim.bestEpochs`, and figure matches of settings from the command line.
@Suite struct ClaimEpochsTests {
  /// Adam is lowest at epoch 10 plus the seed, SGDNesterov at 40 and AdaGrad at its last.
  private func results(seeds: Int) -> SyntheticResults {
    var results = SyntheticResults()
    results.seeds = seeds
    results.arms = ["tuned"]
    results.cost = { _, contender, seed, epoch in
      let best = [10 + seed, 40, 100][contender]
      return 0.3 + 0.001 * Double(abs(epoch - best))
    }
    return results
  }

  private func verdict(
    _ adam: ClosedRange<Int>, _ nesterov: ClosedRange<Int>, seeds: Int = 5,
    _ change: (inout SyntheticResults) -> Void = { _ in }
  ) throws -> ClaimOutcome {
    var results = results(seeds: seeds)
    change(&results)
    let claim = Claim.bestEpochs(
      "made.up", "", place: "", [.init("Adam", adam), .init("SGDNesterov", nesterov)],
      measure: .trainingCost)
    return try #require(claim.judge(results.document).first)
  }

  @Test func `every contender must be best in its range`() throws {
    let outcome = try verdict(0...20, 40...45)
    #expect(outcome.verdict == .reproduced)
    #expect(outcome.numbers.map(\.label) == ["Adam", "SGDNesterov"])
    #expect(outcome.numbers.map(\.value) == [12, 40])
    #expect(outcome.numbers[1].low == 40 && outcome.numbers[1].high == 40)
    #expect(outcome.detail.contains("SGDNesterov is best at epoch 40"))
    #expect(outcome.seeds == 5)
    #expect(try verdict(0...20, 0...39).verdict == .notReproduced)
    #expect(try verdict(0...9, 40...45).verdict == .notReproduced)
    #expect(try verdict(0...12, 40...45).verdict == .inconclusive, "the interval reaches beyond")
  }

  @Test func `one seed decides nothing`() throws {
    #expect(try verdict(0...20, 40...45, seeds: 1).verdict == .inconclusive)
  }

  @Test func `diverged and missing runs are left out`() throws {
    let diverged = try verdict(0...20, 40...45) { $0.diverged = [[0, 4]: 12] }
    #expect(diverged.verdict == .reproduced)
    #expect(diverged.numbers[0].value == (10 + 11 + 12 + 13 + 11) / 5.0)
    let missing = try verdict(0...20, 40...45) { results in
      results.notRun = Set((0..<5).map { [1, $0] })
    }
    #expect(missing.verdict == .notRun)
    #expect(missing.detail == "SGDNesterov, seed 4, has not been run")
  }

  @Test func `figures are matched with settings of the command line too`() throws {
    var results = SyntheticResults()
    let curve = PaperCurves.Curve(
      figure: "fig1a", name: "Adam", points: (1...9).map { .init(x: Double($0), y: 0.27) })
    let claim = Claim.figureMatch(figure: "fig1a", contender: "Adam", place: "")
    results.arms = ["custom"]
    let custom = claim.judge(results.document, paper: PaperCurves([curve]))
    #expect(custom.map(\.arm) == ["custom"])
    #expect(custom.first?.effect.isFinite == true)
    results.arms = ["fitted", "tuned"]
    let both = claim.judge(results.document, paper: PaperCurves([curve]))
    #expect(both.map(\.arm) == ["fitted"], "the tuned arm is not meant to match")
  }
}
