import Storage

/// The claims of experiments as a table, for those that have not been run: a line a claim, with
/// tabs between experiment, id, place, statement, rule and figure; `#` starts a comment.
///
/// Every experiment prints its own lines (`--claims`), so that the list is not kept by hand.
public struct ClaimList: Sendable, Equatable {
  /// One claim.
  public struct Entry: Sendable, Equatable, Encodable {
    /// The experiment that decides it.
    public let experiment: String
    /// Its id.
    public let id: String
    /// Where the paper says it.
    public let place: String
    /// What is claimed.
    public let statement: String
    /// How it is decided.
    public let rule: String
    /// The figure that shows it; empty if none does.
    public let figure: String

    /// The verdict while the experiment has not been run.
    var outcome: ClaimOutcome {
      var outcome = ClaimOutcome(.notRun, "\(experiment) has not been run")
      outcome.id = id
      outcome.place = place
      outcome.statement = statement
      outcome.rule = rule
      outcome.figure = figure
      return outcome
    }
  }

  /// The claims, in order.
  public let entries: [Entry]

  /// The claims of one experiment.
  public init(_ claims: [Claim], of experiment: String) {
    entries = claims.map {
      Entry(
        experiment: experiment, id: $0.id, place: $0.place, statement: $0.statement, rule: $0.rule,
        figure: $0.figure)
    }
  }

  /// No claims.
  public init() { entries = [] }

  /// Reads a table.
  ///
  /// - Throws: `FileError`, or `TableError` for a line without six columns.
  public init(reading path: String) throws {
    let table = try SeparatedTable(
      FileContents.read(path), name: path,
      columns: ["experiment", "claim", "place", "statement", "rule", "figure"], hasHeader: false,
      advice: "make it again with 'make claims'")
    entries = table.rows.map { row in
      Entry(
        experiment: row.fields[0], id: row.fields[1], place: row.fields[2],
        statement: row.fields[3], rule: row.fields[4], figure: row.fields[5])
    }
  }

  /// The lines of the table, each with its line feed.
  public var text: String {
    entries.map { entry in
      [entry.experiment, entry.id, entry.place, entry.statement, entry.rule, entry.figure]
        .map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }
        .joined(separator: "\t") + "\n"
    }.joined()
  }
}
