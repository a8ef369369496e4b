import Glibc
import Numerics
import Reporting
import Testing

@Suite struct StatisticsTests {
  @Test func `quantiles interpolate as NumPy does`() {
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

  @Test func `the standard deviation is the sample's`() {
    #expect(abs(Statistics.standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]) - 2.138089935) < 1e-9)
    #expect(Statistics.standardDeviation([1]).isNaN)
  }

  @Test func `one seed has no interval, and two do not decide`() {
    let one = Statistics.studentMean([0.25])
    #expect(one.value == 0.25 && !one.hasInterval && one.count == 1)
    #expect(one.remark() == "one seed has no interval")
    let two = Statistics.studentMean([0.1, 0.2])
    #expect(two.hasInterval && two.deciding == nil && two.confidence.isNaN)
    #expect(two.remark() == "2 seeds do not decide")
    #expect(Statistics.studentMean([]).value.isNaN)
  }

  @Test func `equal seeds give a point`() {
    let estimate = Statistics.studentMean([0.1, 0.1, 0.1, 0.1])
    #expect(abs(estimate.value - 0.1) < 1e-15)
    #expect(estimate.low >= 0.1 - 1e-15 && estimate.high <= 0.1 + 1e-15)
    #expect(estimate.remark() == nil)
  }

  /// Quantiles of Student's t as in printed tables: 4.3027 and 31.599 with 2 degrees of freedom,
  /// 2.7764 with 4, 2.2622 with 9.
  @Test(arguments: [(3, 4.30265, 31.5991), (5, 2.77645, 2.77645), (10, 2.26216, 2.26216)])
  func `intervals have the width of Student's t`(count: Int, wide: Double, deciding: Double) {
    let values = (0..<count).map(Double.init)
    let error = Statistics.standardDeviation(values) / Double(count).squareRoot()
    let estimate = Statistics.studentMean(values)
    #expect(abs((estimate.high - estimate.value) / error - wide) < 1e-4)
    #expect(abs((estimate.value - estimate.low) / error - wide) < 1e-4)
    let upper = estimate.deciding?.upperBound ?? .nan
    #expect(abs((upper - estimate.value) / error - deciding) < 1e-3)
    #expect(estimate.confidence == (count == 3 ? 0.999 : 0.95))
  }

  /// Simulated coverage of log ratios of costs, whose spread over seeds is normal or skewed; 8,000
  /// trials have a standard deviation of 0.25 %.
  @Test(arguments: [3, 5, 10], [false, true])
  func `95 % intervals hold their mean in 93 to 97 % of all cases`(count: Int, isSkewed: Bool) {
    var stream = RandomStream(
      seed: UInt64(count), purpose: .test, lane: isSkewed ? 1 : 0)
    let trials = 8_000
    var covered = 0
    for _ in 0..<trials {
      let sample = (0..<count).map { _ in
        // A ratio of two costs, each off its mean by some per cent.
        let costs = (0..<2).map { _ in
          isSkewed
            ? 1 + 0.05 * (0..<4).reduce(0.0) { sum, _ in sum - log(1 - stream.nextDouble()) }
            : 1 + 0.05 * Double(stream.nextNormal())
        }
        return log(costs[0] / costs[1])
      }
      let estimate = Statistics.studentMean(sample)
      covered += estimate.low <= 0 && 0 <= estimate.high ? 1 : 0
    }
    let share = Double(covered) / Double(trials)
    #expect((0.93...0.97).contains(share), "\(share)")
  }

  @Test func `the jackknife of a mean is Student's interval`() {
    let values = [5.0, 1, 3, 2, 4]
    let plain = Statistics.studentMean(values)
    let jackknife = Statistics.jackknife(count: 5) { seeds in
      Statistics.mean(seeds.map { values[$0] })
    }
    #expect(abs(jackknife.value - plain.value) < 1e-12)
    #expect(abs(jackknife.low - plain.low) < 1e-9 && abs(jackknife.high - plain.high) < 1e-9)
    #expect(jackknife.confidence == 0.95)
    #expect(!Statistics.jackknife(count: 1) { _ in 0 }.hasInterval)
  }

  /// The logarithm of a mean has the standard error of the mean over the mean.
  @Test func `the jackknife of a smooth statistic follows the delta method`() {
    let values = (0..<20).map { 10 + 0.1 * Double($0 % 7) }
    let estimate = Statistics.jackknife(count: 20) { seeds in
      log(Statistics.mean(seeds.map { values[$0] }))
    }
    let plain = Statistics.studentMean(values)
    let expected = (plain.high - plain.low) / plain.value
    #expect(abs((estimate.high - estimate.low) / expected - 1) < 0.01)
  }

  @Test func `infinite costs in every seed are a point, in some no value`() {
    let all = Statistics.studentMean([.infinity, .infinity, .infinity])
    #expect(all.value == .infinity && all.deciding == .infinity ... .infinity)
    #expect(Statistics.studentMean([.infinity, .infinity]).deciding == nil)
    #expect(Statistics.studentMean([.infinity, 1, 2]).value.isNaN)
  }

  @Test func `normal quantiles are those of tables`() {
    #expect(abs(Statistics.normalQuantile(0.975) - 1.959964) < 1e-6)
    #expect(abs(Statistics.normalQuantile(0.9995) - 3.290527) < 1e-6)
  }
}

@Suite struct RunningStatisticsTests {
  @Test func `windows are centred and cut at the ends`() {
    let values = [1.0, 2, 9, 4, 5]
    #expect(Statistics.runningMean(values, window: 3) == [1.5, 4, 5, 6, 4.5])
    #expect(Statistics.runningMedian(values, window: 3) == [1.5, 2, 4, 5, 4.5])
    #expect(Statistics.runningMean(values, window: 1) == values)
  }
}
