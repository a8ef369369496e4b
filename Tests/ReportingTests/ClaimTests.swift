import Glibc
import Reporting
import ResultStore
import Testing

@Suite struct ClaimTests {
  private static let place = "section 6.1, Figure 1 (left)"
  private static let faster = Claim.lower(
    "fig1a.adam-faster-than-adagrad", "Adam converges faster than AdaGrad", place: place,
    "Adam", than: "AdaGrad", at: [5, 10, 20])
  private static let slower = Claim.lower(
    "fig1a.adagrad-faster", "AdaGrad converges faster than Adam", place: place,
    "AdaGrad", than: "Adam", at: [5, 10, 20])

  @Test func `every arm gets a verdict`() throws {
    let outcomes = Self.faster.judge(SyntheticResults().document)
    #expect(outcomes.map(\.arm) == ["fitted", "tuned"])
    // fitted: 0.25 against 0.45; tuned: 0.25 against 0.225.
    #expect(outcomes.map(\.verdict) == [.reproduced, .notReproduced])
    let first = try #require(outcomes.first)
    #expect(first.id == "fig1a.adam-faster-than-adagrad")
    #expect(first.figure == "fig1a")
    #expect(first.place == Self.place)
    #expect(first.seeds == 5)
    #expect(abs(first.effect - log(0.25 / 0.45)) < 1e-9)
    #expect(first.threshold == 0)
    #expect(first.numbers.map(\.label) == ["epoch 5", "epoch 10", "epoch 20"])
    #expect(first.effectText.hasPrefix("Adam / AdaGrad = 0.556 ["))
    #expect(first.detail.contains("5 seeds"))
  }

  @Test func `an experiment without arms gets one verdict`() {
    var results = SyntheticResults()
    results.arms = nil
    let outcomes = Self.faster.judge(results.document)
    #expect(outcomes.map(\.key) == ["fig1a.adam-faster-than-adagrad"])
    #expect(outcomes.first?.verdict == .reproduced)
  }

  @Test func `an interval across the threshold is inconclusive`() {
    var results = SyntheticResults()
    results.cost = { _, contender, seed, _ in
      contender == 0 ? 0.3 * (seed.isMultiple(of: 2) ? 0.9 : 1.12) : 0.3
    }
    #expect(Self.faster.judge(results.document).allSatisfy { $0.verdict == .inconclusive })
  }

  @Test func `one epoch against the claim decides`() throws {
    var results = SyntheticResults()
    results.cost = { _, contender, seed, epoch in
      (contender == 0 ? 0.3 : epoch == 10 ? 0.2 : 0.4) * (1 + 0.001 * Double(seed))
    }
    let outcome = try #require(Self.faster.judge(results.document).first)
    #expect(outcome.verdict == .notReproduced)
    #expect(abs(outcome.effect - log(1.5)) < 1e-9)
  }

  @Test func `the whole interval must lie below the fraction`() {
    func verdict(_ ratio: Double) -> Verdict? {
      var results = SyntheticResults()
      results.cost = { _, contender, seed, _ in
        contender == 0 ? 0.3 * ratio * (1 + 0.002 * Double(seed)) : 0.3
      }
      return Claim.lowerByFraction(
        0.1, "fig1b.margin", "by a large margin", place: "", "Adam", than: "AdaGrad", at: [10]
      ).judge(results.document).first?.verdict
    }
    #expect(verdict(0.85) == .reproduced)
    #expect(verdict(0.897) == .inconclusive)
    #expect(verdict(0.95) == .notReproduced)
  }

