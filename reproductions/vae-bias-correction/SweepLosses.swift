import Glibc
import Reporting

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
  /// A loss from here on counts as that of a run that diverged.
  static let failure = 200.0
  static let corrected = "corrected"
  static let uncorrected = "uncorrected"

  let seeds: [String]
  /// The stepsizes of the axis, ascending, with their labels.
  let alphas: [(value: Double, label: String)]
  private let loss: Cells
  private let status: RunStatus

  init(_ context: ClaimContext) throws {
    loss = try context.array("loss")
    guard let status = RunStatus(context.document) else {
      throw NotRun("the file has no variable status")
    }
    self.status = status
    seeds = loss.labels(of: "seed")
    alphas = loss.labels(of: "log10_alpha").map { label in
      // Labels are logarithms of round numbers.
      let text = NumberText.significant(pow(10, Double(label) ?? .nan), digits: 6)
      return (Double(text) ?? .nan, label)
    }
  }

  /// The loss of each seed, infinite where the run failed; `nil` unless all seeds were run.
  func values(_ variant: String, _ panel: Panel, alpha label: String) -> [Double]? {
    var values: [Double] = []
    for seed in seeds {
      let place = [
        "seed": seed, "bias_correction": variant, "beta1": "\(panel.beta1)",
        "beta2": "\(panel.beta2)", "log10_alpha": label, "epoch": "\(panel.horizon)",
      ]
      guard let value = loss.value(at: place) else { return nil }
      if value.isFinite {
        values.append(value < Self.failure ? value : .infinity)
      } else if status.meaning(at: place) == "diverged" {
        values.append(.infinity)
      } else {
        return nil
      }
    }
    return values.isEmpty ? nil : values
  }

  /// The last epoch that runs reach.
  var lastEpoch: Int { loss.labels(of: "epoch").last.flatMap { Int($0) } ?? 0 }

  /// The lowest loss over the stepsizes that were run, of each seed; `nil` if none was.
  func best(_ variant: String, _ panel: Panel) -> [Double]? {
    let runs = alphas.compactMap { values(variant, panel, alpha: $0.label) }
    return runs.isEmpty
      ? nil : seeds.indices.map { seed in runs.map { $0[seed] }.min() ?? .infinity }
  }

  /// The largest stepsize that was run and did not fail, of each seed: 0 if all failed; `nil` if
  /// none was run.
  func largestStable(_ variant: String, _ panel: Panel) -> [Double]? {
    let runs = alphas.compactMap { alpha in
      values(variant, panel, alpha: alpha.label).map { (alpha: alpha.value, losses: $0) }
    }
    return runs.isEmpty
      ? nil
      : seeds.indices.map { seed in runs.last { $0.losses[seed].isFinite }?.alpha ?? 0 }
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
    let variants = [Self.corrected, Self.uncorrected]
    let missing = panels.reduce(0) { count, panel in
      count
        + variants.reduce(0) { count, variant in
          count + alphas.count { values(variant, panel, alpha: $0.label) == nil }
        }
    }
    let all = panels.count * variants.count * alphas.count
    return missing > 0 ? "\(missing) of \(all) cells have not been run" : nil
  }
}

/// Paired values, one a seed, with Student's intervals of their mean; where one is infinite, their
/// median with their range.
func spread(_ values: [Double]) -> Estimate {
  if values.allSatisfy(\.isFinite) || values.contains(where: \.isNaN) {
    return Statistics.studentMean(values)
  }
  var estimate = Estimate(Statistics.median(values), count: values.count)
  guard let confidence = Statistics.confidence(seeds: values.count), let low = values.min(),
    let high = values.max()
  else { return estimate }
  (estimate.low, estimate.high) = (low, high)
  estimate.deciding = low...high
  estimate.confidence = confidence
  return estimate
}

extension Estimate {
  /// The estimate as a number behind a verdict, on another scale.
  func number(_ label: String, _ scale: (Double) -> Double = { $0 }) -> ClaimNumber {
    ClaimNumber(label, scale(value), low: scale(low), high: scale(high))
  }
}
