import Datasets
import Networks
import Optimizers
import Reporting
import ResultStore

/// An experiment of section 6: several optimizers train the same objective, in two arms, with
/// several seeds.
///
/// All contenders of one seed share initialisation, minibatch order and dropout masks.
public struct TrainingExperiment<Data: Sendable>: Sendable {
  let name: String
  let title: String
  let place: String
  let data: DataSource<Data>
  let standInSizes: ByProfile<StandInSizes>
  let settings: [Setting]
  let minibatch: Int
  let stepsWithReplacement: ByProfile<Int>?
  let averages: [TemporalAverage.Kind]
  let epochs: ByProfile<Int>
  let seeds: ByProfile<Int>
  let fittedSeeds: ByProfile<Int>?
  let search: ByProfile<Search>
  let recording: ByProfile<RunSpecification.Recording>
  let evaluations: ByProfile<[Int]>?
  let profileArms: ByProfile<[Arm]>
  let contenders: [Contender]
  let probes: [Probe]
  let probeAxes: [Dimension]
  let figures: [Figure]
  let paper: PaperCurves
  let claims: [Claim]
  let siblings: [String]
  let questions: [OpenQuestion]
  let notes: [String]
  let numericsVersion: @Sendable (Settings) -> Int
  let substitutes: @Sendable (Settings) -> Settings
  let parameterCount: (@Sendable (Settings) -> Int)?
  let objective: @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective

  /// Declares an experiment.
  ///
  /// - Parameters:
  ///   - stepsWithReplacement: set where minibatches are drawn with replacement: so many steps are
  ///     what is called an epoch. `nil`: an epoch takes every example once, in random order.
  ///   - averages: averages of the iterates that probes look at (`Probe.Context.average`).
  ///   - epochs: passes over the training data. The running cost at the paper's `x = E` is that of
  ///     pass `E + 1`.
  ///   - seeds: how many seeds the final runs have: 0, 1, ...
  ///   - fittedSeeds: how many of them the arm `fitted` has, if not all.
  ///   - recording: how much the final runs record.
  ///   - evaluations: the epochs after which final runs evaluate the whole training and test sets,
  ///     beside the last one: those that a claim or a figure looks at. `nil`: as `recording` says.
  ///   - arms: the arms of a profile, where one of them takes too long.
  ///   - siblings: the experiments whose results in the same folder some claims compare with.
  ///   - questions: what the paper leaves open, with alternatives whose effect is measured.
  ///   - numericsVersion: the version of the numbers that an objective gives, raised when a change
  ///     of the code changes them; see `RunSpecification.numericsVersion`.
  ///   - substitutes: what is used, and recorded, in place of settings that cannot be had on this
  ///     processor or beside the others.
  ///   - parameterCount: the parameters of the model, where settings can make it too large for the
  ///     machine's memory.
  ///   - objective: makes the objective for a minibatch size.
  public init(
    name: String, title: String, place: String, data: DataSource<Data>,
    standInSizes: ByProfile<StandInSizes> = .standard, settings: [Setting] = [], minibatch: Int,
    stepsWithReplacement: ByProfile<Int>? = nil, averages: [TemporalAverage.Kind] = [],
    epochs: ByProfile<Int>, seeds: ByProfile<Int>, fittedSeeds: ByProfile<Int>? = nil,
    search: ByProfile<Search> = .none,
    recording: ByProfile<RunSpecification.Recording> = ByProfile(
      smoke: .full, quick: .full, paper: .full), evaluations: ByProfile<[Int]>? = nil,
    arms: ByProfile<[Arm]> = ByProfile(
      smoke: Arm.allCases, quick: Arm.allCases, paper: Arm.allCases),
    contenders: [Contender], probes: [Probe] = [], probeAxes: [Dimension] = [],
    paper: PaperCurves = PaperCurves(), figures: [Figure], claims: [Claim],
    siblings: [String] = [], questions: [OpenQuestion] = [], notes: [String] = [],
    numericsVersion: @escaping @Sendable (Settings) -> Int = { _ in 1 },
    substitutes: @escaping @Sendable (Settings) -> Settings = { _ in [:] },
    parameterCount: (@Sendable (Settings) -> Int)? = nil,
    objective: @escaping @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective
  ) {
    self.name = name
    self.title = title
    self.place = place
    self.data = data
    self.standInSizes = standInSizes
    self.settings = settings
    self.minibatch = minibatch
    self.stepsWithReplacement = stepsWithReplacement
    self.averages = averages
    self.epochs = epochs
    self.seeds = seeds
    self.fittedSeeds = fittedSeeds
    self.search = search
    self.recording = recording
    self.evaluations = evaluations
    profileArms = arms
    self.contenders = contenders
    self.probes = probes
    self.probeAxes = probeAxes
    self.figures = figures
    self.paper = paper
    self.claims = claims
    self.siblings = siblings
    self.questions = questions
    self.notes = notes
    self.numericsVersion = numericsVersion
    self.substitutes = substitutes
    self.parameterCount = parameterCount
    self.objective = objective
  }

