import Networks
import Numerics
import Optimizers
import ResultStore

/// Training by an optimizer that minimises the sum of the costs of fixed minibatches and chooses itself
/// which of them is evaluated next, step by step, resumable at every step.
///
/// An epoch is as many evaluations as there are minibatches, so that it costs what a pass over the data
/// costs; the step that completes it may go a few evaluations further.
public final class SumTrainingProcess: RunProcess {
  private let specification: RunSpecification
  private let sum: MinibatchSum
  private var optimizer: any SumOptimizer

  private var epoch = 0
  private var stepInEpoch = 0
  private var isPrepared = false
  private var runningSum = 0.0
  private var evaluationsBefore = 0
  private var failuresBefore = 0
  private var recorder: Recorder

  /// The fingerprint of the first steps; `nil` if the run goes on from a state without one.
  public private(set) var fingerprint: Fingerprint? = Fingerprint()
  private var stepsMade = 0

  private var clock = TrainingClock()
  private var secondsBefore = 0.0
  private var resumedAt = ContinuousClock.now

  /// A run that has not started.
  ///
  /// - Parameters:
  ///   - exampleCount: the training examples, which are divided into minibatches of equal size, give or
  ///     take one.
  ///   - makeObjective: makes the objective for the size of the largest minibatch.
  /// - Throws: `UsageError` if there are more minibatches than examples.
  public init(
    _ specification: RunSpecification, exampleCount: Int,
    makeObjective: (_ minibatch: Int) throws -> any Objective
  ) throws {
    self.specification = specification
    recorder = Recorder(
      specification, closing: ["optimizer_bytes"],
      passing: ["evaluations", "failures", "damping", "active"])
    let values = try OptimizerRegistry.resolve(
      specification.method, hyperparameters: specification.hyperparameters)
    let count = Int((values[SumOfFunctionsOptimizer.subfunctionsName] ?? 1).rounded())
    guard count <= exampleCount else {
      throw UsageError(
        "\(count) minibatches are more than the \(exampleCount) training examples; "
          + "choose fewer --\(SumOfFunctionsOptimizer.subfunctionsName)")
    }
    let objective = try makeObjective((exampleCount + count - 1) / count)
    precondition(objective.count(of: .training) == exampleCount)
    sum = MinibatchSum(
      objective, count: count, seed: specification.seed,
      noise: (values[SumOfFunctionsOptimizer.freshNoiseName] ?? 0) >= 0.5 ? .fresh : .frozen)
    optimizer = try OptimizerRegistry.makeSum(
      specification.method, hyperparameters: specification.hyperparameters,
      theta: objective.initialTheta(seed: specification.seed), seed: specification.seed)
  }

  /// Goes on, step by step, epoch by epoch.
  public func advance(pause: () -> Bool) throws -> Outcome? {
    resumedAt = .now
    clock.start()
    defer {
      clock.stop()
      secondsBefore += (ContinuousClock.now - resumedAt).seconds
      resumedAt = .now
    }
    if !isPrepared {
      isPrepared = true
      if let divergence = closeEpoch() { return divergence }
    }
    while epoch < specification.epochs {
      do {
        try step()
      } catch let error as SumOptimizerError {
        return .diverged(epoch: epoch, step: stepInEpoch, reason: error.description)
      }
      stepInEpoch += 1
      runningSum += optimizer.status.value
      while epoch < specification.epochs, optimizer.evaluations >= (epoch + 1) * sum.count {
        closePass()
        if let divergence = closeEpoch() { return divergence }
      }
      if epoch < specification.epochs, pause() { return nil }
    }
    return .finished
  }

  private func step() throws {
    sum.evaluation = optimizer.evaluations
    try optimizer.step(sum)
    stepsMade += 1
    if stepsMade <= Fingerprint.steps {
      fingerprint?.add(cost: optimizer.status.value, theta: optimizer.theta)
    }
  }

  /// Makes the first steps without evaluating anything.
  public func rehearse() throws -> Fingerprint {
    while stepsMade < Fingerprint.steps, specification.epochs > 0 {
      do { try step() } catch is SumOptimizerError { break }
    }
    return fingerprint ?? Fingerprint()
  }

  private func closePass() {
    epoch += 1
    recorder.record(.runningCost, runningSum / Double(max(stepInEpoch, 1)))
    recorder.record("evaluations", Double(optimizer.evaluations - evaluationsBefore))
    let status = optimizer.status
    recorder.record("failures", Double(status.failures - failuresBefore))
    recorder.record("damping", status.damping)
    recorder.record("active", Double(status.active))
    evaluationsBefore = optimizer.evaluations
    failuresBefore = status.failures
    stepInEpoch = 0
    runningSum = 0
  }

