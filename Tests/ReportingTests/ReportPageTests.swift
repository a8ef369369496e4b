import Foundation
import FoundationXML
import Reporting
import ResultStore
import Storage
import TestSupport
import Testing

@Suite struct ReportPageTests {
  /// Two profiles: a short one in which Adam is behind, and the whole one in which it leads.
  private func profiles() throws -> (quick: TemporaryFolder, paper: TemporaryFolder) {
    let quick = try TemporaryFolder()
    let paper = try TemporaryFolder()
    var short = SyntheticResults()
    let cost = short.cost
    short.cost = { arm, contender, seed, epoch in 1 / cost(arm, contender, seed, epoch) }
    short.shortened = "45 of 90 epochs"
    try short.write(to: quick.file("mnist-logistic.h5"))
    var whole = try SyntheticResults().complete()
    whole.root.set(Attribute("profile", "paper"))
    try ResultFile.write(whole, to: paper.file("mnist-logistic.h5"))
    return (quick, paper)
  }

  @Test func `of two profiles that disagree the longest counts, and the other is told`() throws {
    let (quick, paper) = try profiles()
    for sets in [[quick, paper], [paper, quick]] {
      let read = try sets.map { try ResultSet(readingFolder: $0.path) }
      let content = try ReportContent(read[0], with: [read[1]])
      let row = try #require(content.claims.first { $0.id == "fig1a.adam-faster-than-adagrad" })
      let fitted = try #require(row.evidence.first { $0.outcome.arm == "fitted" })
      #expect(fitted.profile == "paper" && fitted.outcome.verdict == .reproduced)
      #expect(fitted.dissent == ["quick: not reproduced"])
      let page = HTMLReport.text(content)
      #expect(page.contains("quick: not reproduced"))
      // The errata have the same evidence, in the arm that counts.
      let shown = row.headline.detail
      #expect(!shown.isEmpty && Errata.text(content).contains(shown))
      #expect(MarkdownReport.text(content).contains("quick: not reproduced"))
      // What the longest run does not leave out is no caveat.
      #expect(!content.caveats.contains { $0.contains("45 of 90 epochs") })
      let table = VerdictTable.text(content).split(separator: "\n").filter {
        $0.hasPrefix("mnist-logistic,") && $0.contains("fig1a.adam-faster-than-adagrad,")
      }
      #expect(table.count == 4)
    }
  }

  @Test func `a verdict counts before a longer run that has none`() {
    func evidence(_ verdict: Verdict, _ profile: String) -> Evidence {
      Evidence(
        outcome: ClaimOutcome(Judgement(verdict), "detail"), profile: profile, extent: "")
    }
    let best = Evidence.longest([evidence(.notRun, "paper"), evidence(.inconclusive, "quick")])
    #expect(best?.profile == "quick" && best?.dissent == [])
    #expect(Evidence.longest([]) == nil)
  }

  @Test func `the answer counts the paper's own claims only`() throws {
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let content = try ReportContent(try ResultSet(readingFolder: folder.path))
    let answer = ReportSentences.answer(content.claims)
    #expect(
      answer
        == "In part: of the 2 claims of the paper that these results are about 1 is reproduced and 1 is not reproduced."
    )
    let failures = ReportSentences.failures(content.claims)
    #expect(failures.map(\.id) == ["fig1a.adam-faster-than-adagrad"])
    #expect(ReportSentences.gravest(content.claims)?.contains("No single schedule") == true)
    #expect(ReportSentences.answer([]) == "No claim of the paper has been judged.")
    #expect(ReportSentences.gravest([]) == nil)
    let page = HTMLReport.text(content)
    for id in content.claims.map(\.id) { #expect(page.contains("id=\"claim-\(id)\"")) }
    #expect(page.contains("What would change this:"))
  }

