import CAllocationCounter
import Foundation
import Networks
import Numerics
import Optimizers
import Reproduction
import Storage
import Synchronization
import Testing

@Suite struct RunnerTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func specification(_ seed: UInt64) -> RunSpecification {
    RunSpecification(
      experiment: "test", method: "adam", seed: seed, epochs: 3, minibatch: 7, data: "none",
      labels: [.init("optimizer", "Adam"), .init("seed", "\(seed)")])
  }

  private func run(
    seeds: Int, jobs: Int, store: RunStore? = nil, checkpointInterval: Double = 30,
    makeProcess: @escaping @Sendable (RunSpecification) throws -> any RunProcess
  ) -> Runner.Summary {
    let runs = (0..<UInt64(seeds)).map(specification)
    let progress = Progress(prefix: "test", total: runs.count, workers: jobs, isQuiet: true)
    return Runner(
      runs: runs, store: store ?? RunStore(folder: folder.path),
      options: .init(jobs: jobs, threads: 1, checkpointInterval: checkpointInterval),
      progress: progress, makeProcess: makeProcess
    ).run()
  }

  private struct Broken: Error, CustomStringConvertible {
    let description = "the matrix is singular"
  }

  private struct BadData: UserFacingError {
    let description = "the data are bad"
    let exitStatus = ExitStatus.badData
  }

  @Test(arguments: [1, 3]) func aFailedRunIsNamedAndStopsNoOther(jobs: Int) {
    let summary = run(seeds: 5, jobs: jobs) { run in
      Counting(run, failure: run.seed == 2 ? Broken() : nil)
    }
    #expect(summary.finished == 4)
    #expect(summary.failed.count == 1)
    #expect(summary.failed.first?.contains("Adam 2") == true)
    #expect(summary.failed.first?.contains("the matrix is singular") == true)
    #expect(summary.error == nil && !summary.wasInterrupted)
    let store = RunStore(folder: folder.path)
    #expect(store.record(of: specification(1).identity) != nil)
    #expect(store.record(of: specification(2).identity) == nil)
  }

  @Test func badDataEndTheWork() {
    let asked = Mutex(0)
    let summary = run(seeds: 50, jobs: 2) { _ in
      asked.withLock { $0 += 1 }
      throw BadData()
    }
    #expect(summary.error?.exitStatus == .badData)
    #expect(summary.failed == [] && asked.withLock { $0 } <= 2)
  }

  @Test func aDiskThatFailsEndsTheWork() {
    let layer = FaultInjectingFileLayer(.failFromHere(code: ENOSPC), atCall: 12)
    let summary = run(seeds: 50, jobs: 2, store: RunStore(folder: folder.path, layer: layer)) {
      Counting($0)
    }
    #expect(summary.error?.exitStatus == .cannotCreate || summary.error?.exitStatus == .inputOutput)
    #expect(summary.finished < 4)
  }

  /// A state that is restored in part must not be gone on from.
  @Test func aStateThatDoesNotFitIsForgotten() throws {
    let store = RunStore(folder: folder.path)
    var state = ProcessState()
    state.counters = ["done": 2, "broken": 1]
    try store.saveCheckpoint(state, of: specification(0).identity, number: 4)
    let processes = Mutex<[Counting]>([])
    let summary = run(seeds: 1, jobs: 1) { run in
      let process = Counting(run)
      processes.withLock { $0.append(process) }
      return process
    }
    #expect(summary.finished == 1)
    #expect(processes.withLock { $0.count } == 2)
    #expect(store.record(of: specification(0).identity)?.series.first?.values == [0, 1, 2])
  }

  @Test func theNewestUsableCheckpointIsTaken() throws {
    let store = RunStore(folder: folder.path)
    for (number, done, broken) in [(6, 1, 0), (7, 2, 1)] {
      var state = ProcessState()
      state.counters = ["done": done, "broken": broken]
      try store.saveCheckpoint(state, of: specification(0).identity, number: number)
    }
    let summary = run(seeds: 1, jobs: 1) { Counting($0) }
    #expect(summary.finished == 1)
    #expect(store.record(of: specification(0).identity)?.series.first?.values == [-1, 1, 2])
    #expect(!store.hasCheckpoint(of: specification(0).identity))
  }

  @Test func tidyRemovesWhatKilledProcessesLeave() throws {
    let store = RunStore(folder: folder.path)
    _ = run(seeds: 1, jobs: 1, store: store) { Counting($0) }
    let (done, begun) = (specification(0).identity, specification(1).identity)
    try store.saveCheckpoint(ProcessState(), of: done, number: 0)
    try store.saveCheckpoint(ProcessState(), of: begun, number: 0)
    _ = FileManager.default.createFile(
      atPath: folder.path + "/.\(begun).run.999999999.0.partial", contents: nil)
    store.tidy()
    let left = ["\(begun).a.checkpoint", "\(done).run"].sorted()
    #expect(FilePaths.names(in: folder.path).sorted() == left)
  }

  // MARK: The price of a step

  /// However long a step takes, the clock is looked at about every 20 ms.
  @Test(arguments: [10, 3000]) func looksUpRarely(microseconds: UInt32) {
    var lookout = Lookout()
    let clock = ContinuousClock()
    let start = clock.now
    var looks = 0
    var steps = 0
    while clock.now - start < .milliseconds(400) {
      let end = clock.now + .microseconds(Int(microseconds))
      while clock.now < end {}
      steps += 1
      if lookout.isDue() { looks += 1 }
    }
    #expect(looks >= 5 && looks <= 60 && looks < steps)
  }

  /// Once a run is under way, a step allocates nothing, whatever the optimizer.
  @Test(arguments: OptimizerRegistry.all.map(\.name), ["constant", "alpha/sqrt(step)"])
  func aStepAllocatesNothing(optimizer: String, schedule: String) throws {
    let images = [UInt8](repeating: 3, count: 128 * 20)
    let examples = DenseExamples(
      shape: [20], features: .bytes(images), labels: [UInt8](repeating: 1, count: 128),
      classCount: 10)
    let objective = LogisticRegression(
      training: examples, test: examples, l2: 1e-4, minibatchCapacity: 1)
    let process = TrainingProcess(
      RunSpecification(
        experiment: "test", method: optimizer, seed: 0, epochs: 1, minibatch: 1, data: "none"),
      objective: objective,
      optimizer: try OptimizerRegistry.make(
        optimizer, hyperparameters: ["alpha": 1e-4], count: objective.parameterCount),
      schedule: try Schedule.parse(schedule))
    var asked = 0
    var lookout = Lookout()
    var counts = allocation_counts()
    let outcome = try process.advance {
      asked += 1
      if asked == 10 { allocation_counter_start() }
      if asked == 110 { counts = allocation_counter_stop() }
      return lookout.isDue() && Interruption.hasBeenRequested
    }
    #expect(outcome == .finished && asked > 110)
    #expect(counts.count == 0, "\(counts.count) allocations in 100 steps")
    // The counter counts.
    allocation_counter_start()
    let copy = examples.labels + [1]
    #expect(allocation_counter_stop().count > 0 && copy.count == 129)
  }
}

/// Records 0, 1, 2, one a step.
private final class Counting: RunProcess, @unchecked Sendable {
  private let failure: (any Error)?
  private var values: [Double] = []

  init(_ run: RunSpecification, failure: (any Error)? = nil) { self.failure = failure }

  func advance(pause: () -> Bool) throws -> Outcome? {
    while values.count < 3 {
      if values.count == 1, let failure { throw failure }
      values.append(Double(values.count))
      if pause() { return nil }
    }
    return .finished
  }

  func save() -> ProcessState {
    var state = ProcessState()
    state.counters = ["done": values.count, "broken": 0]
    return state
  }

  func restore(_ state: ProcessState) throws {
    values = Array(repeating: -1, count: try state.counter("done"))
    if try state.counter("broken") == 1 { throw UnusableState("half of it is missing") }
  }

  var series: [Series] { [Series("value", axes: ["epoch"], shape: [3], values: values)] }
  var elapsedSeconds: [Double] { values }
  var progress: RunProgress { RunProgress(step: values.count, steps: 3, epoch: 0, cost: 0) }
  var fingerprint: Fingerprint? { Fingerprint(values: values) }
  func rehearse() throws -> Fingerprint { Fingerprint(values: [0, 1, 2]) }
}
