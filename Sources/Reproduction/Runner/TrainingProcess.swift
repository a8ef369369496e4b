import Foundation
import Networks
import Numerics
import Optimizers

/// A quantity that is measured beside the costs: state of the optimizer per layer, accuracy after
/// so many iterations, the cost of an average of the iterates.
public struct Probe: Sendable {
  /// When it is measured.
  public enum Moment: Sendable {
    /// Before the first step and after every epoch; the series has a leading axis `epoch`.
    case everyEpoch
    /// After the listed numbers of steps; the series has a leading axis of that name. Probes with
    /// the same axis have the same list.
    case afterSteps([Int], axis: String = "iteration")
    /// After every step; the series has a leading axis `epoch`, along which label e is the largest
    /// value during the pass that starts after e epochs, and the last one NaN.
    case largestOfEpoch
    /// After the first step of every pass and every so-many-th from there on; the series has a leading
    /// axis `epoch`, along which label e sums up the pass that starts after e epochs, and the last one
    /// is NaN.
    case overPass(every: Int, Summary)
  }

  /// What becomes of the values of a pass.
  public enum Summary: Sendable {
    /// Their mean.
    case mean
    /// The largest.
    case largest
  }

  /// What a probe can look at.
  public struct Context {
    /// The objective.
    public let objective: any Objective
    /// The optimizer, with its state.
    public let optimizer: any Optimizer
    /// The parameters.
    public let theta: FloatVector
    /// The gradient of the last step made, in the layout of theta; `nil` before the first.
    public let gradient: FloatVector?
    /// The parameters before the step just made; `nil` before the first and for epochs.
    public let previousTheta: FloatVector?
    /// Evaluates the minibatch of the step just made at `theta`, under the same noise: its cost after
    /// the update. `nil` before the first step and for epochs.
    public let minibatchCost: (() -> MinibatchCost)?
    /// The key for noise in evaluations.
    public let noise: NoiseKey

    package init(
      objective: any Objective, optimizer: any Optimizer, theta: FloatVector,
      gradient: FloatVector? = nil, previousTheta: FloatVector?,
      minibatchCost: (() -> MinibatchCost)? = nil, noise: NoiseKey
    ) {
      self.objective = objective
      self.optimizer = optimizer
      self.theta = theta
      self.gradient = gradient
      self.previousTheta = previousTheta
      self.minibatchCost = minibatchCost
      self.noise = noise
    }
  }

  /// The variable's name.
  public let name: String
  /// When it is measured.
  public let moment: Moment
  /// The axes of one measurement, and their lengths.
  public let axes: [(name: String, length: Int)]
  /// What the variable is, for `long_name`.
  public let meaning: String
  /// Measures: as many values as the product of the axes' lengths.
  public let measure: @Sendable (Context) -> [Double]

  /// A probe.
  public init(
    _ name: String, _ moment: Moment, axes: [(name: String, length: Int)] = [], meaning: String,
    measure: @escaping @Sendable (Context) -> [Double]
  ) {
    self.name = name
    self.moment = moment
    self.axes = axes
    self.meaning = meaning
    self.measure = measure
  }

  var valueCount: Int { axes.reduce(1) { $0 * $1.length } }

  var measurementCount: (_ epochs: Int) -> Int {
    switch moment {
    case .everyEpoch, .largestOfEpoch, .overPass: { $0 + 1 }
    case .afterSteps(let steps, _): { _ in steps.count }
    }
  }

  var leadingAxis: String {
    switch moment {
    case .everyEpoch, .largestOfEpoch, .overPass: "epoch"
    case .afterSteps(_, let axis): axis
    }
  }
}

/// Minibatch training of an objective by an optimizer, step by step, resumable at every step.
public final class TrainingProcess: RunProcess {
  private let specification: RunSpecification
  private let objective: any Objective
  private var optimizer: any Optimizer
  private let schedule: Schedule
  private let probes: [Probe]

  private var theta: FloatVector
  private var gradient: FloatVector
  private var previousTheta: FloatVector?
  private var order: [Int32]
  private var orderedEpoch = -1
  private var epoch = 0
  private var stepInEpoch = 0
  private var runningSum = 0.0
  private var lastCost = Double.nan
  private var curves = Curves()
  private var probed: [[Double]]
  private var isPrepared = false
  /// The fingerprint of the first steps; `nil` if the run goes on from a state without one.
  public private(set) var fingerprint: Fingerprint? = Fingerprint()

