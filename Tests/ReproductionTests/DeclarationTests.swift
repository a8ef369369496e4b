import Optimizers
import Reporting
import Reproduction
import ResultStore
import Testing

/// A program does not start with a declaration that names what is not there.
@Suite struct DeclarationTests {
  private static let paper = PaperCurves([
    .init(figure: "fig0", name: "Adam", points: [.init(x: 0, y: 1)])
  ])

  private func problems(
    fitted: Contender.Choice = .init(["alpha": 0.1]), grid: Grid? = nil,
    search: Search = .inline(seeds: 1), data: DataSource<NoData> = .noData,
    line: Figure.Line = .contender("Adam", .red), probes: [Probe] = [],
    claims: [Claim] = [], questions: [OpenQuestion] = [], siblings: [String] = []
  ) -> [String] {
    TrainingExperiment(
      name: "quadratic", title: "Quadratic", place: "nowhere", data: data,
      settings: [Setting("penalty", 0, in: 0...1, "penalty")], minibatch: 2,
      profiles: ByProfile(
        smoke: Budget(epochs: 1, seeds: 1, search: search),
        quick: Budget(epochs: 1, seeds: 1, search: search),
        paper: Budget(epochs: 1, seeds: 1, arms: [.fitted])),
      contenders: [
        Contender("Adam", optimizer: Adam.method, fitted: fitted, grid: grid),
        Contender("AdaGrad", optimizer: AdaGrad.method, fitted: .init(["alpha": 0.1])),
      ],
      probes: probes, probeAxes: [Dimension("layer", .string(["a", "b"]))], paper: Self.paper,
      figures: [
        Figure("fig0", "Figure 0", x: .linear("x"), y: .linear("y"), arms: [.fitted], lines: [line])
      ],
      claims: claims, siblings: siblings, questions: questions
    ) { _, _, _ in QuadraticObjective(count: 5) }.problems
  }

  private func expect(
    _ problems: [String], _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(problems.count == 1, sourceLocation: sourceLocation)
    for part in parts {
      #expect(problems.first?.contains(part) == true, "\(problems)", sourceLocation: sourceLocation)
    }
  }

  private func lower(_ a: String, than b: String, figure: String = "fig0") -> Claim {
    .lower("fig0.lower", "lower", place: "nowhere", a, than: b, at: [1], figure: figure)
  }

