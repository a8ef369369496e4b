import Optimizers
import Reproduction
import Testing

/// Settings of one's own as arms of a result file, and settings that came later.
@Suite struct CustomArmTests {
  private static let hidden = Setting.widths("hidden", [5], "units of each hidden layer")

  private let training = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData,
    settings: [Setting("l2", 0, in: 0...1, "penalty"), Self.hidden], minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1), quick: Budget(epochs: 3, seeds: 1),
      paper: Budget(epochs: 5, seeds: 1)),
    contenders: [
      Contender("Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.1])),
      Contender("SGD", optimizer: SGD.method, fitted: .init(["alpha": 0.2])),
    ], figures: [], claims: [], parameterCount: { $0[Self.hidden][0] }
  ) { _, settings, _ in QuadraticObjective(count: settings[Self.hidden][0]) }

  private func request(_ arguments: String...) throws -> PlanRequest {
    try CommandOptions(["quadratic"] + arguments, for: training).request
  }

  private func runs(_ arguments: [String]) throws -> [RunSpecification] {
    let request = try CommandOptions(["quadratic"] + arguments, for: training).request
    return try training.plan(request) { _ in nil }.runs
  }

  @Test func `widths enter a run where they are not the standard ones`() throws {
    let plain = try runs([])
    #expect(plain.allSatisfy { $0.settings.names == ["l2"] })
    #expect(try runs(["--hidden", "5"]).map(\.identity) == plain.map(\.identity))
    let wide = try runs(["--hidden", "7"])
    #expect(wide.allSatisfy { $0.settings[Self.hidden] == [7] })
    #expect(Set(wide.map(\.identity)).isDisjoint(with: plain.map(\.identity)))
  }

  @Test func `labels say what differs`() throws {
    #expect(
      try request("--alpha", "3e-4", "--minibatch", "7", "--hidden", "9").label
        == "alpha=0.0003 hidden=9 minibatch=7")
    #expect(try request("--alpha", "1", "--label", "mine").label == "mine")
    #expect(try request("--add-optimizer", "nadam").label == "added")
    #expect(try request("--seeds", "1").label == nil)
    for text in ["", "tuned", "a\nb", String(repeating: "x", count: 61)] {
      #expect(throws: UsageError.self) { try request("--alpha", "1", "--label", text) }
    }
  }

  @Test func `an optimizer that is named is not left out without a word`() throws {
    #expect {
      try runs(["--optimizers", "adam,sgd", "--beta1", "0.8"])
    } throws: {
      "\($0)".hasPrefix("--beta1 does not go with \"SGD\", which --optimizers names; leave out")
    }
    #expect(try runs(["--optimizers", "adam", "--beta1", "0.8"]).count == 1)
    #expect(try runs(["--beta1", "0.8"]).map { $0.label("optimizer") } == ["Adam"])
  }

  @Test func `a schedule of an added optimizer may have commas of its own`() throws {
    let added = try runs(["--add-optimizer", "adamw:schedule=exponential(0.9, epoch),alpha=0.01"])
      .last
    #expect(
      added?.schedule == "exponential(0.9, epoch)" && added?.hyperparameters == ["alpha": 0.01])
  }

  @Test func `added optimizers run with their own values, then the general ones`() throws {
    let runs = try runs([
      "--alpha", "0.5", "--add-optimizer", "adamw:weight-decay=0.01", "--add-optimizer",
      "adam:alpha=0.3,schedule=alpha/sqrt(t),l2=0.25",
    ])
    #expect(
      runs.map { $0.label("optimizer") } == [
        "Adam", "SGD", "adamw", "adam alpha=0.3 schedule=alpha/sqrt(t) l2=0.25",
      ])
    #expect(runs[2].hyperparameters == ["alpha": 0.5, "weight-decay": 0.01])
    #expect(runs[3].hyperparameters == ["alpha": 0.3] && runs[3].schedule == "alpha/sqrt(step)")
    #expect(runs[3].settings["l2"] == 0.25 && runs[2].settings["l2"] == 0)
    #expect(
      try self.runs(["--optimizers", "sgd", "--add-optimizer", "nadam"]).map(\.method)
        == ["sgd", "nadam"])
  }

  @Test func `more memory than the machine has is refused before it is taken`() throws {
    let request = try request("--hidden", "100000000")
    // The objective here has one parameter a unit: 1.6 GB.
    #expect(
      training.remarks(request) == [
        "these widths need 1.6 GB of memory a run at least"
      ])
    #expect(try training.remarks(self.request("--hidden", "10")) == [])
  }
}
