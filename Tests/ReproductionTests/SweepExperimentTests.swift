import Foundation
import Networks
import Optimizers
import Reporting
import Reproduction
import ResultStore
import Testing

@Suite struct SweepExperimentTests {
  private static let beta1 = SweepAxis("beta1", [0.9, 0])
  private static let alpha = SweepAxis(
    "alpha", [1e-3, 3e-3, 1e-2], labels: .logarithms, listOption: "alphas")

  /// 2 variants x 2 betas x 3 stepsizes; `quick` keeps half of the betas and two stepsizes.
  private static let sweep = SweepExperiment<NoData>(
    name: "sweep", title: "a sweep", place: "", data: .noData,
    settings: [Setting("l2", 0.5, in: 0...1, "penalty")], minibatch: 7,
    profiles: ByProfile(
      smoke: SweepBudget(epochs: 1, seeds: 1),
      quick: SweepBudget(epochs: 2, seeds: 1, keeping: [beta1: [0.9], alpha: [3e-3, 1e-2]]),
      paper: SweepBudget(epochs: 4, seeds: 2)),
    variants: SweepVariants(
      "kind", "kind of the method",
      [.init("plain", optimizer: Adam.method), .init("raw", optimizer: AdamUncorrected.method)]),
    axes: [beta1, alpha], loss: "loss",
    figures: { extent in
      extent.values(of: beta1).map { beta1 in
        Figure(
          "at-\(beta1)", "", x: .linear("alpha"), y: .linear("loss"), arms: [],
          lines: extent.values(of: alpha).map {
            .init("\($0)", .red, variable: "loss", along: "log10_alpha")
          })
      }
    },
    claims: []
  ) { _, _, _ in QuadraticObjective(count: 40) }

  private let experiment = Self.sweep

  private func request(_ profile: Profile, _ change: (inout PlanRequest) -> Void = { _ in })
    -> PlanRequest
  {
    var request = PlanRequest(profile: profile, data: "none")
    change(&request)
    return request
  }

  private func runs(_ request: PlanRequest) throws -> [RunSpecification] {
    try experiment.plan(request) { _ in nil }.runs
  }

