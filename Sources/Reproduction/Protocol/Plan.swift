import Optimizers
import ResultStore

/// The runs of an experiment, as far as they can be told from the records so far.
///
/// A plan is a pure function of the request and of the records it asks for. Where later runs
/// depend on earlier ones (a search, then runs with what it chose), the runner plans again after
/// the runs of a plan have ended, until nothing is pending.
public struct Plan: Sendable {
  /// The runs, in the order in which they are made.
  public var runs: [RunSpecification]
  /// Whether these are all: false while later runs wait for the records of these.
  public var isFinal: Bool
}

/// What is asked for: the profile and what the command line changes of it.
public struct PlanRequest: Sendable {
  /// The profile.
  public var profile: Profile
  /// The contenders that were asked for by name; `nil`: the profile's.
  public var contenders: [String]?
  /// The arms that were asked for; `nil`: the profile's.
  public var arms: [Arm]?
  /// Seeds instead of the profile's.
  public var seeds: [UInt64]?
  /// Epochs instead of the profile's.
  public var epochs: Int?
  /// Examples a minibatch instead of the experiment's.
  public var minibatch: Int?
  /// Threads of one run.
  public var threads = 1
  /// Hyperparameters in place of the protocol's: the runs form an arm of their own.
  public var hyperparameters: [String: Double] = [:]
  /// A schedule in place of the protocol's.
  public var schedule: Schedule?
  /// Settings in place of the experiment's standard ones.
  public var settings = Settings()
  /// Whether the search is run with this profile's horizon and its outcome written for later use.
  public var isSearch = false
  /// Seeds for each grid point of a search instead of the experiment's.
  public var searchSeeds: Int?
  /// The label of the arm that these settings form; `nil`: `custom`.
  public var label: String?
  /// Optimizers beside the experiment's.
  public var added: [AddedOptimizer] = []
  /// The arms of the result file that the command line has made so far, this one included.
  public var kept: [CustomArm] = []
  /// The title of the data set that is used in place of the experiment's.
  public var otherData: String?
  /// Whether the paper's curves are drawn beside those of settings of one's own.
  public var drawsPaper = false
  /// What identifies the data.
  public var data: String
  /// What the options that only this experiment has were given.
  public var extra: [String: String] = [:]

  /// A request for the profile's protocol.
  public init(profile: Profile, data: String) {
    self.profile = profile
    self.data = data
  }

  /// Whether hyperparameters, schedule or settings differ from the protocol.
  public var isCustom: Bool {
    !hyperparameters.isEmpty || schedule != nil || !settings.values.isEmpty || minibatch != nil
      || !extra.isEmpty || label != nil || !added.isEmpty || otherData != nil
  }

  /// The label of the arm that settings of one's own form.
  var armLabel: String { label ?? Arm.custom.rawValue }
}

/// Looks up the record of a run; `nil` while there is none.
public typealias RecordLookup = @Sendable (RunSpecification) -> RunRecord?
