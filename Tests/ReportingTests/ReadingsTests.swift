import Glibc
import Reporting
import ResultStore
import Testing

@Suite struct ReadingsTests {
  private static let claim = Claim.lower(
    "fig1a.a", "a is faster", place: "6.1", "Adam", than: "AdaGrad", at: [5, 10], figure: "fig1a")

  /// A document with a search: AdaGrad is behind with one schedule, ahead with the other; of its
  /// two stepsizes the one with the lower final cost has the higher mean.
  private static func document(seeds: Int = 3) -> Document {
    var document = SyntheticResults(seeds: seeds, epochs: 12).document
    var rows: [(String, Double, String, Int, [Double])] = []
    for seed in 0..<seeds {
      let shift = 0.001 * Double(seed)
      for schedule in ["constant", "alpha/sqrt(step)"] {
        rows.append(("Adam", 0.1, schedule, seed, [Double](repeating: 0.3 + shift, count: 12)))
        let level = schedule == "constant" ? 0.2 : 0.4
        rows.append(("AdaGrad", 0.1, schedule, seed, [Double](repeating: level + shift, count: 12)))
        let late = [Double](repeating: 0.9 + shift, count: 11) + [0.1 + shift]
        rows.append(("AdaGrad", 1, schedule, seed, late))
      }
    }
    func text(_ values: [String], _ name: String) -> Variable {
      Variable(name, ["trial"], .string(values))
    }
    func number(_ values: [Double], _ name: String) -> Variable {
      Variable(name, ["trial"], .double(values))
    }
    var search = Group()
    search.dimensions = [
      Dimension("trial", .int64(rows.indices.map(Int64.init))),
      Dimension("pass", .int64((0..<12).map { $0 })),
    ]
    search.variables = [
      text(rows.map(\.0), "contender"), number(rows.map(\.1), "alpha"),
      text(rows.map(\.2), "schedule"),
      number(rows.map { Double($0.3) }, "search_seed"),
      number(rows.map { _ in 12 }, "search_epochs"),
      number(rows.compactMap(\.4.last), "final_cost"),
      Variable("train_cost_running", ["trial", "pass"], .double(rows.flatMap(\.4))),
    ]
    document.root.groups.append(Subgroup("search", search))
    return document
  }

  private static func verdicts(_ readings: Readings) -> [String: Verdict] {
    Dictionary(uniqueKeysWithValues: readings.all.map { ($0.text, $0.outcome.verdict) })
  }

