import Foundation
import Reporting

/// Claims on what `LayerStatistics` records.
extension Claim {
  /// The second moment of `contender` vanishes: after `epoch` passes, the share of parameters with
  /// sqrt(vhat) below epsilon is at least `share` in each of the layers.
  public static func secondMomentVanishes(
    _ id: String, _ statement: String, place: String, _ contender: String, layers: [String],
    by epoch: Int, share: Double = 0.5, figure: String
  ) -> Claim {
    let region = Region.atLeast(share)
    return custom(
      id, statement, place: place,
      threshold: .init("least share below epsilon", region),
      rule: "sqrt(vhat) < epsilon for at least \(compact(100 * share)) % of the parameters of each "
        + "of \(layers.joined(separator: ", ")) after epoch \(epoch), \(contender)",
      figure: figure, arms: [.tuned]
    ) { context in
      let shares = try layers.map { layer in
        try LayerCells(.shareBelowEpsilon, context).values(contender, layer, at: epoch)
      }
      let estimates = shares.map { Statistics.studentMean($0.map(\.value)) }
      return try ClaimOutcome(
        each: estimates, in: region, unit: "share below epsilon",
        numbers: numbers(layers, estimates),
        "\(contender) after epoch \(epoch): " + text(layers, estimates))
    }.reading(LayerStatistics.Quantity.shareBelowEpsilon)
  }

  /// The second moment itself, whose root Adam adds epsilon to, is below epsilon for half of the parameters of
  /// each layer after `epoch` passes: the median of sqrt(vhat) is below the root of epsilon.
  public static func squaredMomentVanishes(
    _ id: String, _ statement: String, place: String, _ contender: String, layers: [String],
    by epoch: Int, figure: String
  ) -> Claim {
    let region = Region.below(log(epsilon.squareRoot()))
    return custom(
      id, statement, place: place,
      threshold: .ratio("largest median sqrt(vhat)", region),
      rule:
        "vhat itself < epsilon for half of the parameters of each of \(layers.joined(separator: ", ")) after "
        + "epoch \(epoch), \(contender): median sqrt(vhat), at least epsilon, below "
        + compact(epsilon.squareRoot()),
      figure: figure, arms: [.tuned]
    ) { context in
      let estimates = try Roots(context, contender, layers, at: [epoch]).estimates
      let unit = "log(median sqrt(vhat))"
      return try ClaimOutcome(
        each: estimates, in: region, unit: unit, numbers: numbers(layers, estimates),
        "median sqrt(vhat) of \(contender) after epoch \(epoch): " + Claim.roots(layers, estimates))
    }.reading(LayerStatistics.Quantity.roots)
  }

  /// The median of sqrt(vhat) is smaller in each of `layers` of `contender` than in each of the layers of another
  /// experiment's `rival`, at the same epoch.
  public static func smallerSecondMoment(
    _ id: String, _ statement: String, place: String, _ contender: String, layers: [String],
    than rival: String, of experiment: String, rivalLayers: [String], at epoch: Int, figure: String
  ) -> Claim {
    let region = Region.below(0)
    return custom(
      id, statement, place: place,
      threshold: .ratio("largest median sqrt(vhat) here / least there", region),
      rule:
        "median sqrt(vhat), at least epsilon, after epoch \(epoch), \(contender): the largest of "
        + "\(layers.joined(separator: ", ")) below the least of "
        + "\(rivalLayers.joined(separator: ", ")) of \(rival) in \(experiment), paired over seeds",
      figure: figure, arms: [.tuned]
    ) { context in
      let own = try Roots(context, contender, layers, at: [epoch])
      let other = try Roots(context.sibling(experiment), rival, rivalLayers, at: [epoch])
      let ratios = own.bySeed.compactMap { seed, roots -> Double? in
        guard let largest = roots.max(), let least = other[seed]?.min() else { return nil }
        return largest - least
      }
      guard !ratios.isEmpty else { throw NotRun("\(experiment) has no seed of these") }
      let names = layers + rivalLayers.map { "\($0) of \(experiment)" }
      let estimates = own.estimates + other.estimates
      return ClaimOutcome(
        Statistics.studentMean(ratios), in: region, unit: "log(largest here / least there)",
        numbers: numbers(names, estimates),
        "median sqrt(vhat) after epoch \(epoch): " + roots(names, estimates))
    }.reading(LayerStatistics.Quantity.roots)
  }

