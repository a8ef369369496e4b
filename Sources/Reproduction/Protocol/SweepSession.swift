import Optimizers
import Reporting
import ResultStore

/// A sweep for a request, with the runs that have been made so far.
struct SweepSession<Data: Sendable>: ExperimentSession {
  let experiment: SweepExperiment<Data>
  let request: PlanRequest
  let records: RecordLookup

  var shortened: String {
    let cells = (try? grid().shortened) ?? ""
    return [experiment.training.shortened(request), cells].filter { !$0.isEmpty }
      .joined(separator: ", ")
  }

  func check() throws { _ = try grid() }

  func figures() throws -> [Figure] { experiment.extentFigures(try extent()) }

  private func grid() throws -> SweepGrid {
    try SweepGrid(
      variants: experiment.variants, axes: experiment.axes,
      kept: experiment.profiles[request.profile].kept,
      request: request)
  }

  private func extent() throws -> SweepExtent {
    SweepExtent(
      epochs: experiment.training.epochCount(request),
      variants: experiment.variants.all.map(\.name),
      values: try grid().keptValues)
  }

  /// The run of a cell, with another value along the last axis if one is given.
  private func run(
    _ cell: SweepGrid.Cell, lastValue: Double? = nil, seed: UInt64, epochs: Int
  ) -> RunSpecification {
    let variant = experiment.variants.all[cell.position[0]]
    var swept = values(of: cell)
    if let lastValue, let axis = experiment.axes.last { swept[axis.hyperparameter] = lastValue }
    let hyperparameters = variant.fixed.merging(request.hyperparameters) { _, given in given }
    return RunSpecification(
      experiment: experiment.name, method: variant.optimizer.name,
      hyperparameters: hyperparameters.merging(swept) { _, value in value },
      schedule: (request.schedule ?? .constant).description,
      settings: experiment.training.standardSettings.replacing(with: request.settings), seed: seed,
      epochs: epochs, minibatch: request.minibatch ?? experiment.minibatch,
      recording: .ends, failureCost: experiment.failureCost, data: request.data,
      threads: request.threads, numericsVersion: experiment.numericsVersion,
      labels: [.init(experiment.variants.axis, variant.name)])
  }

