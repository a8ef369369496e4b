import Reproduction
import Testing

@Suite struct SettingTests {
  private enum Noise: String, CaseIterable { case dropout, none }

  private let rate = Setting("rate", 0.5, in: 0..<1, "rate")
  private let noise = Setting("noise", Noise.dropout, "noise")
  private let weights = Setting(
    "weights", Noise.none, orNumbersFor: ["a", "b"], in: -1...1, "weights")
  private let hidden = Setting.widths("hidden", [7, 5], "widths")

  @Test func `a setting reads what it has written`() {
    let settings: Settings = [
      rate.at(0.25), noise.at(.none), weights.at(.numbers([0.5, -1])), hidden.at([3]),
    ]
    #expect(settings.names == ["hidden", "noise", "rate", "weights"])
    #expect(settings[rate] == 0.25 && settings[noise] == .none && settings[hidden] == [3])
    guard case .numbers([0.5, -1]) = settings[weights] else {
      Issue.record("\(settings[weights])")
      return
    }
    #expect(settings["noise"] == "none" && settings["rate"] == 0.25 && settings["hidden"] == "3")
  }

  @Test func `a text is recorded as it is written`() {
    let settings: Settings = [weights.written("1e-4,-1")]
    #expect(settings["weights"] == "1e-4,-1")
    guard case .numbers([1e-4, -1]) = settings[weights] else {
      Issue.record("\(settings[weights])")
      return
    }
  }

  @Test func `widths that are not recorded are the standard ones`() {
    #expect(Settings()[hidden] == [7, 5])
  }

  @Test func `what the command line gives is a value of the setting, or refused`() throws {
    #expect(try rate.declared.value(from: "0.75") == 0.75)
    #expect(try noise.declared.value(from: "none") == "none")
    #expect(try weights.declared.value(from: "dropout") == "dropout")
    #expect(try weights.declared.value(from: "0.5,1") == "0.5,1")
    let wrong: [(any AnySetting, [String])] = [
      (rate, ["1", "nan", "x", ""]), (noise, ["drop", ""]),
      (weights, ["0.5", "0.5,2", "0.5,nan", "0.5,,1", "he"]), (hidden, ["", "0", "5,", "1.5"]),
    ]
    for (setting, texts) in wrong {
      for text in texts {
        #expect(throws: UsageError.self, "\(setting.declared.name) \(text)") {
          try setting.declared.value(from: text)
        }
      }
    }
    #expect(noise.declared.words == ["dropout", "none"])
  }
}
