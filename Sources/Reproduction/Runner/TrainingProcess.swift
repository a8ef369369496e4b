import Foundation
import Networks
import Numerics
import Optimizers

/// Minibatch training of an objective by an optimizer, step by step, resumable at every step.
public final class TrainingProcess: RunProcess {
  private let specification: RunSpecification
  private let objective: any Objective
  private var optimizer: any Optimizer
  private let schedule: Schedule

  private var theta: FloatVector
  private var gradient: FloatVector
  private var previousTheta: FloatVector?
  private var order: [Int32]
  private var orderedEpoch = -1
  private var epoch = 0
  private var stepInEpoch = 0
  private var runningSum = 0.0
  private var lastCost = Double.nan
  private var recorder: Recorder
  private var isPrepared = false
  /// The fingerprint of the first steps; `nil` if the run goes on from a state without one.
  public private(set) var fingerprint: Fingerprint? = Fingerprint()

  private var trainingClock = TrainingClock()
  private var secondsBefore = 0.0
  private var resumedAt = ContinuousClock.now

  private let storedCount: Int
  /// The examples that an epoch takes, counted as often as it takes them.
  private let exampleCount: Int
  private let stepsPerEpoch: Int
  private let baseAlpha: Double

  /// A run that has not started.
  public init(
    _ specification: RunSpecification, objective: any Objective, optimizer: any Optimizer,
    schedule: Schedule, probes: [Probe] = []
  ) {
    self.specification = specification
    self.objective = objective
    self.optimizer = optimizer
    self.schedule = schedule
    recorder = Recorder(specification, probes: probes)
    let stored = objective.count(of: .training)
    let drawn = specification.stepsWithReplacement.map { $0 * specification.minibatch }
    storedCount = stored
    exampleCount = drawn ?? stored
    stepsPerEpoch = (exampleCount + specification.minibatch - 1) / specification.minibatch
    baseAlpha = optimizer.alpha
    theta = objective.initialTheta(seed: specification.seed)
    gradient = FloatVector(count: theta.count)
    order = [Int32](repeating: 0, count: exampleCount)
  }

  /// Goes on, step by step, epoch by epoch.
  public func advance(pause: () -> Bool) throws -> Outcome? {
    resumedAt = .now
    defer { secondsBefore += (ContinuousClock.now - resumedAt).seconds; resumedAt = .now }
    trainingClock.start()
    defer { trainingClock.stop() }
    if !isPrepared {
      isPrepared = true
      if let divergence = closeEpoch(running: nil) { return divergence }
    }
    while epoch < specification.epochs {
      drawOrder()
      while stepInEpoch < stepsPerEpoch {
        if let divergence = step() { return divergence }
        if pause() { return nil }
      }
      let running = runningSum / Double(exampleCount)
      epoch += 1
      stepInEpoch = 0
      runningSum = 0
      if let divergence = closeEpoch(running: running) { return divergence }
      if pause() { return epoch < specification.epochs ? nil : .finished }
    }
    return .finished
  }

  private func drawOrder() {
    guard orderedEpoch != epoch else { return }
    orderedEpoch = epoch
    Self.draw(&order, of: storedCount, epoch: epoch, specification)
  }

  /// The order of an epoch: `order.count` examples, each once or drawn with replacement.
  private static func draw(
    _ order: inout [Int32], of count: Int, epoch: Int, _ specification: RunSpecification
  ) {
    var stream = RandomStream(seed: specification.seed, purpose: .minibatchOrder, epoch: epoch)
    if specification.stepsWithReplacement != nil {
      for index in order.indices { order[index] = Int32(stream.next(below: count)) }
      return
    }
    for index in order.indices { order[index] = Int32(index) }
    order.withUnsafeMutableBufferPointer { stream.shuffle($0) }
  }

  /// The examples of the steps that a rehearsal makes, in their order.
  ///
  /// - Parameter count: the training examples that there are.
  package static func firstExamples(of run: RunSpecification, count: Int) -> [Int] {
    let perEpoch = run.stepsWithReplacement.map { $0 * run.minibatch } ?? count
    let needed = Fingerprint.steps * run.minibatch
    var found: [Int] = []
    var order = [Int32](repeating: 0, count: perEpoch)
    for epoch in 0..<run.epochs where perEpoch > 0 && found.count < needed {
      draw(&order, of: count, epoch: epoch, run)
      found += order.prefix(needed - found.count).map(Int.init)
    }
    return found
  }

  /// Steps made so far, the paper's `t`.
  private var stepsMade: Int { epoch * stepsPerEpoch + stepInEpoch }

  private func step() -> Outcome? {
    let first = stepInEpoch * specification.minibatch
    let examples = first..<min(first + specification.minibatch, exampleCount)
    let noise = NoiseKey(seed: specification.seed, epoch: epoch, step: stepInEpoch)
    let cost = evaluate(examples, noise)
    lastCost = cost.cost
    guard cost.cost.isFinite && cost.penalty.isFinite else {
      let reason =
        cost.cost.isFinite
        ? "the penalty on the weights is \(exact(cost.penalty))"
        : "the cost of the minibatch is \(exact(cost.cost))"
      return .diverged(epoch: epoch, step: stepInEpoch, reason: reason)
    }
    runningSum += cost.cost * Double(examples.count)
    let probesNow = recorder.isProbed(after: stepsMade + 1, inPass: stepInEpoch + 1)
    if probesNow { previousTheta = theta }
    optimizer.alpha = schedule.alpha(base: baseAlpha, step: stepsMade + 1, epoch: epoch + 1)
    optimizer.step(&theta, gradient: gradient)
    stepInEpoch += 1
    if stepsMade <= Fingerprint.steps { fingerprint?.add(cost: cost.cost, theta: theta) }
    if probesNow {
      // The step has taken the gradient, so its vector is free for another evaluation.
      let context = probeContext { self.evaluate(examples, noise) }
      recorder.probeStep(after: stepsMade, inPass: stepInEpoch, context)
      previousTheta = nil
    }
    return nil
  }

