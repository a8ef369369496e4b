import Glibc
import Reporting
import Reproduction
import ResultStore

/// One pair of axes of the paper's figure.
struct Panel: Hashable {
  let horizon: Int
  let beta1: Double
  let beta2: Double

  var name: String {
    "\(horizon) epochs, beta1=\(NumberText.exact(beta1)), beta2=\(NumberText.exact(beta2))"
  }

  /// The panels of the protocol at some horizons and values of beta2.
  static func all(_ horizons: [Int], beta2: [Double] = [0.99, 0.999, 0.9999]) -> [Panel] {
    horizons.flatMap { horizon in
      [0, 0.9].flatMap { beta1 in
        beta2.map { Panel(horizon: horizon, beta1: beta1, beta2: $0) }
      }
    }
  }
}

/// The losses of the sweep, by label.
struct SweepLosses {
  /// A loss from here on is that of a run which is not stable.
  static let failure = 200.0
  static let corrected = "corrected"
  static let uncorrected = "uncorrected"
  static let variants = [corrected, uncorrected]

  let seeds: [String]
  /// The stepsizes of the axis, ascending, with their labels.
  let alphas: [(value: Double, label: String)]
  private let loss: Cells
  /// The brackets of the edge of stability, if they were searched; a claim that reads them declares it.
  private let edges: Result<(stable: Cells, failed: Cells)?, any Error>
  private let status: RunStatus

  init(_ context: ClaimContext) throws {
    loss = try context.array(.loss)
    guard let status = RunStatus(context.document) else {
      throw NotRun("the file has no variable status")
    }
    self.status = status
    edges = Result {
      guard let stable = try context.optional(SweepEdges.End.stable),
        let failed = try context.optional(SweepEdges.End.failed)
      else { return nil }
      return (stable, failed)
    }
    seeds = loss.labels(of: "seed")
    alphas = loss.labels(of: alphaAxis.name).map { label in
      // Labels are logarithms of round numbers.
      let text = NumberText.significant(pow(10, Double(label) ?? .nan), digits: 6)
      return (Double(text) ?? .nan, label)
    }
  }

  /// The stepsizes that the protocol has at a horizon.
  func alphas(at horizon: Int) -> [(value: Double, label: String)] {
    horizon == horizons[0] ? alphas : alphas.filter { longAlphas.contains($0.value) }
  }

  /// The labels of one variant in a panel, with one seed: of a cell at the panel's horizon if its
  /// stepsize is given, else of an edge.
  func labels(
    _ variant: String, _ panel: Panel, alpha: String? = nil, seed: String
  ) -> [String: String] {
    var labels = [
      "seed": seed, sweptVariants.axis: variant, beta1Axis.name: "\(panel.beta1)",
      beta2Axis.name: "\(panel.beta2)",
    ]
    labels[alphaAxis.name] = alpha
    labels[alpha == nil ? SweepEdges.horizon : "epoch"] = "\(panel.horizon)"
    return labels
  }

  /// The losses by the place of their seed, infinite where the run diverged; those that were run.
  func values(_ variant: String, _ panel: Panel, alpha label: String) -> [Int: Double] {
    var values: [Int: Double] = [:]
    for (index, seed) in seeds.enumerated() {
      let place = labels(variant, panel, alpha: label, seed: seed)
      guard let value = loss.value(at: place) else { continue }
      if value.isFinite {
        values[index] = value
      } else if status.state(at: place) == .diverged {
        values[index] = .infinity
      }
    }
    return values
  }

  /// The last epoch that runs reach.
  var lastEpoch: Int { loss.labels(of: "epoch").last.flatMap { Int($0) } ?? 0 }

  /// The lowest loss over the stepsizes that were run, by the place of the seed.
  func best(_ variant: String, _ panel: Panel) -> [Int: Double] {
    alphas(at: panel.horizon).reduce(into: [:]) { best, alpha in
      best.merge(values(variant, panel, alpha: alpha.label)) { min($0, $1) }
    }
  }

