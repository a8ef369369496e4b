import Foundation
import Optimizers
import Reporting
import Reproduction
import ResultStore
import Testing

@Suite struct EdgeSearchTests {
  private let ladder = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2]

  private func search(edge: Double, from start: Double, tolerance: Double = 1.0 / 32) -> EdgeSearch
  {
    EdgeSearch(ladder: ladder, from: start, tolerance: tolerance) { $0 < edge }
  }

  @Test(arguments: [1.7e-3, 2.99e-3, 1.01e-3, 5e-4, 9e-3], [1e-4, 1e-3, 1e-2])
  func `the bracket holds the edge and is as narrow as asked for`(edge: Double, start: Double)
    throws
  {
    let found = search(edge: edge, from: start)
    let (stable, failed) = (try #require(found.stable), try #require(found.failed))
    #expect(stable < edge && edge <= failed && found.next == nil)
    #expect(log10(failed / stable) <= 1.0 / 32)
    // Half a decade is halved four times, up to rounding.
    #expect(found.tried.filter { !ladder.contains($0) }.count <= 5)
  }

  @Test func `an edge beyond the ladder is looked for half decades further, and then given up`()
    throws
  {
    let found = search(edge: 2e-2, from: 1e-2)
    #expect(found.tried.contains(3.16e-2))
    #expect(try #require(found.stable) < 2e-2 && #require(found.failed) >= 2e-2)
    let never = search(edge: 1, from: 1e-2)
    #expect(never.failed == nil && never.next == nil && never.stable == 9.99e-2)
    let always = search(edge: 1e-5, from: 1e-3)
    #expect(always.stable == nil && always.next == nil && always.failed == 1e-4)
  }

  @Test func `one value is asked for at a time, and answers lead to the same bracket`() throws {
    var known: [Double: Bool] = [:]
    var steps = 0
    while let next = EdgeSearch(
      ladder: ladder, from: 3e-3, tolerance: 0.1, isStable: { known[$0] }
    ).next {
      #expect(known[next] == nil)
      known[next] = next < 2e-3
      steps += 1
    }
    let found = EdgeSearch(ladder: ladder, from: 3e-3, tolerance: 0.1) { known[$0] }
    let whole = search(edge: 2e-3, from: 3e-3, tolerance: 0.1)
    #expect(found.stable == whole.stable && found.failed == whole.failed)
    #expect(steps == known.count && steps == whole.tried.count)
  }
}

@Suite struct SweepSavingTests {
  /// 2 variants x 2 betas x 4 stepsizes; stepsizes above 1e-2 make two epochs of four.
  private static let alphas = [1e-3, 3e-3, 1e-2, 3e-2]
  private static let sweep = SweepExperiment<NoData>(
    name: "sweep", title: "a sweep", place: "", data: .noData, minibatch: 7,
    profiles: ByProfile(
      smoke: SweepBudget(epochs: 1, seeds: 1), quick: SweepBudget(epochs: 2, seeds: 1),
      paper: SweepBudget(
        epochs: 4, seeds: 2,
        saving: SweepProtocol(
          remark: "large ones are short", seeds: SweepSeeds(after: [2, 4], margin: 0.5, gap: 0.2),
          edges: SweepEdges(after: [2, 4], failure: 200, within: 0.1) { $0["beta1"] == 0.9 },
          epochs: { $0["alpha"] ?? 0 > 1.1e-2 ? 2 : nil }))),
    variants: SweepVariants(
      "kind", "kind of the method",
      [.init("plain", optimizer: Adam.method), .init("raw", optimizer: AdamUncorrected.method)]),
    axes: [
      SweepAxis("beta1", [0, 0.9]), SweepAxis("alpha", alphas, labels: .logarithms),
    ],
    loss: "loss", figures: { _ in [] }, claims: [], failureCost: 1000
  ) { _, _, _ in QuadraticObjective(count: 40) }

  private let experiment = Self.sweep
  private let request = PlanRequest(profile: .paper, data: "none")

  private func edge(_ run: RunSpecification) -> Double {
    (run.method == "adam" ? 1.7e-2 : 4.2e-3) * (run.seed == 0 ? 1 : 1.3)
  }

  /// Lowest at 3e-3, one nat a notch; beyond the edge the run fails.
  private func record(_ run: RunSpecification) -> RunRecord {
    let alpha = run.hyperparameters["alpha"] ?? .nan
    let fails = alpha > edge(run)
    let loss = 100 + 2 * abs(log10(alpha / 3e-3)) + (run.method == "adam" ? 0 : -0.1)
    let length = run.epochs + 1
    let passes = [Double](repeating: fails ? 900 : loss, count: run.epochs)
    return RunRecord(
      specification: run,
      outcome: fails ? .diverged(epoch: 1, step: 3, reason: "too large") : .finished,
      series: [
        Series(
          "train_cost", axes: ["epoch"], shape: [length],
          values: [543] + [Double](repeating: .nan, count: length - 2) + [fails ? .nan : loss]),
        Series("train_cost_running", axes: ["epoch"], shape: [length], values: passes + [.nan]),
      ],
      elapsedSeconds: [])
  }

