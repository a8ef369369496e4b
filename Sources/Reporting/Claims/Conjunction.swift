/// The parts of a claim that says that each of several things holds, as far as they can be judged: one that does
/// not hold decides against it, else all must be there.
package struct Conjunction<Part> {
  package private(set) var parts: [Part] = []
  /// Why parts are not there.
  package private(set) var missing: [NotRun] = []
  private let judgementOf: (Part) -> Judgement

  /// No parts yet.
  package init(_ judgement: @escaping (Part) -> Judgement) { judgementOf = judgement }

  /// Adds the parts that `find` gives up to where it throws why one is not there: `NotRun`, or that it cannot be
  /// read.
  ///
  /// - Parameter name: whose parts they are, where the reason is to tell it.
  package mutating func add(
    of name: String? = nil, _ find: (_ add: (Part) -> Void) throws -> Void
  ) {
    var found: [Part] = []
    do {
      try find { found.append($0) }
    } catch {
      let reason = (error as? NotRun)?.reason ?? "\(error)"
      missing.append(NotRun(name.map { "\($0) not run: \(reason)" } ?? reason))
    }
    parts += found
  }

  /// The judgement on the parts that are there alone.
  private var known: Judgement { Judgement.all(parts.map(judgementOf)) }

  /// Why there is no verdict: parts are not there, and none of the others decides; `nil` where there is one.
  package var open: NotRun? {
    if parts.isEmpty && missing.isEmpty { return NotRun("there is nothing to judge") }
    return known.verdict == .notReproduced ? nil : missing.first
  }

  /// The judgement on all parts, `notRun` while it is open.
  package var judgement: Judgement { open == nil ? known : .notRun }

  /// The judgement on all parts.
  ///
  /// - Throws: why it is open.
  package func verdict() throws -> Judgement {
    if let open { throw open }
    return known
  }

  /// What is not there, for a sentence that goes on after a semicolon.
  package var remark: String { missing.map { "; \($0.reason)" }.joined() }
}

extension Conjunction where Part == JudgedQuantity {
  /// No quantities yet.
  package init() { self.init(\.judgement) }

  /// The one that tells most, see `[JudgedQuantity].deciding`.
  package var deciding: JudgedQuantity? { parts.deciding(judgement) }
}