  private func values(of cell: SweepGrid.Cell) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: zip(experiment.axes.map(\.hyperparameter), cell.values))
  }

  /// What is saved; nothing of what was asked for by name.
  private var saved: SweepProtocol? {
    request.isCustom ? nil : experiment.profiles[request.profile].saving
  }

  private func epochs(of cell: SweepGrid.Cell) -> Int {
    let all = experiment.training.epochCount(request)
    return min(all, saved?.epochs(values(of: cell)) ?? all)
  }

  /// The run that the alternatives of an open question are set against: that of the first seed; none if
  /// the profile leaves its cell out.
  private func protocolRuns(of question: OpenQuestion) throws -> [RunSpecification] {
    guard !request.isCustom, let seed = experiment.training.seedList(request).first else {
      return []
    }
    let values = experiment.axes.map { axis in
      question.cell.first { $0.hyperparameter == axis.hyperparameter }?.value
    }
    let cell = try grid().cells.first {
      $0.isKept && $0.position[0] == 0 && $0.values == values
    }
    return cell.map { [run($0, seed: seed, epochs: epochs(of: $0))] } ?? []
  }

  /// The runs of the grid, those of edges, and those that open questions need.
  func plan() throws -> Plan {
    let (cells, areAll) = try cellRuns()
    let edges = try edgeSearches()
    var plan = Plan(runs: cells.map(\.run) + edges.flatMap(\.runs), isFinal: areAll)
    if let wanted = saved?.edges, wanted.horizons[0] <= experiment.training.epochCount(request) {
      // Before the first seed's cells are there nothing is known of any edge.
      if edges.isEmpty || edges.contains(where: { $0.search.next != nil }) { plan.isFinal = false }
    }
    plan.runs += try experiment.questions.runs(in: request.profile, from: protocolRuns)
    return plan
  }

  /// The runs of cells, all of one seed before those of the next, and whether these are all: which cells
  /// get further seeds may depend on the losses of the first.
  private func cellRuns() throws -> (runs: [SweepCellRun], areAll: Bool) {
    let cells = try grid().cells.filter(\.isKept)
    let seeds = experiment.training.seedList(request)
    func runs(_ place: Int) -> [SweepCellRun] {
      cells.map { cell in
        SweepCellRun(
          cell: cell, seed: place,
          run: run(cell, seed: seeds[place], epochs: epochs(of: cell)))
      }
    }
    guard let rule = saved?.seeds, seeds.count > 1 else {
      return (seeds.indices.flatMap(runs), true)
    }
    let first = runs(0)
    let found = first.map { records($0.run) }
    guard found.allSatisfy({ $0 != nil }) else { return (first, false) }
    let needed = rule.epochs(positions: cells.map(\.position)) { cell, horizon in
      first[cell].run.epochs < horizon ? nil : found[cell]?.loss(after: horizon)
    }
    let further = seeds.indices.dropFirst().flatMap { place in
      cells.indices.compactMap { cell in
        needed[cell].map { epochs in
          SweepCellRun(
            cell: cells[cell], seed: place,
            run: run(cells[cell], seed: seeds[place], epochs: epochs))
        }
      }
    }
    return (first + further, true)
  }

  /// The searches for edges; none before all cells of the first seed have been run.
  private func edgeSearches() throws -> [SweepEdgeRuns] {
    let seeds = experiment.training.seedList(request)
    let all = experiment.training.epochCount(request)
    guard let edges = saved?.edges, edges.horizons[0] <= all, let first = seeds.first
    else { return [] }
    let cells = try grid().cells.filter(\.isKept)
    let areRun = cells.allSatisfy { cell in
      records(run(cell, seed: first, epochs: epochs(of: cell))) != nil
    }
    guard areRun else { return [] }
    return edges.searches(
      cells, axes: experiment.axes.map(\.hyperparameter), seeds: seeds, lengths: [all],
      records: records
    ) { cell, value, seed, epochs in
      run(cell, lastValue: value, seed: seed, epochs: epochs)
    }
  }

  // MARK: Arrays

  /// The root group of the result file, without attributes, claims and figures.
  func arrays() throws -> Group {
    let grid = try grid()
    var assembly = Assembly(
      axes: [experiment.training.seedAxis(request)] + grid.dimensions,
      givesReasons: experiment.failureCost != nil)
    assembly.define(.epochs(experiment.training.epochCount(request)))
    assembly.describe(
      Measure.loss.name, longName: experiment.lossMeaning, units: Measure.loss.units)
    for axis in experiment.probeAxes { assembly.define(axis) }
    for probe in experiment.training.probes {
      assembly.describe(probe.name, longName: probe.meaning, units: "1")
    }
    for made in try cellRuns().runs {
      let (cell, run) = (made.cell, made.run)
      var record = records(run)
      record?.addLoss()
      assembly.add(record, at: [made.seed] + cell.position)
      let values = try OptimizerRegistry.resolve(
        run.method, hyperparameters: run.hyperparameters)
      assembly.setHyperparameters(
        values, schedule: run.schedule, settings: run.settings, at: cell.position)
    }
    var group = assembly.group(hyperparameterAxes: grid.dimensions.map(\.name))
    if let index = group.variables.firstIndex(where: { $0.name == Measure.loss.name }) {
      var loss = group.variables.remove(at: index)
      let remarks = [grid.leftOut, saved?.remark ?? ""].filter { !$0.isEmpty }
      if !remarks.isEmpty {
        loss.attributes.append(Attribute("comment", remarks.joined(separator: "; ")))
      }
      group.variables.insert(loss, at: 0)
    }
    if let edges = saved?.edges, let axis = experiment.axes.last {
      let searches = try edgeSearches()
      group.groups.append(
        Subgroup(
          SweepEdges.End.group,
          edges.group(
            searches, axes: [experiment.training.seedAxis(request)] + grid.dimensions.dropLast(),
            of: axis.hyperparameter)))
    }
    if !request.isCustom, !experiment.questions.isEmpty {
      let choices = try experiment.questions.group(
        records: records, paper: experiment.paper, from: protocolRuns)
      group.groups.append(Subgroup("choices", choices))
    }
    return group
  }

  /// The run that ended with the lowest loss; the only one if there is no more than one.
  func bestRun() throws -> RunSpecification {
    let runs = try cellRuns().runs.map(\.run)
    if runs.count == 1 { return runs[0] }
    let ended = runs.compactMap { run in
      records(run).flatMap { $0.finalLoss }.map { (run: run, loss: $0) }
    }
    if let best = ended.min(by: { $0.loss < $1.loss }) { return best.run }
    // Of the variants of one cell the first is the method itself.
    if runs.count == experiment.variants.all.count * experiment.training.seedList(request).count {
      return runs[0]
    }
    let cell = experiment.axes.map {
      "--\($0.hyperparameter) \(compact($0.values[$0.values.count / 2]))"
    }
    throw UsageError(
      "no run of the sweep has ended: make it first, without this option, or name a cell, e.g. "
        + cell.joined(separator: " "))
  }
}

extension RunRecord {
  /// The loss after `e` epochs: before any, the training cost; later the mean of the costs of the
  /// minibatches of the pass that ends there.
  fileprivate mutating func addLoss() {
    guard let cost = series(.trainingCost) else { return }
    let losses = cost.values.prefix(Measure.loss.label(afterPasses: 1)) + afterPasses(.runningCost)
    guard losses.count == cost.values.count else { return }
    series.append(
      Series(Measure.loss.name, axes: cost.axes, shape: cost.shape, values: Array(losses)))
  }

  /// The mean of the costs of the minibatches of the last pass; `nil` if the run did not get there.
  fileprivate var finalLoss: Double? {
    outcome == .finished ? afterPasses(.runningCost).last : nil
  }
}
