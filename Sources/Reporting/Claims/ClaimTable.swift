/// Verdicts as a table for a terminal.
public enum ClaimTable {
  /// One line a claim and arm, and under it the numbers or the reason; at the end the counts.
  ///
  /// - Parameters:
  ///   - outcomes: the verdicts.
  ///   - details: whether the sentence with the numbers follows each line.
  ///   - width: the columns of the terminal.
  ///   - counts: the counts, if not of these verdicts alone.
  public static func text(
    _ outcomes: [ClaimOutcome], details: Bool = true, width: Int = 100, counts: ClaimCounts? = nil
  ) -> String {
    if outcomes.isEmpty { return "no claims\n" }
    let verdictWidth = Verdict.allCases.map(\.rawValue.count).max() ?? 0
    let idWidth = outcomes.map(\.id.count).max() ?? 0
    let armWidth = outcomes.map(\.arm.count).max() ?? 0
    var lines: [String] = []
    for outcome in outcomes {
      var columns = [
        padded(outcome.verdict.rawValue, verdictWidth), padded(outcome.id, idWidth),
      ]
      if armWidth > 0 { columns.append(padded(outcome.arm, armWidth)) }
      columns.append(outcome.effectText)
      lines.append(trimmed(columns.joined(separator: "  ")))
      if details && !outcome.detail.isEmpty {
        let indent = String(repeating: " ", count: verdictWidth + 2)
        lines += wrapped(outcome.detail, width: Swift.max(40, width - indent.count))
          .map { indent + $0 }
      }
    }
    return (lines + (counts ?? ClaimCounts(outcomes)).sentences).joined(separator: "\n") + "\n"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: Swift.max(0, width - text.count))
  }

  private static func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }

  package static func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty && line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
