import Storage

/// Which rules were made or changed when results were known, and what was:
/// `Sources/Reporting/known-results.tsv`, a line a claim with a tab between claim and words. An id that ends in
/// `*` stands for all that begin so, unless they have a line of their own.
package struct KnownResults: Sendable {
  /// What was known of each claim in the table.
  package let entries: [String: String]

  /// The table that the program was built with.
  package static let declared = builtIn { try KnownResults(PackageResources.known_results_tsv) }

  /// Reads a table.
  ///
  /// - Throws: `TableError` for a line without both columns, or a claim that is there twice.
  package init(_ bytes: [UInt8]) throws {
    let table = try SeparatedTable(
      bytes, name: "known-results.tsv", columns: ["claim", "known"], hasHeader: true,
      advice: "a line a claim: its id, a tab, what was known")
    var entries: [String: String] = [:]
    for row in table.rows {
      guard entries.updateValue(row.fields[1], forKey: row.fields[0]) == nil else {
        throw table.refusal(line: row.line, "\(row.fields[0]) is there twice")
      }
    }
    self.entries = entries
  }

  /// What was known when the rule of a claim was made or last changed; empty: no result.
  package subscript(claim: String) -> String { line(of: claim).flatMap { entries[$0] } ?? "" }

  /// The id in the table that stands for a claim, of several the longest; nil: none.
  package func line(of claim: String) -> String? {
    if entries[claim] != nil { return claim }
    return entries.keys.filter { $0.hasSuffix("*") && claim.hasPrefix($0.dropLast()) }
      .max { $0.count < $1.count }
  }
}
