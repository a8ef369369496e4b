import Reproduction
import Testing

@Suite struct SubstitutedSettingTests {
  private let experiment = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData,
    settings: [
      Setting("way", "new", oneOf: ["new", "old"], "how"),
      Setting("border", "soft", oneOf: ["soft", "hard"], "where"),
    ],
    minibatch: 2,
    epochs: ByProfile(smoke: 1, quick: 1, paper: 1),
    seeds: ByProfile(smoke: 1, quick: 1, paper: 1),
    contenders: [Contender("Adam", optimizer: "adam", fitted: .init(["alpha": 0.1]))],
    figures: [], claims: [],
    substitutes: { $0.text("border") == "hard" ? ["way": "old"] : [:] }
  ) { _, _, _ in QuadraticObjective(count: 5) }

  private func way(_ settings: Settings) throws -> SettingValue? {
    var request = PlanRequest(profile: .quick, data: "")
    request.settings = settings
    return try experiment.plan(request) { _ in nil }.runs.first?.settings["way"]
  }

  private func remarks(_ settings: Settings) -> [String] {
    var request = PlanRequest(profile: .quick, data: "")
    request.settings = settings
    return experiment.remarks(request)
  }

  @Test func whatIsUsedIsRecorded() throws {
    #expect(try way([:]) == "new")
    #expect(try way(["way": "old"]) == "old")
    #expect(try way(["border": "hard"]) == "old")
    #expect(try way(["border": "hard", "way": "new"]) == "old")
  }

  @Test func whatCannotBeHadIsToldInOneLine() {
    #expect(remarks([:]) == [])
    #expect(remarks(["way": "old", "border": "hard"]) == [])
    let line = remarks(["border": "hard", "way": "new"])
    #expect(line.count == 1)
    #expect(line.first?.hasPrefix("--way new cannot be had") == true)
    #expect(line.first?.contains("old is used instead, and recorded") == true)
  }
}
