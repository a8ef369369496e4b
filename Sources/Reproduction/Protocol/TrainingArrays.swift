import Optimizers
import Reporting
import ResultStore

extension TrainingSession {
  /// The root group of the result file, without attributes, claims and figures.
  func arrays() throws -> Group {
    let parts = parts
    let contenders = allContenders
    let seeds = parts.flatMap(\.session.seeds).distinct
    let labels = parts.map(\.label)
    var assembly = Assembly(axes: [
      Dimension(
        "arm", .string(labels),
        request.isCustom ? "arm: settings given on the command line" : Arm.description(of: labels)),
      Dimension("optimizer", .string(contenders.map(\.name)), "optimizer"),
      Axis.seed(seeds),
    ])
    let epochs = parts.map(\.session.epochCount).max() ?? epochCount
    assembly.define(.epochs(epochs, steps: budget.stepsWithReplacement))
    for axis in experiment.probeAxes { assembly.define(axis) }
    for probe in experiment.training.probes {
      if case .afterSteps(let steps, let axis) = probe.moment {
        assembly.define(
          Dimension(axis, .int64(steps.map(Int64.init)), "steps made"))
      }
      assembly.describe(probe.name, longName: probe.meaning, units: "1")
    }
    if contenders.contains(where: \.optimizer.takesSums) {
      for (name, meaning) in SumTrainingProcess.meanings {
        assembly.describe(
          name, longName: meaning, units: name == "optimizer_bytes" ? "byte" : "1")
      }
    }
    for (armIndex, part) in parts.enumerated() {
      for (contenderIndex, contender) in contenders.enumerated() {
        guard !request.isCustom || part.session.isMade(contender),
          let choice = try part.session.choice(contender, part.arm)
        else { continue }
        let runs = part.session.finalRuns(contender, choice, arm: part.arm)
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
    if request.isCustom {
      // The protocol's runs have the experiment's.
      let sizes = parts.map { Int64($0.session.request.minibatch ?? experiment.minibatch) }
      group.variables.append(
        Variable("minibatch", ["arm"], .int64(sizes), "examples a minibatch", units: "1"))
    }
    if arms.contains(where: experiment.isSearched), let table = try searchTable() {
      let searched = arms.filter(experiment.isSearched)
      let selected = try searched.map { arm in
        try contenders.map { contender in
          try choice(contender, arm).map {
            GridPoint(hyperparameters: $0.hyperparameters, schedule: $0.schedule)
          }
        }
      }
      var search = table.group(
        contenders: contenders.map(\.name),
        selected: Dictionary(
          uniqueKeysWithValues: zip(searched, selected)),
        curves: searchCurves())
      describeRacing(in: &search)
      if let text = otherHorizon {
        search.attributes.append(Attribute("other_horizon", text))
      }
      group.groups.append(Subgroup("search", search))
    }
    if !request.isCustom, !experiment.questions.isEmpty {
      let choices = try experiment.questions.group(
        records: records, paper: experiment.paper, from: protocolRuns)
      group.groups.append(Subgroup("choices", choices))
    }
    if let neighbours = fittedNeighbours.group(records: records, paper: experiment.paper) {
      group.groups.append(Subgroup(FittedDistances.group, neighbours))
    }
    return group
  }
}