  private var trainingClock = TrainingClock()
  private var secondsBefore = 0.0
  private var resumedAt = ContinuousClock.now

  private struct Curves {
    var trainCost: [Double] = []
    var runningCost: [Double] = []
    var penalty: [Double] = []
    var testCost: [Double] = []
    var testError: [Double] = []
    var elapsed: [Double] = []
    var training: [Double] = []
  }

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
    self.probes = probes
    let stored = objective.count(of: .training)
    let drawn = specification.stepsWithReplacement.map { $0 * specification.minibatch }
    storedCount = stored
    exampleCount = drawn ?? stored
    stepsPerEpoch = (exampleCount + specification.minibatch - 1) / specification.minibatch
    baseAlpha = optimizer.alpha
    theta = objective.initialTheta(seed: specification.seed)
    gradient = FloatVector(count: theta.count)
    order = [Int32](repeating: 0, count: exampleCount)
    probed = probes.map { _ in [] }
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
    var stream = RandomStream(seed: specification.seed, purpose: .minibatchOrder, epoch: epoch)
    if specification.stepsWithReplacement != nil {
      for index in order.indices { order[index] = Int32(stream.next(below: storedCount)) }
      return
    }
    for index in order.indices { order[index] = Int32(index) }
    order.withUnsafeMutableBufferPointer { stream.shuffle($0) }
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
    let probesNow =
      !probes.isEmpty
      && probes.contains {
        $0.isDue(after: stepsMade + 1, inPass: stepInEpoch + 1)
      }
    if probesNow { previousTheta = theta }
    optimizer.alpha = schedule.alpha(base: baseAlpha, step: stepsMade + 1, epoch: epoch + 1)
    optimizer.step(&theta, gradient: gradient)
    stepInEpoch += 1
    if stepsMade <= Fingerprint.steps { fingerprint?.add(cost: cost.cost, theta: theta) }
    if probesNow {
      // The step has taken the gradient, so its vector is free for another evaluation.
      let context = probeContext { self.evaluate(examples, noise) }
      for index in probes.indices
      where probes[index].isDue(after: stepsMade, inPass: stepInEpoch) {
        record(probes[index].measure(context), of: index)
      }
      previousTheta = nil
    }
    return nil
  }

  private func record(_ values: [Double], of index: Int) {
    guard let summary = probes[index].summary, stepInEpoch > 1 else {
      probed[index] += values
      return
    }
    let first = probed[index].count - values.count
    let count = Double((stepInEpoch - 1) / summary.every + 1)
    for (offset, value) in values.enumerated() {
      let old = probed[index][first + offset]
      probed[index][first + offset] =
        switch summary.kind {
        case .largest: max(old, value)
        case .mean: old + (value - old) / count
        }
    }
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
    curves.training.append(trainingClock.seconds)
    if let running { curves.runningCost.append(running) }
    let isFinite = theta.withUnsafeBufferPointer { $0.allSatisfy(\.isFinite) }
    guard isFinite else { return divergedInLastStep("theta is no longer finite") }
    let isEvaluated = specification.recording.isEvaluated(
      after: epoch, of: specification.epochs)
    let noise = NoiseKey(seed: specification.seed, epoch: epoch, step: Int(UInt32.max))
    let training = isEvaluated ? objective.evaluate(at: theta, on: .training, noise: noise) : nil
    let test = isEvaluated ? objective.evaluate(at: theta, on: .test, noise: noise) : nil
    curves.trainCost.append(training?.cost ?? .nan)
    curves.penalty.append(isEvaluated ? objective.penalty(at: theta) : .nan)
    curves.testCost.append(test?.cost ?? .nan)
    curves.testError.append(test?.error ?? .nan)
    for index in probes.indices {
      if case .everyEpoch = probes[index].moment {
        probed[index] += probes[index].measure(probeContext())
      }
    }
    curves.elapsed.append(secondsBefore + (ContinuousClock.now - resumedAt).seconds)
    if let cost = training?.cost, !cost.isFinite {
      return divergedInLastStep("the training cost is \(exact(cost))")
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
  public var series: [Series] {
    let length = specification.epochs + 1
    func curve(_ name: String, _ values: [Double]) -> Series {
      Series(
        name, axes: ["epoch"], shape: [length],
        values: values + [Double](repeating: .nan, count: length - values.count))
    }
    var all = [
      curve("train_cost", curves.trainCost), curve("train_cost_running", curves.runningCost),
      curve("penalty", curves.penalty), curve("test_cost", curves.testCost),
    ]
    if curves.testError.contains(where: { !$0.isNaN }) {
      all.append(curve("test_error", curves.testError))
    }
    for (probe, values) in zip(probes, probed) {
      let shape = [probe.measurementCount(specification.epochs)] + probe.axes.map(\.length)
      let missing = shape.reduce(1, *) - values.count
      all.append(
        Series(
          probe.name, axes: [probe.leadingAxis] + probe.axes.map(\.name), shape: shape,
          values: values + [Double](repeating: .nan, count: missing)))
    }
    return all
  }

  /// The objective, and theta as it is now.
  var model: (objective: any Objective, theta: FloatVector) { (objective, theta) }

  /// Seconds of computation up to the end of each epoch.
  public var elapsedSeconds: [Double] { curves.elapsed }

  /// Processor seconds of the steps, without what is evaluated after each epoch.
  public var trainingSeconds: [Double] { curves.training }

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
      "train_cost": curves.trainCost, "train_cost_running": curves.runningCost,
      "penalty": curves.penalty, "test_cost": curves.testCost, "test_error": curves.testError,
      "elapsed": curves.elapsed, "training": curves.training,
      "trainingSeconds": [trainingClock.seconds],
    ]
    for (probe, values) in zip(probes, probed) { state.numbers["probe." + probe.name] = values }
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
    let closed = isPrepared ? epoch + 1 : 0
    curves = Curves(
      trainCost: try state.numbers("train_cost", count: closed),
      runningCost: try state.numbers("train_cost_running", count: epoch),
      penalty: try state.numbers("penalty", count: closed),
      testCost: try state.numbers("test_cost", count: closed),
      testError: try state.numbers("test_error", count: closed),
      elapsed: try state.numbers("elapsed", count: closed),
      training: try state.numbers("training", count: closed))
    trainingClock = TrainingClock(seconds: try state.numbers("trainingSeconds", count: 1)[0])
    for (index, probe) in probes.enumerated() {
      guard let values = state.numbers["probe." + probe.name] else {
        // What is recorded does not decide the run: one begun before the probe was added goes on.
        probed[index] = probe.missing(
          closed: closed, begun: epoch + (step > 0 ? 1 : 0), stepsMade: epoch * stepsPerEpoch + step
        )
        continue
      }
      probed[index] = values
    }
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

extension Probe {
  /// - Parameters:
  ///   - step: the steps made in the run.
  ///   - inPass: those made in the pass.
  fileprivate func isDue(after step: Int, inPass: Int) -> Bool {
    switch moment {
    case .everyEpoch: false
    case .afterSteps(let steps, _): steps.contains(step)
    case .largestOfEpoch: true
    case .overPass(let every, _): (inPass - 1).isMultiple(of: every)
    }
  }

  /// NaN in place of the values up to a moment.
  ///
  /// - Parameters:
  ///   - closed: how often the state after an epoch, or before the first, has been recorded.
  ///   - begun: the passes of which a step has been made.
  ///   - stepsMade: the steps made.
  fileprivate func missing(closed: Int, begun: Int, stepsMade: Int) -> [Double] {
    let count =
      switch moment {
      case .everyEpoch: closed
      case .afterSteps(let steps, _): steps.count { $0 <= stepsMade }
      case .largestOfEpoch, .overPass: begun
      }
    return [Double](repeating: .nan, count: count * valueCount)
  }

  /// What becomes of the values of a pass, and how many steps lie between them; `nil` if each counts.
  fileprivate var summary: (kind: Summary, every: Int)? {
    switch moment {
    case .everyEpoch, .afterSteps: nil
    case .largestOfEpoch: (.largest, 1)
    case .overPass(let every, let kind): (kind, every)
    }
  }
}

extension Duration {
  /// The duration in seconds.
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