  /// The scale of the learning rate, alpha / (sqrt(vhat) + epsilon) at the median of sqrt(vhat), is smaller in each
  /// of `layers` than in each of `others`: its geometric mean over epochs 1 to `last`.
  public static func smallerRates(
    _ id: String, _ statement: String, place: String, _ contender: String, layers: [String],
    than others: [String], through last: Int, figure: String
  ) -> Claim {
    let region = Region.below(0)
    return custom(
      id, statement, place: place,
      threshold: .ratio("largest rate / least rate of the others", region),
      rule:
        "alpha / (sqrt(vhat) + epsilon) of \(contender) at the median of sqrt(vhat), geometric mean over "
        + "epochs 1 to \(last): smaller in each of \(layers.joined(separator: ", ")) than in each of "
        + others.joined(separator: ", "),
      figure: figure, arms: [.tuned]
    ) { context in
      let roots = try Roots(
        context, contender, layers + others, at: Array(1...last)
      ) { $0 + epsilon }
      // Of two rates the larger has the smaller root.
      let ratios = roots.bySeed.compactMap { _, means -> Double? in
        guard let least = means.prefix(layers.count).min(),
          let largest = means.dropFirst(layers.count).max()
        else { return nil }
        return largest - least
      }
      return ClaimOutcome(
        Statistics.studentMean(ratios), in: region,
        unit: "log(largest rate / least rate of the others)",
        numbers: numbers(
          (layers + others).map { "sqrt(vhat) + epsilon of \($0)" }, roots.estimates),
        "median sqrt(vhat) + epsilon, geometric mean over epochs 1 to \(last): "
          + Claim.roots(layers + others, roots.estimates))
    }.reading(LayerStatistics.Quantity.roots)
  }

  /// Gradients differ vastly between the layers of a network, unlike in another experiment's: the largest over the
  /// least median of sqrt(vhat), geometric means over epochs 1 to `last`, is at least `factor`, that there less, and
  /// the first larger.
  public static func gradientsDiffer(
    _ id: String, _ statement: String, place: String, _ contender: String, layers: [String],
    by factor: Double, than rival: String, of experiment: String, rivalLayers: [String],
    through last: Int, figure: String
  ) -> Claim {
    let regions = (
      here: Region.atLeast(log(factor)), there: Region.below(log(factor)), ratio: Region.above(0)
    )
    return custom(
      id, statement, place: place,
      threshold: .every([
        .ratio("largest / least here", regions.here), .ratio("that there", regions.there),
        .ratio("the first over the second", regions.ratio),
      ]),
      rule:
        "largest over least median sqrt(vhat), at least epsilon, of the layers, geometric means over epochs 1 to "
        + "\(last): at least \(compact(factor)) in \(layers.joined(separator: ", ")) of \(contender), below "
        + "\(compact(factor)) in \(rivalLayers.joined(separator: ", ")) of \(rival) in \(experiment), and the first "
        + "larger, paired over seeds",
      figure: figure, arms: [.tuned]
    ) { context in
      func spread(_ roots: [Double]) -> Double { (roots.max() ?? .nan) - (roots.min() ?? .nan) }
      let epochs = Array(1...last)
      let own = try Roots(context, contender, layers, at: epochs)
      let here = Statistics.studentMean(own.bySeed.map { spread($0.means) })
      var parts = Conjunction<JudgedQuantity>()
      var estimates = own.estimates
      var texts = ["largest / least here \(NumberText.significant(exp(here.value)))"]
      parts.add { add in
        add(JudgedQuantity(here, in: regions.here, unit: "log(largest / least here)"))
        let other = try Roots(context.sibling(experiment), rival, rivalLayers, at: epochs)
        let there = Statistics.studentMean(other.bySeed.map { spread($0.means) })
        let differences = own.bySeed.compactMap { seed, roots in
          other[seed].map { spread(roots) - spread($0) }
        }
        add(JudgedQuantity(there, in: regions.there, unit: "log(largest / least there)"))
        estimates += other.estimates
        texts.append("in \(experiment) \(NumberText.significant(exp(there.value)))")
        if differences.isEmpty { throw NotRun("\(experiment) has no seed of these") }
        add(
          JudgedQuantity(
            Statistics.studentMean(differences), in: regions.ratio,
            unit: "log(spread here / spread there)"))
      }
      let names = layers + rivalLayers.map { "\($0) of \(experiment)" }
      return try ClaimOutcome(
        parts, numbers: numbers(names, estimates),
        texts.joined(separator: ", ")
          + "; median sqrt(vhat), geometric mean over epochs 1 to \(last): "
          + roots(names, estimates))
    }.reading(LayerStatistics.Quantity.roots)
  }

