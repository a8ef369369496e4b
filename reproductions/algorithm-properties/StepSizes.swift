import Numerics
import Optimizers
import Reproduction
import ResultStore

// Section 2.1: how large a step can be. All steps in units of alpha, epsilon = 0.

let firstCasePairs: [Betas] = [.defaults, .longMemory, .noMomentum]
let otherPairs: [Betas] = [.shortMemory, .half, .muchMomentum, .equal, .unbounded]
let constantPairs: [Betas] = [.shortMemory, .defaults, .longMemory, .noMomentum]

private func betasAxis(_ pairs: [Betas]) -> Dimension { Axis.betas(.string(pairs.map(\.label))) }

extension Quantity {
  static let stepAfterZeros = Quantity("step", [.zeros], "step in units of alpha, single precision")
  static let boundAfterZeros = Quantity("stated_bound", [.zeros], statedBound.meaning)
  static let largestAfterZeros = Quantity("largest", [], "largest step over all n")

  static let largestStep = Quantity(
    "closed_form", [.gradients], "largest step in units of alpha, by Cauchy and Schwarz")
  static let attainedStep = Quantity(
    "step", [.gradients], "step of the sequence that attains it, single precision")
  static let attainedStepDouble = Quantity(
    "step_double", [.gradients], "the same in double precision")
  static let statedBound = Quantity(
    "stated_bound", [.gradients], "what section 2.1 states that no step exceeds")
  static let largestStepOfAdaMax = Quantity(
    largestStep.name, [.gradients], "largest step in units of alpha")

  static let correctedStep = Quantity("corrected", [.gradients], "step of Adam in units of alpha")
  static let uncorrectedStep = Quantity("uncorrected", [.gradients], "step without bias correction")
}

/// 1, 2, 3, 5, 7, 10, 20, ... up to `last`.
func logarithmicGrid(to last: Int) -> [Int] {
  var values: [Int] = []
  var decade = 1
  while decade <= last {
    values += [1, 2, 3, 5, 7].map { $0 * decade }.filter { $0 <= last }
    decade *= 10
  }
  return values
}

/// A single gradient after `n` zeros, for all n up to `last`.
func spikes(to last: Int) -> Computation<NoData> {
  let shown = logarithmicGrid(to: last)
  let block = 2_000
  return Computation(
    Topic.spike, "the step at a gradient that comes after n gradients of zero",
    axes: [betasAxis(firstCasePairs)], ownAxes: [Axis.zeros(shown)],
    quantities: [.stepAfterZeros, .boundAfterZeros, .largestAfterZeros],
    parameters: ["last_n": Double(last)]
  ) { point, _ in
    let betas = Betas(point[.betas])
    return UnitsOfWork(count: last / block + 1) { unit, ledger in
      var zeros = SingleParameter(adam(betas))
      var largest = 0.0
      if unit > 0 {
        try ledger.memory.restore(&zeros.optimizer, from: "zeros")
        largest = try ledger.memory.numbers("largest", count: 1)[0]
      } else {
        ledger.record(.boundAfterZeros, shown.map { _ in betas.statedBound })
      }
      for n in unit * block..<min(last + 1, (unit + 1) * block) {
        var branch = zeros
        let step = branch.step(1)
        largest = max(largest, step)
        if let index = shown.firstIndex(of: n) { ledger.record(.stepAfterZeros, at: [index], step) }
        _ = zeros.step(0)
      }
      ledger.memory.store(zeros.optimizer.state, as: "zeros")
      ledger.memory.numbers["largest"] = [largest]
      ledger.record(.largestAfterZeros, largest)
    }
  }
}

/// The sequence that makes the step at time t as large as any can, simulated for each t.
func worstCase(to last: Int) -> Computation<NoData> {
  let times = logarithmicGrid(to: last)
  return Computation(
    Topic.worstCase, "the largest step that any t gradients can lead to",
    axes: [betasAxis(firstCasePairs + otherPairs)], ownAxes: [Axis.gradients(times)],
    quantities: [.largestStep, .attainedStep, .attainedStepDouble, .statedBound]
  ) { point, _ in
    let betas = Betas(point[.betas])
    // Without a limit the sequence spans more than single precision can square.
    let shown = betas.hasLargestStep ? times : times.filter { $0 <= 500 }
    return UnitsOfWork(count: shown.count) { unit, ledger in
      let t = shown[unit]
      var single = SingleParameter(adam(betas))
      var double = DoubleAdam(betas)
      var steps = (single: 0.0, double: 0.0)
      for step in 1...t {
        let gradient = worstGradient(betas, at: step, of: t)
        steps = (single.step(gradient), double.step(gradient))
      }
      ledger.record(.largestStep, at: [unit], betas.largestStep(after: t))
      ledger.record(.attainedStep, at: [unit], steps.single)
      ledger.record(.attainedStepDouble, at: [unit], steps.double)
      ledger.record(.statedBound, at: [unit], betas.statedBound)
    }
  }
}

/// The same for AdaMax: gradients that shrink by beta2 keep the norm u where it is.
func worstCaseOfAdaMax(to last: Int) -> Computation<NoData> {
  let times = logarithmicGrid(to: last)
  return Computation(
    Topic.worstCaseOfAdaMax,
    "the largest step of AdaMax that any t gradients can lead to",
    axes: [betasAxis([.defaults, .shortMemory, .half])], ownAxes: [Axis.gradients(times)],
    quantities: [.largestStepOfAdaMax, .attainedStep]
  ) { point, _ in
    let betas = Betas(point[.betas])
    return UnitsOfWork(count: 1) { _, ledger in
      var single = SingleParameter(
        AdaMax(count: 1, alpha: 1, beta1: betas.beta1, beta2: betas.beta2))
      var gradient = 1.0
      for t in 1...last {
        let step = single.step(gradient)
        gradient = Double(Float(betas.beta2) * Float(gradient))
        guard let index = times.firstIndex(of: t) else { continue }
        ledger.record(.largestStepOfAdaMax, at: [index], betas.largestAdaMaxStep(after: t))
        ledger.record(.attainedStep, at: [index], step)
      }
    }
  }
}

/// Constant gradients: the corrected step is alpha from the first one on.
func firstSteps(to last: Int) -> Computation<NoData> {
  let times = logarithmicGrid(to: last)
  return Computation(
    Topic.firstSteps, "steps under a constant gradient, with and without bias correction",
    axes: [betasAxis(constantPairs)], ownAxes: [Axis.gradients(times)],
    quantities: [.correctedStep, .uncorrectedStep]
  ) { point, _ in
    let betas = Betas(point[.betas])
    return UnitsOfWork(count: 1) { _, ledger in
      var corrected = SingleParameter(adam(betas))
      var uncorrected = SingleParameter(
        AdamUncorrected(count: 1, alpha: 1, beta1: betas.beta1, beta2: betas.beta2, epsilon: 0))
      for t in 1...last {
        let steps = (corrected.step(1), uncorrected.step(1))
        guard let index = times.firstIndex(of: t) else { continue }
        ledger.record(.correctedStep, at: [index], steps.0)
        ledger.record(.uncorrectedStep, at: [index], steps.1)
      }
    }
  }
}