  @Test func `every pair must keep its fraction`() throws {
    var results = SyntheticResults()
    results.contenders = ["Adam", "SGDNesterov", "AdaGrad"]
    results.cost = { _, contender, seed, _ in
      [0.2, 0.3, 0.5][contender] * (1 + 0.002 * Double(seed * (contender + 1)))
    }
    let claim = Claim.lowerByFraction(
      0.5, "fig3.late", "faster", place: "",
      pairs: [(a: "Adam", b: "AdaGrad"), (a: "SGDNesterov", b: "AdaGrad")], at: 20)
    let outcomes = claim.judge(results.document).filter { $0.arm == "tuned" }
    #expect(outcomes.map(\.id) == ["fig3.late", "fig3.late.adam", "fig3.late.sgdnesterov"])
    #expect(outcomes.map(\.verdict) == [.notReproduced, .reproduced, .notReproduced])
    #expect(outcomes[0].numbers.map(\.label) == ["Adam and AdaGrad", "SGDNesterov and AdaGrad"])
    #expect(abs(outcomes[0].threshold - log(0.5)) < 1e-12)
    // One pair that was not run keeps the verdict open, unless another decides it.
    results.notRun = Set((0..<5).map { [0, $0] })
    let without = claim.judge(results.document).filter { $0.arm == "tuned" }
    #expect(without.map(\.id) == outcomes.map(\.id))
    #expect(without.map(\.verdict) == [.notReproduced, .notRun, .notReproduced])
    #expect(without[0].detail.hasSuffix("; Adam, seed 0, has not been run"))
    results.notRun = Set((0..<5).map { [1, $0] })
    #expect(
      claim.judge(results.document).filter { $0.arm == "tuned" }.map(\.verdict)
        == [.notRun, .reproduced, .notRun])
    // As a part of another claim it is not there then.
    let whole = Claim.whole("fig3.all", "all", place: "", of: [claim, Self.faster])
    #expect(whole[0].judge(results.document).last?.verdict == .notRun)
  }

  @Test func `similarity has two sides`() {
    func verdict(_ ratio: Double) -> Verdict? {
      var results = SyntheticResults()
      results.cost = { _, contender, seed, _ in
        contender == 0 ? 0.3 * ratio * (1 + 0.002 * Double(seed)) : 0.3
      }
      return Claim.similar(
        "fig1a.like", "like", place: "", "Adam", to: "AdaGrad", within: 0.1, at: [5, 10]
      ).judge(results.document).first?.verdict
    }
    #expect(verdict(1) == .reproduced)
    #expect(verdict(0.92) == .reproduced)
    #expect(verdict(exp(0.098)) == .inconclusive)
    #expect(verdict(1.2) == .notReproduced)
    #expect(verdict(0.8) == .notReproduced)
  }

  @Test func `ratios of means are judged pair by pair, as far as the search tells`() throws {
    let claim = Claim.ratioOfMeans(
      "fig3.adam-marginal", "only marginally better", place: "",
      pairs: [(a: "Adam", b: "AdaGrad"), (a: "SGDNesterov", b: "AdaGrad")], inside: 0.5...1,
      over: 15...20, resolution: .halfDecades)
    func outcome(_ first: Double, _ second: Double, early: Double = 1) throws -> ClaimOutcome {
      var results = SyntheticResults()
      results.contenders = ["Adam", "SGDNesterov", "AdaGrad"]
      results.cost = { _, contender, seed, epoch in
        let seeds = 0.3 * (1 + 0.001 * Double(seed * (contender + 1)))
        // Before these epochs nothing counts; within them costs swing around their means.
        let swing = epoch.isMultiple(of: 2) ? 1.1 : 0.9
        return seeds * [first, second, 1][contender] * (epoch < 15 ? early : swing)
      }
      return try #require(claim.judge(results.document).first { $0.arm == "tuned" })
    }
    #expect(try outcome(0.7, 0.8, early: 9).verdict == .reproduced)
    let hidden = try outcome(0.7, 0.95)
    #expect(hidden.verdict == .inconclusive && hidden.detail.contains("a finer search may turn"))
    #expect(hidden.openReason == .coarseSearch && hidden.threshold == 0)
    #expect(try outcome(0.7, 1.05).verdict == .inconclusive)
    #expect(try outcome(0.7, 1.2).verdict == .notReproduced)
    let better = try outcome(0.4, 0.7)
    #expect(better.verdict == .notReproduced && better.finding == .better)
    // A pair that has not been run leaves no verdict, unless the other decides against it.
    var results = SyntheticResults()
    results.contenders = ["Adam", "AdaGrad"]
    func alone(_ ratio: Double) -> Verdict? {
      results.cost = { _, contender, seed, _ in
        (contender == 0 ? ratio : 1) * (1 + 0.001 * Double(seed * contender))
      }
      return claim.judge(results.document).first?.verdict
    }
    #expect(alone(0.7) == .notRun)
    #expect(alone(1.5) == .notReproduced)
  }

  @Test func `one sentence that several rules test counts once`() throws {
    func part(_ name: String, at epoch: Int) -> Claim {
      .lower(
        "fig2b.faster.\(name)", "faster, \(name)", place: "6.2", "Adam", than: "AdaGrad",
        at: [epoch])
    }
    let claims = Claim.whole(
      "fig2b.faster", "faster", place: "6.2", of: [part("early", at: 5), part("late", at: 40)])
    func outcomes(_ late: Double, epochs: Int = 45) -> [ClaimOutcome] {
      var results = SyntheticResults()
      results.arms = nil
      results.epochs = epochs
      results.cost = { _, contender, seed, epoch in
        contender == 0
          ? (epoch < 30 ? 0.5 : late) : 1 + 0.1 * Double(seed.isMultiple(of: 2) ? seed : -seed)
      }
      return claims.judge(results.document)
    }
    #expect(outcomes(0.5).map(\.id) == ["fig2b.faster", "fig2b.faster.early", "fig2b.faster.late"])
    #expect(outcomes(0.5).map(\.isPart) == [false, true, true])
    #expect(outcomes(0.5).map(\.verdict) == [.reproduced, .reproduced, .reproduced])
    let open = outcomes(1)
    #expect(open.map(\.verdict) == [.inconclusive, .reproduced, .inconclusive])
    #expect(open[0].effect == open[2].effect && open[0].detail.contains("fig2b.faster.early: "))
    #expect(outcomes(2).map(\.verdict) == [.notReproduced, .reproduced, .notReproduced])
    // All have one formula; the paper draws none of it.
    #expect(claims[0].threshold.text == "Adam / AdaGrad < 1")
    #expect(claims[0].paperFigure(PaperCurves()).text.hasPrefix("not in a figure"))
    // Without one of them there is no verdict, unless the other decides.
    #expect(outcomes(2, epochs: 20).map(\.verdict) == [.notRun, .reproduced, .notRun])
  }

  @Test func `one seed is inconclusive`() throws {
    var results = SyntheticResults()
    results.seeds = 1
    let outcome = try #require(Self.faster.judge(results.document).first)
    #expect(outcome.verdict == .inconclusive)
    #expect(outcome.low.isNaN)
    #expect(outcome.detail.contains("one seed"))
  }

  @Test(arguments: ["stand-in", ""])
  func `only real data get verdicts`(origin: String) {
    var results = SyntheticResults()
    results.origin = origin
    let outcomes = Self.faster.judge(results.document)
    #expect(outcomes.count == 2)
    #expect(outcomes.allSatisfy { $0.verdict == .notRun && !$0.detail.isEmpty })
    #expect(outcomes.allSatisfy { $0.effect.isNaN })
  }

  @Test func `Debian's data are real`() {
    var results = SyntheticResults()
    results.origin = "debian"
    #expect(Self.faster.judge(results.document).first?.verdict == .reproduced)
  }

  @Test func `shortened runs are not judged`() throws {
    var results = SyntheticResults()
    results.epochs = 12
    let outcome = try #require(Self.faster.judge(results.document).first)
    #expect(outcome.verdict == .notRun)
    #expect(outcome.detail == "epoch 20 is not there: the runs end at 12")
    results.epochs = 20
    let last = try #require(Self.faster.judge(results.document).first)
    #expect(last.verdict == .notRun)
    #expect(last.detail.contains("one more epoch is needed"))
  }

  @Test func `missing parts are named`() throws {
    var results = SyntheticResults()
    results.contenders = ["Adam", "SGDNesterov"]
    let missing = try #require(Self.faster.judge(results.document).first)
    #expect(missing.verdict == .notRun)
    #expect(missing.detail == "AdaGrad is not among the contenders")

    results = SyntheticResults()
    results.arms = ["tuned"]
    let claim = Claim.figureMatch(figure: "fig1a", contender: "Adam", place: "")
    let curves = PaperCurves([
      .init(figure: "fig1a", name: "Adam", points: [.init(x: 1, y: 0.3)])
    ])
    let arm = try #require(claim.judge(results.document, paper: curves).first)
    #expect(arm.verdict == .notRun)
    #expect(arm.detail == "there is no arm fitted")

    let variable = try #require(
      Claim.lower("a.b", "", place: "", "Adam", than: "AdaGrad", at: [1], measure: .penalty)
        .judge(SyntheticResults().document).first)
    #expect(variable.detail == "the file has no variable penalty")
  }

  @Test func `unfinished seeds are left out and counted`() throws {
    var results = SyntheticResults()
    results.notRun = [[0, 1], [2, 3]]
    let outcome = try #require(Self.faster.judge(results.document).first)
    #expect(outcome.verdict == .reproduced)
    #expect(outcome.seeds == 3)
    #expect(outcome.detail.contains("2 seeds left out: Adam, seed 1, has not been run"))
    results.notRun = Set((0..<5).map { [0, $0] })
    #expect(Self.faster.judge(results.document).first?.verdict == .notRun)
  }

  @Test func `where all runs of both diverged there is no number and no decision`() throws {
    var results = SyntheticResults()
    results.diverged = Dictionary(
      uniqueKeysWithValues: [0, 2].flatMap { contender in (0..<5).map { ([contender, $0], 3) } })
    for claim in [Self.faster, Self.slower] {
      let outcome = try #require(claim.judge(results.document).first)
      #expect(outcome.verdict == .inconclusive)
      #expect(outcome.effect.isNaN && outcome.low.isNaN && outcome.high.isNaN)
      #expect(outcome.effectText == "")
      let kept = try [ClaimOutcome](decoding: [outcome].encoded())
      #expect(kept.first?.effect.isNaN == true)
    }
  }

  @Test func `a diverged run counts as infinite cost`() throws {
    var results = SyntheticResults()
    results.diverged = Dictionary(uniqueKeysWithValues: (0..<5).map { ([2, $0], 3) })
    let rival = try #require(Self.faster.judge(results.document).first)
    #expect(rival.verdict == .reproduced)
    #expect(rival.effect == -.infinity)
    #expect(rival.detail.contains("AdaGrad diverged in 5 of 5 seeds"))
    #expect(Self.slower.judge(results.document).first?.verdict == .notReproduced)

    // Only one of five seeds: there is no mean, so no decision.
    results.diverged = [[2, 0]: 3]
    let some = try #require(Self.faster.judge(results.document).first)
    #expect(some.verdict == .inconclusive)
    #expect(some.detail.contains("AdaGrad diverged in 1 of 5 seeds"))

    // Before it diverges, a run has costs like any other.
    results.diverged = Dictionary(uniqueKeysWithValues: (0..<5).map { ([2, $0], 30) })
    let late = try #require(Self.faster.judge(results.document).first)
    #expect(late.verdict == .reproduced)
    #expect(late.effect.isFinite)
  }

  @Test func `the last epochs are compared with those of every rival`() throws {
    var results = SyntheticResults()
    // AdaGrad leads up to epoch 14, then Adam.
    results.cost = { _, contender, seed, epoch in
      let base = [0.1 + 1 / Double(epoch + 1), 0.3 + 1 / Double(epoch + 1), 0.1668][contender]
      return base * (1 + 0.001 * Double(seed * (contender + 1)))
    }
    let claim = Claim.lastEpochsMeanLower(
      "fig2a.adam-best", "Adam is best", place: "section 6.2", "Adam",
      than: ["SGDNesterov", "AdaGrad"], last: 10, of: 45)
    let outcomes = claim.judge(results.document).filter { $0.arm == "tuned" }
    #expect(
      outcomes.map(\.id) == [
        "fig2a.adam-best", "fig2a.adam-best.sgdnesterov", "fig2a.adam-best.adagrad",
      ])
    #expect(outcomes.allSatisfy { $0.verdict == .reproduced })
    #expect(outcomes[1].detail.hasSuffix("below from epoch 0 on"))
    #expect(outcomes[2].detail.hasSuffix("below from epoch 14 on"))
    // Labels 35...44: the last ten passes.
    let costs: [Double] = (35...44).map { 0.1 + 1 / Double($0 + 1) }
    let expected = Statistics.mean(costs) / 0.1668
    #expect(abs(outcomes[2].numbers[0].value - log(expected)) < 0.01)

    // A rival that was not run keeps the verdict over all open, unless another decides it.
    func verdicts(_ a: String, _ rivals: [String], resolution: SearchResolution? = nil) -> [Verdict]
    {
      Claim.lastEpochsMeanLower(
        "best", "", place: "", a, than: rivals, last: 10, of: 45, resolution: resolution
      )
      .judge(results.document).filter { $0.arm == "tuned" }.map(\.verdict)
    }
    #expect(verdicts("Adam", ["AdaGrad", "AdaDelta"]) == [.notRun, .reproduced, .notRun])
    #expect(
      verdicts("AdaGrad", ["AdaDelta", "Adam"]) == [.notReproduced, .notRun, .notReproduced])
    // Adam's cost is three quarters of AdaGrad's: too little, either way, where a search may hide a half.
    let (fine, coarse) = (SearchResolution(ratio: 1.2), SearchResolution(ratio: 1.5))
    for (pair, verdict) in [
      (("AdaGrad", "Adam"), Verdict.notReproduced), (("Adam", "AdaGrad"), .reproduced),
    ] {
      #expect(verdicts(pair.0, [pair.1], resolution: fine) == [verdict, verdict])
      #expect(verdicts(pair.0, [pair.1], resolution: coarse) == [.inconclusive, .inconclusive])
    }
    #expect(verdicts("Adam", ["Adam"]) == [.notReproduced, .notReproduced], "no difference")
    #expect(verdicts("Adam", ["Adam"], resolution: fine) == [.inconclusive, .inconclusive])

    let long = Claim.lastEpochsMeanLower(
      "fig2a.adam-best", "Adam is best", place: "", "Adam", than: ["AdaGrad"], last: 20, of: 200)
    #expect(long.judge(results.document).allSatisfy { $0.verdict == .notRun })
  }

  @Test func `the lead is that of the seeds that are compared`() throws {
    var results = SyntheticResults()
    results.cost = { _, contender, seed, epoch in
      // Adam falls below AdaGrad after 20 epochs, in seed 2 after 5.
      contender == 0 ? (epoch < (seed == 2 ? 5 : 20) ? 0.5 : 0.1) : 0.3
    }
    func details(seeds: Int, diverged: [[Int]: Int] = [:], notRun: Set<[Int]> = []) -> [String] {
      results.seeds = seeds
      results.diverged = diverged
      results.notRun = notRun
      return Claim.lastEpochsMeanLower(
        "best", "", place: "", "Adam", than: ["AdaGrad", "SGDNesterov"], last: 10, of: 45
      ).judge(results.document).filter { $0.arm == "tuned" }.map(\.detail)
    }
    #expect(details(seeds: 3).allSatisfy { $0.hasSuffix("; below from epoch 20 on") })
    // A seed that was not run with the rival says nothing about Adam either.
    let rivalMissing = details(seeds: 3, notRun: [[2, 0], [2, 1], [1, 0], [1, 1]])
    #expect(rivalMissing.allSatisfy { $0.contains("below from epoch 5 on") })
    // Two of three runs diverged: the one that is left does not decide.
    let divergent = details(seeds: 3, diverged: [[0, 0]: 30, [0, 1]: 30])
    #expect(divergent.allSatisfy { $0.hasSuffix("; not below at the end") })
    let rivalDiverges = details(
      seeds: 2, diverged: [[1, 0]: 3, [1, 1]: 3, [2, 0]: 7, [2, 1]: 7])
    #expect(rivalDiverges[2].hasSuffix("; below from epoch 3 on"))
    #expect(rivalDiverges[1].hasSuffix("; below from epoch 7 on"))
    #expect(rivalDiverges[0].hasSuffix("; below from epoch 7 on"))
  }

  @Test func `a claim may have a condition of its own`() {
    let claim = Self.faster.judged(onlyIf: "it rains") { context in
      if context.arm == "tuned" { throw NotRun("not in this arm") }
    }
    let outcomes = claim.judge(SyntheticResults().document)
    #expect(outcomes.map(\.verdict) == [.reproduced, .notRun])
    #expect(outcomes.map(\.id) == [Self.faster.id, Self.faster.id])
    #expect(outcomes[1].detail == "not in this arm")
    #expect(claim.rule == "\(Self.faster.rule); judged only if it rains")
  }

  @Test func `a rule sees nothing of what runs record but what its claim declares`() throws {
    var document = SyntheticResults().document
    let cost = try #require(document.root.variable(Measure.runningCost.variable))
    document.root.variables.append(
      Variable("probe", cost.dimensions, cost.values, attributes: cost.attributes))
    var computation = Group()
    computation.variables = [
      Variable(RunState.variable, [], .uint8([RunState.finished.rawValue]), attributes: []),
      Variable("quantity", [], .double([1]), attributes: []),
    ]
    document.root.groups.append(Subgroup("computation", computation))
    var times = Group()
    times.variables = [Variable("elapsed_seconds", [], .double([1]), attributes: [])]
    document.root.groups.append(Subgroup("volatile", times))
    func reason(_ path: String, declaring: Bool) -> String {
      struct Named: Recorded { let variable: String }
      let parts = path.split(separator: "/").map(String.init)
      let claim = Claim.custom(
        "fig1a.reads", "reads", place: "nowhere", threshold: .init("x", .atMost(1)), rule: "reads"
      ) { context in
        if path == RunTime.computation.variable {
          _ = try context.optional(RunTime.computation)
        } else if parts.count > 1 {
          _ = try context.document.view.subgroup(parts[0]).number(parts[1])
        } else if path == "view" {
          _ = try context.document.view.array("probe")
        } else {
          _ = try context.array(path)
        }
        throw NotRun("read")
      }
      let read = path == "view" ? "probe" : path
      return (declaring ? claim.reading(Named(variable: read)) : claim)
        .judge(document).first?.detail ?? ""
    }
    for path in ["probe", "view", "computation/quantity", RunTime.computation.variable] {
      #expect(reason(path, declaring: true) == "read")
      #expect(reason(path, declaring: false).hasPrefix("the claim does not declare that it reads"))
    }
    #expect(reason(Measure.runningCost.variable, declaring: false) == "read")
    #expect(reason("none", declaring: true) == "the file has no variable none")
  }

  @Test func `settings from a search at another horizon give no verdict`() {
    var document = SyntheticResults().document
    var search = Group()
    document.root.groups.append(Subgroup("search", search))
    #expect(!Self.faster.judge(document).contains { $0.verdict == .notRun })
    search.attributes = [Attribute("other_horizon", "searched at 12 epochs")]
    document.root.groups = [Subgroup("search", search)]
    let outcomes = Self.faster.judge(document)
    #expect(outcomes.map(\.verdict) == [.reproduced, .notRun])
    #expect(outcomes[1].detail == "searched at 12 epochs")
    let context = ClaimContext(
      document: SyntheticResults().document, arm: "fitted", siblings: ["other": document])
    #expect(throws: Never.self) { try context.sibling("other") }
    #expect(throws: NotRun("other: searched at 12 epochs")) {
      try context.sibling("other", arm: "tuned")
    }
  }

  @Test func `a match with a figure has three zones`() throws {
    let results = SyntheticResults().document
    func outcome(_ factor: Double) throws -> ClaimOutcome {
      let points = (0...45).map { epoch in
        PaperCurves.Point(
          x: Double(epoch), y: factor * 0.25 * (1 + 0.9 / Double(epoch + 1)) * 1.004)
      }
      let clip = PaperCurves.Point(x: 0.5, y: 99, note: .clip)
      let curves = PaperCurves([
        .init(figure: "fig1a", name: "Adam", points: [clip] + points)
      ])
      let claim = Claim.figureMatch(
        figure: "fig1a", contender: "Adam", epochs: 0...44, place: "Figure 1 (left)")
      return try #require(claim.judge(results, paper: curves).first)
    }
    let exact = try outcome(1)
    #expect(exact.id == "fig1a.match.adam")
    #expect(exact.arm == "fitted")
    #expect(exact.verdict == .reproduced)
    // The mean over seeds that differ by up to 0.4 %; odd epochs only.
    #expect(exact.effect < 0.003)
    #expect(exact.numbers.count == 22)
    #expect(try outcome(1.1).verdict == .inconclusive)
    #expect(abs(try outcome(1.1).effect - log(1.1)) < 1e-4)
    #expect(try outcome(1.3).verdict == .notReproduced)
  }

  @Test func `a match tells the next smaller and larger stepsize`() throws {
    var results = SyntheticResults()
    results.epochs = 46
    let curves = PaperCurves([
      .init(figure: "fig1a", name: "Adam", points: (0...45).map { .init(x: Double($0), y: 0.26) })
    ])
    let claim = Claim.figureMatch(figure: "fig1a", contender: "Adam", place: "", arms: nil)
    func row(_ side: FittedDistances.Side, _ alpha: Double, _ odd: Double, _ even: Double)
      -> FittedDistances.Row
    {
      .init(
        contender: "Adam", figure: "fig1a", side: side, alpha: alpha, passes: 12, odd: odd,
        even: even)
    }
    func details(_ rows: [FittedDistances.Row]) throws -> [String: String] {
      var document = results.document
      let distances = FittedDistances(rows)
      let group = distances.encoded(curves: rows.map { _ in [1, 2] })
      document.root.groups.append(Subgroup(FittedDistances.group, group))
      #expect(FittedDistances(document) == distances)
      return Dictionary(
        uniqueKeysWithValues: claim.judge(document, paper: curves).map { ($0.arm, $0.detail) })
    }
    let near = try details([
      row(.smaller, 3.2e-4, 0.31, 0.3), row(.fitted, 1e-3, 0.2, 0.1),
      row(.larger, 3.2e-3, .infinity, .infinity),
    ])
    #expect(
      near["fitted"]?.hasSuffix(
        "in the first 12 passes of the first seed it is 0.2 with alpha = 0.001, 0.31 with alpha = 0.00032 and "
          + "infinite with alpha = 0.0032; the even epochs alone would choose the same of the three"
      )
        == true)
    // No other arm has neighbours, and two rows are not three.
    #expect(near["tuned"]?.contains("alpha") == false)
    let far = try details([
      row(.smaller, 3.2e-4, 0.31, 0.05), row(.fitted, 1e-3, 0.2, 0.1), row(.larger, 3.2e-3, 1, 1),
    ])
    #expect(
      far["fitted"]?.hasSuffix("the even epochs alone would choose 0.00032 of the three") == true)
    #expect(try details([row(.fitted, 1e-3, 0.2, 0.1)])["fitted"]?.contains("alpha") == false)
  }

  @Test func `only the frame is matched`() throws {
    var results = SyntheticResults()
    results.epochs = 46
    var curves = PaperCurves(
      [.init(figure: "fig1a", name: "Adam", points: (0...47).map { .init(x: Double($0), y: 0.3) })])
    let claim = Claim.figureMatch(figure: "fig1a", contender: "Adam", place: "")
    // Label 47 is not there after 46 passes.
    #expect(claim.judge(results.document, paper: curves).first?.verdict == .notRun)
    curves.comments = ["frame: fig1a 0..45 0.2..0.7"]
    #expect(curves.frame(of: "fig1a") == 0...45)
    #expect(curves.frame(of: "fig1b") == nil)
    #expect(claim.judge(results.document, paper: curves).first?.numbers.count == 23)
  }

  @Test func `a shortened curve is not matched`() throws {
    var results = SyntheticResults()
    results.epochs = 10
    let curves = PaperCurves([
      .init(
        figure: "fig1a", name: "Adam", points: (0...45).map { .init(x: Double($0), y: 0.3) })
    ])
    let claim = Claim.figureMatch(figure: "fig1a", contender: "Adam", place: "")
    #expect(claim.judge(results.document, paper: curves).first?.verdict == .notRun)
  }

  @Test func `custom rules see their arm`() {
    let claim = Claim.custom(
      "alg.memory", "two vectors", place: "section 2",
      threshold: .init("cost", .atMost(1)), rule: "measured", arms: [.tuned]
    ) { context in
      guard context.arm == "tuned" else { throw NotRun("wrong arm") }
      let costs = try context.values(.trainingCost, "Adam", at: 45)
      return ClaimOutcome(
        .reproduced, Statistics.studentMean(costs), threshold: 1, unit: "cost", "as measured")
    }
    let outcomes = claim.judge(SyntheticResults().document)
    #expect(outcomes.map(\.key) == ["alg.memory@tuned"])
    #expect(outcomes.first?.figure == "")
    #expect(outcomes.first?.seeds == 5)
    #expect(outcomes.first?.effectText.hasPrefix("cost = 0.256 [") == true)
  }

  @Test func `outcomes survive the file`() throws {
    var results = SyntheticResults()
    results.diverged = Dictionary(uniqueKeysWithValues: (0..<5).map { ([1, $0], 3) })
    let claims = [
      Self.faster, Self.slower,
      .lower("fig1a.x", "x", place: "", "Adam", than: "SGDNesterov", at: [5]),
      .lower("fig1a.y", "y", place: "", "Adam", than: "Nobody", at: [5]),
    ]
    let outcomes = claims.judge(results.document)
    let group = outcomes.encoded()
    #expect(try [ClaimOutcome](decoding: group) == outcomes)
    #expect(group.dimensions.map(\.name) == ["claim"])
    #expect(group.variables.allSatisfy { $0.dimensions == ["claim"] })
    #expect(try [ClaimOutcome](decoding: [ClaimOutcome]().encoded()).isEmpty)
  }

  @Test func `malformed groups of claims are refused`() {
    var group = Self.faster.judge(SyntheticResults().document).encoded()
    for index in group.variables.indices where group.variables[index].name == "verdict" {
      group.variables[index].values = .string(["reproduced", "perhaps"])
    }
    #expect(
      throws: ReportError.malformedClaims(
        "unknown verdict 'perhaps' of fig1a.adam-faster-than-adagrad")
    ) { try [ClaimOutcome](decoding: group) }
    group.variables.removeAll { $0.name == "effect" }
    #expect(throws: ReportError.malformedClaims("no numeric column 'effect'")) {
      try [ClaimOutcome](decoding: group)
    }
  }

  @Test func `the table fits a terminal`() {
    let outcomes = [Self.faster, Self.slower].judge(SyntheticResults().document)
    let lines = ClaimTable.text(outcomes, width: 100).split(separator: "\n").map(String.init)
    let longest = lines.map(\.count).max() ?? 0
    #expect(longest <= 100)
    let first =
      "reproduced      fig1a.adam-faster-than-adagrad  fitted  "
      + "Adam / AdaGrad = 0.556 [0.556, 0.556]"
    #expect(lines.first == first)
    #expect(lines.last == "2 claims of the paper: 1 reproduced and 1 not reproduced.")
    #expect(ClaimTable.text([]) == "no claims\n")
  }

  @Test func `narrow intervals get more digits`() {
    func text(_ low: Double, _ value: Double, _ high: Double) -> String {
      ClaimOutcome(.reproduced, effect: value, low: low, high: high, "").effectText
    }
    #expect(text(0.5, 0.55, 0.6) == "0.55 [0.5, 0.6]")
    #expect(text(1.0181, 1.0192, 1.0203) == "1.019 [1.018, 1.02]")
    #expect(text(0.3, 0.3, 0.3) == "0.3 [0.3, 0.3]")
  }

  @Test func `numbers near their threshold get more digits`() {
    func text(_ value: Double, against threshold: Double, unit: String = "") -> String {
      ClaimOutcome(.notReproduced, effect: value, threshold: threshold, unit: unit, "").effectText
    }
    #expect(text(1.00047, against: 1.0001) == "1.0005")
    #expect(text(1.00047, against: 2) == "1")
    #expect(text(1.00047, against: .nan) == "1")
    #expect(text(1, against: 1) == "1")
    #expect(text(1e-3, against: 0, unit: "log(a / b)") == "a / b = 1.001")
    #expect(text(-1e-3, against: 0, unit: "log(a / b)") == "a / b = 0.999")
    #expect(text(-0.5, against: -.infinity, unit: "log(a / b)") == "a / b = 0.607")
    #expect(text(.infinity, against: 0, unit: "log(a / b)") == "a / b = infinite")
    #expect(text(-.infinity, against: 0, unit: "log(a / b)") == "a / b = 0")
    let interval = ClaimOutcome(
      .inconclusive, effect: 1.01, low: 0.9996, high: 1.02, threshold: 1, "")
    #expect(interval.effectText == "1.01 [0.9996, 1.02]")
  }

  @Test func `effects without a verdict are provisional`() {
    let outcome = ClaimOutcome(.notRun, effect: 0.5, unit: "share of cells", "")
    #expect(outcome.effectText == "so far: share of cells = 0.5")
  }
}
