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
public struct SweepExperiment<Data: Sendable>: Experiment {
  /// What it is.
  public let about: About
  let minibatch: Int
  let variants: SweepVariants
  let axes: [SweepAxis]
  let profiles: ByProfile<SweepBudget>
  let lossMeaning: String
  let picture: ModelPicture?
  let probeAxes: [Dimension]
  let questions: [OpenQuestion]
  let numericsVersion: Int
  let failureCost: Double?
  let extentFigures: @Sendable (SweepExtent) -> [Figure]
  let training: MinibatchTraining<Data>

  /// Declares a sweep.
  ///
  /// - Parameters:
  ///   - profiles: how much each profile runs.
  ///   - variants: the variants of the method, an axis of names.
  ///   - axes: the hyperparameters that are swept.
  ///   - loss: what the loss is, for `long_name`.
  ///   - probes: what is recorded of every run besides, after every epoch, and `probeAxes` its axes.
  ///   - picture: what is drawn from the best model, if asked for.
  ///   - figures: the figures of the part of the grid that is run.
  ///   - siblings: the experiments whose results in the same folder some claims compare with.
  ///   - questions: what the paper leaves open, with alternatives whose effect is measured.
  ///   - failureCost: a pass of a larger mean cost ends a run, see `RunSpecification.failureCost`.
  ///   - numericsVersion: the version of the objective's numbers, raised when a change of the code
  ///     changes them; see `RunSpecification.numericsVersion`.
  ///   - objective: makes the objective for a minibatch size.
  public init(
    name: String, title: String, place: String, data: DataSource<Data>,
    standInSizes: ByProfile<StandInSizes> = .standard, settings: [any AnySetting] = [],
    minibatch: Int,
    profiles: ByProfile<SweepBudget>, variants: SweepVariants, axes: [SweepAxis], loss: String,
    probes: [Probe] = [],
    probeAxes: [Dimension] = [], picture: ModelPicture? = nil,
    paper: PaperCurves = PaperCurves(), figures: @escaping @Sendable (SweepExtent) -> [Figure],
    claims: [Claim], siblings: [String] = [], questions: [OpenQuestion] = [], notes: [String] = [],
    failureCost: Double? = nil,
    numericsVersion: Int = 1,
    objective: @escaping @Sendable (Data, Settings, _ minibatch: Int) throws -> any Objective
  ) {
    about = About(
      name: name, title: title, place: place, dataset: data.dataset, standInSizes: standInSizes,
      claims: claims, siblings: siblings, figures: [], paper: paper, notes: notes)
    self.minibatch = minibatch
    self.variants = variants
    self.axes = axes
    self.profiles = profiles
    lossMeaning = loss
    self.picture = picture
    extentFigures = figures
    self.probeAxes = probeAxes
    self.questions = questions
    self.numericsVersion = numericsVersion
    self.failureCost = failureCost
    training = MinibatchTraining(
      data: data, settings: settings.map(\.declared), epochs: profiles.map(\.epochs),
      seeds: profiles.map(\.seeds), probes: probes, objective: objective)
  }

  /// What it can be asked for.
  public var options: ExperimentOptions {
    var options = ExperimentOptions()
    options.settings = training.settings
    options.methods = variants.all.map(\.optimizer)
    options.extraOptions = axes.compactMap(\.option)
    options.action = picture.map(action)
    return options
  }

  /// The experiment for a request, with the runs that have been made so far.
  public func session(
    _ request: PlanRequest, _ records: @escaping RecordLookup
  ) -> any ExperimentSession {
    SweepSession(experiment: self, request: request, records: records)
  }

  /// A process for a run.
  public func process(
    for run: RunSpecification, _ resources: RunResources
  ) throws -> any RunProcess {
    try training.steppingProcess(for: run, resources)
  }

  private func action(_ picture: ModelPicture) -> ExperimentAction {
    ExperimentAction(option: .init(picture.option, nil, picture.help)) {
      request, records, resources in
      let run = try SweepSession(experiment: self, request: request, records: records).bestRun()
      resources.tell(
        "training \(run.summary) for \(run.epochs) epochs; no sweep keeps its parameters")
      let process = try training.steppingProcess(for: run, resources)
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
