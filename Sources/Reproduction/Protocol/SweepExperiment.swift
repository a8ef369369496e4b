import Networks
import Numerics
import Optimizers
import Reporting
import ResultStore

/// An experiment that trains the same objective at every point of a grid of hyperparameters: the
/// loss becomes one n-dimensional array with labelled axes.
///
/// The axes are, in order: the seed, the variants of the method, one axis for each hyperparameter
/// that is swept, and the epoch. A profile may leave parts of the grid out; their status is
/// `not_run`, and the result says how many they are. A `SweepProtocol` runs cells that need it less for
/// fewer epochs and with the first seed alone, and looks for edges of stability between them.
public struct SweepExperiment<Data: Sendable>: Sendable {
  let name: String
  let title: String
  let place: String
  let standInSizes: ByProfile<StandInSizes>
  let minibatch: Int
  let variants: SweepVariants
  let axes: [SweepAxis]
  let kept: ByProfile<[String: [Double]]>
  let lossMeaning: String
  let picture: ModelPicture?
  let paper: PaperCurves
  let claims: [Claim]
  let siblings: [String]
  let probeAxes: [Dimension]
  let questions: [OpenQuestion]
  let notes: [String]
  let numericsVersion: Int
  let failureCost: Double?
  let saving: ByProfile<SweepProtocol?>
  let figures: @Sendable (SweepExtent) -> [Figure]
  let training: MinibatchTraining<Data>

  /// Declares a sweep.
  ///
  /// - Parameters:
  ///   - epochs: passes over the training data.
  ///   - seeds: how many seeds there are: 0, 1, ...
  ///   - variants: the variants of the method, an axis of names.
  ///   - axes: the hyperparameters that are swept.
  ///   - kept: the values that a profile keeps of an axis, by hyperparameter; all where it has none.
  ///     Values from the command line are all kept.
  ///   - loss: what the loss is, for `long_name`.
  ///   - probes: what is recorded of every run besides, after every epoch, and `probeAxes` its axes.
  ///   - picture: what is drawn from the best model, if asked for.
  ///   - figures: the figures of the part of the grid that is run.
  ///   - siblings: the experiments whose results in the same folder some claims compare with.
  ///   - questions: what the paper leaves open, with alternatives whose effect is measured.
  ///   - failureCost: a pass of a larger mean cost ends a run, see `RunSpecification.failureCost`.
  ///   - saving: which cells are run for fewer epochs and with fewer seeds; `nil`: none.
  ///   - numericsVersion: the version of the objective's numbers, raised when a change of the code
  ///     changes them; see `RunSpecification.numericsVersion`.
  ///   - objective: makes the objective for a minibatch size.
  public init(
    name: String, title: String, place: String, data: DataSource<Data>,
    standInSizes: ByProfile<StandInSizes> = .standard, settings: [Setting] = [], minibatch: Int,
    epochs: ByProfile<Int>, seeds: ByProfile<Int>, variants: SweepVariants, axes: [SweepAxis],
    kept: ByProfile<[String: [Double]]>, loss: String, probes: [Probe] = [],
    probeAxes: [Dimension] = [], picture: ModelPicture? = nil,
    paper: PaperCurves = PaperCurves(), figures: @escaping @Sendable (SweepExtent) -> [Figure],
    claims: [Claim], siblings: [String] = [], questions: [OpenQuestion] = [], notes: [String] = [],
    failureCost: Double? = nil,
    saving: ByProfile<SweepProtocol?> = ByProfile(smoke: nil, quick: nil, paper: nil),
    numericsVersion: Int = 1,
    objective: @escaping @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective
  ) {
    self.name = name
    self.title = title
    self.place = place
    self.standInSizes = standInSizes
    self.minibatch = minibatch
    self.variants = variants
    self.axes = axes
    self.kept = kept
    lossMeaning = loss
    self.picture = picture
    self.paper = paper
    self.figures = figures
    self.claims = claims
    self.siblings = siblings
    self.probeAxes = probeAxes
    precondition(
      questions.allSatisfy { Set($0.cell.keys) == Set(axes.map(\.hyperparameter)) },
      "a question about a sweep names a value of each axis")
    self.questions = questions
    self.notes = notes
    self.numericsVersion = numericsVersion
    self.failureCost = failureCost
    self.saving = saving
    training = MinibatchTraining(
      data: data, settings: settings, epochs: epochs, seeds: seeds, probes: probes,
      objective: objective)
  }