  /// Records the quantities at theta after `epoch` passes.
  private func closeEpoch() -> Outcome? {
    clock.stop()
    defer { clock.start() }
    recorder.record(trainingSeconds: clock.seconds)
    let cost = recorder.evaluate(sum.objective, at: optimizer.theta, after: epoch)
    recorder.record("optimizer_bytes", Double(optimizer.status.byteCount))
    recorder.record(elapsedSeconds: secondsBefore + (ContinuousClock.now - resumedAt).seconds)
    if let cost, !cost.isFinite {
      return .diverged(
        epoch: max(epoch - 1, 0), step: stepInEpoch, reason: "the training cost is \(cost)")
    }
    return nil
  }

  /// What has been recorded so far.
  public var series: [Series] { recorder.series }

  /// Seconds of computation up to the end of each epoch.
  public var elapsedSeconds: [Double] { recorder.elapsedSeconds }

  /// Processor seconds of the steps, without what is evaluated after each epoch.
  public var trainingSeconds: [Double] { recorder.trainingSeconds }

  /// How far the run is, in evaluations.
  public var progress: RunProgress {
    RunProgress(
      step: min(optimizer.evaluations, specification.epochs * sum.count),
      steps: specification.epochs * sum.count, epoch: epoch, cost: optimizer.status.value)
  }

  private static let prefix = "optimizer."

  /// The optimizer's state, counters and curves.
  public func save() -> ProcessState {
    var state = ProcessState()
    let saved = optimizer.state
    for (name, value) in saved.counters { state.counters[Self.prefix + name] = value }
    for (name, values) in saved.numbers { state.numbers[Self.prefix + name] = values }
    for (name, values) in saved.vectors { state.vectors[Self.prefix + name] = values }
    state.counters["epoch"] = epoch
    state.counters["stepInEpoch"] = stepInEpoch
    state.counters["prepared"] = isPrepared ? 1 : 0
    state.counters["evaluationsBefore"] = evaluationsBefore
    state.counters["failuresBefore"] = failuresBefore
    state.counters["stepsMade"] = stepsMade
    state.fingerprint = fingerprint
    state.numbers["running"] = [
      runningSum, secondsBefore + (ContinuousClock.now - resumedAt).seconds, clock.seconds,
    ]
    recorder.save(in: &state)
    return state
  }

  /// Continues from a saved state.
  public func restore(_ state: ProcessState) throws {
    let epoch = try state.counter("epoch")
    guard (0...specification.epochs).contains(epoch) else {
      throw UnusableState("epoch \(epoch) is outside the run")
    }
    let isPrepared = try state.counter("prepared") == 1
    let running = try state.numbers("running", count: 3)
    func own<Value>(_ all: [String: Value]) -> [String: Value] {
      var found: [String: Value] = [:]
      for (name, value) in all where name.hasPrefix(Self.prefix) {
        found[String(name.dropFirst(Self.prefix.count))] = value
      }
      return found
    }
    var saved = SumOptimizerState()
    saved.counters = own(state.counters)
    saved.numbers = own(state.numbers)
    saved.vectors = own(state.vectors)
    let stepInEpoch = try state.counter("stepInEpoch")
    let evaluationsBefore = try state.counter("evaluationsBefore")
    let failuresBefore = try state.counter("failuresBefore")
    let stepsMade = try state.counter("stepsMade")
    var recorder = recorder
    try recorder.restore(state, epoch: epoch, isPrepared: isPrepared)
    do {
      try optimizer.restore(saved)
    } catch let error as SumOptimizerError {
      throw UnusableState(error.description)
    }
    self.recorder = recorder
    self.epoch = epoch
    self.isPrepared = isPrepared
    self.stepInEpoch = stepInEpoch
    self.evaluationsBefore = evaluationsBefore
    self.failuresBefore = failuresBefore
    self.stepsMade = stepsMade
    fingerprint = state.fingerprint
    runningSum = running[0]
    secondsBefore = running[1]
    clock = TrainingClock(seconds: running[2])
  }

  /// What the quantities are that only these runs have, for the result file.
  static let meanings: [(name: String, meaning: String)] = [
    ("evaluations", "evaluations of a minibatch in the pass that starts after so many epochs"),
    ("failures", "failed steps in the pass that starts after so many epochs"),
    (
      "damping", "factor of the Newton step at the end of the pass that starts after so many epochs"
    ),
    ("active", "minibatches in the model at the end of the pass that starts after so many epochs"),
    ("optimizer_bytes", "bytes of parameters, gradient and everything that the optimizer keeps"),
  ]
}
