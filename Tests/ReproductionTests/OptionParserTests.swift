import Reproduction
import Testing

@Suite struct OptionParserTests {
  let parser = OptionParser([
    CommandOption("alpha", "X", "stepsize"), CommandOption("fresh", nil, "forget"),
  ])

  @Test func readsOptionsAndOperands() throws {
    let parsed = try parser.parse(["program", "--alpha", "3e-4", "file", "--fresh", "--alpha=1"])
    #expect(try parsed.number("alpha") == 1)
    #expect(parsed.contains("fresh"))
    #expect(parsed.operands == ["file"])
  }

  @Test func namesAnUnknownOptionAndItsNeighbour() {
    let error = #expect(throws: UsageError.self) {
      try parser.parse(["program", "--alhpa", "1"])
    }
    #expect(error?.description.contains("unknown option --alhpa (did you mean --alpha?)") == true)
    #expect(error?.exitStatus == .usage)
  }

  @Test func missesAnArgument() {
    #expect(throws: UsageError.self) { try parser.parse(["program", "--alpha"]) }
  }

  @Test(arguments: ["nan", "inf", "-inf", "1x", ""])
  func takesFiniteNumbersOnly(text: String) throws {
    let parsed = try parser.parse(["program", "--alpha", text])
    #expect(throws: UsageError.self) { try parsed.number("alpha") }
  }
}
