import Optimizers
import Reporting
import Reproduction
import Testing

/// A program does not start with a declaration that names what is not there.
@Suite struct DeclarationTests {
  private static let paper = PaperCurves([
    .init(figure: "fig0", name: "Adam", points: [.init(x: 0, y: 1)])
  ])

  private func problems(
    fitted: Contender.Choice = .init(["alpha": 0.1]), grid: Grid? = nil,
    search: Search = .inline(seeds: 1), data: DataSource<NoData> = .noData,
    line: Figure.Line = .contender("Adam", .red),
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
      paper: Self.paper,
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
    .lower("fig0.lower", "lower", place: "", a, than: b, at: [1], figure: figure)
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
          .figureMatch(figure: "fig0", contender: "Adam", place: ""),
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
            "fig0.best", "best", place: "", [.init("Adan", 0...1)], figure: "fig0")
        ]), "Adan")
  }

  @Test func `a misspelt figure or curve is found`() {
    expect(problems(claims: [lower("Adam", than: "AdaGrad", figure: "fig9")]), "fig9", "\"fig0\"")
    expect(
      problems(claims: [.figureMatch(figure: "fig0", contender: "AdaGrad", place: "")]),
      "curve of the paper's fig0", "AdaGrad")
    expect(problems(line: .contender("Adam", .red, paper: "Adan")), "Adan")
    expect(
      problems(questions: [
        OpenQuestion("q", of: "AdaGrad", taken: "", figure: "fig0", alternatives: [])
      ]), "AdaGrad")
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
