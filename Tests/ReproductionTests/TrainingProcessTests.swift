import Foundation
import Numerics
import Optimizers
import Reproduction
import Storage
import TestSupport
import Testing

@Suite struct TrainingProcessTests {
  private func specification(epochs: Int = 4) -> RunSpecification {
    RunSpecification(
      experiment: "quadratic", method: "adam", hyperparameters: ["alpha": 0.01], seed: 0,
      epochs: epochs, minibatch: 7, data: "none")
  }

  private func process(
    optimizer: String = "adam", epochs: Int = 4, explodesAfter: Int? = nil,
    minibatch: Int = 7, stepsWithReplacement: Int? = nil,
    recording: RunSpecification.Recording = .full, evaluations: [Int]? = nil,
    objective: QuadraticObjective? = nil
  ) throws -> TrainingProcess {
    var specification = specification(epochs: epochs)
    specification.recording = recording
    specification.evaluations = evaluations
    specification.minibatch = minibatch
    specification.stepsWithReplacement = stepsWithReplacement
    return TrainingProcess(
      specification,
      objective: objective ?? QuadraticObjective(count: 40, explodesAfter: explodesAfter),
      optimizer: try OptimizerRegistry.make(
        optimizer, hyperparameters: ["alpha": 0.01], count: 3),
      schedule: try Schedule.parse("alpha/sqrt(step)"),
      probes: [
        Probe("theta_at", .everyEpoch, axes: [("parameter", 3)], meaning: "theta") {
          $0.theta.array.map(Double.init)
        },
        Probe("early", .afterSteps([1, 8]), meaning: "theta[0]") { [Double($0.theta[0])] },
        Probe("cost_after", .afterSteps([1, 2], axis: "update"), meaning: "cost after the step") {
          [$0.minibatchCost?().cost ?? .nan]
        },
        Probe("largest", .largestOfEpoch, meaning: "step of theta[0]") { context in
          [context.previousTheta.map { Double(abs(context.theta[0] - $0[0])) } ?? .nan]
        },
        Probe("mean", .overPass(every: 2, .mean), meaning: "steps made") {
          [Double($0.optimizer.state.step)]
        },
        Probe("last", .overPass(every: 4, .largest), meaning: "steps made") {
          [Double($0.optimizer.state.step)]
        },
      ])
  }

  private func bytes(_ series: [Series]) -> [[UInt64]] {
    series.map { $0.values.map(\.bitPattern) }
  }

  /// An epoch has six steps, or two, or less than a whole one.
  @Test(arguments: [7, 20, 40]) func `a rehearsal makes the first three steps of a run`(
    minibatch: Int
  ) throws {
    let whole = try process(minibatch: minibatch)
    _ = try whole.advance { false }
    let rehearsed = try process(minibatch: minibatch).rehearse()
    #expect(rehearsed == whole.fingerprint)
    #expect(rehearsed.digests.count == 3 && Set(rehearsed.digests).count == 3)
    #expect(rehearsed.values.count == 3 && rehearsed.values.allSatisfy(\.isFinite))
  }

  @Test(arguments: [7, 20, 40]) func `what a rehearsal takes is known before`(minibatch: Int) throws
  {
    for draws in [nil, 2] {
      let objective = QuadraticObjective(count: 40)
      _ = try process(minibatch: minibatch, stepsWithReplacement: draws, objective: objective)
        .rehearse()
      var run = specification()
      run.minibatch = minibatch
      run.stepsWithReplacement = draws
      let known = TrainingProcess.firstExamples(of: run, count: 40)
      #expect(objective.taken.count > 1 && objective.taken.isSubset(of: known))
      #expect(known.count <= 3 * minibatch)
    }
  }

