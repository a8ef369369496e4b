import ResultStore

/// One verdict with what it rests on: of several profiles that judge a claim in an arm, that of the
/// longest.
package struct Evidence: Sendable {
  /// The verdict.
  package var outcome: ClaimOutcome
  /// The profile whose runs it rests on; empty where there are none.
  package var profile: String
  /// How the protocol is cut, e.g. `12 of 201 epochs`; empty if it is not.
  package var extent: String
  /// What other profiles say of the same claim and arm.
  package var others: [Evidence] = []
  /// What must be said of the rule's age: that it is younger than the result, or that the verdict is
  /// by another rule than today's; nil if there is nothing to say.
  package var ruleRemark: String?
  /// What decides, as a formula; empty where the list of claims does not tell it.
  package var formula = ""

  /// One verdict of one profile.
  package init(outcome: ClaimOutcome, profile: String, extent: String) {
    self.outcome = outcome
    self.profile = profile
    self.extent = extent
  }

  /// Verdicts of other profiles that say something else, e.g. `quick: reproduced`.
  package var dissent: [String] {
    others.filter { $0.outcome.verdict != .notRun && $0.outcome.verdict != outcome.verdict }
      .map { "\($0.profile): \($0.outcome.verdict.rawValue)" }
  }

  /// Where it comes from, e.g. `quick, 10 seeds`.
  package var origin: String {
    var parts = profile.isEmpty ? [] : [profile]
    if outcome.seeds > 0 {
      parts.append(outcome.seeds == 1 ? "one seed" : "\(outcome.seeds) seeds")
    }
    if !extent.isEmpty { parts.append(extent) }
    return parts.joined(separator: ", ")
  }

  /// How long the runs of a profile are: the longest has the highest rank.
  package static func rank(ofProfile profile: String) -> Int {
    ["smoke": 1, "quick": 2, "paper": 3][profile] ?? 0
  }

  /// Of several verdicts on one claim in one arm the one that counts: one that was judged before one
  /// that was not, then that of the longest profile; the others are its dissent where they differ.
  package static func longest(_ candidates: [Evidence]) -> Evidence? {
    func order(_ evidence: Evidence) -> (Int, Int) {
      (evidence.outcome.verdict == .notRun ? 0 : 1, rank(ofProfile: evidence.profile))
    }
    guard let index = candidates.indices.max(by: { order(candidates[$0]) < order(candidates[$1]) })
    else { return nil }
    var best = candidates[index]
    best.others = candidates.indices.filter { $0 != index }.map { candidates[$0] }
    return best
  }
}

extension ReportContent {
  /// The claims of all experiments; those of an experiment that has not been run are known from the
  /// reference, or else from the list.
  static func rows(
    _ sets: [ResultSet], reference: ResultSet?, known list: ClaimList
  ) -> [ClaimRow] {
    var order: [(experiment: String, id: String)] = []
    var found: [String: [String: [Evidence]]] = [:]
    func add(_ outcome: ClaimOutcome, of name: String, in experiment: ResultSet.Experiment? = nil) {
      let outcome = outcome.completed(by: list, of: name)
      var evidence = Evidence(
        outcome: outcome, profile: experiment?.profile ?? "",
        extent: experiment?.document.shortened ?? "")
      let entry = list.entry(outcome.id, of: name) ?? list.entry(outcome.claim, of: name)
      evidence.formula = entry?.threshold ?? ""
      if outcome.verdict != .notRun {
        evidence.ruleRemark = experiment?.ruleRemark(outcome, known: list)
      }
      let place = "\(name) \(outcome.id)"
      if found[place] == nil { order.append((name, outcome.id)) }
      found[place, default: [:]][outcome.arm, default: []].append(evidence)
    }
    let own = sets.flatMap { set in set.experiments.map(\.name) }
    let referred = (reference?.experiments ?? []).map(\.name)
    for name in (ResultSet.experimentNames + own + referred).distinct {
      if own.contains(name) {
        for set in sets {
          guard let experiment = set.experiments.first(where: { $0.name == name }) else { continue }
          for outcome in experiment.outcomes { add(outcome, of: name, in: experiment) }
        }
      } else if let experiment = reference?.experiments.first(where: { $0.name == name }) {
        for outcome in experiment.outcomes { add(outcome.withoutRun(of: name), of: name) }
      } else {
        for entry in list.entries where entry.experiment == name {
          add(entry.outcome, of: name)
        }
      }
    }
    return order.compactMap { experiment, id in
      let evidence = (found["\(experiment) \(id)"] ?? [:]).values.compactMap(Evidence.longest)
        .sorted { Arm.rank($0.outcome.arm) < Arm.rank($1.outcome.arm) }
      return evidence.isEmpty ? nil : ClaimRow(experiment: experiment, evidence: evidence)
    }
  }
}

extension ReportContent {
  /// The verdicts under other readings, of the longest profile that has some for the claim.
  func readings(of row: ClaimRow) -> Readings? {
    parts.lazy.filter { $0.experiment.name == row.experiment }.map(\.experiment.readings)
      .first { !$0.of(row.id).isEmpty }
  }
}

extension ClaimOutcome {
  /// The claim, as not run.
  fileprivate func withoutRun(of experiment: String) -> ClaimOutcome {
    ClaimOutcome(notRunIn: experiment, description, arm: arm)
  }

  /// With whose claim it is, of which it is a part, and whether the paper's figure satisfies the rule,
  /// from the list of claims: files made before these were kept lack them.
  fileprivate func completed(by list: ClaimList, of experiment: String) -> ClaimOutcome {
    guard self.ruleDigest.isEmpty else { return self }
    let entry =
      list.entry(self.id, of: experiment)
      ?? list.entries.first { $0.experiment == experiment && self.id.hasPrefix($0.id + ".") }
    guard let entry else { return self }
    var complete = self
    complete.claim = entry.id
    complete.group = entry.group
    complete.paperFigure = entry.paperFigure
    return complete
  }
}
