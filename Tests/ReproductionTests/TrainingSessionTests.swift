import Optimizers
import Reporting
import Reproduction
import ResultStore
import Testing

/// The steps of the protocol, one at a time: plan, search, selection and arrays of an experiment whose
/// records are made up. No process is started.
@Suite struct TrainingSessionTests {
  private static let experiment = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData, minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1, search: .committed(.empty)),
      quick: Budget(epochs: 2, seeds: 1, search: .committed(.adamOverThreeEpochs)),
      paper: Budget(epochs: 3, seeds: 2, fittedSeeds: 1, search: .inline(seeds: 2, epochs: 2))),
    contenders: [
      Contender(
        "Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.5]),
        literal: .schedule(.inverseSquareRoot(of: .step)),
        grid: Grid(
          [GridAxis("alpha", [0.1, 0.2])],
          schedules: [.constant, .inverseSquareRoot(of: .step)])),
      Contender("SGD", optimizer: SGD.method, fitted: .init(["alpha": 0.3])),
    ], figures: [], claims: []
  ) { _, _, _ in QuadraticObjective(count: 5) }

  private let paper = PlanRequest(profile: .paper, data: "")

  /// Lowest at 0.2 with a constant stepsize, at 0.1 with one that decays. A pass costs a tenth less
  /// than the one before, and the seed is told by the fourth digit.
  private func record(_ run: RunSpecification) -> RunRecord {
    let alpha = run.hyperparameters["alpha"] ?? .nan
    let best = run.schedule == "constant" ? 0.2 : 0.1
    let start = 1 + abs(alpha - best) + (run.schedule == "constant" ? 0 : 0.05)
    let running = (0..<run.epochs).map { pass in
      start - 0.1 * Double(pass) + 1e-4 * Double(run.seed % 10)
    }
    return RunRecord(
      specification: run, outcome: .finished,
      series: [
        Series(
          "train_cost_running", axes: ["epoch"], shape: [run.epochs + 1],
          values: running + [.nan]),
        Series(
          "train_cost", axes: ["epoch"], shape: [run.epochs + 1],
          values: [Double](repeating: 2, count: run.epochs + 1)),
      ], elapsedSeconds: [])
  }

  private func names(_ runs: [RunSpecification]) -> [String] {
    runs.map {
      "\($0.label("arm") ?? "") \($0.label("optimizer") ?? "") "
        + "\($0.hyperparameters["alpha"] ?? 0) \($0.schedule) \($0.epochs) \($0.seed)"
    }
  }

  private func session(
    _ request: PlanRequest? = nil, _ records: @escaping RecordLookup
  ) -> any ExperimentSession {
    Self.experiment.session(request ?? paper, records)
  }

  // MARK: Plan

  @Test func `a plan without records has the search and the arms that need none`() throws {
    let plan = try session { _ in nil }.plan()
    let first = Search.firstSeed
    #expect(!plan.isFinal)
    #expect(
      names(plan.runs) == [
        "search Adam 0.1 constant 2 \(first)", "search Adam 0.1 constant 2 \(first + 1)",
        "search Adam 0.2 constant 2 \(first)", "search Adam 0.2 constant 2 \(first + 1)",
        "search Adam 0.1 alpha/sqrt(step) 2 \(first)",
        "search Adam 0.1 alpha/sqrt(step) 2 \(first + 1)",
        "search Adam 0.2 alpha/sqrt(step) 2 \(first)",
        "search Adam 0.2 alpha/sqrt(step) 2 \(first + 1)",
        "fitted Adam 0.5 constant 3 0", "fitted SGD 0.3 constant 3 0",
      ])
    // The same request, the same runs.
    #expect(try session { _ in nil }.plan().runs.map(\.identity) == plan.runs.map(\.identity))
  }

  @Test func `a plan with the search's records has every arm, and is final`() throws {
    let plan = try session { self.record($0) }.plan()
    #expect(plan.isFinal)
    #expect(
      names(plan.runs.filter { $0.label("arm") != "search" }) == [
        "fitted Adam 0.5 constant 3 0",
        "literal Adam 0.1 alpha/sqrt(step) 3 0", "literal Adam 0.1 alpha/sqrt(step) 3 1",
        "tuned Adam 0.2 constant 3 0", "tuned Adam 0.2 constant 3 1",
        "fitted SGD 0.3 constant 3 0",
      ])
  }

  @Test func `a plan waits for the last record of the search`() throws {
    let last = try session { _ in nil }.plan().runs[7].identity
    let plan = try session { $0.identity == last ? nil : self.record($0) }.plan()
    #expect(!plan.isFinal)
    #expect(plan.runs.contains { $0.identity == last })
  }

  // MARK: Search

  @Test func `a table of the search has a row for each run that was made`() throws {
    let table = try #require(try session { self.record($0) }.searchTable())
    #expect(table.rows.count == 8)
    #expect(Set(table.rows.map(\.epochs)) == [2])
    // The running cost of the second pass.
    #expect(abs(table.rows[0].cost - 1) < 1e-12)
    #expect(abs(table.rows[2].cost - 0.9) < 1e-12)
    #expect(abs(table.rows[6].cost - 1.05) < 1e-12)
    #expect(try session { _ in nil }.searchTable() == nil)
  }

  @Test func `a committed search makes no runs, and gives its choice`() throws {
    var request = PlanRequest(profile: .quick, data: "")
    request.arms = [.tuned]
    let plan = try session(request) { _ in nil }.plan()
    #expect(plan.isFinal)
    let best = try #require(CommittedSearch.adamOverThreeEpochs.best("Adam", for: 2))
    #expect(plan.runs.map { $0.hyperparameters } == [best.point.hyperparameters])
    #expect(session(request) { _ in nil }.shortened.contains("were searched at 3 epochs"))
  }

  // MARK: Selection

  @Test func `a point that diverges with one seed is not chosen`() throws {
    let plan = try session { run in
      var record = self.record(run)
      if run.hyperparameters["alpha"] == 0.2, run.seed == Search.firstSeed + 1 {
        record.outcome = .diverged(epoch: 1, step: 3, reason: "")
      }
      return record
    }.plan()
    let tuned = plan.runs.filter { $0.label("arm") == "tuned" }
    #expect(tuned.map { $0.hyperparameters["alpha"] } == [0.1, 0.1])
  }

  @Test func `an arm whose search diverges everywhere has no runs`() throws {
    let plan = try session { run in
      var record = self.record(run)
      record.outcome = .diverged(epoch: 1, step: 3, reason: "")
      return record
    }.plan()
    #expect(Set(plan.runs.compactMap { $0.label("arm") }) == ["search", "fitted"])
    #expect(plan.isFinal)
  }

  // MARK: Arrays

  @Test func `every number stands at its labels`() throws {
    let view = Document(root: try session { self.record($0) }.arrays()).view
    func running(_ arm: String, _ optimizer: String, _ seed: Int, _ epoch: Int) throws -> Double {
      try view.number(
        "train_cost_running",
        ["arm": arm, "optimizer": optimizer, "seed": "\(seed)", "epoch": "\(epoch)"])
    }
    #expect(try abs(running("tuned", "Adam", 1, 0) - 1.0001) < 1e-12)
    #expect(try abs(running("tuned", "Adam", 0, 2) - 0.8) < 1e-12)
    #expect(try abs(running("literal", "Adam", 0, 1) - 0.95) < 1e-12)
    #expect(try running("tuned", "Adam", 0, 3).isNaN)
    #expect(try running("tuned", "SGD", 0, 0).isNaN)
    let alpha = try view.number("alpha", ["arm": "tuned", "optimizer": "Adam"])
    #expect(alpha == 0.2)
    #expect(
      try view.text("schedule", ["arm": "literal", "optimizer": "Adam"]) == "alpha/sqrt(step)")
  }

  @Test func `what was not run is told as such`() throws {
    let known = try session { _ in nil }.plan().runs.first { $0.label("optimizer") == "SGD" }
    let identity = try #require(known?.identity)
    let view = Document(
      root: try session { $0.identity == identity ? self.record($0) : nil }.arrays()
    ).view
    func state(_ arm: String, _ optimizer: String, _ seed: Int) throws -> Double {
      try view.number("status", ["arm": arm, "optimizer": optimizer, "seed": "\(seed)"])
    }
    #expect(try state("fitted", "SGD", 0) == Double(RunState.finished.rawValue))
    // The arm fitted has one seed, and the search has no records.
    for (arm, name, seed) in [("fitted", "SGD", 1), ("fitted", "Adam", 0), ("tuned", "Adam", 0)] {
      #expect(try state(arm, name, seed) == Double(RunState.notRun.rawValue))
    }
  }

  @Test func `the search's group marks what each arm took`() throws {
    let group = try session { self.record($0) }.arrays()
    let search = try #require(group.group("search"))
    #expect(search.variable("selected")?.values.doubles == [0, 0, 1, 1, 0, 0, 0, 0])
    #expect(search.variable("selected_literal")?.values.doubles == [0, 0, 0, 0, 1, 1, 0, 0])
    #expect(search.variable("train_cost_running")?.values.count == 8 * 2)
  }
}
