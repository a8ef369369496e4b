import Glibc
import Numerics
import Optimizers
import Reproduction

// Section 3: with bias correction the moments are unbiased estimates, for stationary gradients.

/// A stationary sequence of gradients, with the moments that it has exactly.
enum GradientSource: String, CaseIterable {
  case normal, exponential, uniform, sparse, correlated

  /// `E[g]`.
  var mean: Double {
    switch self {
    case .normal, .uniform, .correlated: 0.5
    case .exponential: 1
    case .sparse: 0.01
    }
  }

  /// `E[g^2]`.
  var meanSquare: Double {
    switch self {
    case .normal, .correlated: 1.25
    case .exponential: 2
    case .uniform: 1
    case .sparse: 0.01
    }
  }

  /// The next gradient of each sequence. `noise` is what `correlated` remembers, an autoregressive
  /// process with the coefficient 0.9 that starts from its stationary distribution.
  func draw(
    _ gradient: inout FloatVector, noise: inout FloatVector, stream: inout RandomStream,
    isFirst: Bool
  ) {
    gradient.withUnsafeMutableBufferPointer { gradient in
      switch self {
      case .normal:
        stream.fillNormal(gradient)
        for index in gradient.indices { gradient[index] += 0.5 }
      case .exponential:
        for index in gradient.indices {
          gradient[index] = Float(-log(1 - stream.nextDouble()))
        }
      case .uniform:
        stream.fillUniform(gradient)
        for index in gradient.indices { gradient[index] = 3 * gradient[index] - 1 }
      case .sparse:
        for index in gradient.indices { gradient[index] = stream.next(below: 100) == 0 ? 1 : 0 }
      case .correlated:
        stream.fillNormal(gradient)
        noise.withUnsafeMutableBufferPointer { noise in
          for index in gradient.indices {
            noise[index] =
              isFirst
              ? gradient[index] : 0.9 * noise[index] + Float(0.19.squareRoot()) * gradient[index]
            gradient[index] = noise[index] + 0.5
          }
        }
      }
    }
  }
}

enum Moment: String, CaseIterable { case first, second }

extension Quantity {
  static let correctedMoment = Quantity(
    "corrected", [.moment, .gradients], "mean of the corrected moment over its expectation")
  static let uncorrectedMoment = Quantity(
    "uncorrected", [.moment, .gradients], "mean of the uncorrected moment over its expectation")
  static let standardErrors = Quantity(
    "z", [.moment, .gradients], "deviation of the corrected mean in standard errors")
}

/// The attribute that has the number of sequences.
let sequenceCount = "sequences"

/// Averages of Adam's moments over many independent sequences, against the expectations.
func momentEstimates(sequences: Int, to last: Int) -> Computation<NoData> {
  let times = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter { $0 <= last }
  return Computation(
    Topic.moments,
    "Adam's moments, averaged over many sequences of gradients, against expectations",
    axes: [Axis.source(GradientSource.self)],
    ownAxes: [Axis.moment(Moment.self), Axis.gradients(times)],
    quantities: [.correctedMoment, .uncorrectedMoment, .standardErrors],
    parameters: [sequenceCount: Double(sequences), "beta1": 0.9, "beta2": 0.999]
  ) { point, _ in
    let source: GradientSource = point.label(.source)
    return UnitsOfWork(count: last) { unit, ledger in
      let t = unit + 1
      var adam = Adam(count: sequences, alpha: 1, beta1: 0.9, beta2: 0.999, epsilon: 0)
      var theta = FloatVector(count: sequences)
      var gradient = FloatVector(count: sequences)
      var noise = FloatVector(count: sequences)
      if unit > 0 {
        try ledger.memory.restore(&adam, from: "adam")
        noise = try ledger.memory.vector("noise", count: sequences)
      }
      var stream = RandomStream(
        seed: point.seed, purpose: .problem, epoch: t,
        lane: GradientSource.allCases.firstIndex(of: source) ?? 0)
      source.draw(&gradient, noise: &noise, stream: &stream, isFirst: unit == 0)
      adam.step(&theta, gradient: gradient)
      ledger.memory.store(adam.state, as: "adam")
      ledger.memory.vectors["noise"] = noise
      guard let index = times.firstIndex(of: t) else { return }
      let expectations = [source.mean, source.meanSquare]
      for (moment, vector) in adam.state.vectors.enumerated() {
        let correction = 1 - pow(moment == 0 ? adam.beta1 : adam.beta2, Double(t))
        let (mean, deviation) = meanAndDeviation(vector.values)
        let expected = expectations[moment]
        ledger.record(.uncorrectedMoment, at: [moment, index], mean / expected)
        ledger.record(.correctedMoment, at: [moment, index], mean / correction / expected)
        let error = deviation / correction / Double(sequences).squareRoot()
        ledger.record(
          .standardErrors, at: [moment, index], (mean / correction - expected) / error)
      }
    }
  }
}

private func meanAndDeviation(_ values: FloatVector) -> (mean: Double, deviation: Double) {
  values.withUnsafeBufferPointer { values in
    let count = Double(values.count)
    let mean = values.reduce(0.0) { $0 + Double($1) } / count
    let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, (squares / (count - 1)).squareRoot())
  }
}