  /// The experiment for the command line.
  public var experiment: Experiment {
    let makeProcess = training.makeAnyProcess
    var experiment = Experiment(
      name: name, title: title, place: place, dataset: data.dataset, standInSizes: standInSizes,
      settings: settings, methods: contenders.map(\.optimizer),
      contenders: contenders.map(\.name), hasSearch: contenders.contains { $0.grid != nil },
      plan: plan,
      makeProcess: { try makeProcess($0, $1) },
      document: document, searchTable: searchTable, claims: claims, siblings: siblings,
      figures: figures, paper: paper, shortened: shortened, notes: notes)
    experiment.arms = declaredArms
    experiment.check = check
    experiment.remarks = remarks
    experiment.customArm = customArm
    experiment.requestedFigures = { request in
      request.isCustom ? [customFigure(request)] : figures
    }
    return experiment
  }

  /// Runs the experiment's command line and ends the process.
  public func main() -> Never { ExperimentCommand(experiment).main() }

  // MARK: Runs

  var training: MinibatchTraining<Data> {
    MinibatchTraining(
      data: data, settings: settings, epochs: epochs, seeds: seeds, probes: probes,
      averages: averages, objective: objective)
  }

  func epochCount(_ request: PlanRequest) -> Int { training.epochCount(request) }

  func seedList(_ request: PlanRequest) -> [UInt64] { training.seedList(request) }

