import Optimizers
import Reproduction
import Testing

@Suite struct SubstitutedSettingTests {
  private enum Way: String, CaseIterable { case new, old }
  private enum Border: String, CaseIterable { case soft, hard }

  private static let waySetting = Setting("way", Way.new, "how")
  private static let borderSetting = Setting("border", Border.soft, "where")

  private let experiment = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData,
    settings: [Self.waySetting, Self.borderSetting], minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1), quick: Budget(epochs: 1, seeds: 1),
      paper: Budget(epochs: 1, seeds: 1)),
    contenders: [Contender("Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.1]))],
    figures: [], claims: [],
    substitutes: { $0[Self.borderSetting] == .hard ? [Self.waySetting.at(.old)] : [:] }
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

  @Test func `what is used is recorded`() throws {
    #expect(try way([:]) == "new")
    #expect(try way(["way": "old"]) == "old")
    #expect(try way(["border": "hard"]) == "old")
    #expect(try way(["border": "hard", "way": "new"]) == "old")
  }

  @Test func `what cannot be had is told in one line`() {
    #expect(remarks([:]) == [])
    #expect(remarks(["way": "old", "border": "hard"]) == [])
    let line = remarks(["border": "hard", "way": "new"])
    #expect(line.count == 1)
    #expect(line.first?.hasPrefix("--way new cannot be had") == true)
    #expect(line.first?.contains("old is used instead, and recorded") == true)
  }
}
