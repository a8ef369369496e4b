import Numerics
import Optimizers
import Reproduction
import ResultStore

// Section 2.1: how large a step can be. All steps in units of alpha, epsilon = 0.

let spikePairs = ["0.9, 0.999", "0.9, 0.9999", "0, 0.999"]
let worstPairs = [
  "0.9, 0.999", "0.9, 0.9999", "0, 0.999", "0.9, 0.99", "0.5, 0.75", "0.99, 0.999", "0.9, 0.9",
  "0.95, 0.9",
]
let adaMaxPairs = ["0.9, 0.999", "0.9, 0.99", "0.5, 0.75"]

func betasAxis(_ labels: [String]) -> Dimension {
  Dimension("betas", .string(labels), attributes: .meaning("beta1, beta2"))
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

func countAxis(_ name: String, _ values: [Int], _ meaning: String) -> Dimension {
  Dimension(
    name, .int64(values.map(Int64.init)),
    attributes: .meaning(meaning, units: "1"))
}

/// A single gradient after `n` zeros, for all n up to `last`.
func spikes(to last: Int) -> Computation<NoData> {
  let shown = logarithmicGrid(to: last)
  let block = 2_000
  return Computation(
    "spike", "the step at a gradient that comes after n gradients of zero",
    axes: [betasAxis(spikePairs)],
    ownAxes: [countAxis("n", shown, "gradients of zero before")],
    quantities: [
      Quantity("step", ["n"], "step in units of alpha, single precision"),
      Quantity("stated_bound", ["n"], "what section 2.1 states that no step exceeds"),
      Quantity("largest", [], "largest step over all n"),
    ],
    parameters: ["last_n": Double(last)]
  ) { point, _ in
    let betas = Betas(point["betas"])
    return UnitsOfWork(count: last / block + 1) { unit, ledger in
      var zeros = SingleParameter(adam(betas))
      var largest = 0.0
      if unit > 0 {
        try ledger.memory.restore(&zeros.optimizer, from: "zeros")
        largest = try ledger.memory.numbers("largest", count: 1)[0]
      } else {
        ledger.record("stated_bound", shown.map { _ in betas.statedBound })
      }
      for n in unit * block..<min(last + 1, (unit + 1) * block) {
        var branch = zeros
        let step = branch.step(1)
        largest = max(largest, step)
        if let index = shown.firstIndex(of: n) { ledger.record("step", at: [index], step) }
        _ = zeros.step(0)
      }
      ledger.memory.store(zeros.optimizer.state, as: "zeros")
      ledger.memory.numbers["largest"] = [largest]
      ledger.record("largest", largest)
    }
  }
}

/// The sequence that makes the step at time t as large as any can, simulated for each t.
func worstCase(to last: Int) -> Computation<NoData> {
  let times = logarithmicGrid(to: last)
  return Computation(
    "worst_case", "the largest step that any t gradients can lead to",
    axes: [betasAxis(worstPairs)], ownAxes: [countAxis("t", times, "number of gradients")],
    quantities: [
      Quantity("closed_form", ["t"], "largest step in units of alpha, by Cauchy and Schwarz"),
      Quantity("step", ["t"], "step of the sequence that attains it, single precision"),
      Quantity("step_double", ["t"], "the same in double precision"),
      Quantity("stated_bound", ["t"], "what section 2.1 states that no step exceeds"),
    ]
  ) { point, _ in
    let betas = Betas(point["betas"])
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
      ledger.record("closed_form", at: [unit], betas.largestStep(after: t))
      ledger.record("step", at: [unit], steps.single)
      ledger.record("step_double", at: [unit], steps.double)
      ledger.record("stated_bound", at: [unit], betas.statedBound)
    }
  }
}

/// The same for AdaMax: gradients that shrink by beta2 keep the norm u where it is.
func worstCaseOfAdaMax(to last: Int) -> Computation<NoData> {
  let times = logarithmicGrid(to: last)
  return Computation(
    "worst_case_adamax", "the largest step of AdaMax that any t gradients can lead to",
    axes: [betasAxis(adaMaxPairs)], ownAxes: [countAxis("t", times, "number of gradients")],
    quantities: [
      Quantity("closed_form", ["t"], "largest step in units of alpha"),
      Quantity("step", ["t"], "step of the sequence that attains it, single precision"),
    ]
  ) { point, _ in
    let betas = Betas(point["betas"])
    return UnitsOfWork(count: 1) { _, ledger in
      var single = SingleParameter(
        AdaMax(count: 1, alpha: 1, beta1: betas.beta1, beta2: betas.beta2))
      var gradient = 1.0
      for t in 1...last {
        let step = single.step(gradient)
        gradient = Double(Float(betas.beta2) * Float(gradient))
        guard let index = times.firstIndex(of: t) else { continue }
        ledger.record("closed_form", at: [index], betas.largestAdaMaxStep(after: t))
        ledger.record("step", at: [index], step)
      }
    }
  }
}

/// Constant gradients: the corrected step is alpha from the first one on.
func firstSteps(to last: Int) -> Computation<NoData> {
  let times = logarithmicGrid(to: last)
  return Computation(
    "first_steps", "steps under a constant gradient, with and without bias correction",
    axes: [betasAxis(["0.9, 0.99", "0.9, 0.999", "0.9, 0.9999", "0, 0.999"])],
    ownAxes: [countAxis("t", times, "number of gradients")],
    quantities: [
      Quantity("corrected", ["t"], "step of Adam in units of alpha"),
      Quantity("uncorrected", ["t"], "step without bias correction"),
    ]
  ) { point, _ in
    let betas = Betas(point["betas"])
    return UnitsOfWork(count: 1) { _, ledger in
      var corrected = SingleParameter(adam(betas))
      var uncorrected = SingleParameter(
        AdamUncorrected(count: 1, alpha: 1, beta1: betas.beta1, beta2: betas.beta2, epsilon: 0))
      for t in 1...last {
        let steps = (corrected.step(1), uncorrected.step(1))
        guard let index = times.firstIndex(of: t) else { continue }
        ledger.record("corrected", at: [index], steps.0)
        ledger.record("uncorrected", at: [index], steps.1)
      }
    }
  }
}
