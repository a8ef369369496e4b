import Networks
import Numerics
import ResultStore

/// What a training run records: measures after each pass and of each pass, times, and probes.
///
/// Whatever a process records goes through here, and so is padded to its full shape, saved with a
/// checkpoint and restored from it in one place.
package struct Recorder {
  /// Seconds of computation up to the end of each epoch.
  private static let elapsed = "elapsed"
  /// Processor seconds of the steps up to the end of each epoch.
  private static let training = "training"
  /// What every run records before the first pass and after each.
  private static let afterPasses = [Measure.trainingCost, .penalty, .testCost, .testError]

  private let specification: RunSpecification
  private let probes: [Probe]
  /// What is recorded before the first pass and after each, and what of each pass.
  private let names: (closing: [String], passing: [String])
  /// The order of the series.
  private let order: [String]
  /// What stands before the names of curves in a saved state.
  private let prefix: String
  private var curves: [String: [Double]] = [:]
  private var probed: [[Double]]

  /// A recorder of a run of minibatches.
  package init(_ specification: RunSpecification, probes: [Probe]) {
    self.specification = specification
    self.probes = probes
    probed = probes.map { _ in [] }
    names = (
      closing: Self.afterPasses.map(\.name) + [Self.elapsed, Self.training],
      passing: [Measure.runningCost.name]
    )
    order = [Measure.trainingCost, .runningCost, .penalty, .testCost, .testError].map(\.name)
    prefix = ""
  }

  /// A recorder of a run whose optimizer has more to tell: `closing` before the first pass and after
  /// each, `passing` of each pass.
  package init(_ specification: RunSpecification, closing: [String], passing: [String]) {
    self.specification = specification
    probes = []
    probed = []
    names = (
      closing: Self.afterPasses.map(\.name) + closing + [Self.elapsed, Self.training],
      passing: [Measure.runningCost.name] + passing
    )
    order = Self.afterPasses.map(\.name) + closing + [Measure.runningCost.name] + passing
    prefix = "curve."
  }

  // MARK: Recording

  /// Records the next value of a curve.
  package mutating func record(_ name: String, _ value: Double) {
    curves[name, default: []].append(value)
  }

  /// Records the next value of a measure.
  package mutating func record(_ measure: Measure, _ value: Double) { record(measure.name, value) }

  /// Records the processor seconds of the steps so far.
  package mutating func record(trainingSeconds: Double) { record(Self.training, trainingSeconds) }

  /// Records the seconds of computation so far.
  package mutating func record(elapsedSeconds: Double) { record(Self.elapsed, elapsedSeconds) }

  /// Evaluates the whole sets at theta after `epoch` passes, where the run is to, and records what
  /// comes of it; returns the training cost.
  package mutating func evaluate(
    _ objective: any Objective, at theta: FloatVector, after epoch: Int
  ) -> Double? {
    let isEvaluated = specification.isEvaluated(after: epoch)
    let noise = NoiseKey(seed: specification.seed, epoch: epoch, step: Int(UInt32.max))
    let training = isEvaluated ? objective.evaluate(at: theta, on: .training, noise: noise) : nil
    let test = isEvaluated ? objective.evaluate(at: theta, on: .test, noise: noise) : nil
    record(.trainingCost, training?.cost ?? .nan)
    record(.penalty, isEvaluated ? objective.penalty(at: theta) : .nan)
    record(.testCost, test?.cost ?? .nan)
    record(.testError, test?.error ?? .nan)
    return training?.cost
  }

  /// Measures the probes that look at every epoch.
  package mutating func probeEpoch(_ context: @autoclosure () -> Probe.Context) {
    for index in probes.indices {
      guard case .everyEpoch = probes[index].moment else { continue }
      probed[index] += probes[index].measure(context())
    }
  }

  /// Whether a probe looks at a step.
  ///
  /// - Parameters:
  ///   - step: the steps made in the run, this one included.
  ///   - inPass: those made in the pass.
  package func isProbed(after step: Int, inPass: Int) -> Bool {
    probes.contains { $0.isDue(after: step, inPass: inPass) }
  }

  /// Measures the probes that look at the step just made.
  package mutating func probeStep(after step: Int, inPass: Int, _ context: Probe.Context) {
    for index in probes.indices where probes[index].isDue(after: step, inPass: inPass) {
      add(probes[index].measure(context), of: index, inPass: inPass)
    }
  }

  private mutating func add(_ values: [Double], of index: Int, inPass: Int) {
    guard let summary = probes[index].summary, inPass > 1 else {
      probed[index] += values
      return
    }
    let first = probed[index].count - values.count
    let count = Double((inPass - 1) / summary.every + 1)
    for (offset, value) in values.enumerated() {
      let old = probed[index][first + offset]
      probed[index][first + offset] =
        switch summary.kind {
        case .largest: max(old, value)
        case .mean: old + (value - old) / count
        }
    }
  }

  // MARK: What has been recorded

  /// Everything but the times, padded with NaN.
  package var series: [Series] {
    let length = specification.epochs + 1
    let measures = order.compactMap { name -> Series? in
      let values = curves[name] ?? []
      // Data without classes have no errors.
      if name == Measure.testError.name, values.allSatisfy(\.isNaN) { return nil }
      return Series(
        name, axes: ["epoch"], shape: [length],
        values: values + [Double](repeating: .nan, count: length - values.count))
    }
    return measures
      + zip(probes, probed).map { probe, values in
        let shape = [probe.measurementCount(specification.epochs)] + probe.axes.map(\.length)
        let missing = shape.reduce(1, *) - values.count
        return Series(
          probe.name, axes: [probe.leadingAxis] + probe.axes.map(\.name), shape: shape,
          values: values + [Double](repeating: .nan, count: missing))
      }
  }

  /// Seconds of computation up to the end of each epoch.
  package var elapsedSeconds: [Double] { curves[Self.elapsed] ?? [] }

  /// Processor seconds of the steps up to the end of each epoch, without what is evaluated after it.
  package var trainingSeconds: [Double] { curves[Self.training] ?? [] }

  // MARK: Checkpoints

  /// Adds everything to a state.
  package func save(in state: inout ProcessState) {
    for name in names.closing + names.passing { state.numbers[prefix + name] = curves[name] ?? [] }
    for (probe, values) in zip(probes, probed) { state.numbers["probe." + probe.name] = values }
  }

  /// Takes everything from a state.
  ///
  /// - Parameters:
  ///   - epoch: the passes made.
  ///   - isPrepared: whether the state before the first pass has been recorded.
  ///   - begun: the passes of which a step has been made.
  ///   - stepsMade: the steps made.
  /// - Throws: `UnusableState` if something is missing.
  package mutating func restore(
    _ state: ProcessState, epoch: Int, isPrepared: Bool, begun: Int = 0, stepsMade: Int = 0
  ) throws {
    let closed = isPrepared ? epoch + 1 : 0
    var restored: [String: [Double]] = [:]
    for name in names.closing {
      restored[name] = try state.numbers(prefix + name, count: closed)
    }
    for name in names.passing {
      restored[name] = try state.numbers(prefix + name, count: epoch)
    }
    // A shorter run was evaluated at its end, which this one may go past.
    for place in 0..<closed where !specification.isEvaluated(after: place) {
      for measure in Self.afterPasses { restored[measure.name]?[place] = .nan }
    }
    curves = restored
    for (index, probe) in probes.enumerated() {
      // What is recorded does not decide the run: one begun before the probe was added goes on.
      probed[index] =
        state.numbers["probe." + probe.name]
        ?? probe.missing(closed: closed, begun: begun, stepsMade: stepsMade)
    }
  }
}