  /// Cost and gradient of a part of the epoch's order.
  private func evaluate(_ examples: Range<Int>, _ noise: NoiseKey) -> MinibatchCost {
    order.withUnsafeBufferPointer { order in
      objective.evaluateGradient(
        at: theta, minibatch: UnsafeBufferPointer(rebasing: order[examples]), noise: noise,
        gradient: &gradient)
    }
  }

  private func probeContext(minibatchCost: (() -> MinibatchCost)? = nil) -> Probe.Context {
    Probe.Context(
      objective: objective, optimizer: optimizer, theta: theta,
      gradient: stepsMade > 0 ? gradient : nil, previousTheta: previousTheta,
      minibatchCost: minibatchCost,
      noise: NoiseKey(seed: specification.seed, epoch: epoch, step: stepInEpoch))
  }

  /// Records the quantities at theta after `epoch` passes.
  private func closeEpoch(running: Double?) -> Outcome? {
    trainingClock.stop()
    defer { trainingClock.start() }
    recorder.record(trainingSeconds: trainingClock.seconds)
    if let running { recorder.record(.runningCost, running) }
    let isFinite = theta.withUnsafeBufferPointer { $0.allSatisfy(\.isFinite) }
    guard isFinite else { return divergedInLastStep("theta is no longer finite") }
    let cost = recorder.evaluate(objective, at: theta, after: epoch)
    recorder.probeEpoch(probeContext())
    recorder.record(elapsedSeconds: secondsBefore + (ContinuousClock.now - resumedAt).seconds)
    if let cost, !cost.isFinite {
      return divergedInLastStep("the training cost is \(exact(cost))")
    }
    if let running, let limit = specification.failureCost, epoch > 1, running > limit {
      return divergedInLastStep(
        "the mean cost of the pass is \(compact(running)), above \(compact(limit))")
    }
    return nil
  }

  /// The outcome where the theta at the end of a pass is found to have diverged: its place is the
  /// last step of that pass, or the start of the first.
  private func divergedInLastStep(_ reason: String) -> Outcome {
    epoch == 0
      ? .diverged(epoch: 0, step: 0, reason: reason)
      : .diverged(epoch: epoch - 1, step: stepsPerEpoch - 1, reason: reason)
  }

  /// Makes the first steps without evaluating anything.
  public func rehearse() -> Fingerprint {
    while stepsMade < Fingerprint.steps, epoch < specification.epochs {
      drawOrder()
      if step() != nil { break }
      if stepInEpoch == stepsPerEpoch {
        epoch += 1
        stepInEpoch = 0
      }
    }
    return fingerprint ?? Fingerprint()
  }

  /// What has been recorded so far.
  public var series: [Series] { recorder.series }

  /// The objective, and theta as it is now.
  var model: (objective: any Objective, theta: FloatVector) { (objective, theta) }

  /// Seconds of computation up to the end of each epoch.
  public var elapsedSeconds: [Double] { recorder.elapsedSeconds }

  /// Processor seconds of the steps, without what is evaluated after each epoch.
  public var trainingSeconds: [Double] { recorder.trainingSeconds }

  /// How far the run is.
  public var progress: RunProgress {
    RunProgress(
      step: stepsMade, steps: specification.epochs * stepsPerEpoch, epoch: epoch, cost: lastCost)
  }

  /// theta, the optimizer's state, counters and curves.
  public func save() -> ProcessState {
    var state = ProcessState()
    state.counters = [
      "epoch": epoch, "stepInEpoch": stepInEpoch, "prepared": isPrepared ? 1 : 0,
    ]
    state.numbers = [
      "running": [runningSum, lastCost, secondsBefore + (ContinuousClock.now - resumedAt).seconds],
      "trainingSeconds": [trainingClock.seconds],
    ]
    recorder.save(in: &state)
    state.vectors = ["theta": theta]
    state.store(optimizer.state, as: "optimizer")
    state.fingerprint = fingerprint
    return state
  }

  /// Continues from a saved state.
  public func restore(_ state: ProcessState) throws {
    let epoch = try state.counter("epoch")
    let step = try state.counter("stepInEpoch")
    guard (0...specification.epochs).contains(epoch), (0...stepsPerEpoch).contains(step),
      epoch < specification.epochs || step == 0
    else {
      throw UnusableState("epoch \(epoch), step \(step) is outside the run")
    }
    let running = try state.numbers("running", count: 3)
    let saved = try state.state(like: optimizer.state, from: "optimizer")
    let isPrepared = try state.counter("prepared") == 1
    try recorder.restore(
      state, epoch: epoch, isPrepared: isPrepared, begun: epoch + (step > 0 ? 1 : 0),
      stepsMade: epoch * stepsPerEpoch + step)
    trainingClock = TrainingClock(seconds: try state.numbers("trainingSeconds", count: 1)[0])
    theta = try state.vector("theta", count: theta.count)
    optimizer.state = saved
    fingerprint = state.fingerprint
    self.epoch = epoch
    stepInEpoch = step
    self.isPrepared = isPrepared
    orderedEpoch = -1
    runningSum = running[0]
    lastCost = running[1]
    secondsBefore = running[2]
  }
}

extension Duration {
  /// The duration in seconds.
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
