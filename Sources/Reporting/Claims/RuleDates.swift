import Storage

/// When the rule of each claim last changed: `Sources/Reporting/rule-dates.tsv`, a line a change with
/// tabs between claim, date and the rule's SHA-256. Lines are added, never changed; the last one of a
/// claim is that of its rule.
package struct RuleDates: Sendable {
  private let entries: [String: (date: String, digest: String)]

  /// The dates that the program was built with.
  static let declared = builtIn { try RuleDates(PackageResources.rule_dates_tsv) }

  /// Reads a table.
  ///
  /// - Throws: `TableError` for a line without three columns, a date that is none or lies before the
  ///   one of the line above it for the same claim.
  package init(_ bytes: [UInt8]) throws {
    let table = try SeparatedTable(
      bytes, name: "rule-dates.tsv", columns: ["claim", "date", "rule_sha256"], hasHeader: true,
      advice: "add lines at its end, and change none")
    var entries: [String: (date: String, digest: String)] = [:]
    for row in table.rows {
      let (claim, date, digest) = (row.fields[0], row.fields[1], row.fields[2])
      guard date.wholeMatch(of: #/\d{4}-\d{2}-\d{2}/#) != nil else {
        throw table.refusal(line: row.line, "'\(date)' is no date")
      }
      if let last = entries[claim] {
        guard last.date <= date, last.digest != digest else {
          throw table.refusal(
            line: row.line, "the rule of \(claim) has not changed, or changes before \(last.date)")
        }
      }
      entries[claim] = (date, digest)
    }
    self.entries = entries
  }

  /// The day of a rule's last change; empty if that of this rule is not declared.
  package func date(of claim: String, digest: String) -> String {
    guard let entry = entries[claim], entry.digest == digest else { return "" }
    return entry.date
  }
}

/// What is read from a table that the program was built with: a damaged one is a fault of the build.
func builtIn<Content>(_ read: () throws -> Content) -> Content {
  do {
    return try read()
  } catch {
    preconditionFailure("\(error)")
  }
}
