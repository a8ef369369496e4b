import Optimizers
import Reporting
import ResultStore

/// What is known of the search of one contender.
struct SearchState {
  var made: [SearchTrial]
  var missing: [SearchTrial]
  var best: SearchedPoint?
  var bestOfSchedule: [Schedule: SearchedPoint]
}

extension TrainingSession {
  /// The search itself; when a table is asked for, the paper's profile says how it is made, but for a
  /// race: a shorter profile looks at all points at its own horizon.
  private var inlineSearch: Search {
    var search = budget.search
    if case .committed = search.source { search = experiment.profiles[.paper].search }
    let seeds = request.searchSeeds ?? search.seedCount
    guard let rule = search.racing else {
      return .inline(seeds: seeds, epochs: search.epochs, replaying: search.replayed)
    }
    if request.isSearch && request.profile != .paper {
      return .inline(seeds: seeds, epochs: epochCount)
    }
    return .raced(seeds: seeds, by: request.epochs.map(rule.scaled) ?? rule)
  }

  /// The race of a contender, which ends where its final runs do.
  private func racing(_ contender: Contender) -> RacingRule? {
    inlineSearch.racing.map { rule in mostPasses(contender).map(rule.cut) ?? rule }
  }

  func searchRuns(_ contender: Contender, _ trial: SearchTrial)
    -> [RunSpecification]
  {
    let search = inlineSearch
    let racing = racing(contender)
    let horizons = racing?.horizons ?? []
    return search.seeds.map { seed in
      var run = run(
        contender, .init(trial.point), arm: "search", seed: seed, epochs: trial.passes,
        recording: .final)
      if racing != nil {
        run.stages = .init(
          shorter: horizons.filter { $0 < trial.passes }, keepsEnd: trial.passes != horizons.last)
      }
      return run
    }
  }

  /// How far the search of a contender is.
  func trials(_ contender: Contender, _ grid: Grid) -> SearchState {
    func costs(_ trial: SearchTrial) -> [Double]? {
      let found = searchRuns(contender, trial).map(records)
      let costs = found.compactMap { $0.map(finalCost) }
      return costs.count == found.count ? costs : nil
    }
    let search = inlineSearch
    if let rule = racing(contender) {
      let race = RacingSearch(grid, rule: rule, costs: costs)
      return SearchState(
        made: race.made, missing: race.missing, best: race.best,
        bestOfSchedule: race.bestOfSchedule)
    }
    let passes = request.epochs ?? search.epochs ?? epochCount
    func trial(_ point: GridPoint) -> SearchTrial { SearchTrial(point: point, passes: passes) }
    let found = GridSearch(grid) { costs(trial($0)) }
    return SearchState(
      made: found.searched.map { trial($0.point) }, missing: found.missing.map(trial),
      best: found.best, bestOfSchedule: found.bestOfSchedule)
  }

  /// The quantity that decides a search: the running training cost of the last pass.
  private func finalCost(_ record: RunRecord) -> Double {
    record.outcome == .finished
      ? record.value(of: .runningCost, afterPasses: record.specification.epochs) : .nan
  }

  /// The runs of the search that have been made, in the order of its table, with the points that they try.
  private func searchRecords(_ contender: Contender) -> [(point: GridPoint, record: RunRecord)] {
    guard let grid = contender.grid, grid.onlyPoint == nil, isInline else { return [] }
    return trials(contender, grid).made.flatMap { trial in
      searchRuns(contender, trial).compactMap(records).map { (trial.point, $0) }
    }
  }

  /// The running cost of every pass of every run of the search, in the order of its table.
  func searchCurves() -> [[Double]] {
    experiment.contenders.flatMap {
      searchRecords($0).map { $0.record.afterPasses(.runningCost) }
    }
  }

  /// All points tried so far with their costs. A race has a row for each length of a point, and, behind
  /// them, rows for the shorter horizon of the profile `quick`, on the way of the first runs.
  func searchTable() throws -> CommittedSearch? {
    if !isInline, case .committed(let committed) = budget.search.source {
      return committed
    }
    var rows: [CommittedSearch.Row] = []
    var shorter: [CommittedSearch.Row] = []
    let racing = inlineSearch.racing
    let early = experiment.profiles[.quick].epochs
    for contender in experiment.contenders {
      for (point, record) in searchRecords(contender) {
        let run = record.specification
        var row = CommittedSearch.Row(
          contender: contender.name, point: point, epochs: run.epochs, seed: run.seed,
          cost: finalCost(record))
        rows.append(row)
        guard let racing, run.epochs == racing.horizons[0], early < run.epochs else { continue }
        row.epochs = early
        row.cost = record.value(of: .runningCost, afterPasses: early)
        shorter.append(row)
      }
    }
    rows += shorter
    if case .committed(let committed) = budget.search.source {
      let searched = Set(rows.map(\.epochs))
      rows += committed.rows.filter { !searched.contains($0.epochs) }
    }
    guard !rows.isEmpty else { return nil }
    return CommittedSearch(
      rows: rows,
      remarks: [
        "search of \(experiment.name): final running training cost of each grid point",
        "data: \(request.data)",
      ])
  }

  /// Tells how the search was raced, or what races would have chosen in it.
  func describeRacing(in group: inout Group) {
    guard isInline else { return }
    let search = inlineSearch
    if let rule = search.racing {
      let last = rule.horizons[rule.horizons.count - 1]
      let shorter = experiment.contenders.compactMap { contender -> String? in
        guard let most = mostPasses(contender), most < last, let grid = contender.grid,
          grid.onlyPoint == nil
        else { return nil }
        return "that of \(contender.name) ends at \(most) passes"
      }
      let rest = shorter.isEmpty ? "" : "; \(NumberText.list(shorter))"
      group.attributes.append(Attribute("racing", "The search is a race: \(rule.text)\(rest)."))
    }
    var replay = RacingReplay()
    for contender in experiment.contenders where !search.replayed.isEmpty {
      guard let grid = contender.grid, contender.costHasMinimum else { continue }
      let made = searchRecords(contender)
      for seed in search.seeds {
        let own = made.filter { $0.record.specification.seed == seed }
        replay.add(
          contender.name, grid, rules: search.replayed, seed: seed,
          curves: own.map { ($0.point, $0.record.afterPasses(.runningCost)) })
      }
    }
    replay.describe(in: &group)
  }
}

extension RacingReplay {
  /// Adds the races, an entry each, and what came out in words.
  func describe(in group: inout Group) {
    guard let text else { return }
    group.attributes.append(Attribute("racing", text))
    group.dimensions.append(
      Dimension(
        "race", .int64(races.indices.map(Int64.init)),
        "a race that was replayed on the curves of this search"))
    group.variables += [
      Variable("race_rule", ["race"], .string(races.map(\.rule.text)), "rule"),
      Variable("race_contender", ["race"], .string(races.map(\.contender)), "optimizer"),
      Variable(
        "race_schedule", ["race"], .string(races.map(\.schedule.description)),
        "stepsize schedule"),
      Variable("race_seed", ["race"], .int64(races.map { Int64(bitPattern: $0.seed) }), "seed"),
      Variable(
        "race_regret", ["race"], .double(races.map(\.regret)),
        "final cost of the race's choice over the lowest of the full search"),
      Variable(
        "race_share", ["race"], .double(races.map(\.share)),
        "passes of the race over those of the full search"),
    ]
  }
}
