import Numerics
import Optimizers
import Reproduction
import ResultStore
import TestSupport
import Testing

@Suite struct ComputationExperimentTests {
  private static let unit = Axis("unit", "unit")
  private static let parameter = Axis("parameter", "parameter")
  private static let beta1 = Axis("beta1", "beta1")
  private static let theta = Quantity(
    "theta", [unit, parameter], "theta after each unit", units: "m")
  private static let norm = Quantity("norm", [], "norm at the end")

  /// Adam on random gradients: three units of five steps; what they leave to each other is in the
  /// ledger.
  private enum Topic: String { case walk }

  private static let walk = Computation<NoData>(
    Topic.walk, "a walk", axes: [beta1(.double([0, 0.9])), Axis.seed([3, 8])],
    ownAxes: [unit([0, 1, 2]), parameter([0, 1])], quantities: [theta, norm],
    parameters: ["alpha": 0.25]
  ) { point, _ in
    let beta1 = Double(point[Self.beta1]) ?? .nan
    return UnitsOfWork(count: 3) { unit, ledger in
      var adam = Adam(count: 2, alpha: 0.25, beta1: beta1)
      var theta = FloatVector(count: 2)
      if unit > 0 {
        try ledger.memory.restore(&adam, from: "adam")
        theta = try ledger.memory.vector("theta", count: 2)
      }
      var stream = RandomStream(seed: point.seed, purpose: .test, epoch: unit)
      for _ in 0..<5 {
        adam.step(&theta, gradient: [stream.nextNormal(), stream.nextNormal()])
      }
      ledger.memory.store(adam.state, as: "adam")
      ledger.memory.vectors["theta"] = theta
      ledger.record(Self.theta, from: [unit], theta.array.map(Double.init))
      if unit == 2 { ledger.record(Self.norm, Double(theta[0] * theta[0] + theta[1] * theta[1])) }
    }
  }

  private func experiment(_ computations: [Computation<NoData>] = [walk]) -> any Experiment {
    ComputationExperiment(
      name: "walks", title: "Walks", place: "nowhere", data: .noData, figures: [], claims: []
    ) { _ in computations }
  }

  private let request = PlanRequest(profile: .quick, data: "mnist official abc")

  private func process(_ run: RunSpecification) throws -> any RunProcess {
    try experiment().process(
      for:
        run,
      RunResources(
        data: .none, cacheFolder: "", profile: .quick, request: request, tell: { _ in }))
  }

  @Test func `every combination of labels is a run`() throws {
    let plan = try experiment().plan(request) { _ in nil }
    #expect(plan.isFinal)
    #expect(plan.runs.map { $0.label("beta1") } == ["0", "0", "0.9", "0.9"])
    #expect(plan.runs.map(\.seed) == [3, 8, 3, 8])
    #expect(Set(plan.runs.map(\.identity)).count == 4)
    // Nothing here depends on the data set, so its runs outlive another one.
    #expect(plan.runs.allSatisfy { $0.data == "none" })
  }

  @Test func `other axes are another run`() throws {
    let walk = Self.walk
    let longer = Computation(
      Topic.walk, walk.meaning, axes: walk.axes,
      ownAxes: [Self.unit([0, 1, 3]), walk.ownAxes[1]],
      quantities: walk.quantities, parameters: walk.parameters, work: walk.work)
    let runs = try [Self.walk, longer].map { computation in
      try experiment([computation]).plan(request) { _ in nil }.runs[0]
    }
    #expect(runs[0].identity != runs[1].identity)
  }

  /// Stopped after each unit, saved through a file, continued by a new process.
  @Test func `a run that was stopped goes on bit for bit`() throws {
    let folder = try TemporaryFolder()
    let run = try experiment().plan(request) { _ in nil }.runs[3]
    let whole = try process(run)
    #expect(try whole.advance { false } == .finished)
    #expect(whole.progress.step == 3 && whole.elapsedSeconds.count == 2)
    for stop in 1...2 {
      let first = try process(run)
      var asked = 0
      let outcome = try first.advance {
        asked += 1
        return asked == stop
      }
      #expect(outcome == nil)
      let store = RunStore(folder: folder.path)
      try store.saveCheckpoint(first.save(), of: "x", number: stop)
      let saved = try #require(store.checkpoints(of: "x").usable.first)
      let second = try process(run)
      try second.restore(saved.state)
      #expect(second.progress.step == stop)
      #expect(try second.advance { false } == .finished)
      #expect(
        second.series.map { $0.values.map(\.bitPattern) }
          == whole.series.map { $0.values.map(\.bitPattern) })
    }
  }

  @Test func `the state of another run is refused`() throws {
    let run = try experiment().plan(request) { _ in nil }.runs[0]
    let done = try process(run)
    _ = try done.advance { false }
    var state = done.save()
    state.counters["unit"] = 4
    #expect(throws: UnusableState.self) { try process(run).restore(state) }
    state = done.save()
    state.numbers["result.theta"]?.removeLast()
    #expect(throws: UnusableState.self) { try process(run).restore(state) }
    #expect(throws: UnusableState.self) { try process(run).restore(ProcessState()) }
  }

  @Test func `records stand where their labels say`() throws {
    let experiment = experiment()
    let runs = try experiment.plan(request) { _ in nil }.runs
    let made = try runs.dropLast().map { run in
      let process = try process(run)
      let outcome = try #require(try process.advance { false })
      return RunRecord(
        specification: run, outcome: outcome, series: process.series, elapsedSeconds: [])
    }
    let root = try experiment.document(request) { run in
      made.first { $0.specification.identity == run.identity }
    }
    let group = try Document(root: root).view.subgroup("walk")
    #expect(try group.array("theta").shape == [2, 2, 3, 2])
    #expect(
      try group.array("theta", ["beta1": "0.9", "seed": "3"]).values
        == made[2].series("theta")?.values)
    #expect(try group.array("norm", ["beta1": "0.9", "seed": "8"]).values[0].isNaN)
    #expect(try group.array("status").values == [1, 1, 1, 0])
    #expect(group.group.number("alpha") == 0.25)
    #expect(group.group.variable("theta")?.attributes.text("units") == "m")
    #expect(!group.hasVariable("diverged_step"))
  }
}
