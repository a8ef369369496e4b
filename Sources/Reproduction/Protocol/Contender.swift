import Optimizers
import ResultStore

/// One of the methods that an experiment compares.
public struct Contender: Sendable {
  /// Hyperparameters, schedule and settings of one arm.
  public struct Choice: Sendable {
    /// The hyperparameters that differ from the method's defaults.
    public var hyperparameters: [String: Double]
    /// The schedule.
    public var schedule: Schedule
    /// Settings that differ from the experiment's.
    public var settings: Settings

    /// A choice.
    public init(
      _ hyperparameters: [String: Double], schedule: Schedule = .constant, settings: Settings = [:]
    ) {
      self.hyperparameters = hyperparameters
      self.schedule = schedule
      self.settings = settings
    }

    /// What a grid's point says.
    init(_ point: GridPoint) {
      hyperparameters = point.hyperparameters
      schedule = point.schedule
      settings = [:]
    }
  }

  /// The name in figures, tables and files, as in the paper's legend.
  public let name: String
  /// The method.
  public let optimizer: MethodDescription
  /// Hyperparameters that all arms fix, e.g. the momentum of an optimizer that has none to tune.
  public let fixed: [String: Double]
  /// Settings that all arms fix, e.g. the dropout of a contender with dropout.
  public let settings: Settings
  /// What the text states of an optimizer.
  public enum Statement: Sendable {
    /// All settings.
    case settings(Choice)
    /// The schedule alone: the rest is the best of the grid with this schedule.
    case schedule(Schedule)
  }

  /// What puts our curve on the paper's; `nil` where there is no `fitted` arm.
  public let fitted: Choice?
  /// What the text states; `nil` where there is no `literal` arm.
  public let literal: Statement?
  /// What the search of the `tuned` arm tries; `nil` where there is no such arm.
  public let grid: Grid?
  /// The profiles that run it without being asked to by name.
  public let profiles: Set<Profile>
  /// How many of the experiment's seeds it is run with; `nil`: all. What the command line asks for
  /// comes first.
  public let seeds: Int?
  /// How many passes its final runs make at most; `nil`: the experiment's. What the command line asks
  /// for comes first.
  public let passes: Int?
  /// Whether its cost has a minimum: that of examples that can be separated has none without a penalty.
  /// Ratios of costs without one tell how far each run was taken: no race is replayed on them, and they
  /// are no reading of a claim.
  public let costHasMinimum: Bool

  /// A contender.
  public init(
    _ name: String, optimizer: MethodDescription, fixed: [String: Double] = [:],
    settings: Settings = [:],
    fitted: Choice? = nil, literal: Statement? = nil, grid: Grid? = nil,
    profiles: Set<Profile> = Set(Profile.allCases), seeds: Int? = nil, passes: Int? = nil,
    costHasMinimum: Bool = true
  ) {
    self.name = name
    self.optimizer = optimizer
    self.fixed = fixed
    self.settings = settings
    self.fitted = fitted
    self.literal = literal
    self.grid = grid
    self.profiles = profiles
    self.seeds = seeds
    self.passes = passes
    self.costHasMinimum = costHasMinimum
  }

  /// The arms that it has settings for, or will have after a search.
  var arms: [Arm] {
    [
      fitted == nil ? nil : .fitted, literal == nil ? nil : .literal, grid == nil ? nil : .tuned,
    ].compactMap(\.self)
  }

  /// Whether the settings of an arm come from a search.
  func isSearched(in arm: Arm) -> Bool {
    switch (arm, literal) {
    case (.tuned, _), (.literal, .schedule): grid != nil
    default: false
    }
  }
}
