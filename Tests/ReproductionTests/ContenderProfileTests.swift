import Optimizers
import Reproduction
import Testing

@Suite struct ContenderProfileTests {
  private enum Noise: String, CaseIterable { case dropout, none }

  private let experiment = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData,
    settings: [
      Setting("noise", Noise.dropout, "noise"),
      Setting("penalty", 0, in: 0...1, "penalty"),
    ],
    minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1, search: .committed(.empty)),
      quick: Budget(epochs: 2, seeds: 1, search: .committed(.empty), recording: .final),
      paper: Budget(epochs: 4, seeds: 1, search: .inline(seeds: 1, epochs: 3))),
    contenders: [
      Contender(
        "Adam", optimizer: Adam.method, settings: ["noise": "none"], fitted: .init(["alpha": 0.1]),
        grid: Grid([GridAxis("alpha", [0.1, 0.2])])),
      Contender(
        "Adam+dropout", optimizer: Adam.method,
        fitted: .init(["alpha": 0.1, "beta1": 0.5], settings: ["penalty": 1]),
        grid: Grid([GridAxis("alpha", [0.1, 0.2])]), profiles: [.paper]),
    ],
    figures: [], claims: []
  ) { _, _, _ in QuadraticObjective(count: 5) }

  private func names(_ request: PlanRequest) throws -> [String] {
    try experiment.plan(request) { _ in nil }.runs.map {
      "\($0.label("arm") ?? "") \($0.label("optimizer") ?? "") \($0.epochs) \($0.recording)"
    }
  }

  @Test func `a profile runs its own contenders`() throws {
    let quick = PlanRequest(profile: .quick, data: "")
    #expect(try names(quick) == ["fitted Adam 2 final"])
    #expect(experiment.shortened(quick) == "2 of 4 epochs, 1 of 2 optimizers")
    let paper = PlanRequest(profile: .paper, data: "")
    #expect(
      try names(paper) == [
        "search Adam 3 final", "search Adam 3 final", "fitted Adam 4 full",
        "search Adam+dropout 3 final", "search Adam+dropout 3 final",
        "fitted Adam+dropout 4 full",
      ])
    #expect(experiment.shortened(paper) == "")
  }

  @Test func `a contender that is named is run in every profile`() throws {
    var request = PlanRequest(profile: .quick, data: "")
    request.contenders = ["Adam+dropout"]
    #expect(try names(request) == ["fitted Adam+dropout 2 final"])
    request.settings = ["noise": "none"]
    #expect(try names(request) == ["custom Adam+dropout 2 final"])
  }

  @Test func `a custom arm starts from the settings that help names`() throws {
    var request = PlanRequest(profile: .quick, data: "")
    request.contenders = ["Adam+dropout"]
    let fitted = try experiment.plan(request) { _ in nil }.runs.first
    #expect(fitted?.settings == ["noise": "dropout", "penalty": 1])
    request.hyperparameters = ["alpha": 0.2]
    let custom = try experiment.plan(request) { _ in nil }.runs.first
    #expect(custom?.settings == ["noise": "dropout", "penalty": 0])
    // What was inferred with other settings than these does not belong to them.
    #expect(fitted?.hyperparameters == ["alpha": 0.1, "beta1": 0.5])
    #expect(custom?.hyperparameters == ["alpha": 0.2])
    request.settings = ["penalty": 0.5]
    #expect(try experiment.plan(request) { _ in nil }.runs.first?.settings["penalty"] == 0.5)
  }

  @Test func `only the arms that are asked for are run`() throws {
    var paper = PlanRequest(profile: .paper, data: "")
    paper.arms = [.fitted]
    #expect(try names(paper) == ["fitted Adam 4 full", "fitted Adam+dropout 4 full"])
    #expect(experiment.shortened(paper) == "without the arm tuned")
    let axis = try experiment.document(paper) { _ in nil }.dimensions.first { $0.name == "arm" }
    #expect(axis?.labels == .string(["fitted"]))
    paper.arms = [.tuned]
    #expect(try names(paper).filter { $0.hasPrefix("fitted") }.isEmpty)
    #expect(try names(paper).count == 4)
  }

  @Test func `a search is made for all contenders`() throws {
    var request = PlanRequest(profile: .quick, data: "")
    request.isSearch = true
    #expect(try names(request).filter { $0 == "search Adam+dropout 3 final" }.count == 2)
  }

  @Test func `limits of a contender hold but in runs of one's own`() throws {
    let limited = TrainingExperiment(
      name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData,
      settings: [Setting("penalty", 0, in: 0...1, "penalty")], minibatch: 2,
      profiles: ByProfile(
        smoke: Budget(epochs: 1, seeds: 1), quick: Budget(epochs: 2, seeds: 1),
        paper: Budget(epochs: 4, seeds: 3)),
      contenders: [
        Contender("all", optimizer: Adam.method, fitted: .init(["alpha": 0.1])),
        Contender("few", optimizer: SGD.method, fitted: .init(["alpha": 0.1]), seeds: 2, passes: 3),
      ], figures: [], claims: []
    ) { _, _, _ in QuadraticObjective(count: 5) }
    func few(_ request: PlanRequest) throws -> [String] {
      try limited.plan(request) { _ in nil }.runs.filter { $0.label("optimizer") == "few" }
        .map { "\($0.seed) \($0.epochs)" }
    }
    #expect(try few(PlanRequest(profile: .quick, data: "")) == ["0 2"])
    var paper = PlanRequest(profile: .paper, data: "")
    #expect(try few(paper) == ["0 3", "1 3"])
    paper.epochs = 5
    #expect(try few(paper) == ["0 5", "1 5"])
    paper.seeds = [0, 1, 2]
    #expect(try few(paper) == ["0 5", "1 5", "2 5"])
    // Its arm tells of as many seeds and passes as the experiment has.
    var own = PlanRequest(profile: .paper, data: "")
    own.settings = ["penalty": 1]
    #expect(try few(own) == ["0 4", "1 4", "2 4"])
  }

  @Test func `the file has all contenders`() throws {
    let request = PlanRequest(profile: .quick, data: "")
    let group = try experiment.document(request) { _ in nil }
    let axis = group.dimensions.first { $0.name == "optimizer" }
    #expect(axis?.labels == .string(["Adam", "Adam+dropout"]))
  }
}
