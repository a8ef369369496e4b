import Reproduction
import Testing

@Suite struct AuditDifferenceTests {
  /// Numbers that are off by a factor from one of them on, and by a thousandth before.
  private func difference(
    from first: Int, of count: Int, by factor: Double = 1.2
  ) -> AuditDifference {
    var difference = AuditDifference()
    for index in 0..<count {
      difference.add(1, index < first ? 1.001 : factor, "train_cost_running")
    }
    return difference
  }

  @Test func `rounding errors may grow, but not at once, and not to other costs`() {
    #expect(difference(from: 100, of: 100).isOfRounding)
    #expect(difference(from: 5, of: 100).isOfRounding)
    #expect(!difference(from: 4, of: 100).isOfRounding)
    #expect(!difference(from: 5, of: 100, by: 1.5).isOfRounding)
    #expect(difference(from: 60, of: 100, by: 1.5).isOfRounding)
    #expect(
      difference(from: 10, of: 100).text.hasSuffix(
        "of whose 100 numbers the first 10 are within 1 %"))
    // Few numbers do not tell.
    #expect(!difference(from: 5, of: 9).isOfRounding)
    var two = difference(from: 50, of: 100)
    two.add(0.1, 0.2, "test_error")
    #expect(two.isOfRounding)
    for _ in 0..<10 { two.add(0.1, 0.2, "penalty") }
    #expect(!two.isOfRounding)
  }

  @Test func `what one side lacks is no rounding`() {
    var difference = difference(from: 50, of: 100)
    difference.add(.nan, 1, "train_cost_running")
    #expect(!difference.isOfRounding && difference.text.hasSuffix("is there on one side only"))
    #expect(AuditDifference().text == "there was nothing to compare")
  }
}
