import ResultStore

/// The verdicts under other defensible readings of the text, as a table: the group `/readings` of a
/// result file, which has one row a reading along its dimension.
struct ReadingTable {
  let header: [String]
  let rows: [[String]]

  /// Nil if the document has no readings.
  init?(_ document: Document) {
    guard let group = document.root.group("readings"), let row = group.dimensions.first?.name else {
      return nil
    }
    let columns = group.variables.filter { $0.dimensions == [row] && $0.name != row }
    let texts = columns.map { variable -> [String] in
      variable.strings ?? (variable.values.doubles ?? []).map { NumberText.significant($0) }
    }
    guard let count = texts.first?.count, count > 0, texts.allSatisfy({ $0.count == count }) else {
      return nil
    }
    header = columns.map { $0.name.replacing("_", with: " ") }
    rows = (0..<count).map { index in texts.map { $0[index] } }
  }
}
