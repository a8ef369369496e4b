import Optimizers
import Reporting
import ResultStore
import Storage

// The runs of an experiment of section 6: which contenders, arms and seeds, with which settings.

extension TrainingExperiment {
  func epochCount(_ request: PlanRequest) -> Int { training.epochCount(request) }

  func seedList(_ request: PlanRequest) -> [UInt64] { training.seedList(request) }

  func shortened(_ request: PlanRequest) -> String {
    // Settings of one's own are no shortened form of the protocol.
    if request.isCustom { return "" }
    let made = contenders.count { isMade($0, request) }
    let arms = arms(request)
    let leftOut = declaredArms.first { !arms.contains($0) }
    return [
      training.shortened(request),
      made < contenders.count ? "\(made) of \(contenders.count) optimizers" : "",
      otherHorizon(request) ?? "",
      leftOut.map { "without the arm \($0.rawValue)" } ?? "",
    ].filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// How the horizon of the search that arms take their settings from differs from that of the runs; nil if it does not. The protocol's own search may be shorter; a committed one is to be
  /// of the same length.
  func otherHorizon(_ request: PlanRequest) -> String? {
    guard !request.isSearch, arms(request).contains(where: isSearched),
      case .committed(let committed) = search[request.profile].source
    else { return nil }
    let epochs = epochCount(request)
    let others = contenders.filter { $0.grid != nil && isMade($0, request) }
      .compactMap { committed.horizon($0.name, for: epochs) }.filter { $0 != epochs }
    return others.max().map {
      let arms = arms(request).filter(isSearched).map(\.rawValue)
      return "the settings of the arm \(arms.joined(separator: " and ")) were searched at \($0) "
        + "epochs, these runs have \(epochs)"
    }
  }

  /// Whether a contender is run: those of the profile, or those asked for; a search is for all.
  func isMade(_ contender: Contender, _ request: PlanRequest) -> Bool {
    if let named = request.contenders { return named.contains(contender.name) }
    return request.isSearch || contender.profiles.contains(request.profile)
  }

  func arms(_ request: PlanRequest) -> [Arm] {
    if request.isCustom { return [.custom] }
    return declaredArms.filter((request.arms ?? profileArms[request.profile]).contains)
  }

  /// The arms that some contender has.
  var declaredArms: [Arm] {
    Arm.allCases.filter { arm in contenders.contains { $0.arms.contains(arm) } }
  }

  /// Whether an arm takes settings from a search.
  func isSearched(_ arm: Arm) -> Bool {
    contenders.contains { $0.isSearched(in: arm) }
  }

  func run(
    _ contender: Contender, _ choice: Contender.Choice, arm: String, seed: UInt64, epochs: Int,
    recording: RunSpecification.Recording, evaluations: [Int]? = nil,
    request: PlanRequest
  ) -> RunSpecification {
    let settings = training.standardSettings.replacing(with: contender.settings)
      .replacing(with: choice.settings).replacing(with: request.settings)
    return RunSpecification(
      experiment: name, method: contender.optimizer,
      hyperparameters: contender.fixed.merging(choice.hyperparameters) { _, new in new },
      schedule: choice.schedule, settings: settings.replacing(with: substitutes(settings)),
      seed: seed, epochs: epochs, minibatch: request.minibatch ?? minibatch,
      stepsWithReplacement: stepsWithReplacement?[request.profile], recording: recording,
      evaluations: evaluations, data: request.data, numericsVersion: numericsVersion(settings),
      labels: [.init("arm", arm), .init("optimizer", contender.name), .init("seed", "\(seed)")])
  }

  func finalRuns(
    _ contender: Contender, _ choice: Contender.Choice, arm: Arm, request: PlanRequest
  ) -> [RunSpecification] {
    var seeds = seedList(request)
    // Runs of one's own have what their arm tells of them.
    if request.seeds == nil, arm != .custom {
      let most = [arm == .fitted ? fittedSeeds?[request.profile] : nil, contender.seeds]
      seeds = Array(seeds.prefix(most.compactMap(\.self).min() ?? seeds.count))
    }
    var epochs = epochCount(request)
    if request.epochs == nil, arm != .custom, let most = contender.passes {
      epochs = min(epochs, most)
    }
    return seeds.map { seed in
      run(
        contender, choice, arm: arm == .custom ? request.armLabel : arm.rawValue, seed: seed,
        epochs: epochs, recording: recording[request.profile],
        evaluations: evaluations?[request.profile], request: request)
    }
  }

  /// What the search says, with any schedule or one, once it is known.
  func searchedChoice(
    _ contender: Contender, schedule: String? = nil, request: PlanRequest, records: RecordLookup
  ) -> Contender.Choice? {
    guard let grid = contender.grid else { return nil }
    if let only = grid.onlyPoint {
      return schedule == nil || schedule == only.schedule
        ? .init(only.hyperparameters, schedule: only.schedule) : nil
    }
    let best: SearchedPoint?
    switch search[request.profile].source {
    case .committed(let committed):
      best = committed.best(contender.name, for: epochCount(request), schedule: schedule)
    case .inline:
      let search = trials(contender, grid, request: request, records: records)
      best = schedule.map { search.bestOfSchedule[$0] } ?? search.best
    }
    guard let best, best.score.isFinite else { return nil }
    return .init(best.point.hyperparameters, schedule: best.point.schedule)
  }

  var plan: @Sendable (PlanRequest, RecordLookup) throws -> Plan {
    { request, records in
      var plan = Plan(runs: [], isFinal: true)
      if request.isCustom {
        plan.runs = try customRuns(request)
        return plan
      }
      let arms = arms(request)
      for contender in contenders where isMade(contender, request) {
        if let grid = contender.grid, grid.onlyPoint == nil,
          request.isSearch || arms.contains(where: contender.isSearched), isInline(request)
        {
          let search = trials(contender, grid, request: request, records: records)
          plan.runs += (search.made + search.missing).flatMap {
            searchRuns(contender, $0, request: request)
          }
          if !search.missing.isEmpty { plan.isFinal = false }
        }
        if request.isSearch { continue }
        for arm in arms {
          if let choice = try choice(contender, arm, request: request, records: records) {
            plan.runs += finalRuns(contender, choice, arm: arm, request: request)
          }
        }
      }
      if !request.isSearch {
        plan.runs += try questions.flatMap { question in
          try protocolRun(of: question, request: request, records: records).map {
            question.runs(from: $0, in: request.profile)
          } ?? []
        }
      }
      return plan
    }
  }

  /// A line for each setting that cannot be had.
  func remarks(_ request: PlanRequest) -> [String] {
    let asked = training.standardSettings.replacing(with: request.settings)
    let used = asked.replacing(with: substitutes(asked))
    return memoryRemarks(request)
      + asked.names.compactMap { name in
        guard let old = asked[name], let new = used[name], old != new else { return nil }
        return "--\(name) \(old) cannot be had on this processor with these settings; "
          + "\(new) is used instead, and recorded"
      }
  }

  /// Refuses contenders that are asked for but have no settings in the arms that are run.
  func check(_ request: PlanRequest) throws {
    try checkMemory(request)
    guard !request.isCustom, !request.isSearch, request.contenders != nil || request.arms != nil
    else { return }
    let arms = arms(request)
    let made = contenders.filter { isMade($0, request) }
    let without = made.filter { contender in
      !arms.contains { hasSettings(contender, $0, request) }
    }
    guard !without.isEmpty, request.contenders != nil || without.count == made.count else { return }
    let others = declaredArms.filter { arm in
      !arms.contains(arm) && without.allSatisfy { hasSettings($0, arm, request) }
    }
    throw UsageError(
      "no settings are known for \(without.map(\.name).joined(separator: ", ")) in the arm "
        + "\(arms.map(\.rawValue).joined(separator: ", ")) of the profile "
        + "\(request.profile.rawValue); take "
        + others.map { "--arms \($0.rawValue) or " }.joined()
        + "hyperparameters of your own, e.g. --alpha 1e-3")
  }

  /// Whether the search is part of what is asked for.
  func isInline(_ request: PlanRequest) -> Bool {
    if case .inline = search[request.profile].source { return true }
    return request.isSearch
  }

  /// Whether an arm has settings for a contender, or will have them after a search.
  private func hasSettings(_ contender: Contender, _ arm: Arm, _ request: PlanRequest) -> Bool {
    guard arm != .custom else { return true }
    guard contender.arms.contains(arm) else { return false }
    guard contender.isSearched(in: arm), !isInline(request) else { return true }
    return searchedChoice(
      contender, schedule: schedule(contender, arm), request: request, records: { _ in nil }) != nil
  }

  /// The schedule that the text states, if the arm keeps to it.
  private func schedule(_ contender: Contender, _ arm: Arm) -> String? {
    guard arm == .literal, case .schedule(let schedule) = contender.literal else { return nil }
    return schedule
  }

  /// The run that the alternatives of a question are set against: that of the first seed in the
  /// question's arm, else in the first of `fitted`, `literal` and `tuned` that is run; `nil` if there
  /// is none.
  func protocolRun(
    of question: OpenQuestion, request: PlanRequest, records: RecordLookup
  ) throws -> RunSpecification? {
    guard let contender = contenders.first(where: { $0.name == question.subject }),
      isMade(contender, request)
    else { return nil }
    for arm in arms(request) where question.arm == nil || question.arm == arm {
      if let choice = try choice(contender, arm, request: request, records: records) {
        return finalRuns(contender, choice, arm: arm, request: request).first
      }
    }
    return nil
  }

  /// The settings of a contender in an arm; `nil` where there are none, or not before a search.
  func choice(
    _ contender: Contender, _ arm: Arm, request: PlanRequest, records: RecordLookup
  ) throws -> Contender.Choice? {
    switch arm {
    case .fitted: return contender.fitted
    case .custom: return try customChoice(contender, request: request)
    case .tuned: return searchedChoice(contender, request: request, records: records)
    case .literal:
      switch contender.literal {
      case .settings(let stated): return stated
      case .schedule(let schedule):
        return searchedChoice(contender, schedule: schedule, request: request, records: records)
      case nil: return nil
      }
    }
  }

}
