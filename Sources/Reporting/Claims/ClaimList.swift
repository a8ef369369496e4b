import ResultStore
import Storage

/// The claims of experiments with their rules: a line a claim, with tabs
/// between the columns; `#` starts a comment.
///
/// Every experiment prints its own lines (`--claims`), so that the list is not kept by hand. It tells
/// what is claimed where an experiment has not been run, and which rule is today's.
public struct ClaimList: Sendable, Equatable {
  /// One claim.
  public struct Entry: Sendable, Equatable, Encodable {
    /// The experiment that decides it.
    public let experiment: String
    /// Its id.
    public let id: String
    /// The claim of which it is a part, so that it does not count by itself; empty: none.
    public let whole: String
    /// Where the paper says it, or the write-up that does.
    public let place: String
    /// Whose claim it is.
    public let group: ClaimGroup
    /// What is claimed.
    public let statement: String
    /// What decides, as a formula.
    public let threshold: String
    /// How it is decided, with its threshold.
    public let rule: String
    /// The arms it is judged in, e.g. `fitted custom`; `all`: every arm that there is.
    public let arms: String
    /// The figure that shows it; empty if none does.
    public let figure: String
    /// Whether the paper's own figure satisfies the rule, in words.
    public let paperFigure: String
    /// The SHA-256 of id, statement, rule and arms.
    public let ruleDigest: String
    /// The day on which the rule was last changed; empty if that of this rule is not declared.
    public let ruleDate: String
    /// What results were known when the rule was made or last changed; empty: none.
    public let known: String

    /// The verdict while the experiment has not been run.
    var outcome: ClaimOutcome {
      ClaimOutcome(
        notRunIn: experiment, id: id, claim: whole.isEmpty ? id : whole, group: group,
        statement: statement, place: place,
        rule: rule, ruleDigest: ruleDigest, ruleDate: ruleDate, figure: figure,
        paperFigure: paperFigure)
    }

    fileprivate var fields: [String] {
      [
        experiment, id, whole, place, group.rawValue, statement, threshold, rule, arms, figure,
        paperFigure,
        ruleDigest, ruleDate, known,
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
    entries = claims.map {
      Entry(
        experiment: experiment, id: $0.id, whole: $0.whole ?? "", place: $0.source, group: $0.group,
        statement: $0.statement, threshold: $0.threshold.text, rule: $0.rule,
        arms: $0.arms.map { $0.map(\.rawValue).joined(separator: " ") } ?? "all", figure: $0.figure,
        paperFigure: $0.paperFigure(paper).text, ruleDigest: $0.ruleDigest, ruleDate: $0.ruleDate,
        known: KnownResults.declared[$0.id])
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
        experiment: fields[0], id: fields[1], whole: fields[2], place: fields[3], group: group,
        statement: fields[5], threshold: fields[6], rule: fields[7], arms: fields[8],
        figure: fields[9], paperFigure: fields[10], ruleDigest: fields[11], ruleDate: fields[12],
        known: fields[13])
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
