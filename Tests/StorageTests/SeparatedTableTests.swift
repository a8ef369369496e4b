import Storage
import Testing

/// Every table that the project keeps is read by one rule: what is not of its form is refused.
@Suite struct SeparatedTableTests {
  private func read(_ text: String, hasHeader: Bool = true) throws -> SeparatedTable {
    try SeparatedTable(
      Array(text.utf8), name: "a.tsv", columns: ["x", "y"], hasHeader: hasHeader,
      advice: "make it again")
  }

  @Test func `rows and remarks are read`() throws {
    let table = try read("# one\nx\ty\n1\t2\n\n#two\n\t\n")
    #expect(table.rows.map(\.fields) == [["1", "2"], ["", ""]])
    #expect(table.rows.map(\.line) == [3, 6])
    #expect(table.remarks == ["one", "two"])
    #expect(try read("1\t2\n", hasHeader: false).rows.map(\.fields) == [["1", "2"]])
    #expect(try read("", hasHeader: false).rows.isEmpty)
    #expect(try read("x\ty\r\n1\t2\r\n").rows.map(\.fields) == [["1", "2"]])
  }

  @Test(arguments: [
    ("", 1), ("x\n", 1), ("# x\ty\n", 1), ("x\ty\n1\n", 2), ("x\ty\n1\t2\t3\n", 2),
    ("x\ty\n1\t2", 2), ("x\ty\n1\t2\n3", 3), ("x\ty", 1),
  ])
  func `the first bad line is named`(text: String, line: Int) throws {
    let error = #expect(throws: TableError.self) { try read(text) }
    #expect(error?.line == line && error?.exitStatus == .badData)
    #expect(error?.description.hasPrefix("a.tsv, line \(line): ") == true)
    #expect(error?.description.hasSuffix("; make it again") == true)
  }

  @Test func `bytes that are no text are refused`() throws {
    let bytes = Array("x\ty\n1\t".utf8) + [0xFF] + Array("\n".utf8)
    let error = #expect(throws: TableError.self) {
      try SeparatedTable(bytes, name: "a", columns: ["x", "y"], hasHeader: true, advice: "")
    }
    #expect(error?.line == 2)
  }
}
