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

  @Test func `a list of numbers is recorded in one form, whoever writes it`() throws {
    for (text, numbers, form) in [
      ("0.0001,-1.0", [1e-4, -1], "1e-4,-1"), ("1e-04,-1e0", [1e-4, -1], "1e-4,-1"),
      ("0.50,1e-2", [0.5, 0.01], "0.5,0.01"), ("12e-5,-0.0250", [1.2e-4, -0.025], "1.2e-4,-0.025"),
      ("0,1", [0, 1], "0,1"), ("1e-9,-2e-12", [1e-9, -2e-12], "1e-9,-2e-12"),
    ] {
      #expect(try weights.declared.value(from: text) == .text(form))
      #expect(weights.at(.numbers(numbers)).value == .text(form))
    }
    #expect(try hidden.declared.value(from: "+7,05") == "7,5")
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