  private func shortened(_ request: PlanRequest) -> String {
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
  private func otherHorizon(_ request: PlanRequest) -> String? {
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
  private var declaredArms: [Arm] {
    Arm.allCases.filter { arm in contenders.contains { $0.arms.contains(arm) } }
  }

  /// Whether an arm takes settings from a search.
  private func isSearched(_ arm: Arm) -> Bool {
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
    if request.seeds == nil {
      let most = [arm == .fitted ? fittedSeeds?[request.profile] : nil, contender.seeds]
      seeds = Array(seeds.prefix(most.compactMap(\.self).min() ?? seeds.count))
    }
    var epochs = epochCount(request)
    if request.epochs == nil, let most = contender.passes { epochs = min(epochs, most) }
    return seeds.map { seed in
      run(
        contender, choice, arm: arm == .custom ? request.armLabel : arm.rawValue, seed: seed,
        epochs: epochs, recording: recording[request.profile],
        evaluations: evaluations?[request.profile], request: request)
    }
  }

  /// What the search says, with any schedule or one, once it is known.
  private func searchedChoice(
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

  private var plan: @Sendable (PlanRequest, RecordLookup) throws -> Plan {
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
  private func remarks(_ request: PlanRequest) -> [String] {
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
  private func check(_ request: PlanRequest) throws {
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
  private func protocolRun(
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

  // MARK: Arrays

  private func choice(
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

  private var document: @Sendable (PlanRequest, RecordLookup) throws -> Group {
    { request, records in
      let parts = parts(request)
      let contenders = allContenders(request)
      let seeds = parts.flatMap { seedList($0.request) }
        .reduce(into: [UInt64]()) { seeds, seed in
          if !seeds.contains(seed) { seeds.append(seed) }
        }
      let labels = parts.map(\.label)
      var assembly = Assembly(axes: [
        Dimension(
          "arm", .string(labels),
          attributes: [
            Attribute(
              "long_name",
              request.isCustom
                ? "arm: settings given on the command line" : Arm.description(of: labels))
          ]),
        Dimension(
          "optimizer", .string(contenders.map(\.name)),
          attributes: [
            Attribute("long_name", "optimizer")
          ]),
        MinibatchTraining<Data>.seedAxis(seeds),
      ])
      let epochs = parts.map { epochCount($0.request) }.max() ?? epochCount(request)
      assembly.define(.epochs(epochs, steps: stepsWithReplacement?[request.profile]))
      for axis in probeAxes { assembly.define(axis) }
      for probe in probes {
        if case .afterSteps(let steps, let axis) = probe.moment {
          assembly.define(
            Dimension(
              axis, .int64(steps.map(Int64.init)),
              attributes: [
                Attribute("long_name", "steps made")
              ]))
        }
        assembly.describe(probe.name, longName: probe.meaning, units: "1")
      }
      if try contenders.contains(where: { try OptimizerRegistry.method($0.optimizer).takesSums }) {
        for (name, meaning) in SumTrainingProcess.meanings {
          assembly.describe(
            name, longName: meaning, units: name == "optimizer_bytes" ? "byte" : "1")
        }
      }
      let arms = arms(request)
      for (armIndex, part) in parts.enumerated() {
        for (contenderIndex, contender) in contenders.enumerated() {
          guard !request.isCustom || isMade(contender, part.request),
            let choice = try choice(contender, part.arm, request: part.request, records: records)
          else { continue }
          let runs = finalRuns(contender, choice, arm: part.arm, request: part.request)
          for run in runs {
            guard let seedIndex = seeds.firstIndex(of: run.seed) else { continue }
            assembly.add(records(run), at: [armIndex, contenderIndex, seedIndex])
          }
          if let run = runs.first {
            let values = try OptimizerRegistry.resolve(
              run.method, hyperparameters: run.hyperparameters)
            assembly.setHyperparameters(
              values, schedule: run.schedule, settings: run.settings,
              at: [armIndex, contenderIndex])
          }
        }
      }
      var group = assembly.group(hyperparameterAxes: ["arm", "optimizer"])
      if arms.contains(where: isSearched), let table = try searchTable(request, records) {
        let searched = arms.filter(isSearched)
        let selected = try searched.map { arm in
          try contenders.map { contender in
            try choice(contender, arm, request: request, records: records).map {
              GridPoint(hyperparameters: $0.hyperparameters, schedule: $0.schedule)
            }
          }
        }
        var search = table.group(
          contenders: contenders.map(\.name),
          selected: Dictionary(
            uniqueKeysWithValues: zip(searched, selected)),
          curves: searchCurves(request, records))
        describeRacing(in: &search, request, records)
        if let text = otherHorizon(request) {
          search.attributes.append(Attribute("other_horizon", text))
        }
        group.groups.append(Subgroup("search", search))
      }
      if !request.isCustom, !questions.isEmpty {
        let choices = try questions.flatMap { question in
          try protocolRun(of: question, request: request, records: records).map {
            question.choices(from: $0, records: records, paper: paper)
          } ?? question.unmeasuredChoices
        }
        group.groups.append(Subgroup("choices", choices.encoded()))
      }
      return group
    }
  }
}

extension ByProfile where Value == Search {
  /// No search, for experiments whose contenders have no grids.
  public static var none: ByProfile<Search> {
    ByProfile(smoke: .inline(seeds: 0), quick: .inline(seeds: 0), paper: .inline(seeds: 0))
  }
}

extension ByProfile where Value == StandInSizes {
  /// Small in `smoke`, of the real data's size elsewhere.
  public static var standard: ByProfile<StandInSizes> {
    ByProfile(
      smoke: StandInSizes(training: 2000, test: 500),
      quick: StandInSizes(training: 60000, test: 10000),
      paper: StandInSizes(training: 60000, test: 10000))
  }
}
