import Reproduction
import Testing

@Suite struct SeedListTests {
  @Test(
    arguments: [
      ("0", [0]), ("0,1,2", [0, 1, 2]), ("0..<3", [0, 1, 2]), ("4...5,0", [4, 5, 0]),
    ] as [(String, [UInt64])])
  func `lists and ranges of seeds are read`(text: String, seeds: [UInt64]) throws {
    #expect(try CommandOptions.seeds(text) == seeds)
  }

  @Test(arguments: ["", "a", "1,,2", "3..<3", "5...4", "1,1", "-1", "0..<1000000", "1000000"])
  func `other text is refused`(text: String) {
    #expect(throws: UsageError.self) { try CommandOptions.seeds(text) }
  }
}
