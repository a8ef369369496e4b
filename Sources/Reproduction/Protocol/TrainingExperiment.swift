import Datasets
import Networks
import Optimizers
import Reporting
import ResultStore

/// An experiment of section 6: several optimizers train the same objective, in the arms `fitted`,
/// `literal` and `tuned`, with several seeds.
///
/// All contenders of one seed share initialisation, minibatch order and dropout masks.
public struct TrainingExperiment<Data: Sendable>: Experiment {
  /// What it is.
  public let about: About
  let training: MinibatchTraining<Data>
  let minibatch: Int
  let profiles: ByProfile<Budget>
  let contenders: [Contender]
  let probeAxes: [Dimension]
  let questions: [OpenQuestion]
  let numericsVersion: @Sendable (Settings) -> Int
  let substitutes: @Sendable (Settings) -> Settings
  let parameterCount: (@Sendable (Settings) -> Int)?

  /// Declares an experiment.
  ///
  /// - Parameters:
  ///   - averages: averages of the iterates that probes look at (`AveragedOptimizer.average`).
  ///   - profiles: how much each profile runs.
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
    standInSizes: ByProfile<StandInSizes> = .standard, settings: [any AnySetting] = [],
    minibatch: Int,
    averages: [TemporalAverage.Kind] = [], profiles: ByProfile<Budget>,
    contenders: [Contender], probes: [Probe] = [], probeAxes: [Dimension] = [],
    paper: PaperCurves = PaperCurves(), figures: [Figure], claims: [Claim],
    siblings: [String] = [], questions: [OpenQuestion] = [], notes: [String] = [],
    numericsVersion: @escaping @Sendable (Settings) -> Int = { _ in 1 },
    substitutes: @escaping @Sendable (Settings) -> Settings = { _ in [:] },
    parameterCount: (@Sendable (Settings) -> Int)? = nil,
    objective: @escaping @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective
  ) {
    about = About(
      name: name, title: title, place: place, dataset: data.dataset, standInSizes: standInSizes,
      claims: claims, withoutCostMinimum: contenders.filter { !$0.costHasMinimum }.map(\.name),
      siblings: siblings, figures: figures, paper: paper, notes: notes)
    training = MinibatchTraining(
      data: data, settings: settings.map(\.declared), epochs: profiles.map(\.epochs),
      seeds: profiles.map(\.seeds), probes: probes, averages: averages, objective: objective)
    self.minibatch = minibatch
    self.profiles = profiles
    self.contenders = contenders
    self.probeAxes = probeAxes
    self.questions = questions
    self.numericsVersion = numericsVersion
    self.substitutes = substitutes
    self.parameterCount = parameterCount
  }

  /// What it can be asked for.
  public var options: ExperimentOptions {
    var options = ExperimentOptions()
    options.settings = training.settings
    options.methods = contenders.map(\.optimizer)
    options.contenders = contenders.map(\.name)
    options.arms = declaredArms
    options.minibatch = minibatch
    options.hasSearch = contenders.contains { $0.grid != nil }
    options.customArm = {
      TrainingSession(experiment: self, request: $0, records: { _ in nil }).customArm
    }
    return options
  }

  /// The experiment for a request, with the runs that have been made so far.
  public func session(
    _ request: PlanRequest, _ records: @escaping RecordLookup
  ) -> any ExperimentSession {
    TrainingSession(experiment: self, request: request, records: records)
  }

  /// A process for a run.
  public func process(
    for run: RunSpecification, _ resources: RunResources
  ) throws -> any RunProcess {
    try training.process(for: run, resources)
  }

  /// The arms that some contender has.
  var declaredArms: [Arm] {
    Arm.allCases.filter { arm in contenders.contains { $0.arms.contains(arm) } }
  }

  /// Whether an arm takes settings from a search.
  func isSearched(_ arm: Arm) -> Bool {
    contenders.contains { $0.isSearched(in: arm) }
  }
}
