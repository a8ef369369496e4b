import Optimizers
import Reporting

/// A search by successive halving: all points of a grid make a short run, the better ones go on to a longer
/// one, and so on, within one method and schedule.
///
/// The optimum of a stepsize drifts down as runs get longer, so beside the best the next smaller `alpha`
/// goes on too, whatever its cost. A best point at the end of an extended axis moves that end outwards, at
/// every length; what is added then starts there.
public struct RacingRule: Sendable, Hashable {
  /// The lengths of the runs in passes, ascending; the last is that of the search.
  public let horizons: [Int]
  /// The share of the points that goes on from each length but the last.
  public let shares: [Double]

  /// Runs of the given lengths, of which so many go on, and then of `last` passes.
  public init(_ rungs: [(passes: Int, keeping: Double)], to last: Int) {
    horizons = rungs.map(\.passes) + [last]
    shares = rungs.map(\.keeping)
    precondition(zip(horizons, horizons.dropFirst()).allSatisfy(<), "lengths ascend")
    precondition(shares.allSatisfy { $0 > 0 && $0 <= 1 })
  }

  /// The perceptron's search, Figure 2 (a).
  public static let perceptron = RacingRule(
    [(passes: 25, keeping: 0.5), (passes: 75, keeping: 2.0 / 3)], to: 201)
  /// The perceptron's search with the deterministic cost, Figure 2 (b).
  public static let deterministic = RacingRule([(passes: 10, keeping: 0.5)], to: 40)
  /// The convolutional network's search, Figure 3.
  public static let convolutional = RacingRule([(passes: 4, keeping: 0.5)], to: 12)

  /// The same for runs of so many passes: the lengths in proportion, where they are still different.
  package func scaled(to passes: Int) -> RacingRule {
    let last = horizons[horizons.count - 1]
    var rungs: [(passes: Int, keeping: Double)] = []
    for (horizon, share) in zip(horizons, shares) {
      let length = (Double(horizon * passes) / Double(last)).rounded()
      if Int(length) > rungs.last?.passes ?? 0, Int(length) < passes {
        rungs.append((Int(length), share))
      }
    }
    return RacingRule(rungs, to: passes)
  }

  /// The same up to a number of passes, which is the last length where the rule goes beyond it.
  package func cut(at passes: Int) -> RacingRule {
    let before = zip(horizons, shares).filter { $0.0 < passes }
    return RacingRule(
      before.map { (passes: $0.0, keeping: $0.1) }, to: min(passes, horizons[horizons.count - 1]))
  }

  /// The rule in words.
  public var text: String {
    let rungs = zip(horizons, shares).map { horizon, share in
      "\(horizon) passes, of which the best \(compact((1000 * share).rounded() / 10)) % go on"
    }
    return (rungs + ["\(horizons[horizons.count - 1]) passes"]).joined(separator: ", ")
      + "; beside the best the next smaller alpha always goes on"
  }

  /// The points that go on from the rung of that number, in the order in which they are given.
  package func survivors(_ points: [SearchedPoint], rung: Int) -> [GridPoint] {
    let order = points.indices.filter { points[$0].score.isFinite }
      .sorted { (points[$0].score, $0) < (points[$1].score, $1) }
    let count = (shares[rung] * Double(points.count) - 1e-9).rounded(.up)
    var kept = Set(order.prefix(Int(count)))
    if let best = order.first, let smaller = Self.nextSmaller(to: best, of: points) {
      kept.insert(smaller)
    }
    return kept.sorted().map { points[$0].point }
  }

  /// The point with the next smaller alpha and all else the same, unless it diverged.
  private static func nextSmaller(to best: Int, of points: [SearchedPoint]) -> Int? {
    func others(_ point: GridPoint) -> [String: Double] {
      point.hyperparameters.filter { $0.key != "alpha" }
    }
    let point = points[best].point
    guard let alpha = point.hyperparameters["alpha"] else { return nil }
    let smaller = points.indices.filter { index in
      let other = points[index].point
      return other.schedule == point.schedule && others(other) == others(point)
        && other.hyperparameters["alpha"] ?? .infinity < alpha
    }
    let next = smaller.max {
      points[$0].point.hyperparameters["alpha"] ?? 0 < points[$1].point.hyperparameters["alpha"]
        ?? 0
    }
    return next.flatMap { points[$0].score.isFinite ? $0 : nil }
  }
}

/// One run length of one grid point in a search.
package struct SearchTrial: Hashable {
  /// The point.
  package var point: GridPoint
  /// The passes of the run.
  package var passes: Int

  package init(point: GridPoint, passes: Int) {
    self.point = point
    self.passes = passes
  }
}

