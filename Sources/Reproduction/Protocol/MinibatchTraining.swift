import Networks
import Optimizers
import ResultStore

/// What all experiments that train in minibatches declare, and how one run of them is made.
struct MinibatchTraining<Data: Sendable>: Sendable {
  let data: DataSource<Data>
  let settings: [Setting]
  let epochs: ByProfile<Int>
  let seeds: ByProfile<Int>
  let probes: [Probe]
  /// Averages of the iterates that are kept beside theta.
  var averages: [TemporalAverage.Kind] = []
  let objective: @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective

  var standardSettings: Settings {
    Settings(Dictionary(uniqueKeysWithValues: settings.map { ($0.name, $0.standard) }))
  }

  func epochCount(_ request: PlanRequest) -> Int { request.epochs ?? epochs[request.profile] }

  func seedList(_ request: PlanRequest) -> [UInt64] {
    request.seeds ?? (0..<UInt64(seeds[request.profile])).map { $0 }
  }

  func seedAxis(_ request: PlanRequest) -> Dimension {
    Dimension(
      "seed", .int64(seedList(request).map { Int64(bitPattern: $0) }),
      attributes: [Attribute("long_name", "seed")])
  }

  /// How the epochs are fewer than the protocol's; empty if they are not.
  func shortened(_ request: PlanRequest) -> String {
    let count = epochCount(request)
    let full = epochs[.paper]
    return count < full ? "\(count) of \(full) epochs" : ""
  }

  /// Makes the process of a run; the data are loaded once for all runs.
  var makeProcess: @Sendable (RunSpecification, RunResources) throws -> TrainingProcess {
    let cache = DataCache(data)
    return { run, resources in
      let data = try cache.data(for: run.settings, resources: resources)
      let objective = try objective(data, run.settings, run.minibatch)
      guard
        run.stepsWithReplacement != nil || run.minibatch <= objective.count(of: .training)
      else {
        throw UsageError(
          "a minibatch of \(run.minibatch) is larger than the training set of "
            + "\(objective.count(of: .training)) examples; choose a smaller --minibatch")
      }
      var optimizer = try OptimizerRegistry.make(
        run.method, hyperparameters: run.hyperparameters, count: objective.parameterCount)
      for kind in averages {
        optimizer = AveragedOptimizer(optimizer, averaging: kind, count: objective.parameterCount)
      }
      return TrainingProcess(
        run, objective: objective, optimizer: optimizer,
        schedule: try Schedule.parse(run.schedule),
        probes: [.full, .sparse].contains(run.recording) ? probes : [])
    }
  }
}