  @Test func `every reading that was run has its verdict`() throws {
    let readings = Readings([Self.claim], of: Self.document())
    #expect(
      Self.verdicts(readings) == [
        // Adam is at 0.25, AdaGrad at 0.45 or half of it.
        "fitted": .reproduced, "tuned": .notReproduced, "fitted, cost after each pass": .reproduced,
        "tuned, cost after each pass": .notReproduced,
        // By final cost AdaGrad takes the stepsize that is at 0.9 until the last pass.
        "search: constant, chosen by final cost": .reproduced,
        "search: constant, chosen by mean cost": .notReproduced,
        "search: alpha/sqrt(step), chosen by final cost": .reproduced,
        "search: alpha/sqrt(step), chosen by mean cost": .reproduced,
        // What the text does not say: that AdaGrad decays too.
        "search: alpha/sqrt(step), AdaGrad constant, chosen by final cost": .reproduced,
        "search: alpha/sqrt(step), AdaGrad constant, chosen by mean cost": .notReproduced,
        "search: any schedule, chosen by final cost": .reproduced,
        "search: any schedule, chosen by mean cost": .notReproduced,
      ])
    #expect(readings.summary(of: "fig1a.a") == "holds in 7 of 12 readings, does not in 5")
    let effects = readings.all.map(\.outcome.effect)
    #expect(effects == effects.sorted())
  }

  @Test func `a verdict on AdaGrad is open in the arm literal unless its constant stepsize agrees`()
  {
    func verdicts(_ adam: Double, _ adaGrad: Double, search: Bool = true) -> [Verdict] {
      var results = SyntheticResults(seeds: 3, epochs: 12)
      results.arms = ["literal", "tuned"]
      results.cost = { _, contender, seed, _ in
        [adam, 1, adaGrad][contender] * (1 + 0.001 * Double(seed * contender))
      }
      var document = results.document
      if search { document.root.groups.append(Self.document().root.groups.last!) }
      return Self.claim.openToUndecayedAdaGrad.judge(document).map(\.verdict)
    }
    // With AdaGrad's constant stepsize, chosen by final cost, the search has Adam ahead.
    #expect(verdicts(0.2, 0.3) == [.reproduced, .reproduced])
    #expect(verdicts(0.3, 0.2) == [.inconclusive, .notReproduced])
    // Without a search there is no telling.
    #expect(verdicts(0.2, 0.3, search: false) == [.inconclusive, .reproduced])
  }

  @Test func `a race has no readings, and an arm in which the claim is not judged has none`() throws
  {
    var document = Self.document()
    let index = try #require(document.root.groups.firstIndex { $0.name == "search" })
    for position in document.root.groups[index].group.variables.indices
    where document.root.groups[index].group.variables[position].name == "search_epochs" {
      var lengths = [Double](repeating: 12, count: 18)
      lengths[0] = 4
      document.root.groups[index].group.variables[position].values = .double(lengths)
    }
    #expect(
      Set(Readings([Self.claim], of: document).all.map(\.settings)) == ["fitted", "tuned"])
    let tuned = Self.claim.judged(onlyIf: "tuned") { context in
      if context.arm != "tuned" { throw NotRun("it is not tuned") }
    }
    #expect(Set(Readings([tuned], of: document).all.map(\.settings)) == ["tuned"])
    let judged = tuned.judge(document)
    #expect(judged.map(\.arm) == ["fitted", "tuned"])
    #expect(judged.map { $0.verdict == .notRun } == [true, false])
    #expect(judged.first?.detail == "it is not tuned")
  }

  @Test func `readings come back from a file, and draw a specification curve`() throws {
    let readings = Readings([Self.claim], of: Self.document())
    let decoded = Readings(decoding: readings.encoded())
    #expect(decoded.all.map(\.text) == readings.all.map(\.text))
    #expect(Self.verdicts(decoded) == Self.verdicts(readings))
    #expect(decoded.all.map(\.outcome.effect) == readings.all.map(\.outcome.effect))
    var document = Self.document()
    document.root.groups.append(Subgroup("readings", readings.encoded()))
    let figure = Readings.figure("readings", [Self.claim], title: "Readings")
    let panel = PanelData(figure.panels[0], of: figure, document: document, paper: PaperCurves())
    #expect(panel.lines.last?.points.map(\.middle) == readings.all.map(\.outcome.effect))
  }

  /// A document whose `/choices` has a row without runs, and one that has four passes of three seeds, in
  /// which Adam is at `adam` and AdaGrad at 0.3; a run that diverged has no costs from its second pass on.
  private static func varied(adam: Double, diverged: Bool = false) -> Document {
    var document = document()
    var costs = [Double](repeating: .nan, count: 2 * 3 * 5)
    for seed in 0..<3 {
      for epoch in 0..<4 {
        let isGone = diverged && epoch > 0
        costs.append(isGone ? .nan : adam + 0.001 * Double(seed))
      }
      costs.append(.nan)
    }
    for seed in 0..<3 {
      costs += [Double](repeating: 0.3 + 0.002 * Double(seed), count: 4) + [.nan]
    }
    func status(_ state: RunState, _ count: Int) -> [UInt8] {
      [UInt8](repeating: state.rawValue, count: count)
    }
    var choices = [
      OpenChoice("pixels", taken: "grey", alternative: "black"),
      OpenChoice("dropout", taken: "0.5", alternative: "0.2"),
    ].encoded()
    choices.dimensions += [
      Dimension("optimizer", .string(["Adam", "AdaGrad"])),
      Dimension("seed", .int64([0, 1, 2])), Dimension("epoch", .int64([0, 1, 2, 3, 4])),
    ]
    let axes = ["choice", "optimizer", "seed"]
    choices.variables += [
      Variable("arm", ["choice"], .string(["", "tuned"])),
      Variable("train_cost_running", axes + ["epoch"], .double(costs)),
      // Whole sets are evaluated at the end alone.
      Variable(
        "train_cost", axes + ["epoch"],
        .double(costs.indices.map { $0 % 5 == 4 ? costs[$0 - 1] : .nan })),
      Variable(
        "status", axes,
        .uint8(
          status(.notRun, 6) + status(diverged ? .diverged : .finished, 3) + status(.finished, 3))),
    ]
    document.root.groups.append(Subgroup("choices", choices))
    return document
  }

  @Test func `alternatives whose rivals were run have a reading, within their passes`() throws {
    let early = Claim.lower(
      "fig1a.early", "a is faster", place: "6.1", "Adam", than: "AdaGrad", at: [1, 2],
      figure: "fig1a")
    func texts(_ claim: Claim, _ document: Document) -> [String: Verdict] {
      Self.verdicts(Readings([claim], of: document)).filter {
        $0.key.contains("dropout") || $0.key.contains("within")
      }
    }
    // In the arm that is varied AdaGrad is ahead at every pass.
    #expect(
      texts(Self.claim, Self.varied(adam: 0.2)) == [
        "tuned, dropout: 0.2, within 4 passes": .reproduced,
        "tuned, within 4 passes": .notReproduced,
        "tuned, cost after each pass, dropout: 0.2, within 4 passes": .reproduced,
        "tuned, cost after each pass, within 4 passes": .notReproduced,
      ])
    #expect(texts(early, Self.varied(adam: 0.2)) == ["tuned, dropout: 0.2": .reproduced])
    #expect(texts(early, Self.varied(adam: 0.4)) == ["tuned, dropout: 0.2": .notReproduced])
    let diverged = Self.varied(adam: 0.2, diverged: true)
    #expect(texts(early, diverged) == ["tuned, dropout: 0.2": .notReproduced])
    // At the places of this claim nothing was evaluated.
    #expect(!texts(early, Self.varied(adam: 0.2)).keys.contains { $0.contains("after each pass") })
    // They come back from a file, and are counted apart.
    let readings = Readings([Self.claim], of: Self.varied(adam: 0.2))
    let decoded = Readings(decoding: readings.encoded())
    #expect(decoded.all.map(\.choice) == readings.all.map(\.choice))
    #expect(decoded.all.map(\.passes) == readings.all.map(\.passes))
    #expect(
      readings.summary(of: "fig1a.a")
        == "holds in 7 of 12 readings, does not in 5; of fewer passes holds in 2 of 4 readings, does not in 2"
    )
  }

  @Test func `an alternative is read at those places of a claim that its passes reach`() throws {
    let claim = Claim.lower(
      "fig1a.a", "a is faster", place: "6.1", "Adam", than: "AdaGrad", at: [2, 10], figure: "fig1a")
    let readings = Readings([claim], of: Self.varied(adam: 0.2)).all.filter {
      !$0.choice.isEmpty && $0.cost == "running mean"
    }
    #expect(readings.map(\.passes) == [4])
    // The paired costs of pass 3, label 2.
    let ratios = [0.2 / 0.3, 0.201 / 0.302, 0.202 / 0.304].map { log($0) }
    let mean = ratios.reduce(0, +) / 3
    #expect(abs(readings[0].outcome.effect - mean) < 1e-12)
  }

  @Test func `there is no reading without dropout where costs have no minimum`() {
    let claim = Claim.lower(
      "fig1b.a", "a is faster", place: "6.1", "Adam+dropout", than: "AdaGrad+dropout", at: [5, 10],
      figure: "fig1b")
    func texts(_ withoutCostMinimum: [String]) -> [String] {
      Readings([claim], of: Self.document(), withoutCostMinimum: withoutCostMinimum).all.map(\.text)
    }
    #expect(texts([]).contains("fitted, without dropout"))
    #expect(texts(["SGDNesterov"]).contains("fitted, without dropout"))
    #expect(texts(["AdaGrad"]).isEmpty)
  }

  @Test func `a claim about contenders without dropout is read with it too`() {
    let claim = Claim.lower(
      "fig3.a", "a is faster", place: "6.3", "Adam", than: "AdaGrad", at: [5, 10], figure: "fig3")
    var results = SyntheticResults(seeds: 3, epochs: 12)
    results.contenders = ["Adam", "AdaGrad", "Adam+dropout", "AdaGrad+dropout"]
    results.cost = { _, contender, seed, _ in
      [0.2, 0.3, 0.5, 0.4][contender] * (1 + 0.001 * Double(seed * contender))
    }
    func verdicts(_ results: SyntheticResults) -> [Verdict] {
      Readings([claim], of: results.document).all.filter {
        $0.settings == "tuned" && $0.cost == "running mean" && $0.regularisation == "with dropout"
      }.map(\.outcome.verdict)
    }
    #expect(verdicts(results) == [.notReproduced])
    results.contenders[3] = "SGDNesterov+dropout"
    #expect(verdicts(results).isEmpty)
  }

  @Test func `costs after a pass are read where the claim has its places`() throws {
    // The claim's labels are of costs after passes: 5 is the same place for them, and the running mean of
    // the pass that ends there has label 4.
    var document = SyntheticResults(seeds: 3, epochs: 12).document
    func cost(_ epoch: Int, _ contender: Int, _ seed: Int, at place: Int) -> Double {
      let isBetter = epoch == place ? contender == 0 : contender != 0
      return (isBetter ? 0.1 : 0.2) * (1 + 0.01 * Double(seed + contender))
    }
    for (name, place) in [("train_cost", 5), ("train_cost_running", 4)] {
      let index = try #require(document.root.variables.firstIndex { $0.name == name })
      let old = document.root.variables[index]
      let values = (0..<2).flatMap { _ in
        (0..<3).flatMap { contender in
          (0..<3).flatMap { seed in (0...12).map { cost($0, contender, seed, at: place) } }
        }
      }
      document.root.variables[index] = Variable(name, old.dimensions, .double(values))
    }
    let claim = Claim.lower(
      "fig1a.a", "a is faster", place: "6.1", "Adam", than: "AdaGrad", at: [5],
      measure: .trainingCost, figure: "fig1a")
    #expect(
      Self.verdicts(Readings([claim], of: document)) == [
        "fitted": .reproduced, "tuned": .reproduced, "fitted, cost after each pass": .reproduced,
        "tuned, cost after each pass": .reproduced,
      ])
  }

  @Test func `a reading without an effect comes last`() {
    var results = SyntheticResults(seeds: 3, epochs: 12)
    results.diverged = [[2, 1]: 3]
    let readings = Readings([Self.claim], of: results.document).all
    #expect(readings.count == 4 && readings.allSatisfy { $0.outcome.effect.isNaN })
    var document = Self.document()
    let search = document.root.group("search")
    document = results.document
    if let search { document.root.groups.append(Subgroup("search", search)) }
    let effects = Readings([Self.claim], of: document).all.map(\.outcome.effect)
    let known = effects.prefix { !$0.isNaN }
    #expect(known.count == 8 && Array(known) == known.sorted())
  }

  @Test func `claims by others, generated data and what was not run have none`() {
    #expect(Readings([Self.claim.of(.review)], of: Self.document()).all.isEmpty)
    #expect(Readings([Self.claim], of: SyntheticResults(origin: "stand-in").document).all.isEmpty)
    let short = SyntheticResults(epochs: 7).document
    #expect(Readings([Self.claim], of: short).all.isEmpty)
    #expect(Readings(decoding: Group()).all.isEmpty)
    // One seed has no interval.
    let one = Readings([Self.claim], of: Self.document(seeds: 1))
    #expect(one.all.count == 12 && one.all.allSatisfy { $0.outcome.verdict == .inconclusive })
  }
}