/// The search of one contender's grid by a racing rule: which trials have been made, which are missing,
/// which point is best. Each schedule has a race of its own.
package struct RacingSearch {
  /// The trials that have been made, those of one schedule by length.
  package private(set) var made: [SearchTrial] = []
  /// The trials to be made next.
  package private(set) var missing: [SearchTrial] = []
  package private(set) var best: SearchedPoint?
  /// The best point of each schedule.
  package private(set) var bestOfSchedule: [Schedule: SearchedPoint] = [:]

  package init(_ grid: Grid, rule: RacingRule, costs: (SearchTrial) -> [Double]?) {
    for schedule in grid.schedules {
      if let winner = race(schedule, grid, rule, costs) { bestOfSchedule[schedule] = winner }
    }
    guard missing.isEmpty else {
      bestOfSchedule = [:]
      return
    }
    for schedule in grid.schedules {
      guard let winner = bestOfSchedule[schedule] else { continue }
      if winner.score < best?.score ?? .infinity || best == nil { best = winner }
    }
  }

  /// The winner of a schedule's race; `nil` while trials are missing.
  private mutating func race(
    _ schedule: Schedule, _ grid: Grid, _ rule: RacingRule, _ costs: (SearchTrial) -> [Double]?
  ) -> SearchedPoint? {
    var entrants = grid.points.filter { $0.schedule == schedule }
    var known = entrants
    var leader: SearchedPoint?
    for (rung, passes) in rule.horizons.enumerated() {
      var searched: [SearchedPoint] = []
      while true {
        searched = []
        var open: [SearchTrial] = []
        for point in entrants {
          let trial = SearchTrial(point: point, passes: passes)
          if let costs = costs(trial) {
            searched.append(SearchedPoint(point: point, costs: costs))
          } else {
            open.append(trial)
          }
        }
        guard open.isEmpty else {
          made += searched.map { SearchTrial(point: $0.point, passes: passes) }
          missing += open
          return nil
        }
        leader = searched.first
        for candidate in searched where candidate.score < leader?.score ?? .infinity {
          leader = candidate
        }
        guard let best = leader, best.score.isFinite else { break }
        let beyond = GridSearch.beyond(best.point, among: known, grid: grid)
        if beyond.isEmpty { break }
        entrants += beyond
        known += beyond
      }
      made += searched.map { SearchTrial(point: $0.point, passes: passes) }
      if rung < rule.shares.count { entrants = rule.survivors(searched, rung: rung) }
      if entrants.isEmpty { break }
    }
    return leader
  }
}

/// What a racing rule would have chosen in searches that were made in full, by their curves.
package struct RacingReplay {
  /// One race: a contender, a schedule, a seed.
  package struct Race {
    package var rule: RacingRule
    package var contender: String
    package var schedule: Schedule
    package var seed: UInt64
    /// The final cost of the race's choice over the best one of the full search.
    package var regret: Double
    /// The passes of the race over those of the full search.
    package var share: Double
  }

  package private(set) var races: [Race] = []

  package init() {}

  /// Adds the races of one contender, but for schedules with which its costs vanish: their ratios say
  /// nothing.
  ///
  /// - Parameters:
  ///   - rules: for runs of any length; they are scaled to that of the curves.
  ///   - curves: the running cost of each pass, by point, for one seed; NaN from a divergence on.
  package mutating func add(
    _ contender: String, _ grid: Grid, rules: [RacingRule], seed: UInt64,
    curves: [(point: GridPoint, costs: [Double])]
  ) {
    guard let passes = curves.map(\.costs.count).max(), passes > 1 else { return }
    for rule in rules {
      let scaled = rule.scaled(to: passes)
      for schedule in grid.schedules {
        let own = curves.filter { $0.point.schedule == schedule && $0.costs.count == passes }
        let finals = own.map { $0.costs[passes - 1] }.filter(\.isFinite)
        guard let lowest = finals.min(), lowest >= Comparison.leastCost else { continue }
        let part = grid.only(schedule)
        let race = RacingSearch(part, rule: scaled) { trial in
          // What the full search never tried cannot win.
          [own.first { $0.point == trial.point }?.costs[trial.passes - 1] ?? .nan]
        }
        // A run that goes on makes its later passes only.
        var longest: [GridPoint: Int] = [:]
        for trial in race.made {
          longest[trial.point] = max(longest[trial.point] ?? 0, trial.passes)
        }
        let tried = longest.filter { entry in own.contains { $0.point == entry.key } }
        races.append(
          Race(
            rule: rule, contender: contender, schedule: schedule, seed: seed,
            regret: (race.best?.score ?? .infinity) / lowest,
            share: Double(tried.values.reduce(0, +)) / Double(own.count * passes)))
      }
    }
  }

  /// What came out, in words; `nil` if there was no race.
  package var text: String? {
    guard !races.isEmpty else { return nil }
    let parts = races.map(\.rule).distinct.compactMap { rule -> String? in
      let own = races.filter { $0.rule == rule }
      guard let worst = own.max(by: { $0.regret < $1.regret }) else { return nil }
      let same = own.count { $0.regret == 1 }
      let mean = own.reduce(0) { $0 + $1.regret } / Double(own.count)
      let share = own.reduce(0) { $0 + $1.share } / Double(own.count)
      func number(_ value: Double) -> String { compact((1e4 * value).rounded() / 1e4) }
      return "\(rule.text): final cost of the choice over that of the grid's best "
        + "\(number(mean)) in the mean of \(own.count) races, \(number(worst.regret)) at most (\(worst.contender), "
        + "\(worst.schedule), seed \(worst.seed)), the same choice in \(same), with "
        + "\(compact((100 * share).rounded())) % of the passes"
    }
    return "Racing, in proportion, replayed on this full search. " + parts.joined(separator: ". ")
      + "."
  }
}