  /// The experiment for the command line.
  public var experiment: Experiment {
    let makeProcess = training.makeProcess
    var experiment = Experiment(
      name: name, title: title, place: place, dataset: training.data.dataset,
      standInSizes: standInSizes, settings: training.settings,
      methods: variants.all.map(\.optimizer), contenders: [],
      extraOptions: axes.compactMap(\.option),
      plan: { request, records in try plan(request, records) },
      makeProcess: { try makeProcess($0, $1) },
      document: document, claims: claims, figures: [], paper: paper,
      shortened: { request in
        let cells = (try? grid(request).shortened) ?? ""
        return [training.shortened(request), cells].filter { !$0.isEmpty }.joined(separator: ", ")
      }, notes: notes)
    experiment.siblings = siblings
    experiment.problems = { problems }
    experiment.check = { _ = try grid($0) }
    experiment.requestedFigures = { request in figures(try extent(request)) }
    experiment.action = picture.map { action($0, makeProcess) }
    return experiment
  }

  /// Runs the experiment's command line and ends the process.
  public func main() -> Never { ExperimentCommand(experiment).main() }

  // MARK: Runs

  private func grid(_ request: PlanRequest) throws -> SweepGrid {
    try SweepGrid(variants: variants, axes: axes, kept: kept[request.profile], request: request)
  }

  func extent(_ request: PlanRequest) throws -> SweepExtent {
    SweepExtent(
      epochs: training.epochCount(request), variants: variants.all.map(\.name),
      values: try grid(request).keptValues)
  }

  /// The run of a cell, with another value along the last axis if one is given.
  private func run(
    _ cell: SweepGrid.Cell, lastValue: Double? = nil, seed: UInt64, epochs: Int,
    request: PlanRequest
  ) -> RunSpecification {
    let variant = variants.all[cell.position[0]]
    var swept = values(of: cell)
    if let lastValue, let axis = axes.last { swept[axis.hyperparameter] = lastValue }
    let hyperparameters = variant.fixed.merging(request.hyperparameters) { _, given in given }
    return RunSpecification(
      experiment: name, method: variant.optimizer,
      hyperparameters: hyperparameters.merging(swept) { _, value in value },
      schedule: request.schedule ?? "constant",
      settings: training.standardSettings.replacing(with: request.settings), seed: seed,
      epochs: epochs, minibatch: request.minibatch ?? minibatch,
      recording: .ends, failureCost: failureCost, data: request.data,
      numericsVersion: numericsVersion, labels: [.init(variants.axis, variant.name)])
  }