  /// Adam's epsilon in the arm that these claims are judged in.
  fileprivate static let epsilon = 1e-8

  private static func numbers(_ layers: [String], _ estimates: [Estimate]) -> [ClaimNumber] {
    zip(layers, estimates).map { ClaimNumber($0, $1.value, low: $1.low, high: $1.high) }
  }

  private static func text(_ layers: [String], _ estimates: [Estimate]) -> String {
    zip(layers, estimates).map { "\($0) \(NumberText.significant($1.value))" }
      .joined(separator: ", ")
  }

  /// Of estimates of a logarithm.
  private static func roots(_ layers: [String], _ estimates: [Estimate]) -> String {
    zip(layers, estimates).map { "\($0) \(NumberText.significant(exp($1.value)))" }
      .joined(separator: ", ")
  }
}

/// The medians of sqrt(vhat) in some layers of a contender, as logarithms.
private struct Roots {
  /// Of each seed, one a layer: the mean over the epochs.
  let bySeed: [(seed: String, means: [Double])]
  /// Of each layer, over seeds.
  let estimates: [Estimate]

  /// - Parameter rootOrDenominator: of what the logarithm is taken: below epsilon a root counts as epsilon.
  ///
  /// - Throws: `NotRun` if an epoch is not there.
  init(
    _ context: ClaimContext, _ contender: String, _ layers: [String], at epochs: [Int],
    _ rootOrDenominator: (Double) -> Double = { max($0, Claim.epsilon) }
  ) throws {
    let cells = try LayerCells(.roots, context, quantile: 0.5)
    var seeds: [String] = []
    let means = try layers.map { layer in
      var logarithms: [String: [Double]] = [:]
      for epoch in epochs {
        for (seed, root) in try cells.values(contender, layer, at: epoch) {
          if !seeds.contains(seed) { seeds.append(seed) }
          logarithms[seed, default: []].append(log(rootOrDenominator(root)))
        }
      }
      // A seed that lacks an epoch is none of these.
      return logarithms.filter { $0.value.count == epochs.count }.mapValues(Statistics.mean)
    }
    let complete = seeds.filter { seed in means.allSatisfy { $0[seed] != nil } }
    bySeed = complete.map { seed in (seed, means.compactMap { $0[seed] }) }
    estimates = means.map { means in Statistics.studentMean(complete.compactMap { means[$0] }) }
  }

  /// The means of a seed, one a layer.
  subscript(seed: String) -> [Double]? { bySeed.first { $0.seed == seed }?.means }
}

/// A variable along `layer`, by label.
struct LayerCells {
  private let cells: Cells
  private let arm: String?
  private let quantile: Double?

  /// - Parameter quantile: of a variable along quantiles, the one that is read.
  init(
    _ quantity: LayerStatistics.Quantity, _ context: ClaimContext, quantile: Double? = nil
  ) throws {
    cells = try context.array(quantity)
    arm = context.arm
    self.quantile = quantile
  }

  /// The last epoch that has a value of a layer.
  func lastEpoch(_ contender: String, _ layer: String) throws -> Int {
    let epochs = cells.labels(of: "epoch").compactMap { Int($0) }
    guard
      let last = epochs.last(where: { (try? values(contender, layer, at: $0))?.isEmpty == false })
    else { throw NotRun("\(contender) has no \(cells.name) of \(layer)") }
    return last
  }

  /// The values after `epoch`, one a finished seed.
  func values(_ contender: String, _ layer: String, at epoch: Int) throws -> [(
    seed: String, value: Double
  )] {
    var selection = ["optimizer": contender, "layer": layer, "epoch": "\(epoch)"]
    selection["arm"] = arm
    selection["quantile"] = quantile.map { "\($0)" }
    for (dimension, label) in selection.sorted(by: { $0.key < $1.key })
    where !cells.has(dimension, label) {
      let last = cells.labels(of: "epoch").last ?? "none"
      throw NotRun(
        dimension == "epoch"
          ? "epoch \(epoch) is not there: the runs end at \(last)"
          : "\(cells.name) has no \(dimension) \(label)")
    }
    let found: [(seed: String, value: Double)] = cells.labels(of: "seed").compactMap { seed in
      selection["seed"] = seed
      guard let value = cells.value(at: selection), value.isFinite else { return nil }
      return (seed, value)
    }
    guard !found.isEmpty else {
      throw NotRun("\(contender) has no \(cells.name) of \(layer) after epoch \(epoch)")
    }
    return found
  }
}
