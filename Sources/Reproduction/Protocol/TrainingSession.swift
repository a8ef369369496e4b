import Optimizers
import Reporting
import ResultStore
import Storage

// The runs of an experiment of section 6: which contenders, arms and seeds, with which settings.

/// An experiment of section 6 for a request, with the runs that have been made so far.
struct TrainingSession<Data: Sendable>: ExperimentSession {
  let experiment: TrainingExperiment<Data>
  let request: PlanRequest
  let records: RecordLookup

  var budget: Budget { experiment.profiles[request.profile] }

  var epochCount: Int { experiment.training.epochCount(request) }

  var seeds: [UInt64] { experiment.training.seedList(request) }

  var shortened: String {
    // Settings of one's own are no shortened form of the protocol.
    if request.isCustom { return "" }
    let made = experiment.contenders.count { contender in
      isMade(contender) && arms.contains { hasSettings(contender, $0) }
    }
    let leftOut = experiment.declaredArms.first { !arms.contains($0) }
    return [
      experiment.training.shortened(request),
      made < experiment.contenders.count
        ? "\(made) of \(experiment.contenders.count) optimizers" : "",
      otherHorizon ?? "",
      leftOut.map { "without the arm \($0.rawValue)" } ?? "",
    ].filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// How the horizon of the search that arms take their settings from differs from that of the runs;
  /// nil if it does not. The protocol's own search may be shorter; a committed one is to be of the
  /// same length.
  var otherHorizon: String? {
    guard !request.isSearch, arms.contains(where: experiment.isSearched),
      case .committed(let committed) = budget.search.source
    else { return nil }
    let epochs = epochCount
    let others = experiment.contenders.filter { $0.grid != nil && isMade($0) }
      .compactMap { committed.horizon($0.name, for: epochs) }.filter { $0 != epochs }
    return others.max().map {
      let names = arms.filter(experiment.isSearched).map(\.rawValue)
      return "the settings of the arm \(names.joined(separator: " and ")) were searched at \($0) "
        + "epochs, these runs have \(epochs)"
    }
  }

  /// Whether a contender is run: those of the profile, or those asked for; a search is for all.
  func isMade(_ contender: Contender) -> Bool {
    if let named = request.contenders { return named.contains(contender.name) }
    return request.isSearch || contender.profiles.contains(request.profile)
  }

  var arms: [Arm] {
    if request.isCustom { return [.custom] }
    return experiment.declaredArms.filter(
      (request.arms ?? budget.arms).contains)
  }

  func run(
    _ contender: Contender, _ choice: Contender.Choice, arm: String, seed: UInt64, epochs: Int,
    recording: RunSpecification.Recording, evaluations: [Int]? = nil
  ) -> RunSpecification {
    let settings = experiment.training.standardSettings.replacing(with: contender.settings)
      .replacing(with: choice.settings)
    return RunSpecification(
      experiment: experiment.name, method: contender.optimizer.name,
      hyperparameters: contender.fixed.merging(choice.hyperparameters) { _, new in new },
      schedule: choice.schedule.description,
      settings: settings.replacing(with: experiment.substitutes(settings)),
      seed: seed, epochs: epochs, minibatch: request.minibatch ?? experiment.minibatch,
      stepsWithReplacement: budget.stepsWithReplacement, recording: recording,
      evaluations: evaluations, data: request.data, threads: request.threads,
      numericsVersion: experiment.numericsVersion(settings),
      labels: [.init("arm", arm), .init("optimizer", contender.name), .init("seed", "\(seed)")])
  }

  /// The passes that the protocol gives a contender at most; `nil`: as many as the others, or as `--epochs` says.
  func mostPasses(_ contender: Contender) -> Int? { request.epochs == nil ? contender.passes : nil }

  func finalRuns(
    _ contender: Contender, _ choice: Contender.Choice, arm: Arm
  ) -> [RunSpecification] {
    var seeds = self.seeds
    // Runs of one's own have what their arm tells of them.
    if request.seeds == nil, arm != .custom {
      let most = [
        arm == .fitted ? budget.fittedSeeds : nil, contender.seeds,
      ]
      seeds = Array(seeds.prefix(most.compactMap(\.self).min() ?? seeds.count))
    }
    let epochs = arm == .custom ? epochCount : min(epochCount, mostPasses(contender) ?? epochCount)
    return seeds.map { seed in
      run(
        contender, choice, arm: arm == .custom ? request.armLabel : arm.rawValue, seed: seed,
        epochs: epochs, recording: budget.recording,
        evaluations: budget.evaluations)
    }
  }

  /// What the search says, with any schedule or one, once it is known.
  func searchedChoice(_ contender: Contender, schedule: Schedule? = nil) -> Contender.Choice? {
    guard let grid = contender.grid else { return nil }
    if let only = grid.onlyPoint {
      return schedule == nil || schedule == only.schedule
        ? Contender.Choice(only) : nil
    }
    let best: SearchedPoint?
    switch budget.search.source {
    case .committed(let committed):
      best = committed.best(contender.name, for: epochCount, schedule: schedule)
    case .inline:
      let search = trials(contender, grid)
      best = schedule.map { search.bestOfSchedule[$0] } ?? search.best
    }
    guard let best, best.score.isFinite else { return nil }
    return Contender.Choice(best.point)
  }

  /// The runs, as far as they can be told.
  func plan() throws -> Plan {
    var plan = Plan(runs: [], isFinal: true)
    if request.isCustom {
      plan.runs = try customRuns()
      return plan
    }
    for contender in experiment.contenders where isMade(contender) {
      if let grid = contender.grid, grid.onlyPoint == nil,
        request.isSearch || arms.contains(where: contender.isSearched), isInline
      {
        let search = trials(contender, grid)
        plan.runs += (search.made + search.missing).flatMap {
          searchRuns(contender, $0)
        }
        if !search.missing.isEmpty { plan.isFinal = false }
      }
      if request.isSearch { continue }
      for arm in arms {
        if let choice = try choice(contender, arm) {
          plan.runs += finalRuns(contender, choice, arm: arm)
        }
      }
    }
    if !request.isSearch {
      plan.runs += try experiment.questions.runs(in: request.profile, from: protocolRuns)
      plan.runs += fittedNeighbours.flatMap { [$0.smaller, $0.larger] }
    }
    return plan
  }

  /// A line for each setting that cannot be had.
  var remarks: [String] {
    let asked = experiment.training.standardSettings.replacing(with: request.settings)
    let used = asked.replacing(with: experiment.substitutes(asked))
    return memoryRemarks + customRemarks
      + asked.names.compactMap { name in
        guard let old = asked[name], let new = used[name], old != new else { return nil }
        return "--\(name) \(old) cannot be had on this processor with these settings; "
          + "\(new) is used instead, and recorded"
      }
  }

  /// Refuses contenders that are asked for but have no settings in the arms that are run.
  func check() throws {
    try checkMemory()
    guard !request.isCustom, !request.isSearch, request.contenders != nil || request.arms != nil
    else { return }
    let made = experiment.contenders.filter { isMade($0) }
    let without = made.filter { contender in
      !arms.contains { hasSettings(contender, $0) }
    }
    guard !without.isEmpty, request.contenders != nil || without.count == made.count else { return }
    let others = experiment.declaredArms.filter { arm in
      !arms.contains(arm) && without.allSatisfy { hasSettings($0, arm) }
    }
    throw UsageError(
      "no settings are known for \(without.map(\.name).joined(separator: ", ")) in the arm "
        + "\(arms.map(\.rawValue).joined(separator: ", ")) of the profile "
        + "\(request.profile.rawValue); take "
        + others.map { "--arms \($0.rawValue) or " }.joined()
        + "hyperparameters of your own, e.g. --alpha 1e-3")
  }

  /// Whether the search is part of what is asked for.
  var isInline: Bool {
    if case .inline = budget.search.source { return true }
    return request.isSearch
  }

  /// Whether an arm has settings for a contender, or will have them after a search.
  private func hasSettings(_ contender: Contender, _ arm: Arm) -> Bool {
    guard arm != .custom else { return true }
    guard contender.arms.contains(arm) else { return false }
    guard contender.isSearched(in: arm), !isInline else { return true }
    return searchedChoice(
      contender, schedule: schedule(contender, arm)) != nil
  }

  /// The schedule that the text states, if the arm keeps to it.
  private func schedule(_ contender: Contender, _ arm: Arm) -> Schedule? {
    guard arm == .literal, case .schedule(let schedule) = contender.literal else { return nil }
    return schedule
  }

  /// The runs that the alternatives of a question vary, in the question's arm, else in the first of
  /// `fitted`, `literal` and `tuned` in which the subject is run: first that of the subject with the
  /// first seed, which they are set against; where rivals are varied, all contenders with all seeds of
  /// the question, be they more than the arm's. None where the subject is not run.
  func protocolRuns(of question: OpenQuestion) throws -> [RunSpecification] {
    guard let subject = made(question.subject) else { return [] }
    for arm in arms where question.arm == nil || question.arm == arm {
      guard let choice = try choice(subject, arm) else { continue }
      let own = finalRuns(subject, choice, arm: arm).prefix(1)
      guard request.profile == .paper, !question.rivals.isEmpty else { return Array(own) }
      let rivals = try question.rivals.compactMap { name -> RunSpecification? in
        guard let rival = made(name), let choice = try self.choice(rival, arm) else { return nil }
        return finalRuns(rival, choice, arm: arm).first
      }
      guard !rivals.isEmpty else { return Array(own) }
      return (own + rivals).flatMap { run in
        seeds.prefix(question.seeds).map { seed in
          var other = run
          other.seed = seed
          return other
        }
      }
    }
    return []
  }

  /// A contender that is run.
  private func made(_ name: String) -> Contender? {
    experiment.contenders.first { $0.name == name && isMade($0) }
  }

  /// The settings of a contender in an arm; `nil` where there are none, or not before a search.
  func choice(_ contender: Contender, _ arm: Arm) throws -> Contender.Choice? {
    switch arm {
    case .fitted: return contender.fitted
    case .custom: return try customChoice(contender)
    case .tuned: return searchedChoice(contender)
    case .literal:
      switch contender.literal {
      case .settings(let stated): return stated
      case .schedule(let schedule): return searchedChoice(contender, schedule: schedule)
      case nil: return nil
      }
    }
  }
}
