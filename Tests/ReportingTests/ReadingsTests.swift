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
        "search: any schedule, chosen by final cost": .reproduced,
        "search: any schedule, chosen by mean cost": .notReproduced,
      ])
    #expect(readings.summary(of: "fig1a.a") == "holds in 6 of 10 readings, does not in 4")
    let effects = readings.all.map(\.outcome.effect)
    #expect(effects == effects.sorted())
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

  @Test func `claims by others, generated data and what was not run have none`() {
    #expect(Readings([Self.claim.of(.review)], of: Self.document()).all.isEmpty)
    #expect(Readings([Self.claim], of: SyntheticResults(origin: "stand-in").document).all.isEmpty)
    let short = SyntheticResults(epochs: 7).document
    #expect(Readings([Self.claim], of: short).all.isEmpty)
    #expect(Readings(decoding: Group()).all.isEmpty)
    // One seed has no interval.
    let one = Readings([Self.claim], of: Self.document(seeds: 1))
    #expect(one.all.count == 10 && one.all.allSatisfy { $0.outcome.verdict == .inconclusive })
  }
}