  @Test func `what is declared is no problem`() {
    let question = OpenQuestion(
      "penalty", of: "Adam", taken: "0", figure: "fig0",
      alternatives: [.init("1", hyperparameters: ["beta1": 0], settings: ["penalty": 1])])
    #expect(
      problems(
        grid: Grid([GridAxis("alpha", [0.1])], schedules: [.inverseSquareRoot(of: .step)]),
        claims: [
          lower("Adam", than: "AdaGrad"),
          .figureMatch(figure: "fig0", contender: "Adam", place: "nowhere"),
        ], questions: [question], siblings: ["mnist-logistic"]) == [])
  }

  @Test func `a misspelt contender is found in claims, lines and questions`() {
    expect(problems(claims: [lower("Adan", than: "AdaGrad")]), "fig0.lower", "Adan", "\"Adam\"")
    expect(
      problems(claims: [lower("Adam", than: "Adagrad").judged(onlyIf: "") { _ in }]), "Adagrad")
    expect(problems(line: .contender("Adan", .red)), "fig0", "Adan", "\"Adam\"")
    expect(
      problems(questions: [OpenQuestion("q", of: "Adan", taken: "", alternatives: [])]), "Adan")
    expect(
      problems(
        claims: [
          .bestEpochs(
            "fig0.best", "best", place: "nowhere", [.init("Adan", 0...1)], figure: "fig0")
        ]), "Adan")
  }

  @Test func `a misspelt figure or curve is found`() {
    expect(problems(claims: [lower("Adam", than: "AdaGrad", figure: "fig9")]), "fig9", "\"fig0\"")
    expect(
      problems(claims: [.figureMatch(figure: "fig0", contender: "AdaGrad", place: "nowhere")]),
      "curve of the paper's fig0", "AdaGrad")
    expect(problems(line: .contender("Adam", .red, paper: "Adan")), "Adan")
    expect(
      problems(questions: [
        OpenQuestion("q", of: "AdaGrad", taken: "", figure: "fig0", alternatives: [])
      ]), "AdaGrad")
  }

  @Test func `a line names a variable that runs record, its dimensions and labels`() {
    let probe = Probe(
      "steps", .everyEpoch, axes: [("layer", 2), ("quantile", 3)], meaning: "steps"
    ) { _ in [] }
    func found(_ change: (inout Figure.Line) -> Void) -> [String] {
      var line = Figure.Line(
        "a", .red, variable: "steps", along: "epoch",
        select: ["optimizer": "Adam", "layer": "a", "quantile": "0.5"])
      change(&line)
      return problems(line: line, probes: [probe])
    }
    #expect(found { _ in } == [])
    #expect(found { $0.xVariable = RunTime.training.variable } == [])
    expect(found { $0.variable = "step" }, "figure fig0, line \"a\"", "\"step\"", "\"steps\"")
    expect(found { $0.xVariable = "volatile/training_second" }, RunTime.training.variable)
    expect(found { $0.band = .standardErrors(from: 0, deviation: "z") }, "variable \"z\"")
    expect(found { $0.along = "epochs" }, "dimension of steps \"epochs\"", "\"epoch\"")
    expect(found { $0.select["layers"] = "a" }, "\"layers\"", "\"layer\"")
    expect(found { $0.select["layer"] = "c" }, "the layer \"c\"")
    expect(
      found { $0.band = .quantiles(dimension: "quantil", middle: "0", low: "0", high: "0") },
      "\"quantile\"")
    expect(
      problems(line: Figure.Line("a", .red, variable: "test_eror", along: "epoch")), "test_error")
  }

  @Test func `a claim reads settings, quantities of layers and times that there are`() {
    let claim = lower("Adam", than: "AdaGrad")
    let penalty = Setting("penalty", 0, in: 0...1, "penalty")
    #expect(problems(claims: [claim.reading(penalty, RunTime.training, Measure.testCost)]) == [])
    let dropout = Setting("dropout", 0, in: 0...1, "dropout")
    expect(
      problems(claims: [claim.judged(onlyIf: "with", reading: [dropout]) { _ in }]),
      "\"setting_dropout\"")
    expect(
      problems(claims: [
        .stepsAnneal("fig0.s", "s", place: "nowhere", "Adam", networks: [.init("n", layers: ["a"])])
      ]), LayerStatistics.Quantity.medianStep.variable)
    // Layers of other experiments are in their results.
    let elsewhere = Claim.Network("n", experiment: "mnist-mlp", layers: ["a"])
    #expect(
      problems(claims: [
        .stepsBounded("fig0.s", "s", place: "nowhere", "Adam", networks: [elsewhere])
      ]) == [])
  }

  @Test func `a claim names its place, and what it reads is recorded`() {
    let probe = Probe("steps", .everyEpoch, meaning: "steps") { _ in [] }
    let claim = lower("Adam", than: "AdaGrad").reading(probe)
    #expect(problems(probes: [probe], claims: [claim]) == [])
    expect(problems(claims: [claim]), "the claim fig0.lower", "the variable \"steps\"")
    let homeless = Claim.custom("fig0.c", "c", threshold: .init("x", .atMost(1)), rule: "") { _ in
      ClaimOutcome(.notRun, "")
    }
    expect(problems(claims: [homeless]), "fig0.c", "neither a place in the paper nor a write-up")
    #expect(problems(claims: [homeless.of(.review)]) == [])
  }

  @Test func `a computation knows the variables and labels of its lines too`() {
    func figure(_ variable: String, _ select: [String: String]) -> Figure {
      Figure(
        "fig0", "Figure 0", x: .linear("x"), y: .linear("y"), arms: [],
        lines: [.init("a", .red, variable: variable, along: "t", select: select)])
    }
    enum Topic: String { case group, misspelt }
    let t = Axis("t", "time")
    let value = Quantity("value", [t], "")
    func problems(
      _ variable: String = "group/value", _ select: [String: String] = ["case": "1e-3"],
      claims: [Claim] = []
    ) -> [String] {
      ComputationExperiment(
        name: "computed", title: "Computed", place: "nowhere", data: .noData,
        figures: [figure(variable, select)], claims: claims
      ) { _ in
        [
          Computation(
            Topic.group, "group", axes: [Axis("case", "case")(.double([1e-3, 1]))],
            ownAxes: [t([1, 2])], quantities: [value]
          ) { _, _ in UnitsOfWork(count: 0) { _, _ in } }
        ]
      }.problems
    }
    #expect(problems("group/value") == [] && problems("group/value", ["case": "0.001"]) == [])
    expect(problems("group/values"), "\"group/value\"")
    expect(problems("group/value", ["case": "0.01"]), "the case \"0.01\"")
    expect(problems("group/value", ["kind": "1"]), "dimension of group/value \"kind\"")
    let claim = Claim.custom(
      "fig0.c", "c", place: "nowhere", threshold: .init("x", .atMost(1)), rule: ""
    ) { _ in
      ClaimOutcome(.notRun, "")
    }
    #expect(problems(claims: [claim.reading(Topic.group, value)]) == [])
    expect(problems(claims: [claim.reading(Topic.misspelt, value)]), "\"misspelt/value\"")
    let other = Quantity("other", [t], "")
    expect(problems(claims: [claim.reading(Topic.group, value, other)]), "\"group/other\"")
  }

  @Test func `a misspelt hyperparameter or setting and a schedule that grows are found`() {
    expect(problems(fitted: .init(["alhpa": 0.1])), "alhpa", "\"alpha\"")
    expect(problems(fitted: .init([:], schedule: .exponential(2, by: .step))), "exponential(2.0)")
    expect(problems(fitted: .init([:], settings: ["penatly": 1])), "penatly", "\"penalty\"")
    expect(problems(fitted: .init([:], settings: ["penalty": 2])), "penalty", "from 0.0 to 1.0")
    expect(problems(grid: Grid([GridAxis("rho", [0.9])])), "rho")
    expect(
      problems(questions: [
        OpenQuestion(
          "q", of: "Adam", taken: "", alternatives: [.init("a", hyperparameters: ["bta1": 0])])
      ]), "bta1", "\"beta1\"")
  }

  @Test func `a misspelt contender is found in what a line is divided by`() {
    var ratio = Figure.Line.contender("Adam", .red)
    ratio.relativeTo = ["optimizer": "AdaGard"]
    expect(problems(line: ratio), "AdaGard", "\"AdaGrad\"")
  }

  @Test func `an arm without a search and settings that the data alone know are found`() {
    let found = problems(grid: Grid([GridAxis("alpha", [0.1])]), search: .none)
    #expect(
      found == ["smoke", "quick"].map { "the profile \($0) has the arm tuned, but no search" })
    let shaped = DataSource<NoData>(dataset: nil, shapedBy: [Setting("pnealty", 0, in: 0...1, "")])
    { try DataSource.noData.load($0, $1) }
    expect(problems(data: shaped), "the data", "pnealty", "\"penalty\"")
  }

  @Test func `a sibling is an experiment`() {
    expect(problems(siblings: ["mnist-logistics"]), "mnist-logistics", "\"mnist-logistic\"")
  }

  @Test func `the program ends with one line`() {
    let error = DeclarationError(problems: ["a", "b"])
    #expect(error.description.hasSuffix("wrong: a, and 1 more of the kind"))
    #expect(error.exitStatus == .software)
  }
}
