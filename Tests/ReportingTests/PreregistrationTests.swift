import Reporting
import ResultStore
import Storage
import TestSupport
import Testing

@Suite struct PreregistrationTests {
  private static let claim = Claim.lower(
    "fig1a.a", "a is faster", place: "6.1", "Adam", than: "AdaGrad", at: [5, 10], figure: "fig1a")

  private static func paper(_ adam: [Double], _ adaGrad: [PaperCurves.Point]) -> PaperCurves {
    PaperCurves([
      .init(
        figure: "fig1a", name: "Adam", points: adam.enumerated().map { .init(x: Double($0), y: $1) }
      ),
      .init(figure: "fig1a", name: "AdaGrad", points: adaGrad),
    ])
  }

  @Test func `a rule's hash changes with what was fixed, and with nothing else`() {
    let claim = Self.claim
    #expect(
      claim.ruleDigest
        == SHA256.hexDigest(of: "fig1a.a\na is faster\n\(claim.rule)\nall"))
    let other = Claim.lower(
      "fig1a.a", "a is faster", place: "elsewhere", "Adam", than: "AdaGrad", at: [5, 10])
    #expect(
      other.ruleDigest == claim.ruleDigest && claim.of(.review).ruleDigest == claim.ruleDigest)
    let later = Claim.lower(
      "fig1a.a", "a is faster", place: "6.1", "Adam", than: "AdaGrad", at: [5, 11])
    #expect(later.ruleDigest != claim.ruleDigest)
    var armed = claim
    armed.arms = [.tuned]
    #expect(armed.ruleDigest != claim.ruleDigest)
  }

  @Test func `dates belong to a hash, are added, and never go back`() throws {
    func dates(_ lines: [String]) throws -> RuleDates {
      let text = ["claim date rule_sha256"] + lines
      return try RuleDates(
        Array(text.map { $0.replacing(" ", with: "\t") + "\n" }.joined().utf8))
    }
    let dates1 = try dates(["a 2026-11-20 x", "b 2026-11-20 y", "a 2026-11-26 z"])
    #expect(dates1.date(of: "a", digest: "z") == "2026-11-26")
    #expect(dates1.date(of: "b", digest: "y") == "2026-11-20")
    // A rule that has changed since, and one that nobody knows.
    #expect(dates1.date(of: "a", digest: "x") == "" && dates1.date(of: "c", digest: "x") == "")
    for wrong in [
      ["a 20.11.2026 x"], ["a 2026-11-26 x", "a 2026-11-20 y"],
      ["a 2026-11-26 x", "a 2026-11-26 x"], ["a x"],
    ] {
      #expect(throws: TableError.self, "\(wrong)") { try dates(wrong) }
    }
    #expect(Self.claim.ruleDate == "")
    #expect(ClaimList([Self.claim], of: "mnist-logistic").undated.count == 1)
  }

  @Test func `the paper's own curves are put to the rule`() {
    let flat = (0...10).map { PaperCurves.Point(x: Double($0), y: 0.5) }
    let low = [Double](repeating: 0.4, count: 11)
    #expect(Self.claim.paperFigure(Self.paper(low, flat)) == .satisfies)
    var crossing = low
    crossing[10] = 0.6
    #expect(
      Self.claim.paperFigure(Self.paper(crossing, flat)).text
        == "no: Adam / AdaGrad is 1.2 at epoch 10")
    // A curve that is above the frame at first is higher than where it comes in.
    let late = [PaperCurves.Point(x: 6.2, y: 0.45, note: .clip)] + flat[7...]
    let from7 = late.map { PaperCurves.Point(x: $0.x, y: min($0.y, 0.45), note: $0.note) }
    #expect(Self.claim.paperFigure(Self.paper(low, from7)) == .satisfies)
    let high = [Double](repeating: 0.48, count: 11)
    #expect(Self.claim.paperFigure(Self.paper(high, from7)).text.hasPrefix("not in a figure: "))
    #expect(
      Self.claim.paperFigure(PaperCurves()).text == "not in a figure: it has no curve of Adam")
  }

  @Test func `what the paper's figure says of a rule is read back`() {
    for figure in [
      PaperFigure.satisfies, .satisfiesBy("5 times"), .fails("1.2: higher"), .notInFigure("none"),
    ] {
      #expect(PaperFigure(text: figure.text) == figure)
    }
    #expect(PaperFigure(text: "perhaps") == nil)
  }

  @Test func `thresholds are formulas`() {
    #expect(Threshold("x", .atMost(1 + 1e-6)).text == "x <= 1.000001")
    #expect(Threshold("x", .inside(8...8)).text == "x = 8")
    #expect(
      Threshold.every([.init("x", .above(1)), .init("y", .below(2))]).text == "x > 1 and y < 2")
    let match = Claim.figureMatch(figure: "fig1a", contender: "Adam", place: "6.1")
    #expect(match.threshold.text == "median |log(ours / paper)| <= 0.05, inconclusive <= 0.15")
    #expect(Threshold("x", .inside(5...10)).text == "5 <= x <= 10")
    #expect(Self.claim.threshold.text == "Adam / AdaGrad < 1")
    #expect(Threshold.ratio("a / b", .atLeast(0)).text == "a / b >= 1")
    #expect(Threshold.ratio("a / b", .above(0)).text == "a / b > 1")
  }

  @Test func `a rule that was made with results known says so`() throws {
    func known(_ lines: [String]) throws -> KnownResults {
      try KnownResults(Array((["claim\tknown"] + lines).map { $0 + "\n" }.joined().utf8))
    }
    let table = try known(["a\tthe sums", "a.*\tall", "a.b*\tmany"])
    #expect(table["a"] == "the sums" && table["a.c"] == "all" && table["a.bc"] == "many")
    #expect(table["b"] == "" && table["ab"] == "")
    for wrong in [["a"], ["a\tx", "a\ty"]] {
      #expect(throws: TableError.self, "\(wrong)") { try known(wrong) }
    }
    let id = "fig4.match"
    let words = KnownResults.declared[id]
    #expect(!words.isEmpty)
    let claim = Claim.lower(
      id, "a", place: "6.4", "Adam", than: "AdaGrad", at: [5], figure: "fig4")
    let list = ClaimList([claim, Self.claim], of: "mnist-logistic")
    #expect(list.entries.map(\.known) == [words, ""])
    let folder = try TemporaryFolder()
    let path = folder.file("mnist-logistic.h5")
    var document = SyntheticResults().document
    document.root.groups.append(
      Subgroup("claims", [claim, Self.claim].judge(document).encoded()))
    try ResultFile.write(document, to: path)
    let experiment = try ResultSet.Experiment(reading: path)
    let remarks = experiment.outcomes.map { experiment.ruleRemark($0, known: list) }
    #expect(remarks.contains("rule made knowing \(words)"))
    #expect(remarks.contains(nil))
  }

  @Test func `a part does not count where nothing has been run either`() throws {
    let part = Claim.lower(
      "fig1a.a.mnist", "a", place: "6.1", "Adam", than: "AdaGrad", at: [5]
    ).asPart
    #expect(!part.judge(SyntheticResults().document).contains { !$0.isPart })
    let list = ClaimList([Self.claim, part], of: "cifar-cnn")
    #expect(list.entries.map(\.whole) == ["", "fig1a.a"])
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let results = try ResultSet(readingFolder: folder.path)
    let (without, with) = (try ReportContent(results), try ReportContent(results, known: list))
    #expect(with.claims.count == without.claims.count + 2)
    #expect(with.counts.count(.paper, .notRun) == without.counts.count(.paper, .notRun) + 1)
  }

  @Test func `what was known is said of claims that there are`() throws {
    let project = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let list = try ClaimList(reading: project + "/results/reference/claims.tsv")
    #expect(list.entries.count > 80)
    let lines = Set(list.entries.compactMap { KnownResults.declared.line(of: $0.id) })
    #expect(Set(KnownResults.declared.entries.keys) == lines)
    // So is what errata and parts name.
    #expect(Errata.unknownNames(list) == [])
    #expect(Errata.unknownNames(ClaimList()).contains("alg.adamax-bound"))
    let ids = Set(list.entries.map(\.id))
    #expect(list.entries.map(\.whole).filter { !$0.isEmpty && !ids.contains($0) } == [])
  }

  @Test func `claims count once, by group, the paper's own first`() throws {
    func outcome(
      _ id: String, _ arm: String, _ verdict: Verdict, _ group: ClaimGroup, of claim: String? = nil
    )
      -> ClaimOutcome
    {
      var outcome = ClaimOutcome(Judgement(verdict), "")
      (outcome.id, outcome.arm, outcome.group, outcome.claim) = (id, arm, group, claim ?? id)
      return outcome
    }
    let outcomes = [
      outcome("w", "", .reproduced, .writeUp), outcome("a", "fitted", .reproduced, .paper),
      outcome("a", "literal", .notReproduced, .paper), outcome("a", "tuned", .inconclusive, .paper),
      outcome("a.part", "tuned", .reproduced, .paper, of: "a"), outcome("b", "", .notRun, .paper),
      outcome("m", "fitted", .reproduced, .figure),
      // Settings that were inferred from the paper's curves decide none of its claims, and none of others.
      outcome("f", "fitted", .reproduced, .paper), outcome("v", "fitted", .reproduced, .writeUp),
    ]
    let counts = ClaimCounts(outcomes)
    #expect(
      counts.text
        == "3 claims of the paper: 1 not reproduced and 2 not run. 1 curve of its figures: 1 reproduced. "
        + "2 claims of write-ups: 1 reproduced and 1 not run.")
    #expect(counts.all == 6 && counts.count(.paper) == 3)
    // The file says the same, and gives it back.
    let group = outcomes.encoded()
    #expect(group.group("counts")?.text("comment") == counts.text)
    #expect(
      group.group("counts")?.variable("claims")?.values.doubles == [
        0, 1, 0, 2, 1, 0, 0, 0, 1, 0, 0, 1,
      ])
    #expect(try ClaimCounts([ClaimOutcome](decoding: group)) == counts)
    #expect(ClaimTable.text(outcomes).hasSuffix(counts.sentences.joined(separator: "\n") + "\n"))
    #expect(ClaimCounts([]).text == "No claim has been judged.")
  }

  @Test func `a rule that is younger than its result is marked, and one that has changed`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("mnist-logistic.h5")
    var document = SyntheticResults().document
    var volatile = Group()
    volatile.attributes = [Attribute("written_at", "2026-11-20T10:00:00Z")]
    document.root.groups.append(Subgroup("volatile", volatile))
    var outcomes = Self.claim.judge(document)
    for index in outcomes.indices { outcomes[index].ruleDate = "2026-11-26" }
    document.root.groups.append(Subgroup("claims", outcomes.encoded()))
    try ResultFile.write(document, to: path)
    let experiment = try ResultSet.Experiment(reading: path)
    #expect(experiment.outcomes == outcomes)
    let known = ClaimList([Self.claim], of: "mnist-logistic")
    func remark(_ change: (inout ClaimOutcome) -> Void) throws -> String? {
      var outcome = try #require(experiment.outcomes.first)
      change(&outcome)
      return experiment.ruleRemark(outcome, known: known)
    }
    #expect(try remark { _ in } == "rule of 2026-11-26, result of 2026-11-20")
    #expect(try remark { $0.ruleDate = "2026-11-20" } == nil)
    #expect(try remark { $0.ruleDigest = "other" }?.hasPrefix("judged by an older rule") == true)
    #expect(try remark { $0.ruleDigest = "" }?.hasPrefix("judged before rules had a hash") == true)
    let report = try MarkdownReport.text(
      ReportContent(ResultSet(readingFolder: folder.path), known: known))
    #expect(report.contains("rule of 2026-11-26, result of 2026-11-20"))

    // Put together again, a file is as old as its first run, if all of them tell.
    func remark(writtenOn day: String, runsOf days: [String]) throws -> String? {
      var makers = Group()
      makers.dimensions = [Dimension("maker", .string(days.indices.map { "\($0)" }), "maker")]
      makers.variables = [Variable("first_run_ended_on", ["maker"], .string(days))]
      volatile.attributes = [Attribute("written_at", "\(day)T10:00:00Z")]
      volatile.groups = [Subgroup("makers", makers)]
      document.root.set(Subgroup("volatile", volatile))
      try ResultFile.write(document, to: path)
      let outcome = try #require(outcomes.first)
      return try ResultSet.Experiment(reading: path).ruleRemark(outcome, known: known)
    }
    #expect(
      try remark(writtenOn: "2026-12-01", runsOf: ["2026-11-27", "2026-11-25"])
        == "rule of 2026-11-26, result of 2026-11-25")
    #expect(try remark(writtenOn: "2026-12-01", runsOf: ["2026-11-25", "unknown"]) == nil)
  }
}