  /// Plans and makes runs until nothing is left; returns the plan and how many rounds it took.
  private func makeAll() throws -> (plan: Plan, made: Set<String>, rounds: Int) {
    var made: Set<String> = []
    for round in 1...50 {
      let known = made
      let plan = try experiment.plan(request) {
        known.contains($0.identity) ? self.record($0) : nil
      }
      let open = plan.runs.filter { !made.contains($0.identity) }
      if open.isEmpty { return (plan, made, round) }
      made.formUnion(open.map(\.identity))
    }
    throw NotRun("no end")
  }

  @Test func `the first seed's cells come first, short where that is enough`() throws {
    let plan = try experiment.plan(request) { _ in nil }
    #expect(plan.runs.count == 16 && !plan.isFinal)
    #expect(plan.runs.allSatisfy { $0.seed == 0 && $0.failureCost == 1000 })
    #expect(
      plan.runs.allSatisfy { $0.epochs == ($0.hyperparameters["alpha"] == 3e-2 ? 2 : 4) })
    var custom = request
    custom.hyperparameters = ["alpha": 3e-2]
    let runs = try experiment.plan(custom) { _ in nil }
    #expect(runs.isFinal && runs.runs.count == 8 && runs.runs.allSatisfy { $0.epochs == 4 })
  }

  @Test func `further seeds have the cells that decide and the edges`() throws {
    let (plan, _, rounds) = try makeAll()
    #expect(plan.isFinal && rounds > 3)
    let second = plan.runs.filter {
      $0.seed == 1 && Self.alphas.contains($0.hyperparameters["alpha"] ?? 0)
    }
    // The best alpha of each of the four panels, for all epochs.
    let best = second.filter { $0.hyperparameters["alpha"] == 3e-3 && $0.epochs == 4 }
    #expect(best.count == 4)
    #expect(!second.contains { $0.hyperparameters["alpha"] == 1e-3 })
    let between = plan.runs.filter { !Self.alphas.contains($0.hyperparameters["alpha"] ?? 0) }
    #expect(!between.isEmpty && between.allSatisfy { $0.hyperparameters["beta1"] == 0.9 })
    #expect(Set(between.map(\.seed)) == [0, 1] && Set(between.map(\.method)).count == 2)
  }

  @Test func `the result has the brackets, the lengths and the reasons`() throws {
    let made = try makeAll().made
    let group = try experiment.document(request) {
      made.contains($0.identity) ? self.record($0) : nil
    }
    let view = DocumentView(Document(root: group))
    for (kind, edges) in [("plain", [1.7e-2, 2.21e-2]), ("raw", [4.2e-3, 5.46e-3])] {
      for (seed, edge) in edges.enumerated() {
        for horizon in [2, 4] {
          let place = [
            "seed": "\(seed)", "kind": kind, "beta1": "0.9", "horizon": "\(horizon)",
          ]
          let edgeView = try view.subgroup("edges")
          let stable = try edgeView.number("stable", place)
          let failed = try edgeView.number("failed", place)
          #expect(stable <= edge && edge < failed, "\(place)")
          #expect(log10(failed / stable) <= 0.1)
          #expect(try edgeView.number("stable", place.merging(["beta1": "0"]) { $1 }).isNaN)
        }
      }
    }
    let short = ["seed": "0", "kind": "plain", "beta1": "0.9", "log10_alpha": "\(log10(3e-2))"]
    #expect(try view.number("run_epochs", short) == 2)
    #expect(try view.text("diverged_reason", short) == "too large")
    #expect(try view.number("loss", short.merging(["epoch": "3"]) { $1 }).isNaN)
    #expect(
      try view.number("status", ["seed": "1", "kind": "raw", "beta1": "0", "log10_alpha": "-3"])
        == 0)
    #expect(group.variable("loss")?.attributes.text("comment") == "large ones are short")
  }

  @Test func `a cell where the first variant is far behind decides too`() {
    let positions = [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]]
    let rule = SweepSeeds(after: [10, 100], margin: 0.5, gap: 0.2)
    let losses: [[Double?]] = [[30, 20, 10, 20], [12, 9, nil, 9.1]]
    let needed = rule.epochs(positions: positions) { cell, horizon in
      losses[horizon == 10 ? 0 : 1][cell]
    }
    // After 10 epochs: 20 and 10 are the best of their variants, 30 against 10 is the largest gap.
    #expect(needed == [0: 10, 1: 100, 2: 10, 3: 100])
    let even = rule.epochs(positions: positions) { cell, _ in [12, 9, 12.1, 9.1][cell] }
    #expect(even == [1: 100, 3: 100])
  }
}
