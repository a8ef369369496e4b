import Networks
import Numerics
import Optimizers
import Reproduction
import Testing

@Suite struct SumTrainingProcessTests {
  private func specification(
    _ hyperparameters: [String: Double] = [:], epochs: Int = 3
  ) -> RunSpecification {
    RunSpecification(
      experiment: "test", method: "sfo",
      hyperparameters: ["subfunctions": 4].merging(hyperparameters) { $1 }, seed: 1,
      epochs: epochs, minibatch: 2, data: "none")
  }

  private func process(
    _ hyperparameters: [String: Double] = [:], examples: Int = 10, epochs: Int = 3,
    explodesAfter: Int? = nil
  ) throws -> SumTrainingProcess {
    try SumTrainingProcess(
      specification(hyperparameters, epochs: epochs), exampleCount: examples
    ) { _ in QuadraticObjective(count: examples, explodesAfter: explodesAfter) }
  }

  @Test func `minibatches of different sizes add up to the cost of all examples`() {
    let objective = QuadraticObjective(count: 11)
    let theta: FloatVector = [0.5, -1, 2]
    let whole = MinibatchSum(objective, count: 1, seed: 3, noise: .frozen)
    let parts = MinibatchSum(objective, count: 4, seed: 3, noise: .frozen)
    var gradient = FloatVector(count: 3)
    let value = whole.evaluate(0, at: theta, gradient: &gradient)
    var (sum, sums) = (0.0, [Double](repeating: 0, count: 3))
    for index in 0..<4 {
      var part = FloatVector(count: 3)
      sum += parts.evaluate(index, at: theta, gradient: &part) / 4
      for place in 0..<3 { sums[place] += Double(part[place]) / 4 }
    }
    #expect(abs(sum - value) < 1e-5 * value)
    // The gradient of the objective has noise of up to 0.01 in each minibatch.
    for place in 0..<3 { #expect(abs(sums[place] - Double(gradient[place])) < 0.0101) }
  }

  @Test func `frozen noise repeats, fresh noise does not`() {
    let objective = QuadraticObjective(count: 8)
    for (noise, isSame) in [(MinibatchSum.Noise.frozen, true), (.fresh, false)] {
      let sum = MinibatchSum(objective, count: 2, seed: 3, noise: noise)
      var (first, second) = (FloatVector(count: 3), FloatVector(count: 3))
      _ = sum.evaluate(1, at: [1, 2, 3], gradient: &first)
      _ = sum.evaluate(1, at: [1, 2, 3], gradient: &second)
      #expect((first == second) == isSame)
    }
  }

  @Test(arguments: [0.0, 1.0])
  func `a run that is stopped after every step ends in the same bits`(_ fresh: Double) throws {
    let whole = try process(["fresh-noise": fresh])
    #expect(try whole.advance { false } == .finished)
    var stopped = try process(["fresh-noise": fresh])
    var outcome = try stopped.advance { true }
    var stops = 0
    while outcome == nil {
      stops += 1
      let state = stopped.save()
      stopped = try process(["fresh-noise": fresh])
      try stopped.restore(state)
      outcome = try stopped.advance { true }
    }
    #expect(outcome == .finished && stops > 3)
    for (a, b) in zip(whole.series, stopped.series) {
      #expect(a.name == b.name && a.values.map(\.bitPattern) == b.values.map(\.bitPattern))
    }
    #expect(stopped.trainingSeconds.count == 4 && stopped.elapsedSeconds.count == 4)
  }

  @Test func `every pass has as many evaluations as there are minibatches, give or take a step`()
    throws
  {
    let run = try process(epochs: 6)
    _ = try run.advance { false }
    let evaluations = try #require(run.series.first { $0.name == "evaluations" }).values
    #expect(evaluations.dropLast().reduce(0, +) >= 24 && evaluations[6].isNaN)
    let costs = try #require(run.series.first { $0.name == "train_cost" }).values
    #expect(costs[6] < costs[0])
  }

  @Test func `more minibatches than examples are refused`() throws {
    let error = #expect(throws: UsageError.self) { try process(examples: 3) }
    #expect(error?.description.contains("--subfunctions") == true)
  }

  @Test func `a cost that is no longer finite is a divergence`() throws {
    let run = try process(epochs: 50, explodesAfter: 9)
    guard case .diverged(_, _, let reason) = try run.advance(pause: { false }) else {
      Issue.record("not diverged")
      return
    }
    #expect(reason.contains("inf"))
  }

  @Test func `the state of another mode is refused`() throws {
    let reference = try process()
    _ = try reference.advance { true }
    let repaired = try process(["repaired": 1])
    #expect(throws: UnusableState.self) { try repaired.restore(reference.save()) }
  }
}
