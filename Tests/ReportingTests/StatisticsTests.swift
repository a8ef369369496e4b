import Numerics
import Reporting
import Testing

@Suite struct StatisticsTests {
  @Test func quantilesInterpolateAsNumPyDoes() {
    let values = [3.0, 1, 4, 1, 5, 9, 2, 6]
    #expect(Statistics.median(values) == 3.5)
    #expect(abs(Statistics.quantile(values, 0.05) - 1) < 1e-12)
    #expect(abs(Statistics.quantile(values, 0.95) - 7.95) < 1e-12)
    #expect(Statistics.quantile(values, 0) == 1)
    #expect(Statistics.quantile(values, 1) == 9)
    #expect(Statistics.median([7]) == 7)
    #expect(Statistics.median([]).isNaN)
    #expect(Statistics.median([1, .nan]).isNaN)
    #expect(Statistics.median([1, .infinity, .infinity, .infinity]) == .infinity)
    #expect(Statistics.quantile([1, 2, .infinity], 1) == .infinity)
  }

  @Test func standardDeviationIsTheSamples() {
    #expect(abs(Statistics.standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]) - 2.138089935) < 1e-9)
    #expect(Statistics.standardDeviation([1]).isNaN)
  }

  @Test func oneSeedHasNoInterval() {
    let estimate = Statistics.bootstrapMean([0.25])
    #expect(estimate.value == 0.25)
    #expect(!estimate.hasInterval)
    #expect(estimate.count == 1)
    #expect(Statistics.bootstrapMean([]).value.isNaN)
  }

  @Test func equalSeedsGiveAPoint() {
    let estimate = Statistics.bootstrapMean([0.1, 0.1, 0.1, 0.1])
    #expect(abs(estimate.value - 0.1) < 1e-15)
    #expect(estimate.low >= 0.1 - 1e-15)
    #expect(estimate.high <= 0.1 + 1e-15)
  }

  @Test func threeSeedsGiveTheirRange() {
    let estimate = Statistics.bootstrapMean([1, 2, 6])
    #expect(estimate.value == 3)
    #expect(estimate.low == 1)
    #expect(estimate.high == 6)
  }

  @Test func theSameSeedsGiveTheSameInterval() {
    let values = [0.3, 0.1, 0.25, 0.17, 0.41, 0.22, 0.123, 0.377, 0.291, 0.058]
    #expect(Statistics.bootstrapMean(values) == Statistics.bootstrapMean(values))
    #expect(
      Statistics.bootstrapMean(values, seed: 1).low != Statistics.bootstrapMean(values).low)
  }

  /// Of 95 % intervals, 95 % should hold the true mean; the plain percentile interval of 10
  /// samples holds it only in about 90 %.
  @Test func intervalsOfNormalSamplesCoverTheirMean() {
    var stream = RandomStream(seed: 1, purpose: .test)
    let trials = 600
    var covered = 0
    for trial in 0..<trials {
      let sample = (0..<10).map { _ in 3 + 0.5 * Double(stream.nextNormal()) }
      let estimate = Statistics.bootstrapMean(sample, seed: UInt64(trial))
      covered += estimate.low <= 3 && 3 <= estimate.high ? 1 : 0
    }
    // Two-sided binomial range of 600 draws at 0.945, about three standard deviations.
    #expect((548...589).contains(covered))
  }

  @Test func intervalOfAnyStatistic() {
    let values = [5.0, 1, 3, 2, 4]
    let interval = Statistics.bootstrapInterval(count: 5) { seeds in
      Statistics.median(seeds.map { values[$0] })
    }
    #expect(interval.low == 1)
    #expect(interval.high == 5)
    #expect(Statistics.bootstrapInterval(count: 1) { _ in 0 }.low.isNaN)
  }
}

@Suite struct RunningStatisticsTests {
  @Test func `windows are centred and cut at the ends`() {
    let values = [1.0, 2, 9, 4, 5]
    #expect(Statistics.runningMean(values, window: 3) == [1.5, 4, 5, 6, 4.5])
    #expect(Statistics.runningMedian(values, window: 3) == [1.5, 2, 4, 5, 4.5])
    #expect(Statistics.runningMean(values, window: 1) == values)
  }

  @Test func verdictsOverSeveralEstimates() {
    let below = Estimate(-1, low: -2, high: -0.5, count: 5)
    let across = Estimate(-1, low: -2, high: 0.5, count: 5)
    let above = Estimate(1, low: 0.5, high: 2, count: 5)
    let single = Estimate(-1, count: 1)
    #expect(Verdict(allBelowZero: [below, below]) == .reproduced)
    #expect(Verdict(allBelowZero: [below, across]) == .inconclusive)
    #expect(Verdict(allBelowZero: [below, single]) == .inconclusive)
    #expect(Verdict(allBelowZero: [above, below]) == .notReproduced)
    #expect(Verdict(allBelowZero: [single, above]) == .notReproduced)
  }
}
