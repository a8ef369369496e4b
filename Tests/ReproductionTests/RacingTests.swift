import Foundation
import Numerics
import Optimizers
import Reproduction
import ResultStore
import Testing

@Suite struct RacingTests {
  private let rule = RacingRule(
    [(passes: 25, keeping: 0.5), (passes: 75, keeping: 2.0 / 3)], to: 201)

  private func point(_ alpha: Double, momentum: Double? = nil, schedule: Schedule = .constant)
    -> GridPoint
  {
    var hyperparameters = ["alpha": alpha]
    hyperparameters["momentum"] = momentum
    return GridPoint(hyperparameters: hyperparameters, schedule: schedule)
  }

  private func searched(_ costs: [(alpha: Double, cost: Double)]) -> [SearchedPoint] {
    costs.map { SearchedPoint(point: point($0.alpha), costs: [$0.cost]) }
  }

  private func alphas(_ points: [GridPoint]) -> [Double] {
    points.compactMap { $0.hyperparameters["alpha"] }
  }

  @Test func `the better half goes on, and the next smaller alpha whatever its cost`() {
    let points = searched([(1e-4, 9), (3e-4, 8), (1e-3, 1), (3e-3, 2), (1e-2, 3), (3e-2, 7)])
    #expect(alphas(rule.survivors(points, rung: 0)) == [3e-4, 1e-3, 3e-3, 1e-2])
    // Two thirds of five are four.
    let five = searched([(1, 5), (2, 4), (3, 3), (4, 2), (5, 1)])
    #expect(alphas(rule.survivors(five, rung: 1)) == [2, 3, 4, 5])
    #expect(alphas(rule.survivors(Array(five.prefix(3)), rung: 1)) == [2, 3])
  }

  @Test func `what diverged never goes on`() {
    let points = searched([(1e-3, .nan), (1e-2, 1), (1e-1, .nan), (1, .infinity)])
    #expect(alphas(rule.survivors(points, rung: 0)) == [1e-2])
    #expect(rule.survivors(searched([(1, .nan), (2, .nan)]), rung: 0).isEmpty)
  }

  @Test func `the smaller alpha is that of the same momentum`() {
    let points = [(1e-3, 0.9, 4.0), (3e-3, 0.99, 3), (1e-2, 0.9, 1), (3e-2, 0.9, 2)].map {
      SearchedPoint(point: point($0.0, momentum: $0.1), costs: [$0.2])
    }
    #expect(alphas(rule.survivors(points, rung: 0)) == [1e-3, 1e-2, 3e-2])
  }

  /// The optimum of alpha goes down as runs get longer.
  private func cost(_ trial: SearchTrial) -> Double {
    let best = 0.1 / Double(trial.passes).squareRoot()
    return abs(log((trial.point.hyperparameters["alpha"] ?? .nan) / best))
  }

  @Test func `an optimum that drifts down is followed`() throws {
    let grid = Grid([GridAxis("alpha", [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1])])
    let race = RacingSearch(grid, rule: rule) { [self.cost($0)] }
    #expect(race.missing.isEmpty)
    func tried(_ passes: Int) -> [Double] {
      alphas(race.made.filter { $0.passes == passes }.map(\.point))
    }
    #expect(tried(25) == [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1])
    // Best at 25 passes: 0.02, so 3e-2, 1e-2 and 1e-1, and then 1e-2, which went on anyway.
    #expect(tried(75) == [1e-2, 3e-2, 1e-1])
    // At 75 passes 1e-2 leads; nothing smaller ran as far, so the best two go on.
    #expect(tried(201) == [1e-2, 3e-2])
    let best = try #require(race.best)
    #expect(best.point == point(1e-2) && race.bestOfSchedule[.constant]?.point == best.point)
  }

  @Test func `a best point at the end of its axis extends it at every length`() {
    let grid = Grid([GridAxis("alpha", from: 1e-2, to: 1e-1, perDecade: 2)])
    let race = RacingSearch(grid, rule: rule) { [self.cost($0)] }
    // 1e-2 is the best of 75 passes and the smallest, so 3e-3 starts there.
    #expect(race.made.contains(SearchTrial(point: point(3e-3), passes: 75)))
    #expect(!race.made.contains(SearchTrial(point: point(3e-3), passes: 25)))
    #expect(race.best?.point == point(1e-2))
  }