  private func values(of cell: SweepGrid.Cell) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: zip(axes.map(\.hyperparameter), cell.values))
  }

  /// What is saved; nothing of what was asked for by name.
  private func saved(_ request: PlanRequest) -> SweepProtocol? {
    request.isCustom ? nil : saving[request.profile]
  }

  private func epochs(of cell: SweepGrid.Cell, _ request: PlanRequest) -> Int {
    let all = training.epochCount(request)
    return min(all, saved(request)?.epochs(values(of: cell)) ?? all)
  }

  /// The run that the alternatives of an open question are set against: that of the first seed;
  /// `nil` if the profile leaves its cell out.
  private func protocolRun(
    of question: OpenQuestion, request: PlanRequest
  ) throws -> RunSpecification? {
    guard !request.isCustom, let seed = training.seedList(request).first else { return nil }
    let values = axes.map { question.cell[$0.hyperparameter] }
    let cell = try grid(request).cells.first {
      $0.isKept && $0.position[0] == 0 && $0.values == values
    }
    guard let cell else { return nil }
    return run(cell, seed: seed, epochs: epochs(of: cell, request), request: request)
  }

  /// The runs of the grid, those of edges, and those that open questions need.
  private func plan(_ request: PlanRequest, _ records: RecordLookup) throws -> Plan {
    let (cells, areAll) = try cellRuns(request, records)
    let edges = try edgeSearches(request, records)
    var plan = Plan(runs: cells.map(\.run) + edges.flatMap(\.runs), isFinal: areAll)
    if let wanted = saved(request)?.edges, wanted.horizons[0] <= training.epochCount(request) {
      // Before the first seed's cells are there nothing is known of any edge.
      if edges.isEmpty || edges.contains(where: { $0.search.next != nil }) { plan.isFinal = false }
    }
    plan.runs += try questions.flatMap { question in
      try protocolRun(of: question, request: request).map {
        question.runs(from: $0, in: request.profile)
      } ?? []
    }
    return plan
  }

  /// The runs of cells, all of one seed before those of the next, and whether these are all: which cells
  /// get further seeds may depend on the losses of the first.
  private func cellRuns(_ request: PlanRequest, _ records: RecordLookup) throws
    -> (runs: [SweepCellRun], areAll: Bool)
  {
    let cells = try grid(request).cells.filter(\.isKept)
    let seeds = training.seedList(request)
    func runs(_ place: Int) -> [SweepCellRun] {
      cells.map { cell in
        SweepCellRun(
          cell: cell, seed: place,
          run: run(cell, seed: seeds[place], epochs: epochs(of: cell, request), request: request))
      }
    }
    guard let rule = saved(request)?.seeds, seeds.count > 1 else {
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
            run: run(cells[cell], seed: seeds[place], epochs: epochs, request: request))
        }
      }
    }
    return (first + further, true)
  }

  /// The searches for edges; none before all cells of the first seed have been run.
  private func edgeSearches(_ request: PlanRequest, _ records: RecordLookup) throws
    -> [SweepEdgeRuns]
  {
    let seeds = training.seedList(request)
    let all = training.epochCount(request)
    guard let edges = saved(request)?.edges, edges.horizons[0] <= all, let first = seeds.first
    else { return [] }
    let cells = try grid(request).cells.filter(\.isKept)
    let areRun = cells.allSatisfy { cell in
      records(run(cell, seed: first, epochs: epochs(of: cell, request), request: request)) != nil
    }
    guard areRun else { return [] }
    return edges.searches(
      cells, axes: axes.map(\.hyperparameter), seeds: seeds, lengths: [all], records: records
    ) { cell, value, seed, epochs in
      run(cell, lastValue: value, seed: seed, epochs: epochs, request: request)
    }
  }

  // MARK: Arrays

  private var document: @Sendable (PlanRequest, RecordLookup) throws -> Group {
    { request, records in
      let grid = try grid(request)
      var assembly = Assembly(
        axes: [training.seedAxis(request)] + grid.dimensions, givesReasons: failureCost != nil)
      assembly.define(.epochs(training.epochCount(request)))
      assembly.describe(Measure.loss.name, longName: lossMeaning, units: Measure.loss.units)
      for axis in probeAxes { assembly.define(axis) }
      for probe in training.probes {
        assembly.describe(probe.name, longName: probe.meaning, units: "1")
      }
      for made in try cellRuns(request, records).runs {
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
        let remarks = [grid.leftOut, saved(request)?.remark ?? ""].filter { !$0.isEmpty }
        if !remarks.isEmpty {
          loss.attributes.append(Attribute("comment", remarks.joined(separator: "; ")))
        }
        group.variables.insert(loss, at: 0)
      }
      if let edges = saved(request)?.edges, let axis = axes.last {
        let searches = try edgeSearches(request, records)
        group.groups.append(
          Subgroup(
            "edges",
            edges.group(
              searches, axes: [training.seedAxis(request)] + grid.dimensions.dropLast(),
              of: axis.hyperparameter)))
      }
      if !request.isCustom, !questions.isEmpty {
        let choices = try questions.flatMap { question in
          try protocolRun(of: question, request: request).map {
            question.choices(from: $0, records: records, paper: paper)
          } ?? question.unmeasuredChoices
        }
        group.groups.append(Subgroup("choices", choices.encoded()))
      }
      return group
    }
  }

  // MARK: The picture

  private func action(
    _ picture: ModelPicture,
    _ makeProcess: @escaping @Sendable (RunSpecification, RunResources) throws -> TrainingProcess
  ) -> ExperimentAction {
    ExperimentAction(option: .init(picture.option, nil, picture.help)) {
      request, records, resources in
      let run = try bestRun(request, records)
      resources.tell(
        "training \(run.summary) for \(run.epochs) epochs; no sweep keeps its parameters")
      let process = try makeProcess(run, resources)
      switch try process.advance(pause: { Interruption.hasBeenRequested }) {
      case .finished?: break
      case .diverged(let epoch, _, let reason)?:
        throw UsageError("\(run.summary) diverges in epoch \(epoch): \(reason); name another cell")
      case nil: return nil
      }
      let model = process.model
      let image = picture.draw(model.objective, model.theta, run.seed)
      return (name: picture.fileName, bytes: image.png())
    }
  }

  /// The run that ended with the lowest loss; the only one if there is no more than one.
  private func bestRun(_ request: PlanRequest, _ records: RecordLookup) throws
    -> RunSpecification
  {
    let runs = try cellRuns(request, records).runs.map(\.run)
    if runs.count == 1 { return runs[0] }
    let ended = runs.compactMap { run in
      records(run).flatMap { $0.finalLoss }.map { (run: run, loss: $0) }
    }
    if let best = ended.min(by: { $0.loss < $1.loss }) { return best.run }
    // Of the variants of one cell the first is the method itself.
    if runs.count == variants.all.count * training.seedList(request).count { return runs[0] }
    let cell = axes.map { "--\($0.hyperparameter) \(compact($0.values[$0.values.count / 2]))" }
    throw UsageError(
      "no run of the sweep has ended: make it first, without this option, or name a cell, e.g. "
        + cell.joined(separator: " "))
  }
}

