/// A claim and its rule as readers need them: what every verdict on it says beside its numbers.
public struct ClaimDescription: Sendable, Equatable {
  /// The claim, e.g. `fig1a.adam-faster-than-adagrad`.
  public var id = ""
  /// The claim that counts: `id`, or that of which this is a part.
  public var claim = ""
  /// Whose claim it is.
  public var group = ClaimGroup.paper
  /// Where the paper says it, e.g. `section 6.1, Figure 1 (left)`, or the write-up that does.
  public var place = ""
  /// What is claimed, in our words.
  public var statement = ""
  /// The rule that decides, in words.
  public var rule = ""
  /// The SHA-256 of id, statement, rule and arms; empty in files made before it was kept.
  public var ruleDigest = ""
  /// The day on which that rule was last changed, e.g. `2026-11-26`; empty if it is not known.
  public var ruleDate = ""
  /// The figure that shows it, e.g. `fig1a`; empty if none does.
  public var figure = ""
  /// Whether the paper's own figure satisfies the rule, in words.
  public var paperFigure = ""
}
