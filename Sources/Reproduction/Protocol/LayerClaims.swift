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
      figure: figure
    ) { context in
      let shares = try layers.map { layer in
        try LayerCells(.shareBelowEpsilon, context).values(contender, layer, at: epoch)
      }
      let estimates = shares.map { Statistics.studentMean($0.map(\.value)) }
      let least = estimates.min { $0.value < $1.value } ?? Estimate(.nan, count: 0)
      return ClaimOutcome(
        .all(estimates.map { $0.judgement(in: region) }), least,
        threshold: region.threshold(nearest: least.value), unit: "least share below epsilon",
        numbers: numbers(layers, estimates),
        "\(contender) after epoch \(epoch): " + text(layers, estimates))
    }.reading(LayerStatistics.Quantity.shareBelowEpsilon)
  }

  /// The share of parameters with sqrt(vhat) below epsilon is larger in each of `layers` of
  /// `contender` than in each of the layers of another experiment's `rival`, at the same epoch.
  public static func secondMomentVanishesMore(
    _ id: String, _ statement: String, place: String, _ contender: String, layers: [String],
    than rival: String, of experiment: String, rivalLayers: [String], at epoch: Int, figure: String
  ) -> Claim {
    let region = Region.above(0)
    return custom(
      id, statement, place: place,
      threshold: .init("least share here less largest there", region),
      rule: "share of parameters with sqrt(vhat) < epsilon after epoch \(epoch), \(contender): the "
        + "least of \(layers.joined(separator: ", ")) above the largest of "
        + "\(rivalLayers.joined(separator: ", ")) of \(rival) in \(experiment)",
      figure: figure
    ) { context in
      let own = try LayerCells(.shareBelowEpsilon, context)
      let other = try LayerCells(.shareBelowEpsilon, context.sibling(experiment))
      let shares = try layers.map { try own.values(contender, $0, at: epoch) }
      let rivals = try rivalLayers.map { try other.values(rival, $0, at: epoch) }
      var differences: [Double] = []
      for seed in (shares.first ?? []).map(\.seed) {
        let own = shares.flatMap { $0.filter { $0.seed == seed } }.map(\.value)
        let theirs = rivals.flatMap { $0.filter { $0.seed == seed } }.map(\.value)
        if let least = own.min(), let largest = theirs.max() { differences.append(least - largest) }
      }
      guard !differences.isEmpty else { throw NotRun("\(experiment) has no seed of these") }
      let estimate = Statistics.studentMean(differences)
      let names = layers + rivalLayers.map { "\($0) of \(experiment)" }
      let estimates = (shares + rivals).map { Statistics.studentMean($0.map(\.value)) }
      return ClaimOutcome(
        estimate, in: region, unit: "least share less largest share there",
        numbers: numbers(names, estimates),
        "after epoch \(epoch): " + text(names, estimates))
    }.reading(LayerStatistics.Quantity.shareBelowEpsilon)
  }

  /// The median absolute step is smaller in each of `layers` than in each of `others`, after every
  /// epoch from 1 to `last`.
  public static func smallerSteps(
    _ id: String, _ statement: String, place: String, _ contender: String, layers: [String],
    than others: [String], through last: Int, figure: String
  ) -> Claim {
    let region = Region.below(0)
    return custom(
      id, statement, place: place,
      threshold: .ratio("largest step / least step of the others", region),
      rule: "median absolute step of \(contender) smaller in each of "
        + "\(layers.joined(separator: ", ")) than in each of \(others.joined(separator: ", ")) "
        + "after every epoch from 1 to \(last)",
      figure: figure
    ) { context in
      let cells = try LayerCells(.medianStep, context)
      var worst: [String: Double] = [:]
      var medians = (layers + others).map { (layer: $0, steps: [Double]()) }
      for epoch in 1...last {
        var largest: [String: Double] = [:]
        var least: [String: Double] = [:]
        for (index, layer) in (layers + others).enumerated() {
          for (seed, step) in try cells.values(contender, layer, at: epoch) {
            medians[index].steps.append(step)
            if index < layers.count {
              largest[seed] = max(largest[seed] ?? 0, step)
            } else {
              least[seed] = min(least[seed] ?? .infinity, step)
            }
          }
        }
        for (seed, large) in largest {
          guard let small = least[seed] else { continue }
          let smallest = Double.leastNormalMagnitude
          let ratio = log(max(large, smallest)) - log(max(small, smallest))
          worst[seed] = max(worst[seed] ?? -.infinity, ratio)
        }
      }
      let ratios = worst.sorted { $0.key < $1.key }.map(\.value)
      let estimate = Statistics.studentMean(ratios)
      let estimates = medians.map { Estimate(Statistics.median($0.steps), count: ratios.count) }
      return ClaimOutcome(
        estimate, in: region, unit: "log(largest step / least step of the others)",
        numbers: numbers(medians.map(\.layer), estimates),
        "median absolute steps over the whole run: " + text(medians.map(\.layer), estimates))
    }.reading(LayerStatistics.Quantity.medianStep)
  }

  private static func numbers(_ layers: [String], _ estimates: [Estimate]) -> [ClaimNumber] {
    zip(layers, estimates).map { ClaimNumber($0, $1.value, low: $1.low, high: $1.high) }
  }

  private static func text(_ layers: [String], _ estimates: [Estimate]) -> String {
    zip(layers, estimates).map { "\($0) \(NumberText.significant($1.value))" }
      .joined(separator: ", ")
  }
}

/// A variable along `layer`, by label.
struct LayerCells {
  private let cells: Cells
  private let arm: String?

  init(_ quantity: LayerStatistics.Quantity, _ context: ClaimContext) throws {
    cells = try context.array(quantity)
    arm = context.arm
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
