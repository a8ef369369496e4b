import Optimizers
import Reproduction
import ResultStore
import Testing

/// What options mean for one another and for the plan.
@Suite struct CommandOptionsTests {
  private static let inputDropout = Setting("input-dropout", 0.2, in: 0..<1, "rate of the input")

  private let training = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData,
    settings: [
      Setting("dropout", 0.5, in: 0..<1, "rate").switchingOff(Self.inputDropout), Self.inputDropout,
    ],
    minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1, arms: [.fitted, .tuned], search: .committed(.empty)),
      quick: Budget(epochs: 3, seeds: 1, arms: [.tuned], search: .committed(.adamOverThreeEpochs)),
      paper: Budget(epochs: 5, seeds: 1, arms: [.fitted, .tuned], search: .inline(seeds: 2))),
    contenders: [Adam.method, AdaMax.method].map {
      Contender(
        $0.title, optimizer: $0, fitted: .init(["alpha": 0.1]),
        grid: Grid([GridAxis("alpha", [0.1, 0.2])]))
    },
    figures: [], claims: []
  ) { _, _, _ in QuadraticObjective(count: 5) }

  private func options(_ arguments: String...) throws -> CommandOptions {
    try CommandOptions(["quadratic"] + arguments, for: training)
  }

  private func complaint(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `zero switches the settings off that depend on it`() throws {
    let off: Settings = ["dropout": 0, "input-dropout": 0]
    #expect(try options("--dropout", "0").request.settings == off)
    #expect(try options("--dropout", "0", "--input-dropout", "0").request.settings == off)
    #expect(try options("--dropout", "0.1").request.settings == ["dropout": 0.1])
    #expect(try options("--input-dropout", "0").request.settings == ["input-dropout": 0])
    #expect(
      complaint { _ = try options("--dropout", "0", "--input-dropout", "0.3") }
        == "--dropout 0 switches --input-dropout off; leave that out")
  }

  @Test(arguments: ["--list", "--dry-run", "--status"])
  func `a search can be looked at`(option: String) throws {
    let options = try options("--search", option)
    #expect(options.request.isSearch && options.output == "results/search/quadratic.tsv")
    let runs = try training.plan(options.request) { _ in nil }.runs
    #expect(runs.count == 8 && runs.allSatisfy { $0.label("arm") == "search" })
  }

  @Test func `other modes do not go together`() {
    #expect(complaint { _ = try options("--search", "--claims") }.contains("--search"))
    #expect(complaint { _ = try options("--list", "--status") }.contains("--status"))
    #expect(
      complaint { _ = try options("--search", "--list", "--shard", "1/2") }.contains("--shard"))
    #expect(complaint { _ = try options("--search", "--arms", "tuned") }.contains("--arms"))
    #expect(complaint { _ = try options("--search", "--alpha", "1") }.contains("arm custom"))
    #expect(complaint { _ = try options("--search", "--dropout", "0") }.contains("arm custom"))
  }

  @Test func `contenders without settings are named`() throws {
    func runs(_ arguments: String...) throws -> Int {
      let request = try CommandOptions(["quadratic"] + arguments, for: training).request
      try training.check(request)
      return try training.plan(request) { _ in nil }.runs.count
    }
    #expect(try runs() == 1)
    #expect(try runs("--optimizers", "adam") == 1)
    #expect(try runs("--optimizers", "adamax", "--arms", "fitted") == 1)
    #expect(try runs("--optimizers", "adamax", "--alpha", "0.3") == 1)
    let text = complaint { _ = try runs("--optimizers", "adamax") }
    #expect(
      text == "no settings are known for AdaMax in the arm tuned of the profile quick; take "
        + "--arms fitted or hyperparameters of your own, e.g. --alpha 1e-3")
    #expect(complaint { _ = try runs("--optimizers", "adam,adamax") } == text)
    #expect(try runs("--arms", "tuned") == 1)
    #expect(try runs("--optimizers", "adam,adamax", "--profile", "paper") > 2)
  }

  @Test func `settings searched at another horizon are called that`() throws {
    func request(_ arguments: String...) throws -> PlanRequest {
      try CommandOptions(["quadratic"] + arguments, for: training).request
    }
    func text(_ request: PlanRequest) throws -> String? {
      try training.document(request) { _ in nil }.groups
        .first { $0.name == "search" }?.group.attributes.text("other_horizon")
    }
    let same = try request("--optimizers", "adam")
    #expect(try text(same) == nil)
    #expect(!training.shortened(same).contains("searched"))
    let longer = try request("--optimizers", "adam", "--epochs", "5")
    let words = "the settings of the arm tuned were searched at 3 epochs, these runs have 5"
    #expect(try text(longer) == words)
    #expect(training.shortened(longer).contains(words))
    #expect(training.shortened(try request("--profile", "paper")) == "")
    #expect(!training.shortened(try request("--alpha", "0.5")).contains("searched"))
  }
}
