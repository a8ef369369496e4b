import ResultStore
import Storage

/// The claims of experiments with their rules: a line a claim, with tabs
/// between the columns; `#` starts a comment.
///
/// Every experiment prints its own lines (`--claims`), so that the list is not kept by hand. It tells
/// what is claimed where an experiment has not been run, and which rule is today's.
public struct ClaimList: Sendable, Equatable {
  /// One claim.
  @dynamicMemberLookup
  public struct Entry: Sendable, Equatable {
    /// The experiment that decides it.
    public let experiment: String
    /// The claim and its rule; the entry has all of its members. The date is empty if that of this rule is
    /// not declared.
    public let description: ClaimDescription
    /// What decides, as a formula.
    public let threshold: String
    /// The arms it is judged in, e.g. `fitted custom`; `all`: every arm that there is.
    public let arms: String
    /// What results were known when the rule was made or last changed; empty: none.
    public let known: String

    /// A member of the claim's description.
    public subscript<Member>(dynamicMember path: KeyPath<ClaimDescription, Member>) -> Member {
      description[keyPath: path]
    }

    /// The claim of which it is a part, so that it does not count by itself; empty: none.
    public var whole: String { self.claim == self.id ? "" : self.claim }

    /// The verdict while the experiment has not been run.
    var outcome: ClaimOutcome { ClaimOutcome(notRunIn: experiment, description) }

    /// The columns of a line.
    fileprivate var fields: [String] {
      [
        experiment, self.id, whole, self.place, self.group.rawValue, self.statement, threshold,
        self.rule, arms, self.figure, self.paperFigure, self.ruleDigest, self.ruleDate, known,
      ]
    }
  }

  /// The names of the columns.
  static let columns = [
    "experiment", "claim", "part_of", "place", "group", "statement", "threshold", "rule", "arms",
    "figure", "paper_figure", "rule_sha256", "rule_date", "known_results",
  ]

  /// The first line of the table, a comment: the names of the columns.
  public static let header = "# " + columns.joined(separator: "\t") + "\n"

  /// The claims, in order.
  public let entries: [Entry]

  /// The claims of one experiment.
  ///
  /// - Parameter paper: the paper's curves, to which the rules are applied too.
  public init(_ claims: [Claim], of experiment: String, paper: PaperCurves = PaperCurves()) {
    entries = claims.map { claim in
      Entry(
        experiment: experiment, description: claim.description(paper),
        threshold: claim.threshold.text,
        arms: claim.arms.map { $0.map(\.rawValue).joined(separator: " ") } ?? "all",
        known: KnownResults.declared[claim.id])
    }
  }

  /// No claims.
  public init() { entries = [] }

  /// Reads a table.
  ///
  /// - Throws: `FileError`, or `TableError` for a line without these columns or with an unknown group.
  public init(reading path: String) throws {
    let table = try SeparatedTable(
      FileContents.read(path), name: path, columns: Self.columns, hasHeader: false,
      advice: "make it again with 'make claims'")
    entries = try table.rows.map { row in
      let fields = row.fields
      guard let group = ClaimGroup(rawValue: fields[4]) else {
        throw table.refusal(line: row.line, "unknown group '\(fields[4])'")
      }
      return Entry(
        experiment: fields[0],
        description: ClaimDescription(
          id: fields[1], claim: fields[2].isEmpty ? fields[1] : fields[2], group: group,
          place: fields[3], statement: fields[5], rule: fields[7], ruleDigest: fields[11],
          ruleDate: fields[12], figure: fields[9], paperFigure: fields[10]),
        threshold: fields[6], arms: fields[8], known: fields[13])
    }
  }

  /// The entry of a claim of an experiment.
  func entry(_ id: String, of experiment: String) -> Entry? {
    entries.first { $0.id == id && $0.experiment == experiment }
  }

  /// The claims whose rule is not the last of its lines in `rule-dates.tsv`: it has been changed, or is
  /// new, and nobody has said when.
  public var undated: [Entry] { entries.filter(\.ruleDate.isEmpty) }

  /// The lines of the table, each with its line feed.
  public var text: String {
    entries.map { entry in
      entry.fields.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }
        .joined(separator: "\t") + "\n"
    }.joined()
  }
}

extension ClaimList.Entry: Encodable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case experiment, id, whole, place, group, statement, threshold, rule, arms, figure, paperFigure
    case ruleDigest, ruleDate, known
  }

  /// Writes the columns of its line by their names.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    precondition(CodingKeys.allCases.count == fields.count, "a key for each column")
    for (key, field) in zip(CodingKeys.allCases, fields) {
      try container.encode(field, forKey: key)
    }
  }
}

extension ResultSet.Experiment {
  /// The day on which its first run ended, e.g. `2026-11-26`; where runs do not tell, that on which the file
  /// was last written, which may be later; nil if it does not say that either.
  var date: String? {
    let volatile = document.root.group("volatile")
    let days = volatile?.group("makers")?.variable(RunTime.firstDay)?.strings ?? []
    let isKnown =
      !days.isEmpty && days.allSatisfy { $0.wholeMatch(of: #/\d{4}-\d{2}-\d{2}/#) != nil }
    return isKnown ? days.min() : volatile?.text("written_at").map { String($0.prefix(10)) }
  }

  /// What must be said of the rule behind a verdict of this file; nil if there is nothing to say.
  ///
  /// A file without the rule's hash was made before it was kept.
  package func ruleRemark(_ outcome: ClaimOutcome, known: ClaimList) -> String? {
    // One rival of several is judged by the rule of the whole claim, one experiment of several by its own.
    let entry = known.entry(outcome.id, of: name) ?? known.entry(outcome.claim, of: name)
    if let entry, entry.ruleDigest != outcome.ruleDigest {
      return outcome.ruleDigest.isEmpty
        ? "judged before rules had a hash; judge again with '\(name) --rejudge'"
        : "judged by an older rule than today's of \(entry.ruleDate); judge again with '\(name) --rejudge'"
    }
    let known = entry?.known ?? ""
    let remarks = [
      date.flatMap { date in
        date < outcome.ruleDate ? "rule of \(outcome.ruleDate), result of \(date)" : nil
      }, known.isEmpty ? nil : "rule made knowing \(known)",
    ].compactMap(\.self)
    return remarks.isEmpty ? nil : remarks.joined(separator: "; ")
  }
}
