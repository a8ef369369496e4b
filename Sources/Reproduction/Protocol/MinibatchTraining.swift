import Networks
import Optimizers
import ResultStore

/// What all experiments that train in minibatches declare, and how one run of them is made.
struct MinibatchTraining<Data: Sendable>: Sendable {
  let data: DataSource<Data>
  let settings: [DeclaredSetting]
  let epochs: ByProfile<Int>
  let seeds: ByProfile<Int>
  let probes: [Probe]
  /// Averages of the iterates that are kept beside theta.
  let averages: [TemporalAverage.Kind]
  let objective: @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective
  /// The data are loaded once for all runs.
  private let cache: DataCache<Data>

  init(
    data: DataSource<Data>, settings: [DeclaredSetting], epochs: ByProfile<Int>,
    seeds: ByProfile<Int>,
    probes: [Probe], averages: [TemporalAverage.Kind] = [],
    objective: @escaping @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective
  ) {
    self.data = data
    self.settings = settings
    self.epochs = epochs
    self.seeds = seeds
    self.probes = probes
    self.averages = averages
    self.objective = objective
    cache = DataCache(data)
  }

  var standardSettings: Settings {
    Settings(
      Dictionary(
        uniqueKeysWithValues: settings.filter { !$0.isImplied }.map { ($0.name, $0.standard) }))
  }

  func epochCount(_ request: PlanRequest) -> Int { request.epochs ?? epochs[request.profile] }

  func seedList(_ request: PlanRequest) -> [UInt64] {
    request.seeds ?? (0..<UInt64(seeds[request.profile])).map { $0 }
  }

  func seedAxis(_ request: PlanRequest) -> Dimension { Axis.seed(seedList(request)) }

  /// How the epochs are fewer than the protocol's; empty if they are not.
  func shortened(_ request: PlanRequest) -> String {
    let count = epochCount(request)
    let full = epochs[.paper]
    return count < full ? "\(count) of \(full) epochs" : ""
  }

  /// The process of a run of a method that is handed gradients.
  func steppingProcess(
    for run: RunSpecification, _ resources: RunResources
  ) throws -> TrainingProcess {
    let loaded = try cache.data(for: run.settings, resources: resources)
    // Before the objective makes its buffers, and after, as it may take fewer of the examples.
    if let count = data.trainingCount(loaded) { try check(run, count: count) }
    let objective = try objective(loaded, run.settings, run.minibatch)
    try check(run, count: objective.count(of: .training))
    var optimizer = try OptimizerRegistry.make(
      run.method, hyperparameters: run.hyperparameters, count: objective.parameterCount)
    for kind in averages {
      optimizer = AveragedOptimizer(optimizer, averaging: kind, count: objective.parameterCount)
    }
    return TrainingProcess(
      run, objective: objective, optimizer: optimizer,
      schedule: try Schedule.parse(run.schedule),
      probes: run.recording == .final ? [] : probes)
  }

  /// The process of a run, whether its method is handed gradients or asks for them.
  func process(for run: RunSpecification, _ resources: RunResources) throws -> any RunProcess {
    guard try OptimizerRegistry.method(run.method).takesSums else {
      return try steppingProcess(for: run, resources)
    }
    let loaded = try cache.data(for: run.settings, resources: resources)
    return try SumTrainingProcess(
      run, exampleCount: data.trainingCount(loaded) ?? run.minibatch
    ) { minibatch in try objective(loaded, run.settings, minibatch) }
  }

  private func check(_ run: RunSpecification, count: Int) throws {
    guard run.stepsWithReplacement == nil, run.minibatch > count else { return }
    throw UsageError(
      "a minibatch of \(run.minibatch) is larger than the training set of \(count) examples; "
        + "choose a smaller --minibatch")
  }
}