  @Test func `whether Adam is better is told by the best settings, at the end, by what decides`()
    throws
  {
    let folder = try TemporaryFolder()
    var results = SyntheticResults()
    try results.write(to: folder.file("mnist-logistic.h5"))
    func table() throws -> String {
      RivalTable.markdown(try ReportContent(try ResultSet(readingFolder: folder.path)))
    }
    let row = try #require(try table().split(separator: "\n").first { $0.contains("MNIST |") })
    // In the arm tuned AdaGrad has half its cost: 0.25 / 0.225. The other is 0.25 / 0.26.
    let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(cells[0] == "logistic regression, MNIST" && cells.count == 7)
    #expect(cells[1].hasPrefix("*1.11") && cells[1].hasSuffix("*") && !cells[1].hasPrefix("**"))
    #expect(cells[2] == "–" && cells[3].hasPrefix("≈ 0.96"))
    #expect(cells[6].hasPrefix("quick, 5 seeds, "))
    #expect(
      try table().contains("Of 2 comparisons it is ahead in 0 and behind in\n1; 1 are within 10 %"))
    // What a shorter search has chosen is told.
    func origin(searchedTo epochs: [Int64]) throws -> Substring? {
      var document = try results.complete()
      var search = Group()
      search.dimensions = [Dimension("trial", .int64([0, 1]), "trial")]
      search.variables = [
        Variable("contender", ["trial"], .string(["Adam", "AdaGrad"])),
        Variable("schedule", ["trial"], .string(["constant", "constant"])),
        Variable("alpha", ["trial"], .double([0.1, 0.1])),
        Variable("search_epochs", ["trial"], .int64(epochs)),
        Variable("search_seed", ["trial"], .int64([7, 7])),
        Variable("final_cost", ["trial"], .double([0.3, 0.3])),
        Variable("selected", ["trial"], .uint8([1, 1])),
      ]
      document.root.groups.append(Subgroup("search", search))
      try ResultFile.write(document, to: folder.file("mnist-logistic.h5"))
      return try table().split(separator: "\n").first { $0.contains("MNIST |") }
    }
    #expect(
      try origin(searchedTo: [45, 12])?.contains("passes, settings searched to 12 |") == true)
    #expect(try origin(searchedTo: [45, 45])?.contains("searched") == false)
    // A rival that diverges with all of enough seeds is behind; two seeds decide nothing.
    results.diverged = Dictionary(uniqueKeysWithValues: (0..<5).map { ([2, $0], 3) })
    try results.write(to: folder.file("mnist-logistic.h5"))
    #expect(try table().contains("| **it diverged** |"))
    results.seeds = 2
    results.diverged = [[2, 0]: 3, [2, 1]: 3]
    try results.write(to: folder.file("mnist-logistic.h5"))
    let open = try #require(try table().split(separator: "\n").first { $0.contains("MNIST |") })
    #expect(!open.contains("*") && open.contains("2 seeds"))
    // Data of one's own tell nothing about it.
    results.origin = "stand-in"
    try results.write(to: folder.file("mnist-logistic.h5"))
    #expect(try table().isEmpty)
  }

  @Test func `what is not finished is a caveat`() throws {
    let folder = try TemporaryFolder()
    var results = SyntheticResults()
    func caveat() throws -> String? {
      var document = try results.complete()
      document.root.set(Attribute("unfinished", "3 runs missing"))
      try ResultFile.write(document, to: folder.file("mnist-logistic.h5"))
      return try ReportContent(try ResultSet(readingFolder: folder.path)).caveats
        .first { $0.contains("3 runs missing") }
    }
    let start = "Not finished: mnist-logistic (3 runs missing)"
    #expect(
      try caveat() == start
        + "; without them each of its claims about the paper's text is judged.")
    results.notRun = Set((0..<results.seeds).map { [2, $0] })
    #expect(
      try caveat() == start + "; one of its claims about the paper's text is not judged.")
    results.notRun = Set((0..<results.seeds).map { [0, $0] })
    #expect(
      try caveat() == start + "; 2 of its claims about the paper's text are not judged.")
    // No run would give a verdict on these.
    results.origin = "stand-in"
    #expect(try caveat() == start + ".")
  }

  @Test func `settings tell how many seeds were made`() {
    var results = SyntheticResults()
    results.notRun = [[0, 3], [0, 4]]
    results.notRun.formUnion((0..<5).map { [1, $0] })
    results.diverged = [[2, 1]: 4]
    var document = results.document
    document.root.variables.append(
      Variable("alpha", ["arm", "optimizer"], .double([1, 1, 1, 2, 2, 2])))
    #expect(
      ExperimentSummary(document).settings.prefix(3).map(\.runs)
        == ["3 finished", "not run", "4 finished, 1 diverged"])
  }

  @Test func `a verdict that another arm turns is told beside it`() throws {
    func row(_ id: String, _ verdicts: [(arm: String, verdict: Verdict)]) -> ReportContent.ClaimRow
    {
      ReportContent.ClaimRow(
        experiment: "mnist-logistic",
        evidence: verdicts.map {
          var outcome = ClaimOutcome(Judgement($0.verdict), "")
          (outcome.id, outcome.claim, outcome.statement, outcome.arm) = (id, id, id, $0.arm)
          return Evidence(outcome: outcome, profile: "paper", extent: "")
        })
    }
    let rows = [
      row("a", [("literal", .reproduced), ("tuned", .notReproduced)]),
      row("b", [("literal", .reproduced), ("tuned", .inconclusive)]),
      row("c", [("literal", .notReproduced), ("tuned", .notReproduced), ("fitted", .reproduced)]),
    ]
    let turned = ReportSentences.turned(rows)
    #expect(turned.ids == ["a"] && turned.arms == ["tuned"])
    #expect(ReportSentences.section(rows).contains("In the arm tuned the verdict turns with a."))
    let open = ReportSentences.section([
      row("a", [("tuned", .inconclusive)]), row("b", [("tuned", .notRun)]),
    ])
    #expect(open.hasPrefix("None of the 2 claims has been decided."))
  }

  @Test func `places of the paper have a section`() {
    func number(_ place: String) -> String? { PaperSection(place: place)?.number }
    #expect(number("section 6.1, Figure 1 (left)") == "6.1")
    #expect(number("section 2.1") == "2")
    #expect(number("section 7.2") == "7")
    #expect(number("sections 1 and 7") == "7")
    #expect(number("abstract, section 2.1") == "2")
    #expect(number("abstract, algorithm 1") == "2")
    #expect(number("appendix, lemma 10.3") == "4")
    #expect(number("section 8") == "4")
    #expect(number("6.3") == "6.3")
    #expect(number("a review of optimizers, not the paper") == nil)
    #expect(Set(PaperSection.all.map(\.anchor)).count == PaperSection.all.count)
  }

  @Test func `distances are positive on the claimed side`() throws {
    func outcome(_ verdict: Verdict, _ effect: Double, _ threshold: Double, _ unit: String)
      -> ClaimOutcome
    {
      ClaimOutcome(
        Judgement(verdict), effect: effect, low: effect - 0.01, high: effect + 0.01,
        threshold: threshold, unit: unit, "detail")
    }
    let holds = try #require(ThresholdDistance(outcome(.reproduced, -0.5, 0, "log(a / b)")))
    #expect(holds.value == 0.5)
    #expect(holds.limit == "≤ 1")
    #expect(holds.low < 0.5 && holds.high > 0.5)
    let fails = try #require(ThresholdDistance(outcome(.notReproduced, 58, 1, "R(T) / bound")))
    #expect(abs(fails.value + log(58)) < 1e-12)
    func open(_ outcome: ClaimOutcome, _ formula: String) -> ThresholdDistance? {
      ThresholdDistance(outcome, formula: formula)
    }
    let lower = outcome(.inconclusive, 0.1, 0, "log(a / b)")
    #expect(open(lower, "a / b < 1")?.value == -0.1)
    let above = open(outcome(.inconclusive, 4, 3, "ratio"), "beta2 = 0.9 / beta2 = 0.8 >= 3")
    #expect(try #require(above).value > 0 && above?.limit.isEmpty == true)
    let share = open(outcome(.notRun, 0.005, 0.01, "share"), "share of steps above alpha <= 0.01")
    #expect(try #require(share).value > 0)
    // Of a range the nearer end is the threshold.
    for (threshold, isInside) in [(0.5, true), (1, false)] {
      let ranged = outcome(.inconclusive, log(1.1 * threshold), log(threshold), "log(a / b)")
      let value = try #require(open(ranged, "0.5 <= a / b <= 1")).value
      #expect((value > 0) == isInside)
    }
    for words in ["", "every part reproduced", "2 <= a / b <= 3"] {
      #expect(open(lower, words) == nil)
    }
    #expect(ThresholdDistance(outcome(.reproduced, .nan, 0, "log(a / b)")) == nil)
    #expect(ThresholdDistance(outcome(.reproduced, 0, 0, "share"))?.value == 0)
    // The paper's own value, on the same side.
    #expect(
      ThresholdDistance(outcome(.notReproduced, 0.02, 0, "log(a / b)"), effect: -0.5)?.value == 0.5)
  }

  @Test func `an open claim tells why it is open, and what is begun is counted`() {
    func row(_ verdict: Verdict, _ seeds: Int, _ interval: ClosedRange<Double>, _ id: String)
      -> ReportContent.ClaimRow
    {
      var outcome = ClaimOutcome(
        Judgement(verdict), effect: (interval.lowerBound + interval.upperBound) / 2,
        low: interval.lowerBound, high: interval.upperBound, threshold: 1, unit: "ratio",
        seeds: seeds, "detail")
      outcome.group = .paper
      outcome.id = id
      outcome.claim = id
      return .init(
        experiment: "made-up", evidence: [Evidence(outcome: outcome, profile: "", extent: "")])
    }
    #expect(row(.inconclusive, 1, 2...3, "a").headline.openReason == .oneSeed)
    #expect(row(.inconclusive, 2, 2...3, "a").headline.openReason == .twoSeeds)
    #expect(row(.inconclusive, 5, 0.5...3, "a").headline.openReason == .limitInside)
    #expect(row(.inconclusive, 3, 2...3, "a").headline.openReason == nil)
    #expect(row(.reproduced, 1, 0.5...3, "a").headline.openReason == nil)
    var wide = row(.inconclusive, 3, 2...3, "a").headline
    (wide.deciding, wide.confidence) = (0...5, 0.999)
    #expect(wide.openReason == .limitInsideWider)
    let open = row(.reproduced, 5, 2...3, "a").headline.undecided(.coarseSearch)
    #expect(open.verdict == .inconclusive && open.openReason == .coarseSearch)
    let claims = [row(.notRun, 1, 2...3, "a"), row(.reproduced, 5, 2...3, "b")]
    #expect(ReportSentences.begun(claims) == 1)
    #expect(
      ReportSentences.answer(claims).hasSuffix("1 has not been run (1 of them only in part)."))
  }

  @Test func `the forest tells one percent from a factor of fifty`() throws {
    let range = 0.0...200.0
    let places = [-9, -4, -0.02, 0, 0.02, 4, 9].map { ForestPlot.place($0, in: range) }
    #expect(places == places.sorted())
    #expect(places[3] == 100 && places[0] == 0 && places[6] == 200)
    #expect(places[4] - places[3] > 10 && places[5] - places[4] > 50)
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let content = try ReportContent(try ResultSet(readingFolder: folder.path))
    for isNarrow in [false, true] {
      for setting in [ForestPlot.Setting.page, .file] {
        let svg = ForestPlot(content, isNarrow: isNarrow, for: setting).svg
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        #expect(svg.contains("6.1 Logistic regression"))
        #expect(svg.contains("<circle"))
        #expect(svg.contains("#claim-") == (setting == .page))
      }
    }
  }

  @Test func `the READMEs are written between their markers`() throws {
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let content = try ReportContent(try ResultSet(readingFolder: folder.path))
    let blocks = ["answer", "sections"].map {
      "\(GeneratedBlock.begin($0))\nold\n\(GeneratedBlock.end($0))\n"
    }
    let readme = "# Title\n\n" + blocks.joined(separator: "\nBetween.\n\n") + "\nMore.\n"
    func written(_ text: String) throws -> String {
      try ReadmeSection.replaced(
        in: text, path: "README.md", by: content, ledger: "results/reference")
    }
    let new = try written(readme)
    #expect(try written(new) == new)
    #expect(!new.contains("\nold\n") && new.contains("\nBetween.\n") && new.hasSuffix("\nMore.\n"))
    #expect(new.contains("**In part: of the 2 claims of the paper"))
    #expect(new.contains("srcset=\"results/reference/figures/forest-narrow.svg\""))
    #expect(new.contains("[6.1 Logistic regression](results/reference/README.md#section-6-1)"))
    #expect(throws: ReportError.noMarkers(path: "README.md", name: "answer")) {
      try written("# Title\n")
    }
    let experiment = ReadmeSection.experiment(
      "mnist-logistic", content, ledger: "../../results/reference")
    #expect(experiment.contains("<img src=\"../../results/reference/figures/fig1a.svg\""))
    #expect(experiment.contains("`fig1a.adam-faster-than-adagrad` | ✗ not reproduced"))
    #expect(Ledger.text(content).contains("<a id=\"section-6-1\"></a>"))
  }

  @Test func `the table of verdicts quotes what it must`() throws {
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let content = try ReportContent(try ResultSet(readingFolder: folder.path))
    let lines = VerdictTable.text(content).split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("experiment,profile,claim,"))
    #expect(lines.count == 1 + content.claims.flatMap(\.evidence).count)
    let tuned = try #require(
      lines.first { $0.contains("adam-faster") && $0.contains(",tuned,true,") })
    // The ratio, not its logarithm; a rule with commas is quoted.
    #expect(tuned.contains(",Adam / AdaGrad,1.11"))
    #expect(tuned.contains("\"Adam lower than AdaGrad at epochs 5, 10 and 20\""))
  }

  @Test func `the script is small`() {
    #expect(PageScript.text.utf8.count < 10_000)
  }

  @Test func `an interval without information is said to be one`() {
    let outcome = ClaimOutcome(
      .inconclusive, effect: 33, low: -264, high: 360, threshold: 0, unit: "log(a / b)", "detail")
    #expect(outcome.effectText == "a / b = 2.15e+14 [wider than a factor of a million]")
  }
}
