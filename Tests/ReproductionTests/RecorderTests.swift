import Numerics
import Reproduction
import ResultStore
import Testing

@Suite struct RecorderTests {
  private let objective = QuadraticObjective(count: 5)

  private func run(_ recording: RunSpecification.Recording = .full) -> RunSpecification {
    RunSpecification(
      experiment: "x", method: "sgd", seed: 1, epochs: 3, minibatch: 1, recording: recording,
      data: "none")
  }

  private func values(_ recorder: Recorder, _ name: String) -> [Double]? {
    recorder.series.first { $0.name == name }?.values
  }

  @Test func `a recorder fills with NaN what a run has not come to`() throws {
    var recorder = Recorder(run(), probes: [])
    let theta = objective.initialTheta(seed: 1)
    let evaluated = recorder.evaluate(objective, at: theta, after: 0)
    let cost = try #require(evaluated)
    recorder.record(.runningCost, 7)
    let costs = try #require(values(recorder, "train_cost"))
    #expect(costs[0] == cost && costs.dropFirst().allSatisfy(\.isNaN) && costs.count == 4)
    let running = try #require(values(recorder, "train_cost_running"))
    #expect(running[0] == 7 && running.dropFirst().allSatisfy(\.isNaN) && running.count == 4)
  }

  @Test func `where a run is not to evaluate there is no value`() {
    var recorder = Recorder(run(.final), probes: [])
    let theta = objective.initialTheta(seed: 1)
    let (start, end) = (
      recorder.evaluate(objective, at: theta, after: 0),
      recorder.evaluate(objective, at: theta, after: 3)
    )
    #expect(start == nil && end != nil)
  }

  @Test func `what is saved comes back, but for the end of a shorter run`() throws {
    var recorder = Recorder(run(), probes: [])
    let theta = objective.initialTheta(seed: 1)
    for epoch in 0...1 {
      recorder.record(trainingSeconds: Double(epoch))
      if epoch > 0 { recorder.record(.runningCost, 2) }
      _ = recorder.evaluate(objective, at: theta, after: epoch)
      recorder.record(elapsedSeconds: Double(2 * epoch))
    }
    var state = ProcessState()
    recorder.save(in: &state)
    var same = Recorder(run(), probes: [])
    try same.restore(state, epoch: 1, isPrepared: true)
    #expect(values(same, "train_cost")?.prefix(2) == values(recorder, "train_cost")?.prefix(2))
    #expect(same.elapsedSeconds == [0, 2] && same.trainingSeconds == [0, 1])
    var longer = Recorder(run(.final), probes: [])
    try longer.restore(state, epoch: 1, isPrepared: true)
    #expect(values(longer, "train_cost")?.allSatisfy(\.isNaN) == true)
    #expect(values(longer, "train_cost_running")?.first == 2)
    state.numbers["penalty"] = nil
    #expect(throws: UnusableState.self) { try same.restore(state, epoch: 1, isPrepared: true) }
  }
}
