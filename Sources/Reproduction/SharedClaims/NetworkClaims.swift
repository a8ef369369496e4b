import Glibc
import Reporting
import ResultStore

/// Claims on the layers of several networks at once, which the experiment of the last one judges: one
/// counterexample decides, else all networks must have been run.
extension Claim {
  /// A network whose layers are looked at.
  public struct Network: Sendable {
    let name: String
    /// Nil: the experiment that judges.
    let experiment: String?
    let layers: [String]

    /// A network of an experiment.
    public init(_ name: String, experiment: String? = nil, layers: [String]) {
      self.name = name
      self.experiment = experiment
      self.layers = layers
    }
  }

  /// A quantity of a layer, over seeds.
  private struct LayerMeasure {
    let label: String
    let values: [Double]
    /// Whether it has to be in the claim's region, or is told beside the others only.
    var isJudged = true
  }

  /// Section 2.1: at most `share` of the steps of Adam are above alpha, in the first pass and in the
  /// last, as `LayerStatistics.stepProbes` records them.
  public static func stepsBounded(
    _ id: String, _ statement: String, place: String, _ contender: String, networks: [Network],
    share: Double = 0.01
  ) -> Claim {
    let quantity = "largest share of steps above 1.1 alpha"
    let region = Region.atMost(share)
    return overNetworks(
      id, statement, place: place, threshold: .init(quantity, region),
      rule:
        "share of pairs of a parameter and a step above \(compact(LayerStatistics.stepLimit)) alpha, "
        + "in the first pass and in the last, every \(LayerStatistics.stepInterval)th step, each layer of "
        + networks.map(\.name).joined(separator: " and ") + ": at most \(compact(100 * share)) %",
      networks: networks, region: region, unit: "share of steps above 1.1 alpha",
      reading: [.shareAboveAlpha, .largestStep]
    ) { context, layer in
      let cells = try LayerCells(.shareAboveAlpha, context)
      let largest = try LayerCells(.largestStep, context)
      let last = try cells.lastEpoch(contender, layer)
      let steps = try (0...last).flatMap { try largest.values(contender, layer, at: $0) }
      return try [0, last].map { epoch in
        let values = try cells.values(contender, layer, at: epoch).map(\.value)
        return LayerMeasure(label: epoch == 0 ? "first pass" : "last pass", values: values)
      } + [
        LayerMeasure(
          label: "largest step over alpha", values: [steps.map(\.value).max() ?? .nan],
          isJudged: false)
      ]
    }
  }

  /// Section 2.1: effective steps shrink near an optimum. The median absolute step after the last pass
  /// is at most `ratio` of that after the first, with a constant alpha.
  public static func stepsAnneal(
    _ id: String, _ statement: String, place: String, _ contender: String, networks: [Network],
    to ratio: Double = 0.5
  ) -> Claim {
    let region = Region.atMost(log(ratio))
    return overNetworks(
      id, statement, place: place,
      threshold: .ratio("last / first step in each layer", region),
      rule:
        "median absolute step after the last pass at most \(compact(ratio)) of that after the first, "
        + "in each layer of " + networks.map(\.name).joined(separator: " and ")
        + ", alpha searched and constant", networks: networks, region: region,
      unit: "log(last / first)", reading: [.medianStep]
    ) { context, layer in
      let cells = try LayerCells(.medianStep, context)
      let last = try cells.lastEpoch(contender, layer)
      guard last > 1 else { throw NotRun("the runs end at epoch \(last)") }
      let first = try cells.values(contender, layer, at: 1)
      let end = Dictionary(
        uniqueKeysWithValues: try cells.values(contender, layer, at: last)
          .map { ($0.seed, $0.value) })
      let ratios = first.compactMap { seed, value in end[seed].map { log($0 / value) } }
      return [LayerMeasure(label: "epoch \(last) over epoch 1", values: ratios)]
    }
  }