  /// The edge of stability by the place of the seed, and its bracket: the one that was searched, else the
  /// largest stepsize of the grid that did not fail, for seeds that have the whole grid; 0 if all failed.
  ///
  /// - Throws: `NotRun` if the claim does not declare that it reads the brackets.
  func edge(_ variant: String, _ panel: Panel) throws
    -> [Int: (value: Double, bracket: ClosedRange<Double>)]
  {
    guard let edges = try edges.get() else {
      let runs = alphas.map { (alpha: $0.value, losses: values(variant, panel, alpha: $0.label)) }
      return seeds.indices.reduce(into: [:]) { found, seed in
        let own = runs.filter { $0.losses[seed] != nil }
        guard own.count == runs.count, !runs.isEmpty else { return }
        let largest = own.last { ($0.losses[seed] ?? .infinity) < Self.failure }?.alpha ?? 0
        found[seed] = (largest, largest...largest)
      }
    }
    return seeds.indices.reduce(into: [:]) { found, seed in
      let place = labels(variant, panel, seed: seeds[seed])
      // One that lies beyond what was tried gives no number.
      guard let stable = edges.stable.value(at: place), let failed = edges.failed.value(at: place),
        stable < failed
      else { return }
      found[seed] = ((stable * failed).squareRoot(), stable...failed)
    }
  }

  /// Why edges cannot be judged in full; `nil` if they can.
  func edgeGap(in panels: [Panel]) throws -> String? {
    guard try edges.get() != nil else { return gap(in: panels) }
    let missing = try panels.reduce(0) { count, panel in
      try count + Self.variants.count { try edge($0, panel).isEmpty }
    }
    return missing > 0 ? "\(missing) of \(2 * panels.count) edges have not been found" : nil
  }

  /// Why the panels cannot be judged in full; `nil` if they can.
  func gap(in panels: [Panel]) -> String? {
    let epochs = loss.labels(of: "epoch")
    let late = Set(panels.map(\.horizon)).sorted().filter { !epochs.contains("\($0)") }
    if !late.isEmpty {
      return "the runs end at epoch \(epochs.last ?? "0"), before "
        + NumberText.list(late.map(String.init))
    }
    let ends = (alphas.map(\.value).min() ?? .infinity, alphas.map(\.value).max() ?? 0)
    guard ends.0 <= 1.001e-5 && ends.1 >= 0.999e-1 else {
      return "the stepsizes do not reach from 1e-5 to 1e-1"
    }
    let missing = panels.reduce(0) { count, panel in
      count
        + Self.variants.reduce(0) { count, variant in
          count
            + alphas(at: panel.horizon).count { values(variant, panel, alpha: $0.label).isEmpty }
        }
    }
    let all = panels.reduce(0) { $0 + Self.variants.count * alphas(at: $1.horizon).count }
    return missing > 0 ? "\(missing) of \(all) cells have not been run" : nil
  }
}

/// The values of the seeds that both have, in their order.
func paired(_ a: [Int: Double], _ b: [Int: Double]) -> [(Double, Double)] {
  a.keys.sorted().compactMap { seed in a[seed].flatMap { first in b[seed].map { (first, $0) } } }
}

extension [Int: Double] {
  /// The values in the order of the seeds.
  var bySeed: [Double] { keys.sorted().compactMap { self[$0] } }
}

/// Paired values, one a seed, with Student's intervals of their mean. Where one is infinite, their median,
/// which decides only if they are all the same.
func spread(_ values: [Double]) -> Estimate {
  if values.allSatisfy(\.isFinite) || values.contains(where: \.isNaN) {
    return Statistics.studentMean(values)
  }
  var estimate = Estimate(Statistics.median(values), count: values.count)
  guard let confidence = Statistics.confidence(seeds: values.count), let first = values.first,
    values.allSatisfy({ $0 == first })
  else { return estimate }
  estimate.deciding = first...first
  estimate.confidence = confidence
  return estimate
}

extension Estimate {
  /// The estimate as a number behind a verdict, on another scale.
  func number(_ label: String, _ scale: (Double) -> Double = { $0 }) -> ClaimNumber {
    ClaimNumber(label, scale(value), low: scale(low), high: scale(high))
  }
}