  private func usage(_ change: (inout PlanRequest) -> Void) -> String? {
    do {
      try experiment.check(request(.paper, change))
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `every cell is a run of every seed`() throws {
    let all = try runs(request(.paper))
    #expect(all.count == 2 * 2 * 3 * 2)
    #expect(Set(all.map(\.identity)).count == all.count)
    #expect(
      all.prefix(12).allSatisfy { $0.seed == 0 } && all.suffix(12).allSatisfy { $0.seed == 1 })
    #expect(all.allSatisfy { $0.epochs == 4 && $0.minibatch == 7 && $0.recording == .ends })
    #expect(all.allSatisfy { $0.settings["l2"] == 0.5 })
    #expect(all[0].method == "adam" && all[0].hyperparameters == ["beta1": 0, "alpha": 1e-3])
    #expect(all[11].method == "adam-uncorrected")
    #expect(all[11].hyperparameters == ["beta1": 0.9, "alpha": 1e-2])
    #expect(experiment.shortened(request(.paper)) == "")
  }

  @Test func `a profile keeps part of the grid`() throws {
    let some = try runs(request(.quick))
    #expect(some.count == 4)
    #expect(some.allSatisfy { $0.hyperparameters["beta1"] == 0.9 })
    #expect(some.map { $0.hyperparameters["alpha"] } == [3e-3, 1e-2, 3e-3, 1e-2])
    #expect(experiment.shortened(request(.quick)) == "2 of 4 epochs, 4 of 12 cells")
    let figures = try experiment.figures(request(.quick))
    #expect(figures.map(\.id) == ["at-0.9"])
    #expect(figures[0].panels[0].lines.map(\.name) == ["0.003", "0.01"])
    let group = try experiment.document(request(.quick)) { run in self.record(run) }
    #expect(group.dimensions.first { $0.name == "beta1" }?.labels == .double([0, 0.9]))
    let status = try #require(group.variable("status")?.values.doubles)
    // The last one diverges.
    #expect(status == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 2])
    let comment = try #require(group.variable("loss")?.attributes.text("comment"))
    #expect(comment == "not run in this profile: beta1 = 0; alpha = 0.001")
  }

  @Test func `values from the command line are all kept`() throws {
    let listed = try runs(request(.quick) { $0.extra["alphas"] = "2e-3,1e-3,5e-4" })
    #expect(listed.prefix(3).map { $0.hyperparameters["alpha"] } == [5e-4, 1e-3, 2e-3])
    #expect(listed.allSatisfy { $0.hyperparameters["beta1"] == 0.9 } && listed.count == 6)
    func cells(_ alphas: String) -> String {
      experiment.shortened(request(.paper) { $0.extra["alphas"] = alphas })
    }
    #expect(cells("2e-3,1e-3,5e-4") == "4 of 12 cells" && cells("2e-3") == "0 of 12 cells")
    #expect(cells("1e-3,2e-3,3e-3,1e-2") == "")
    let single = try runs(
      request(.quick) {
        $0.hyperparameters = ["beta1": 0.5, "alpha": 0.125, "epsilon": 1e-3]
        $0.settings = ["l2": 0.25]
        $0.seeds = [7]
      })
    #expect(single.map(\.method) == ["adam", "adam-uncorrected"] && single[1].seed == 7)
    #expect(single[0].hyperparameters == ["beta1": 0.5, "alpha": 0.125, "epsilon": 1e-3])
    #expect(single[0].settings["l2"] == 0.25)
  }

  @Test(arguments: ["", "1e-3,", "x", "1e-3 2e-3", "nan", "inf", "0", "-1"])
  func `lists that are not positive numbers are refused`(text: String) throws {
    let complaint = try #require(usage { $0.extra["alphas"] = text })
    #expect(complaint.hasPrefix("--alphas takes "))
  }

  @Test func `lists that repeat or contradict an option are refused`() {
    #expect(usage { $0.extra["alphas"] = "1e-3,1e-3" }?.contains("twice") == true)
    let both = usage {
      $0.extra["alphas"] = "1e-3"
      $0.hyperparameters["alpha"] = 1e-3
    }
    #expect(both == "--alpha and --alphas exclude each other")
    #expect(usage { $0.extra["alphas"] = "1e-3,2e-3" } == nil)
  }

  /// A record whose numbers tell which run and epoch they belong to.
  private func record(_ run: RunSpecification) -> RunRecord {
    let base =
      (run.hyperparameters["alpha"] ?? 0) * 1e6 + (run.hyperparameters["beta1"] ?? 0)
      + (run.method == "adam" ? 0 : 0.01) + Double(run.seed) * 0.001
    let diverges = run.method != "adam" && run.hyperparameters["alpha"] == 1e-2
    let passes = (0..<run.epochs).map {
      diverges && $0 > 0 ? Double.nan : base + Double($0 + 1) * 1e5
    }
    let length = run.epochs + 1
    let ends = [base] + [Double](repeating: .nan, count: length - 2) + [-1]
    return RunRecord(
      specification: run,
      outcome: diverges ? .diverged(epoch: 1, step: 3, reason: "") : .finished,
      series: [
        Series("train_cost", axes: ["epoch"], shape: [length], values: ends),
        Series("train_cost_running", axes: ["epoch"], shape: [length], values: passes + [.nan]),
      ],
      elapsedSeconds: [Double](repeating: 1, count: length))
  }

  @Test func `the loss stands at its labels`() throws {
    let group = try experiment.document(request(.paper)) { run in self.record(run) }
    let view = DocumentView(Document(root: group))
    let loss = try #require(group.variable("loss"))
    #expect(loss.dimensions == ["seed", "kind", "beta1", "log10_alpha", "epoch"])
    #expect(loss.values.count == 2 * 2 * 2 * 3 * 5)
    func number(_ kind: String, _ beta1: String, _ alpha: Double, _ epoch: Int) throws -> Double {
      try view.number(
        "loss",
        [
          "seed": "1", "kind": kind, "beta1": beta1, "log10_alpha": "\(log10(alpha))",
          "epoch": "\(epoch)",
        ])
    }
    // At 0 the cost before the first step, then the mean of the pass that ends there.
    #expect(try abs(number("plain", "0.9", 3e-3, 0) - 3000.901) < 1e-9)
    #expect(try abs(number("raw", "0.9", 3e-3, 1) - 103000.911) < 1e-9)
    #expect(try abs(number("plain", "0", 1e-2, 4) - 410000.001) < 1e-9)
    #expect(try number("raw", "0", 1e-2, 1).isFinite)
    #expect(try number("raw", "0", 1e-2, 2).isNaN)
    let place = ["seed": "1", "kind": "raw", "beta1": "0", "log10_alpha": "-2"]
    #expect(try view.number("status", place) == 2 && view.number("diverged_step", place) == 3)
    // What is no axis is told for every cell; what is one, by its labels.
    #expect(group.variable("alpha")?.dimensions == ["kind", "beta1", "log10_alpha"])
    #expect(group.variable("beta1") == nil && group.variable("beta2") != nil)
    let alpha = try view.number("alpha", ["kind": "raw", "beta1": "0", "log10_alpha": "-2"])
    #expect(alpha == 1e-2)
  }

  @Test func `a run that records its ends is evaluated there only`() throws {
    var run = try runs(request(.paper))[0]
    run.recording = .ends
    let process = TrainingProcess(
      run, objective: QuadraticObjective(count: 40),
      optimizer: try OptimizerRegistry.make(
        run.method, hyperparameters: run.hyperparameters, count: 3),
      schedule: try Schedule.parse(run.schedule))
    #expect(try process.advance { false } == .finished)
    let cost = try #require(process.series.first { $0.name == "train_cost" }?.values)
    #expect(cost.map(\.isNaN) == [false, true, true, true, false])
  }
}
