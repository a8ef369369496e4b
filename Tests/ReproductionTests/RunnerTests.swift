import CAllocationCounter
import Foundation
import Glibc
import Networks
import Numerics
import Optimizers
import Reproduction
import Storage
import Synchronization
import TestSupport
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
    let progress = Progress(prefix: "test", runs: runs, workers: jobs, isQuiet: true)
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

  @Test func `what is left is told by passes, not by runs`() throws {
    let runs = [3, 300].map { epochs in
      var run = specification(0)
      run.epochs = epochs
      return run
    }
    let progress = Progress(prefix: "test", runs: runs, workers: 1, isQuiet: true)
    #expect(progress.secondsLeft == nil)
    let clock = ContinuousClock.now
    progress.begin(runs[0], worker: 0)
    usleep(20_000)
    progress.end(runs[0], worker: 0, isDone: true, message: nil)
    let seconds = (ContinuousClock.now - clock) / .seconds(1)
    let left = try #require(progress.secondsLeft)
    #expect(left >= 100 * 0.02 && left <= 100 * seconds)
    progress.begin(runs[1], worker: 0)
    #expect(progress.secondsLeft == left)
  }

  @Test(arguments: [1, 3]) func `a failed run is named and stops no other`(jobs: Int) {
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

  @Test func `bad data end the work`() {
    let asked = Mutex(0)
    let summary = run(seeds: 50, jobs: 2) { _ in
      asked.withLock { $0 += 1 }
      throw BadData()
    }
    #expect(summary.error?.exitStatus == .badData)
    #expect(summary.failed == [] && asked.withLock { $0 } <= 2)
  }

  @Test func `a disk that fails ends the work`() {
    let layer = FaultInjectingFileLayer(.failFromHere(code: ENOSPC), atCall: 12)
    let summary = run(seeds: 50, jobs: 2, store: RunStore(folder: folder.path, layer: layer)) {
      Counting($0)
    }
    #expect(summary.error?.exitStatus == .cannotCreate || summary.error?.exitStatus == .inputOutput)
    #expect(summary.finished < 4)
  }

  /// A state that is restored in part must not be gone on from.
  @Test func `a state that does not fit is forgotten`() throws {
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

  @Test func `the newest usable checkpoint is taken`() throws {
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

  private static func training(_ run: RunSpecification) throws -> TrainingProcess {
    TrainingProcess(
      run, objective: QuadraticObjective(count: 40),
      optimizer: try OptimizerRegistry.make("adam", hyperparameters: ["alpha": 0.01], count: 3),
      schedule: try Schedule.parse("alpha/sqrt(step)"))
  }

  /// Makes one run of so many epochs; returns how many steps that took.
  private func make(
    _ epochs: Int, stages: RunSpecification.Stages?, in store: RunStore
  ) -> (run: RunSpecification, steps: Int) {
    var run = RunSpecification(
      experiment: "test", method: "adam", seed: 3, epochs: epochs, minibatch: 7, recording: .final,
      data: "none")
    run.stages = stages
    let first = Mutex(-1)
    let last = Mutex(0)
    _ = Runner(
      runs: [run], store: store, options: .init(jobs: 1, threads: 1, checkpointInterval: 30),
      progress: Progress(prefix: "test", runs: [run], workers: 1, isQuiet: true)
    ) { run in
      let process = try Self.training(run)
      return Watched(process) { step in
        first.withLock { if $0 < 0 { $0 = step } }
        last.withLock { $0 = step }
      }
    }.run()
    return (run, last.withLock { $0 } - first.withLock { $0 })
  }

  @Test func `a longer run goes on from the end of a shorter one, with the same numbers`() throws {
    let store = RunStore(folder: folder.path)
    let short = make(2, stages: .init(shorter: [], keepsEnd: true), in: store)
    #expect(try store.end(of: short.run.identity) != nil && short.steps == 12)
    let long = make(5, stages: .init(shorter: [2], keepsEnd: false), in: store)
    #expect(long.steps == 18)
    #expect(try store.end(of: short.run.identity) == nil)
    let other = try TemporaryFolder()
    let direct = RunStore(folder: other.path)
    let whole = make(5, stages: nil, in: direct)
    #expect(whole.run.identity == long.run.identity && whole.steps == 30)
    let (a, b) = (
      try #require(store.record(of: long.run.identity)),
      try #require(direct.record(of: whole.run.identity))
    )
    #expect(a.hasSameNumbers(as: b) && a.fingerprint == b.fingerprint)
    #expect(a.specification.stages == nil)
    // Evaluated at its own end alone.
    let cost = try #require(a.series("train_cost")?.values)
    #expect(cost.map(\.isFinite) == [false, false, false, false, false, true])
    try store.removeAll()
    #expect(FilePaths.names(in: folder.path).isEmpty)
  }

  @Test func `without the end of a shorter run a longer one starts at the beginning`() throws {
    let store = RunStore(folder: folder.path)
    let run = make(5, stages: .init(shorter: [1, 2], keepsEnd: true), in: store)
    #expect(run.steps == 30 && store.record(of: run.run.identity) != nil)
  }

  @Test func `tidy removes what killed processes leave`() throws {
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
  @Test(arguments: [10, 3000]) func `the clock is looked at rarely, however long a step takes`(
    microseconds: UInt32
  ) {
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
  func `a step allocates nothing`(optimizer: String, schedule: String) throws {
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

/// A training process whose steps are watched: the number made when a run begins to move, and later ones.
private final class Watched: RunProcess {
  private let process: TrainingProcess
  private let watch: (Int) -> Void

  init(_ process: TrainingProcess, _ watch: @escaping (Int) -> Void) {
    self.process = process
    self.watch = watch
  }

  func advance(pause: () -> Bool) throws -> Outcome? {
    watch(process.progress.step)
    defer { watch(process.progress.step) }
    return try process.advance(pause: pause)
  }

  func save() -> ProcessState { process.save() }
  func restore(_ state: ProcessState) throws { try process.restore(state) }
  var series: [Series] { process.series }
  var elapsedSeconds: [Double] { process.elapsedSeconds }
  var progress: RunProgress { process.progress }
  var fingerprint: Fingerprint? { process.fingerprint }
  func rehearse() throws -> Fingerprint { process.rehearse() }
}
