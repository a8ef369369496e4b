/// One of the methods that an experiment compares.
public struct Contender: Sendable {
  /// Hyperparameters, schedule and settings of one arm.
  public struct Choice: Sendable {
    /// The hyperparameters that differ from the method's defaults.
    public var hyperparameters: [String: Double]
    /// The schedule's text form.
    public var schedule: String
    /// Settings that differ from the experiment's.
    public var settings: Settings

    /// A choice.
    public init(
      _ hyperparameters: [String: Double], schedule: String = "constant", settings: Settings = [:]
    ) {
      self.hyperparameters = hyperparameters
      self.schedule = schedule
      self.settings = settings
    }
  }

  /// The name in figures, tables and files, as in the paper's legend.
  public let name: String
  /// The method in the registry of optimizers.
  public let optimizer: String
  /// Hyperparameters that both arms fix, e.g. the momentum of an optimizer that has none to tune.
  public let fixed: [String: Double]
  /// Settings that both arms fix, e.g. the dropout of a contender with dropout.
  public let settings: Settings
  /// What puts our curve on the paper's; `nil` where there is no `published` arm.
  public let published: Choice?
  /// What the search of the `tuned` arm tries; `nil` where there is no such arm.
  public let grid: Grid?
  /// The profiles that run it without being asked to by name.
  public let profiles: Set<Profile>

  /// A contender.
  public init(
    _ name: String, optimizer: String, fixed: [String: Double] = [:], settings: Settings = [:],
    published: Choice? = nil, grid: Grid? = nil, profiles: Set<Profile> = Set(Profile.allCases)
  ) {
    self.name = name
    self.optimizer = optimizer
    self.fixed = fixed
    self.settings = settings
    self.published = published
    self.grid = grid
    self.profiles = profiles
  }
}

/// The arms of an experiment of section 6.
public enum Arm: String, Sendable, CaseIterable {
  /// Settings inferred from the paper's own curves.
  case published
  /// Settings that a search over a dense grid chose.
  case tuned
  /// Settings given on the command line.
  case custom
}
