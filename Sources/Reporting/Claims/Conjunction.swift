/// The parts of a claim that says that each of several things holds, as far as they can be judged: one that does
/// not hold decides against it, else all must be there.
package struct Conjunction<Part> {
  package private(set) var parts: [Part] = []
  /// Why parts are not there.
  package private(set) var missing: [NotRun] = []
  private let judgementOf: (Part) -> Judgement

  /// No parts yet.
  package init(_ judgement: @escaping (Part) -> Judgement) { judgementOf = judgement }

  /// Adds the parts that `find` gives up to where it throws why one is not there.
  ///
  /// - Parameter name: whose parts they are, where the reason is to tell it.
  /// - Throws: what `find` throws beside `NotRun`.
  package mutating func add(
    of name: String? = nil, _ find: (_ add: (Part) -> Void) throws -> Void
  ) rethrows {
    var found: [Part] = []
    defer { parts += found }
    do {
      try find { found.append($0) }
    } catch let reason as NotRun {
      missing.append(name.map { NotRun("\($0) not run: \(reason.reason)") } ?? reason)
    }
  }

  /// The judgement on the parts that are there.
  package var judgement: Judgement { Judgement.all(parts.map(judgementOf)) }

  /// Why there is no verdict: parts are not there, and none of the others decides; `nil` where there is one.
  package var open: NotRun? { judgement.verdict == .notReproduced ? nil : missing.first }

  /// The judgement on all parts.
  ///
  /// - Throws: `NotRun`: `open`, or that there is nothing to judge.
  package func verdict() throws -> Judgement {
    if let open { throw open }
    if parts.isEmpty { throw NotRun("there is nothing to judge") }
    return judgement
  }

  /// What is not there, for a sentence that goes on after a semicolon.
  package var remark: String { missing.map { "; \($0.reason)" }.joined() }
}
