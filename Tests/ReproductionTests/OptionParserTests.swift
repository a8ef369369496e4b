import Reproduction
import Testing

@Suite struct OptionParserTests {
  let parser = OptionParser([
    CommandOption("alpha", "X", "stepsize"), CommandOption("fresh", nil, "forget"),
  ])

  @Test func `options and operands are read`() throws {
    let parsed = try parser.parse(["program", "--alpha", "3e-4", "file", "--fresh", "--alpha=1"])
    #expect(try parsed.number("alpha") == 1)
    #expect(parsed.contains("fresh"))
    #expect(parsed.operands == ["file"])
  }

  @Test func `an unknown option is named with its neighbour`() {
    let error = #expect(throws: UsageError.self) {
      try parser.parse(["program", "--alhpa", "1"])
    }
    #expect(error?.description.contains("unknown option --alhpa (did you mean --alpha?)") == true)
    #expect(error?.exitStatus == .usage)
  }

  @Test func `an option without its argument is refused`() {
    #expect(throws: UsageError.self) { try parser.parse(["program", "--alpha"]) }
  }

  @Test(arguments: ["nan", "inf", "-inf", "1x", ""])
  func `only finite numbers are taken`(text: String) throws {
    let parsed = try parser.parse(["program", "--alpha", text])
    #expect(throws: UsageError.self) { try parsed.number("alpha") }
  }

  /// A typo must not start another run than the one that was meant.
  @Test func `options are never abbreviated, and the longer one is named`() {
    let parser = OptionParser([CommandOption("optimizers", "LIST", "only these")])
    let error = #expect(throws: UsageError.self) {
      try parser.parse(["program", "--optimizer", "adam"])
    }
    #expect(
      error?.description.hasPrefix("unknown option --optimizer (did you mean --optimizers?)")
        == true)
    #expect(throws: UsageError.self) { try parser.parse(["program", "--opt=adam"]) }
    #expect(throws: UsageError.self) { try parser.parse(["program", "-o", "adam"]) }
  }

  @Test func `a switch takes no value, an option any text`() throws {
    let error = #expect(throws: UsageError.self) { try parser.parse(["program", "--fresh=yes"]) }
    #expect(error?.description == "--fresh takes no value")
    #expect(try parser.parse(["program", "--alpha", "-1"]).number("alpha") == -1)
    #expect(try parser.parse(["program", "--alpha="]).value("alpha") == "")
    let parsed = try parser.parse(["program", "--fresh", "--", "--alpha", "-"])
    #expect(parsed.operands == ["--alpha", "-"] && !parsed.contains("alpha"))
  }

  @Test func `-h asks for help`() throws {
    let parser = OptionParser([CommandOption("help", nil, "print this")])
    #expect(try parser.parse(["program", "-h"]).contains("help"))
  }

  @Test func `help has its groups, within eighty columns`() {
    let parser = OptionParser(groups: [
      OptionGroup(
        "one", note: String(repeating: "word ", count: 40),
        [
          CommandOption("alpha", "X", String(repeating: "stepsize ", count: 30))
        ]),
      OptionGroup("none", []),
      OptionGroup("two", [CommandOption("a-very-long-name-of-an-option", "LIST", "help")]),
    ])
    let lines = parser.help(usage: "usage: program").split(separator: "\n")
    #expect(lines.allSatisfy { $0.count < 80 })
    #expect(lines.contains("one:") && lines.contains("two:") && !lines.contains("none:"))
    #expect(lines.contains("  --a-very-long-name-of-an-option LIST"))
  }

  @Test func `completions and manual have every option`() throws {
    let parser = OptionParser([
      CommandOption("profile", "NAME", "how much: it's \\ said", words: ["smoke", "quick"]),
      CommandOption("quiet", nil, "say nothing"),
    ])
    for shell in Shell.allCases {
      let text = parser.completions(
        for: shell, program: "a-program",
        commands: .init(
          ["run", "list"], takingPrograms: ["run"], running: "run", programs: ["one"]))
      for word in ["profile", "quiet", "smoke", "quick", "run", "list", "one", "a-program"] {
        #expect(text.contains(word), "\(shell): \(word)")
      }
    }
    let page = parser.manual(of: "a-program", summary: "does", synopsis: ["[options]"])
    #expect(page.contains("\\fB\\-\\-profile\\fR \\fINAME\\fR\nhow much: it's \\e said"))
    #expect(throws: UsageError.self) { try Shell(named: "tcsh") }
  }
}