extension RunRecord {
  /// The loss after `e` epochs: before any, the training cost; later the mean of the costs of the
  /// minibatches of the pass that ends there.
  fileprivate mutating func addLoss() {
    guard let cost = series(.trainingCost), let running = series(.runningCost),
      let start = cost.values.first
    else { return }
    series.append(
      Series(
        Measure.loss.name, axes: cost.axes, shape: cost.shape,
        values: [start] + running.values.dropLast()))
  }

  /// The mean of the costs of the minibatches of the last pass; `nil` if the run did not get there.
  fileprivate var finalLoss: Double? {
    guard outcome == .finished, let running = series(.runningCost), running.values.count > 1
    else { return nil }
    return running.values[running.values.count - 2]
  }
}

/// A picture of what a trained model does, drawn when an option of its own asks for it.
public struct ModelPicture: Sendable {
  /// The option.
  public let option: String
  /// One line for `--help`.
  public let help: String
  /// The name of the picture's file.
  public let fileName: String
  /// Draws the model at theta.
  public let draw: @Sendable (any Objective, _ theta: FloatVector, _ seed: UInt64) -> GreyImage

  /// A picture.
  public init(
    option: String, help: String, fileName: String,
    draw: @escaping @Sendable (any Objective, _ theta: FloatVector, _ seed: UInt64) -> GreyImage
  ) {
    self.option = option
    self.help = help
    self.fileName = fileName
    self.draw = draw
  }
}
