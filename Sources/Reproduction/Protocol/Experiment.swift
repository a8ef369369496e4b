import Datasets
import Optimizers
import Reporting
import ResultStore

/// One experiment, as the command line knows it: what it is, what it can be asked for, and, for a request
/// and the runs so far, what there is to do and what came out.
///
/// Conforming types are declarations: `TrainingExperiment`, `SweepExperiment` and
/// `ComputationExperiment`.
public protocol Experiment: Sendable {
  /// What it is.
  var about: About { get }
  /// What it can be asked for.
  var options: ExperimentOptions { get }
  /// What the declaration names and does not have, a line each.
  var problems: [String] { get }
  /// The experiment for a request, with the runs that have been made so far.
  func session(_ request: PlanRequest, _ records: @escaping RecordLookup) -> any ExperimentSession
  /// A process for a run.
  func process(for run: RunSpecification, _ resources: RunResources) throws -> any RunProcess
}

/// An experiment as it was asked for: a pure function of the request and the records.
public protocol ExperimentSession {
  /// The runs, as far as they can be told.
  func plan() throws -> Plan
  /// The result file's root group, without attributes, claims and figures.
  func arrays() throws -> Group
  /// The outcome of the search as a table; `nil` if there is none yet.
  func searchTable() throws -> CommittedSearch?
  /// The figures drawn from the results.
  func figures() throws -> [Figure]
  /// How the protocol is shortened; empty if it is not.
  var shortened: String { get }
  /// Refuses requests that make no sense, before anything is touched.
  func check() throws
  /// What is done otherwise than the request says, a line each.
  var remarks: [String] { get }
}

extension ExperimentSession {
  /// None.
  public func searchTable() throws -> CommittedSearch? { nil }
  /// It is not.
  public var shortened: String { "" }
  /// All make sense.
  public func check() throws {}
  /// None.
  public var remarks: [String] { [] }
}

/// What an experiment is.
public struct About: Sendable {
  /// The executable's name, e.g. `mnist-logistic`.
  public var name: String
  /// The title, e.g. of the result file.
  public var title: String
  /// Where the paper has it, e.g. `section 6.1, Figure 1 (left)`.
  public var place: String
  /// The data set; `nil` if it needs none.
  public var dataset: DatasetName?
  /// The examples of the stand-in for the data, by profile.
  public var standInSizes: ByProfile<StandInSizes>
  /// The claims that the results decide.
  public var claims: [Claim]
  /// Contenders whose cost has no minimum: ratios of their final costs say nothing.
  public var withoutCostMinimum: [String] = []
  /// The experiments whose results in the same folder some claims compare with.
  public var siblings: [String] = []
  /// The figures drawn from the results; those that depend on a request are its session's.
  public var figures: [Figure]
  /// The paper's own curves, for figures and claims.
  public var paper = PaperCurves()
  /// What a reader has to know: deviations and open choices, one sentence each.
  public var notes: [String]
}

/// What an experiment can be asked for on the command line.
public struct ExperimentOptions: Sendable {
  /// The settings, each an option of the command line.
  public var settings: [DeclaredSetting] = []
  /// The optimizers whose hyperparameters are options of the command line.
  public var methods: [MethodDescription] = []
  /// The names that `--optimizers` takes.
  public var contenders: [String] = []
  /// The arms that `--arms` takes.
  public var arms: [Arm] = []
  /// Options that only this experiment has; their arguments arrive in `PlanRequest.extra`.
  public var extraOptions: [CommandOption] = []
  /// Whether the runs pass over training data in minibatches, and so have options for both.
  public var trainsInEpochs = true
  /// Examples a minibatch where the command line does not say.
  public var minibatch: Int?
  /// Whether `--search` makes sense.
  public var hasSearch = false
  /// The arm that a request with settings of one's own makes, where the result file keeps several.
  var customArm: (@Sendable (PlanRequest) -> CustomArm)?
  /// What the experiment does instead of its runs if an option of its own asks for it.
  public var action: ExperimentAction?

  /// Whether the result file keeps several arms with settings of one's own.
  var keepsArms: Bool { customArm != nil }
}

extension Experiment {
  /// Runs the experiment's command line and ends the process.
  public func main() -> Never { ExperimentCommand(self).main() }

  var name: String { about.name }
  var title: String { about.title }
  var place: String { about.place }
  var claims: [Claim] { about.claims }
  var siblings: [String] { about.siblings }
  var figures: [Figure] { about.figures }
  var paper: PaperCurves { about.paper }
  var notes: [String] { about.notes }
}

/// Something that an experiment can do with its results, asked for by an option of its own.
public struct ExperimentAction: Sendable {
  /// The option, a switch.
  public var option: CommandOption
  /// Does it: gives a file for the folder of the figures, or `nil` if it was interrupted.
  var perform:
    @Sendable (PlanRequest, @escaping RecordLookup, RunResources) throws -> (
      name: String, bytes: [UInt8]
    )?
}

/// The size of a stand-in data set.
public struct StandInSizes: Sendable, Hashable {
  /// Training examples.
  public var training: Int
  /// Test examples.
  public var test: Int

  /// Sizes.
  public init(training: Int, test: Int) {
    self.training = training
    self.test = test
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

/// Where the data of a run come from.
public enum DataChoice: Sendable {
  /// A data set on disk.
  case located(LocatedDataset)
  /// A generated one of the given sizes.
  case standIn(DatasetName, StandInSizes)
  /// The experiment needs none.
  case none

  /// What identifies the data, for run identities.
  public var identity: DatasetIdentity? {
    switch self {
    case .located(let located): located.identity
    case .standIn(let name, let sizes):
      StandIn.identity(name, trainingCount: sizes.training, testCount: sizes.test)
    case .none: nil
    }
  }

  /// How data on disk differ from the official ones though their content is the same.
  public var note: String? {
    if case .located(let located) = self { located.note } else { nil }
  }

  /// The identity as text.
  public var identityText: String {
    guard let identity else { return "none" }
    return "\(identity.name.rawValue) \(identity.origin.rawValue) \(identity.sha256)"
  }
}

/// What processes may use beside their specification.
public struct RunResources: Sendable {
  /// The data.
  public var data: DataChoice
  /// A folder for decoded data.
  public var cacheFolder: String
  /// The profile.
  public var profile: Profile
  /// What was asked for.
  public var request: PlanRequest
  /// Tells the user something, e.g. how long loading took.
  public var tell: @Sendable (String) -> Void
  /// The training examples that are needed, where loading others takes long; `nil`: all.
  var wanted: WantedExamples?

  package init(
    data: DataChoice, cacheFolder: String, profile: Profile, request: PlanRequest,
    tell: @escaping @Sendable (String) -> Void
  ) {
    self.data = data
    self.cacheFolder = cacheFolder
    self.profile = profile
    self.request = request
    self.tell = tell
  }
}
