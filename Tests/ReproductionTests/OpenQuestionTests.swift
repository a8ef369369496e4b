import Foundation
import Optimizers
import Reporting
import Reproduction
import ResultStore
import Testing

@Suite struct OpenQuestionTests {
  private static let paper = PaperCurves([
    .init(
      figure: "fig", name: "Adam",
      points: [.init(x: 0, y: 4), .init(x: 1, y: 2), .init(x: 2, y: 1), .init(x: 3, y: 0.5)])
  ])

  private let experiment = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData,
    settings: [Setting("noise", 0.5, in: 0...1, "noise")], minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1), quick: Budget(epochs: 3, seeds: 2),
      paper: Budget(epochs: 4, seeds: 2)),
    contenders: [Contender("Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.1]))],
    paper: paper, figures: [], claims: [],
    questions: [
      OpenQuestion(
        "noise", of: "Adam", taken: "0.5", figure: "fig", profiles: [.quick],
        alternatives: [
          .init("none", settings: ["noise": 0]), .init("large batches", minibatch: 4),
          .init("decay", hyperparameters: ["beta1": 0.5], schedule: .inverseSquareRoot(of: .step)),
        ]),
      OpenQuestion(
        "cost", of: "Adam", taken: "running", figure: "fig",
        alternatives: [
          .init("after the pass", quantity: .costAfterPass),
          .init("with the penalty", quantity: .runningCostAndPenalty),
        ]),
    ]
  ) { _, _, _ in QuadraticObjective(count: 5) }

  private let request = PlanRequest(profile: .quick, data: "")

  /// What a run recorded: the costs of three passes, those at theta and the penalties.
  private func record(
    _ run: RunSpecification, running: [Double], cost: [Double] = [9, 3, 2, 1]
  ) -> RunRecord {
    func series(_ name: String, _ values: [Double]) -> Series {
      Series(name, axes: ["epoch"], shape: [4], values: values)
    }
    return RunRecord(
      specification: run, outcome: .finished,
      series: [
        series("train_cost_running", running + [.nan]), series("train_cost", cost),
        series("penalty", [0, 1, 1, 1]),
      ], elapsedSeconds: [0, 1, 2, 3])
  }

  private func choices(_ records: @escaping RecordLookup) throws -> [OpenChoice] {
    let group = try experiment.document(request, records)
    return [OpenChoice](decoding: try #require(group.group("choices")))
  }

  @Test func `every alternative differs in nothing else`() throws {
    let runs = try experiment.plan(request) { _ in nil }.runs
    #expect(runs.count == 5)
    let (protocolRun, varied) = (runs[0], Array(runs[2...]))
    #expect(varied.map { $0.label("choice") } == ["none", "large batches", "decay"])
    for var run in varied {
      #expect(run.recording == .final)
      #expect(run.identity != protocolRun.identity)
      switch run.label("choice") {
      case "none": run.settings = protocolRun.settings
      case "large batches": run.minibatch = 2
      default:
        #expect(run.hyperparameters == ["alpha": 0.1, "beta1": 0.5])
        run.hyperparameters = protocolRun.hyperparameters
        run.schedule = "constant"
      }
      run.recording = .full
      #expect(run.identity == protocolRun.identity)
    }
  }

  @Test func `profiles that do not measure and other requests have no runs of alternatives`() throws
  {
    #expect(try experiment.plan(.init(profile: .paper, data: "")) { _ in nil }.runs.count == 2)
    var custom = request
    custom.hyperparameters = ["alpha": 0.2]
    #expect(try experiment.plan(custom) { _ in nil }.runs.count == 2)
    #expect(try experiment.document(custom) { _ in nil }.group("choices") == nil)
  }

  @Test func `without runs the choices are named only`() throws {
    let choices = try choices { _ in nil }
    #expect(choices.map(\.question) == ["noise", "noise", "noise", "cost", "cost"])
    #expect(choices.allSatisfy { $0.effect.isEmpty })
  }

  @Test func `the effect is that of the last pass and the distance to the paper`() throws {
    let e = exp(1.0)
    let choices = try choices { run in
      switch run.label("choice") {
      case "none": record(run, running: [4 * e, 2 * e, e])
      case "decay":
        RunRecord(
          specification: run, outcome: .diverged(epoch: 1, step: 0, reason: ""), series: [],
          elapsedSeconds: [])
      case nil where run.seed == 0: record(run, running: [4, 2, 1.5])
      default: nil
      }
    }
    #expect(
      choices.map(\.effect) == [
        "Adam: cost 2.718 instead of 1.5 after 3 passes; distance to the paper's curve 1 "
          + "instead of 0 (seed 0)",
        "",
        "Adam diverges in epoch 1 (seed 0)",
        "Adam: cost 1 instead of 1.5 after 3 passes; distance to the paper's curve 0 instead of 0 "
          + "(seed 0)",
        "Adam: cost 2.5 instead of 1.5 after 3 passes; distance to the paper's curve 0.4055 "
          + "instead of 0 (seed 0)",
      ])
  }

  @Test func `distances are over the same points`() throws {
    // After the second pass nothing was evaluated.
    let choices = try choices { run in
      run.seed == 0 && run.label("choice") == nil
        ? record(run, running: [4, 20, 1.5], cost: [9, 4 * exp(1), .nan, 1]) : nil
    }
    #expect(
      choices[3].effect == "Adam: cost 1 instead of 1.5 after 3 passes; distance to the paper's "
        + "curve 0.5 instead of 0.2027 (seed 0)")
  }

  @Test func `a question can name its arm`() throws {
    func runs(_ arm: Arm?, _ arms: [Arm]) throws -> [RunSpecification] {
      let experiment = TrainingExperiment(
        name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData, minibatch: 2,
        profiles: ByProfile(
          smoke: Budget(epochs: 1, seeds: 1, arms: arms, search: .committed(.empty)),
          quick: Budget(epochs: 3, seeds: 1, arms: arms, search: .committed(.adamOverThreeEpochs)),
          paper: Budget(epochs: 4, seeds: 1, arms: arms, search: .inline(seeds: 1))),
        contenders: [
          Contender(
            "Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.1]),
            grid: Grid([GridAxis("alpha", [0.2, 0.3])]))
        ], figures: [], claims: [],
        questions: [
          OpenQuestion(
            "minibatch", of: "Adam", arm: arm, taken: "2",
            alternatives: [.init("4", minibatch: 4)])
        ]
      ) { _, _, _ in QuadraticObjective(count: 5) }
      return try experiment.plan(request) { _ in nil }.runs.filter { $0.minibatch == 4 }
    }
    func alphas(_ arm: Arm?, _ arms: [Arm]) throws -> [Double?] {
      try runs(arm, arms).map { $0.hyperparameters["alpha"] }
    }
    #expect(try alphas(nil, [.fitted, .tuned]) == [0.1])
    #expect(try alphas(nil, [.tuned]) == [0.2])
    #expect(try alphas(.tuned, [.fitted, .tuned]) == [0.2])
    #expect(try alphas(.tuned, [.fitted]).isEmpty)
  }

  /// Two contenders whose minibatches are varied; the rival has no beta1.
  private static func compared(seeds: Int) -> TrainingExperiment<NoData> {
    TrainingExperiment(
      name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData, minibatch: 2,
      profiles: ByProfile(
        smoke: Budget(epochs: 1, seeds: 1), quick: Budget(epochs: 3, seeds: 4),
        paper: Budget(epochs: 3, seeds: 4, fittedSeeds: 1)),
      contenders: [
        Contender("Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.1])),
        Contender("SGD", optimizer: SGD.method, fitted: .init(["alpha": 0.3])),
        Contender("AdaGrad", optimizer: AdaGrad.method, fitted: .init(["alpha": 0.2])),
      ], figures: [], claims: [],
      questions: [
        OpenQuestion(
          "minibatch", of: "Adam", taken: "2", passes: 2, against: ["SGD"], seeds: seeds,
          alternatives: [
            .init("4", minibatch: 4), .init("decay", schedule: .inverseSquareRoot(of: .step)),
          ]),
        OpenQuestion(
          "length", of: "Adam", taken: "2", against: ["AdaGrad"], seeds: 2,
          alternatives: [.init("1", minibatch: 1)]),
      ]
    ) { _, _, _ in QuadraticObjective(count: 5) }
  }

  @Test func `rivals are varied in the profile paper, with seeds of their own`() throws {
    func varied(_ profile: Profile) throws -> [String] {
      try Self.compared(seeds: 3).plan(.init(profile: profile, data: "")) { _ in nil }.runs
        .filter { $0.label("choice") != nil }.map { run in
          let name = run.label("optimizer") ?? ""
          return
            "\(run.label("choice") ?? "") \(name) \(run.seed) \(run.epochs)"
        }
    }
    #expect(try varied(.quick) == ["4 Adam 0 2", "decay Adam 0 2", "1 Adam 0 3"])
    #expect(
      try varied(.paper) == [
        "4 Adam 0 2", "4 Adam 1 2", "4 Adam 2 2", "4 SGD 0 2", "4 SGD 1 2", "4 SGD 2 2",
        "decay Adam 0 2", "decay Adam 1 2", "decay Adam 2 2", "decay SGD 0 2", "decay SGD 1 2",
        "decay SGD 2 2", "1 Adam 0 3", "1 Adam 1 3", "1 AdaGrad 0 3", "1 AdaGrad 1 3",
      ])
  }

  @Test func `without its rivals an alternative has one run`() throws {
    var request = PlanRequest(profile: .paper, data: "")
    request.contenders = ["Adam"]
    let runs = try Self.compared(seeds: 3).plan(request) { _ in nil }.runs
    #expect(runs.filter { $0.label("choice") != nil }.map(\.seed) == [0, 0, 0])
  }

  @Test func `the curves of rivals are kept beside the choices`() throws {
    let request = PlanRequest(profile: .paper, data: "")
    let group = try Self.compared(seeds: 2).document(request) { run in
      let level = run.label("optimizer") == "SGD" ? 10.0 : 1
      if run.label("choice") == "decay", run.seed == 1 {
        return RunRecord(
          specification: run, outcome: .diverged(epoch: 0, step: 0, reason: ""), series: [],
          elapsedSeconds: [])
      }
      return RunRecord(
        specification: run, outcome: .finished,
        series: [
          Series(
            "train_cost_running", axes: ["epoch"], shape: [run.epochs + 1],
            values: (0..<run.epochs).map { level / Double($0 + 1) + Double(run.seed) } + [.nan])
        ], elapsedSeconds: [])
    }
    let choices = try Document(root: group).view.subgroup("choices")
    #expect(try choices.labels("optimizer") == ["Adam", "SGD", "AdaGrad"])
    #expect(
      try choices.labels("seed") == ["0", "1"] && choices.labels("epoch") == ["0", "1", "2", "3"])
    #expect(try choices.texts("arm").values == ["fitted", "fitted", "fitted"])
    func curve(_ choice: String, _ optimizer: String, _ seed: String) throws -> [Double] {
      try choices.array(
        Measure.runningCost, ["choice": choice, "optimizer": optimizer, "seed": seed]
      ).values
    }
    #expect(try curve("0", "SGD", "1").prefix(2) == [11, 6])
    #expect(try curve("1", "Adam", "0").prefix(2) == [1, 0.5])
    #expect(try curve("1", "Adam", "1").allSatisfy(\.isNaN))
    #expect(try curve("2", "AdaGrad", "0").prefix(3) == [1, 0.5, 1.0 / 3])
    let none = [Double](repeating: 0, count: 2)
    #expect(
      try choices.array("status").values
        == [1, 1, 1, 1] + none + [1, 2, 1, 2] + none + [1, 1] + none + [1, 1])
    #expect(
      try choices.array("run_epochs").values
        == [2, 2, 2, 2, -1, -1, 2, 2, 2, 2, -1, -1, 3, 3, -1, -1, 3, 3])
    // Without rivals there are no curves: the words say what was measured.
    let alone = try #require(try experiment.document(self.request) { _ in nil }.group("choices"))
    #expect(alone.variables.map(\.name) == ["question", "taken", "alternative", "effect"])
  }

  @Test func `a question about a sweep names a value of each axis`() {
    let (alpha, beta1) = (SweepAxis("alpha", [0.1, 0.2]), SweepAxis("beta1", [0, 0.9]))
    let budget = SweepBudget(epochs: 1, seeds: 1)
    func problems(_ cell: KeyValuePairs<SweepAxis, Double>) -> [String] {
      SweepExperiment(
        name: "sweep", title: "Sweep", place: "nowhere", data: .noData, minibatch: 2,
        profiles: ByProfile(smoke: budget, quick: budget, paper: budget),
        variants: SweepVariants("variant", "variant", [.init("plain", optimizer: Adam.method)]),
        axes: [beta1, alpha], loss: "loss", paper: Self.paper, figures: { _ in [] }, claims: [],
        questions: [
          OpenQuestion(
            "minibatch", ofCell: cell, called: "a cell", taken: "2", figure: "fig",
            point: { (curve: "Adam", x: Double($0)) }, alternatives: [.init("4", minibatch: 4)])
        ]
      ) { _, _, _ in QuadraticObjective(count: 5) }.problems
    }
    #expect(problems([alpha: 0.2, beta1: 0]) == [])
    let owner = "the question \"minibatch\""
    let axes = "for its cell, not one of each axis: beta1, alpha"
    #expect(problems([alpha: 0.2]) == ["\(owner) has values of alpha \(axes)"])
    #expect(
      problems([alpha: 0.2, beta1: 0, alpha: 0.1]) == [
        "\(owner) has values of alpha, beta1, alpha \(axes)"
      ])
    #expect(problems([:]) == ["\(owner) has values of nothing \(axes)"])
    #expect(problems([alpha: 0.3, beta1: 0]) == ["\(owner): alpha 0.3 is not on its axis"])
  }

  @Test func `a sweep varies one cell`() throws {
    let alpha = SweepAxis("alpha", [0.1, 0.2])
    let experiment = SweepExperiment(
      name: "sweep", title: "Sweep", place: "nowhere", data: .noData, minibatch: 2,
      profiles: ByProfile(
        smoke: SweepBudget(epochs: 1, seeds: 1, keeping: [alpha: [0.1]]),
        quick: SweepBudget(epochs: 3, seeds: 1), paper: SweepBudget(epochs: 4, seeds: 1)),
      variants: SweepVariants("variant", "variant", [.init("plain", optimizer: Adam.method)]),
      axes: [alpha], loss: "loss", paper: Self.paper, figures: { _ in [] }, claims: [],
      questions: [
        OpenQuestion(
          "minibatch", ofCell: [alpha: 0.2], called: "alpha = 0.2", taken: "2", figure: "fig",
          point: { (curve: "Adam", x: Double($0)) }, alternatives: [.init("4", minibatch: 4)]),
        OpenQuestion(
          "decay", ofCell: [alpha: 0.1], called: "alpha = 0.1", taken: "0.9", figure: "fig",
          point: { (curve: "none", x: Double($0)) },
          alternatives: [.init("0.5", hyperparameters: ["beta1": 0.5])]),
      ]
    ) { _, _, _ in QuadraticObjective(count: 5) }
    let runs = try experiment.plan(request) { _ in nil }.runs
    #expect(runs.map(\.minibatch) == [2, 2, 4, 2])
    #expect(runs[2].hyperparameters == runs[1].hyperparameters)
    #expect(runs[3].hyperparameters == ["alpha": 0.1, "beta1": 0.5])
    // A profile without the cell of a question names its alternative only.
    let smoke = PlanRequest(profile: .smoke, data: "")
    #expect(try experiment.plan(smoke) { _ in nil }.runs.map(\.minibatch) == [2, 2])
    let named = try [OpenChoice](
      decoding: #require(experiment.document(smoke) { _ in nil }.group("choices")))
    #expect(named.map(\.alternative) == ["4", "0.5"])
    #expect(named.allSatisfy { $0.effect.isEmpty })
    let group = try experiment.document(request) { run in
      let isVaried = run.minibatch == 4 || run.hyperparameters["beta1"] == 0.5
      return record(
        run,
        running: isVaried
          ? [3, 2, 1] : run.hyperparameters["alpha"] == 0.2 ? [4, 3, 2] : [6, 5, 4])
    }
    #expect(
      [OpenChoice](decoding: try #require(group.group("choices"))).map(\.effect) == [
        "alpha = 0.2: cost 1 instead of 2 after 3 passes; the paper's is 0.5 (seed 0)",
        "alpha = 0.1: cost 1 instead of 4 after 3 passes (seed 0)",
      ])
  }
}