  @Test func `the next length waits for all runs of the one before`() {
    let grid = Grid(
      [GridAxis("alpha", [1, 2, 3, 4])], schedules: [.constant, .inverseSquareRoot(of: .step)])
    let race = RacingSearch(grid, rule: rule) { trial in
      if trial.passes > 25 || trial.point == self.point(2, schedule: .inverseSquareRoot(of: .step))
      {
        return nil
      }
      return [trial.point.hyperparameters["alpha"] ?? .nan]
    }
    // One schedule does not wait for the other.
    #expect(
      race.missing == [
        SearchTrial(point: point(1), passes: 75), SearchTrial(point: point(2), passes: 75),
        SearchTrial(point: point(2, schedule: .inverseSquareRoot(of: .step)), passes: 25),
      ])
    #expect(race.best == nil && race.bestOfSchedule.isEmpty)
  }

  @Test func `a rule is scaled in proportion`() {
    #expect(rule.scaled(to: 46).horizons == [6, 17, 46])
    #expect(rule.scaled(to: 176).horizons == [22, 66, 176])
    #expect(rule.scaled(to: 3).horizons == [1, 3] && rule.scaled(to: 3).shares == [2.0 / 3])
    #expect(rule.scaled(to: 1).horizons == [1])
    #expect(rule.scaled(to: 201) == rule)
  }

  @Test func `a rule ends where the final runs do`() {
    #expect(rule.cut(at: 100).horizons == [25, 75, 100] && rule.cut(at: 100).shares == rule.shares)
    #expect(rule.cut(at: 75).horizons == [25, 75] && rule.cut(at: 75).shares == [0.5])
    #expect(rule.cut(at: 10).horizons == [10])
    #expect(rule.cut(at: 201) == rule && rule.cut(at: 300) == rule)
  }

  @Test func `a replay tells what the race would have cost`() throws {
    let grid = Grid([GridAxis("alpha", [1, 2, 3, 4])])
    let half = RacingRule([(passes: 2, keeping: 0.5)], to: 4)
    // The best in the end is the worst at first; the race keeps 3 and 4, and chooses 4.
    let curves: [[Double]] = [[9, 9, 9, 2], [8, 8, 8, 8], [7, 3, 3, 4], [6, 2, 2, 3]]
    func replay(_ curves: [[Double]]) -> RacingReplay {
      var replay = RacingReplay()
      replay.add(
        "Adam", grid, rules: [half], seed: 5,
        curves: zip([1, 2, 3, 4], curves).map { (point($0), $1) })
      return replay
    }
    let race = try #require(replay(curves).races.first)
    #expect(race.regret == 1.5 && race.share == (4.0 + 4 + 2 + 2) / 16)
    #expect(race.contender == "Adam" && race.seed == 5)
    #expect(try #require(replay(curves).text).contains("1.5 at most (Adam, constant, seed 5)"))
    var good = curves
    good[3][3] = 1
    #expect(replay(good).races.first?.regret == 1)
    // A race whose only survivors diverge later has no choice.
    good[2][3] = .nan
    good[3][3] = .nan
    #expect(replay(good).races.first?.regret == .infinity)
    #expect(RacingReplay().text == nil)
    // Costs that vanish have no ratio.
    #expect(replay(curves.map { $0.map { 1e-9 * $0 } }).races.isEmpty)
  }

  // MARK: In an experiment

  private static let experiment = racing(passes: nil)

  /// - Parameter passes: those of a run at most.
  private static func racing(passes: Int?) -> TrainingExperiment<NoData> {
    TrainingExperiment(
      name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData, minibatch: 2,
      profiles: ByProfile(
        smoke: Budget(epochs: 1, seeds: 1, search: .committed(.empty)),
        quick: Budget(epochs: 2, seeds: 1, search: .committed(.empty)),
        paper: Budget(
          epochs: 12, seeds: 2, fittedSeeds: 1,
          search: .raced(seeds: 1, by: RacingRule([(passes: 3, keeping: 0.5)], to: 6)))),
      contenders: [
        Contender(
          "Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.5]),
          grid: Grid([GridAxis("alpha", [0.1, 0.2, 0.3, 0.4])]), passes: passes)
      ],
      figures: [], claims: []
    ) { _, _, _ in QuadraticObjective(count: 5) }
  }

  private func record(_ run: RunSpecification) -> RunRecord {
    let alpha = run.hyperparameters["alpha"] ?? .nan
    let costs = (1...run.epochs).map { alpha / Double($0) }
    return RunRecord(
      specification: run, outcome: .finished,
      series: [
        Series(
          "train_cost_running", axes: ["epoch"], shape: [run.epochs + 1], values: costs + [.nan])
      ], elapsedSeconds: [])
  }

  private func names(_ runs: [RunSpecification]) -> [String] {
    runs.map {
      "\($0.label("arm") ?? "") \($0.hyperparameters["alpha"] ?? 0) \($0.epochs) \($0.seed)"
    }
  }

  @Test func `an experiment races, then runs what won`() throws {
    let request = PlanRequest(profile: .paper, data: "")
    let start = try Self.experiment.plan(request) { _ in nil }
    let first = Search.firstSeed
    #expect(!start.isFinal)
    #expect(
      names(start.runs) == [
        "search 0.1 3 \(first)", "search 0.2 3 \(first)", "search 0.3 3 \(first)",
        "search 0.4 3 \(first)", "fitted 0.5 12 0",
      ])
    #expect(start.runs[0].stages == .init(shorter: [], keepsEnd: true))
    let next = try Self.experiment.plan(request) { $0.epochs == 3 ? self.record($0) : nil }
    #expect(!next.isFinal)
    #expect(
      names(next.runs.filter { $0.epochs == 6 }) == [
        "search 0.1 6 \(first)", "search 0.2 6 \(first)",
      ])
    #expect(next.runs.first { $0.epochs == 6 }?.stages == .init(shorter: [3], keepsEnd: false))
    let end = try Self.experiment.plan(request) { self.record($0) }
    #expect(end.isFinal)
    #expect(names(end.runs).suffix(3) == ["fitted 0.5 12 0", "tuned 0.1 12 0", "tuned 0.1 12 1"])
  }

  @Test func `a race ends where the final runs do`() throws {
    func lengths(_ epochs: Int?) throws -> [String: [Int]] {
      let experiment = Self.racing(passes: 4)
      var request = PlanRequest(profile: .paper, data: "")
      request.epochs = epochs
      let plan = try experiment.plan(request) { self.record($0) }
      var found: [String: Set<Int>] = [:]
      for run in plan.runs { found[run.label("arm") ?? "", default: []].insert(run.epochs) }
      return found.mapValues { $0.sorted() }
    }
    #expect(try lengths(nil) == ["search": [3, 4], "fitted": [4], "tuned": [4]])
    #expect(try lengths(8) == ["search": [4, 8], "fitted": [8], "tuned": [8]])
    let document = try Self.racing(passes: 4).document(PlanRequest(profile: .paper, data: "")) {
      self.record($0)
    }
    #expect(
      document.group("search")?.text("racing")?.hasSuffix("; that of Adam ends at 4 passes.")
        == true)
  }

  @Test func `the table of a race has every length, and that of quick`() throws {
    let request = PlanRequest(profile: .paper, data: "")
    let table = try #require(try Self.experiment.searchTable(request) { self.record($0) })
    let rows = table.rows.map { "\($0.point.hyperparameters["alpha"] ?? 0) \($0.epochs)" }
    #expect(
      rows == [
        "0.1 3", "0.2 3", "0.3 3", "0.4 3", "0.1 6", "0.2 6", "0.1 2", "0.2 2", "0.3 2", "0.4 2",
      ])
    #expect(table.rows[6].cost == 0.05)
    let group = try Self.experiment.document(request) { self.record($0) }
    let search = try #require(group.group("search"))
    #expect(search.text("racing")?.contains("3 passes, of which the best 50 % go on") == true)
    #expect(search.variable("train_cost_running")?.values.count == 10 * 6)
  }

  @Test func `contenders without a minimum are not replayed`() throws {
    let grid = Grid([GridAxis("alpha", [0.1, 0.2, 0.3, 0.4])])
    let half = RacingRule([(passes: 1, keeping: 0.5)], to: 2)
    let experiment = TrainingExperiment(
      name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData, minibatch: 2,
      profiles: ByProfile(
        smoke: Budget(epochs: 1, seeds: 1), quick: Budget(epochs: 1, seeds: 1),
        paper: Budget(epochs: 2, seeds: 1, search: .inline(seeds: 1, replaying: [half]))),
      contenders: [
        Contender("Adam", optimizer: Adam.method, grid: grid),
        Contender("plain", optimizer: Adam.method, grid: grid, costHasMinimum: false),
      ],
      figures: [], claims: []
    ) { _, _, _ in QuadraticObjective(count: 5) }
    #expect(experiment.about.withoutCostMinimum == ["plain"])
    let group = try experiment.document(PlanRequest(profile: .paper, data: "")) { self.record($0) }
    let raced = try #require(group.group("search")?.variable("race_contender")?.strings)
    #expect(raced == ["Adam"])
  }

  @Test func `a shorter profile's table has all points at its horizon`() throws {
    var request = PlanRequest(profile: .quick, data: "")
    request.isSearch = true
    let runs = try Self.experiment.plan(request) { _ in nil }.runs
    #expect(runs.map(\.epochs) == [2, 2, 2, 2] && runs.allSatisfy { $0.stages == nil })
  }
}
