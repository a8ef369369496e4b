import Optimizers
import Reporting
import Reproduction
import ResultStore
import TestSupport
import Testing

@Suite struct FittedNeighboursTests {
  private static let paper = PaperCurves(
    [.init(figure: "fig0", name: "Adam", points: (0...4).map { .init(x: Double($0), y: 1) })],
    comments: ["frame: fig0 0..2 0..2"])

  private let experiment = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData, minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1), quick: Budget(epochs: 3, seeds: 2, neighbourPasses: 9),
      paper: Budget(epochs: 5, seeds: 2, neighbourPasses: 4)),
    contenders: [
      Contender("Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.002])),
      Contender(
        "AdaGrad", optimizer: AdaGrad.method, fitted: .init(["alpha": 0.1]),
        grid: Grid([GridAxis("alpha", from: 0.1, to: 1, perDecade: 1)])),
    ],
    paper: paper, figures: [],
    claims: [
      .figureMatch(figure: "fig0", contender: "Adam", place: "nowhere"),
      .figureMatch(
        figure: "fig0", contender: "AdaGrad", curve: "Adam", epochs: 0...1, place: "nowhere"),
    ]
  ) { _, _, _ in QuadraticObjective(count: 5) }

  private func neighbours(_ request: PlanRequest) throws -> [RunSpecification] {
    try experiment.plan(request) { _ in nil }.runs
      .filter { $0.label("neighbour") != nil }
  }

  @Test func `half a decade away, one seed, as far as the profile says`() throws {
    let runs = try neighbours(PlanRequest(profile: .paper, data: ""))
    // As far apart as the values of its grid, where it has one: a decade.
    #expect(runs.map { $0.hyperparameters["alpha"] } == [6.3e-4, 6.3e-3, 0.01, 1])
    #expect(runs.map(\.epochs) == [4, 4, 4, 4] && runs.allSatisfy { $0.seed == 0 })
    #expect(runs.map { $0.label("optimizer") } == ["Adam", "Adam", "AdaGrad", "AdaGrad"])
    #expect(
      try neighbours(PlanRequest(profile: .quick, data: "")).map(\.epochs) == [3, 3, 3, 3])
    #expect(try neighbours(PlanRequest(profile: .smoke, data: "")).isEmpty)
    var own = PlanRequest(profile: .paper, data: "")
    own.hyperparameters = ["alpha": 0.1]
    #expect(try neighbours(own).isEmpty)
  }

  @Test func `distances on odd and on even epochs, within the frame`() throws {
    let request = PlanRequest(profile: .paper, data: "")
    func group(_ costs: @escaping @Sendable (RunSpecification) -> [Double]?) throws -> Group? {
      try experiment.document(request) { run in
        guard run.method == Adam.method.name, let costs = costs(run) else { return nil }
        let isWhole = !costs.contains { $0.isNaN }
        return RunRecord(
          specification: run,
          outcome: isWhole ? .finished : .diverged(epoch: 3, step: 1, reason: ""),
          series: [
            Series(
              "train_cost_running", axes: ["epoch"], shape: [costs.count + 1],
              values: costs + [.nan])
          ], elapsedSeconds: [Double](repeating: 0, count: costs.count + 1))
      }.group(FittedDistances.group)
    }
    let found = try #require(
      group { run in
        switch run.hyperparameters["alpha"] {
        // What the figure does not show does not count, here the last of four passes.
        case 6.3e-4: [1, 2, 1, 9]
        case 0.002: [4, 1, 4, 9, 9]
        default: [1, .nan, .nan, .nan]
        }
      })
    func numbers(_ name: String) -> [Double] { found.variable(name)?.values.doubles ?? [] }
    #expect(found.variable("side")?.strings == ["smaller", "fitted", "larger"])
    #expect(numbers("alpha") == [6.3e-4, 0.002, 6.3e-3])
    #expect(numbers("passes") == [3, 3, 3])
    #expect(numbers("odd_distance") == [0.6931471805599453, 0, .infinity])
    #expect(numbers("even_distance") == [0, 1.3862943611198906, .infinity])
    // Without one of them there is nothing to compare.
    #expect(try group { $0.hyperparameters["alpha"] == 0.002 ? [1, 1, 1, 1, 1] : nil } == nil)
  }
}
