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
    experiment.problems = { problems }
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

  var training: MinibatchTraining<Data> {
    MinibatchTraining(
      data: data, settings: settings, epochs: epochs, seeds: seeds, probes: probes,
      averages: averages, objective: objective)
  }
}