  /// - Parameters:
  ///   - quantities: what `measure` looks at.
  ///   - measure: what is measured of a layer.
  private static func overNetworks(
    _ id: String, _ statement: String, place: String, threshold: Threshold, rule: String,
    networks: [Network], region: Region, unit: String,
    reading quantities: [LayerStatistics.Quantity],
    measure: @escaping @Sendable (ClaimContext, _ layer: String) throws -> [LayerMeasure]
  ) -> Claim {
    let claim = custom(
      id, statement, place: place, threshold: threshold, rule: rule, figure: "", arms: [.tuned]
    ) {
      context in
      var judged = Conjunction<JudgedQuantity>()
      var told: [ClaimNumber] = []
      for network in networks {
        judged.add(of: network.name) { add in
          let own = try network.experiment.map { try context.sibling($0) } ?? context
          for layer in network.layers {
            for quantity in try measure(own, layer) {
              let name = "\(network.name), \(layer), \(quantity.label)"
              let estimate = Statistics.studentMean(quantity.values)
              told.append(ClaimNumber(name, estimate.value, low: estimate.low, high: estimate.high))
              if quantity.isJudged {
                add(JudgedQuantity(estimate, in: region, unit: unit))
              }
            }
          }
        }
      }
      guard let deciding = judged.deciding else { throw judged.open ?? NotRun("no layers") }
      let isRatio = ClaimOutcome.ratioName(unit) != nil
      let texts = told.map {
        "\($0.label): \(NumberText.significant(isRatio ? exp($0.value) : $0.value))"
      }
      return ClaimOutcome(
        judged.judgement, deciding, numbers: told, texts.joined(separator: "; ") + judged.remark)
    }
    let readsOwn = networks.contains { $0.experiment == nil }
    return readsOwn
      ? quantities.reduce(claim) { $0.reading($1) } : claim.readingElsewhere(quantities)
  }

  /// Section 6.3: the first moment speeds up training, and more so in one network than in another. The passes of
  /// Adam with beta1 = 0 that begin up to `epoch`, over those until Adam's running cost is as low: above 1 here, and
  /// above that of `experiment`.
  ///
  /// Passes and not costs: where a curve is steep, the same lead in passes is a larger ratio of costs.
  public static func firstMomentMatters(
    _ id: String, _ statement: String, place: String, _ without: String, _ with: String,
    than experiment: String, at epoch: Int
  ) -> Claim {
    let region = Region.above(0)
    return custom(
      id, statement, place: place,
      threshold: .every([.ratio("speed-up here", region), .ratio("that over that there", region)]),
      rule:
        "speed-up: the passes of \(without) through the one that begins after epoch \(epoch), over those of \(with) "
        + "until its running cost is as low, alpha of both searched; above 1 here, and larger here than in "
        + "\(experiment), paired over seeds", figure: "", arms: [.tuned]
    ) { context in
      let own = try speedUps(context, without, with, at: epoch)
      let here = Statistics.studentMean(own.map(\.value))
      var parts = Conjunction<JudgedQuantity>()
      var numbers = [ClaimNumber("speed-up here", here.value, low: here.low, high: here.high)]
      parts.add { add in
        add(JudgedQuantity(here, in: region, unit: "log(speed-up here)"))
        let other = try speedUps(context.sibling(experiment), without, with, at: epoch)
        let there = Statistics.studentMean(other.map(\.value))
        numbers.append(
          ClaimNumber(
            "speed-up in \(experiment)", there.value, low: there.low, high: there.high))
        let differences = own.compactMap { seed, speedUp in
          other.first { $0.seed == seed }.map { speedUp - $0.value }
        }
        if differences.isEmpty { throw NotRun("the two experiments share no seed") }
        add(
          JudgedQuantity(
            Statistics.studentMean(differences), in: region,
            unit: "log(speed-up here / speed-up there)"))
      }
      let times = numbers.map { "\($0.label) \(NumberText.significant(exp($0.value)))" }
      return try ClaimOutcome(
        parts, numbers: numbers,
        "\(Measure.runningCost.passes(atLabel: epoch)) passes of \(without) over those of \(with) to the same cost: "
          + times.joined(separator: ", "))
    }
  }

  /// The logarithm of the speed-up of each seed: infinite where only one of the two gets there, NaN where both
  /// diverged.
  private static func speedUps(
    _ context: ClaimContext, _ without: String, _ with: String, at epoch: Int
  ) throws -> [(seed: String, value: Double)] {
    let array = try context.array(.runningCost)
    var reason: String?
    let found = try context.seeds(of: array).compactMap { seed -> (seed: String, value: Double)? in
      switch try context.cell(array, without, seed: seed, epoch: epoch) {
      case .missing(let why):
        reason = reason ?? why
        return nil
      case .diverged:
        if case .diverged = try context.cell(array, with, seed: seed, epoch: epoch) {
          return (seed, .nan)
        }
        return (seed, .infinity)
      case .value(let cost):
        let passes = try context.passes(of: with, array, seed: seed, to: cost)
        if let why = passes.reason {
          reason = reason ?? why
          return nil
        }
        let made = Double(Measure.runningCost.passes(atLabel: epoch))
        return (seed, log(made / passes.count))
      }
    }
    guard !found.isEmpty else { throw NotRun(reason ?? "there are no seeds") }
    return found
  }
}