  @Test func `a rehearsal tells optimizers apart and ends where a run does`() throws {
    #expect(
      try process(optimizer: "adam").rehearse().digests
        != process(optimizer: "sgd").rehearse().digests)
    let empty = try process(epochs: 0)
    #expect(empty.rehearse() == Fingerprint())
    // The probes evaluate each of the first two steps once more.
    let exploding = try process(explodesAfter: 4)
    #expect(exploding.rehearse().values.count == 2)
    let short = try process(epochs: 1, minibatch: 40)
    #expect(short.rehearse().values.count == 1)
  }

  /// Six steps an epoch: of the first pass the steps 1, 3, 5 and 1, 5.
  @Test func `a pass is summed up over some of its steps`() throws {
    let run = try process(epochs: 2, minibatch: 7)
    #expect(try run.advance { false } == .finished)
    func values(_ name: String) -> [Double] { run.series.first { $0.name == name }?.values ?? [] }
    #expect(values("mean").dropLast() == [3, 9] && values("last").dropLast() == [5, 11])
    #expect(values("mean").last?.isNaN == true && values("last").last?.isNaN == true)
  }

  @Test func `a run goes on from a state that a probe was not in`() throws {
    let whole = try process(epochs: 3, minibatch: 7)
    _ = try whole.advance { false }
    let first = try process(epochs: 3, minibatch: 7)
    var steps = 0
    _ = try first.advance {
      steps += 1
      return steps > 8
    }
    var state = first.save()
    for name in ["theta_at", "early", "largest", "mean"] { state.numbers["probe." + name] = nil }
    let second = try process(epochs: 3, minibatch: 7)
    try second.restore(state)
    #expect(try second.advance { false } == .finished)
    for (old, new) in zip(whole.series, second.series) {
      #expect(old.shape == new.shape && old.values.count == new.values.count)
      // What is there is the same; only what came before is missing.
      for (a, b) in zip(old.values, new.values) where !b.isNaN && old.name != "mean" {
        #expect(a == b, "\(old.name)")
      }
    }
    #expect(second.series[1].values.elementsEqual(whole.series[1].values) { $0 == $1 || $1.isNaN })
    #expect(
      second.series.first { $0.name == "theta_at" }?.values.suffix(3).allSatisfy(\.isFinite) == true
    )
  }

  @Test func `whole sets are evaluated after the declared epochs and the last one alone`() throws {
    let full = try process(epochs: 25)
    let sparse = try process(epochs: 25, evaluations: [0, 3, 20])
    #expect(try full.advance { false } == .finished)
    #expect(try sparse.advance { false } == .finished)
    for (all, some) in zip(full.series, sparse.series) where all.axes.first == "epoch" {
      guard ["train_cost", "penalty", "test_cost", "test_error"].contains(all.name) else {
        #expect(bytes([all]) == bytes([some]), "\(all.name) is recorded after every epoch")
        continue
      }
      for (epoch, (a, b)) in zip(all.values, some.values).enumerated() {
        let isEvaluated = [0, 3, 20, 25].contains(epoch)
        #expect(isEvaluated ? a == b : b.isNaN, "\(all.name) after \(epoch) epochs")
      }
    }
  }

  @Test func `a pass of too large a cost ends a run, but not the first one`() throws {
    var specification = specification(epochs: 6)
    func outcome(_ limit: Double) throws -> Outcome? {
      specification.failureCost = limit
      let process = TrainingProcess(
        specification, objective: QuadraticObjective(count: 40),
        optimizer: try OptimizerRegistry.make("sgd", hyperparameters: ["alpha": 1e-3], count: 3),
        schedule: try Schedule.parse("constant"))
      return try process.advance { false }
    }
    #expect(try outcome(1e9) == .finished)
    guard case .diverged(let epoch, let step, let reason)? = try outcome(1e-9) else {
      Issue.record("the run went on")
      return
    }
    #expect(epoch == 1 && step == 5)
    #expect(reason.hasPrefix("the mean cost of the pass is ") && reason.hasSuffix(", above 1e-09"))
  }

  @Test func `every epoch is recorded`() throws {
    let process = try process()
    #expect(try process.advance { false } == .finished)
    let byName = Dictionary(uniqueKeysWithValues: process.series.map { ($0.name, $0) })
    let cost = try #require(byName["train_cost"])
    #expect(cost.shape == [5] && cost.values.allSatisfy { $0.isFinite })
    let running = try #require(byName["train_cost_running"])
    #expect(running.values.prefix(4).allSatisfy { $0.isFinite } && running.values[4].isNaN)
    #expect(running.values[3] < running.values[0])
    #expect(byName["theta_at"]?.shape == [5, 3])
    #expect(byName["early"]?.shape == [2])
    #expect(process.elapsedSeconds.count == 5)
    #expect(process.progress.step == 24 && process.progress.steps == 24)
  }

  /// Stopped after each possible number of steps, saved through a file, continued by a new process.
  @Test(arguments: OptimizerRegistry.all.map(\.name))
  func `a run goes on bit for bit after any step, with every method`(optimizer: String) throws {
    let folder = try TemporaryFolder()
    let whole = try process(optimizer: optimizer)
    _ = try whole.advance { false }
    for stop in 1...24 {
      let first = try process(optimizer: optimizer)
      var asked = 0
      let outcome = try first.advance {
        asked += 1
        return asked == stop
      }
      if outcome == .finished { continue }
      let store = RunStore(folder: folder.path)
      try store.saveCheckpoint(first.save(), of: "x", number: stop)
      let saved = try #require(store.checkpoints(of: "x").usable.first)
      #expect(saved.number == stop)
      let second = try process(optimizer: optimizer)
      try second.restore(saved.state)
      #expect(try second.advance { false } == .finished)
      #expect(second.fingerprint == whole.fingerprint)
      #expect(bytes(second.series) == bytes(whole.series))
    }
  }

  @Test func `divergence ends the run, with its step`() throws {
    // The probe of costs after the step evaluates twice beside the steps.
    let process = try process(explodesAfter: 10)
    guard case .diverged(let epoch, let step, let reason)? = try process.advance(pause: { false })
    else {
      Issue.record("the run did not diverge")
      return
    }
    #expect(epoch == 1 && step == 2)
    #expect(reason.contains("inf"))
    let cost = try #require(process.series.first { $0.name == "train_cost" })
    #expect(cost.values.prefix(2).allSatisfy { $0.isFinite })
    #expect(cost.values.dropFirst(2).allSatisfy { $0.isNaN })
  }

  /// The two steps of a pass multiply theta by about 1e15 each: the costs of both minibatches are
  /// finite, that of the whole set after the second is not.
  @Test func `divergence at the end of a pass is that of its last step`() throws {
    var specification = specification(epochs: 3)
    specification.minibatch = 20
    let process = TrainingProcess(
      specification, objective: QuadraticObjective(count: 40),
      optimizer: try OptimizerRegistry.make("sgd", hyperparameters: ["alpha": 1e15], count: 3),
      schedule: .constant)
    let outcome = try process.advance { false }
    #expect(outcome == .diverged(epoch: 0, step: 1, reason: "the training cost is inf"))
  }

  /// The stepsize falls from step to step, so the first step of a run of Adam is its largest.
  @Test func `the largest step of each epoch is kept`() throws {
    let process = try process()
    _ = try process.advance { false }
    let largest = try #require(process.series.first { $0.name == "largest" }).values
    #expect(largest.count == 5 && largest[4].isNaN)
    #expect(abs(largest[0] - 0.01) < 1e-6)
    #expect(largest.prefix(4).allSatisfy { $0 > 0 && $0 <= largest[0] })
  }

  /// With the whole set as minibatch, the cost after one step is the cost before the next.
  @Test func `the cost after the step is that of the same minibatch`() throws {
    let process = try process(minibatch: 40)
    _ = try process.advance { false }
    let byName = Dictionary(uniqueKeysWithValues: process.series.map { ($0.name, $0) })
    let after = try #require(byName["cost_after"])
    let running = try #require(byName["train_cost_running"]).values
    #expect(after.axes == ["update"])
    #expect(abs(after.values[0] - running[1]) < 1e-5 && abs(after.values[1] - running[2]) < 1e-5)
    #expect(after.values[0] < running[0] - 1e-4)
  }

  @Test func `minibatches are drawn with replacement for as many steps as asked`() throws {
    let process = try process(stepsWithReplacement: 11)
    #expect(try process.advance { false } == .finished)
    #expect(process.progress.step == 44 && process.progress.steps == 44)
    let again = try self.process(stepsWithReplacement: 11)
    var asked = 0
    _ = try again.advance {
      asked += 1
      return asked == 17
    }
    let resumed = try self.process(stepsWithReplacement: 11)
    try resumed.restore(again.save())
    #expect(try resumed.advance { false } == .finished)
    #expect(bytes(resumed.series) == bytes(process.series))
    #expect(try bytes(self.process().series) != bytes(process.series))
  }

  @Test func `no epochs are a run too`() throws {
    let process = try process(epochs: 0)
    #expect(try process.advance { false } == .finished)
    #expect(process.series.first { $0.name == "train_cost" }?.values.count == 1)
  }

  @Test func `the state of another run is refused`() throws {
    let other = try process(epochs: 6)
    var asked = 0
    _ = try other.advance {
      asked += 1
      return asked == 34
    }
    let shorter = try process()
    #expect(throws: UnusableState.self) { try shorter.restore(other.save()) }
    var state = other.save()
    state.vectors["theta"] = FloatVector(count: 2)
    let same = try process(epochs: 6)
    #expect(throws: UnusableState.self) { try same.restore(state) }
  }
}
