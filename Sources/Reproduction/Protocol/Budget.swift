import ResultStore

/// How much of an experiment's protocol a profile runs.
public struct Budget: Sendable {
  let epochs: Int
  let seeds: Int
  let fittedSeeds: Int?
  let neighbourPasses: Int?
  let stepsWithReplacement: Int?
  let arms: [Arm]
  let search: Search
  let recording: RunSpecification.Recording
  let evaluations: [Int]?

  /// A budget.
  ///
  /// - Parameters:
  ///   - epochs: passes over the training data. The running cost at the paper's `x = E` is that of
  ///     pass `E + 1`.
  ///   - seeds: how many seeds the final runs have: 0, 1, ...
  ///   - fittedSeeds: how many of them the arm `fitted` has, if not all.
  ///   - neighbourPasses: how many passes the next smaller and larger stepsize beside each setting of the
  ///     arm `fitted` make at most, with the first seed (`FittedNeighbours`); `nil`: they are not run.
  ///   - stepsWithReplacement: set where minibatches are drawn with replacement: so many steps are
  ///     what is called an epoch. `nil`: an epoch takes every example once, in random order.
  ///   - arms: the arms, where one of them takes too long.
  ///   - search: where the arm `tuned` has its settings from.
  ///   - recording: how much the final runs record.
  ///   - evaluations: the epochs after which final runs evaluate the whole training and test sets,
  ///     beside the last one: those that a claim or a figure looks at. `nil`: as `recording` says.
  public init(
    epochs: Int, seeds: Int, fittedSeeds: Int? = nil, neighbourPasses: Int? = nil,
    stepsWithReplacement: Int? = nil, arms: [Arm] = Arm.allCases, search: Search = .none,
    recording: RunSpecification.Recording = .full, evaluations: [Int]? = nil
  ) {
    self.epochs = epochs
    self.seeds = seeds
    self.fittedSeeds = fittedSeeds
    self.neighbourPasses = neighbourPasses
    self.stepsWithReplacement = stepsWithReplacement
    self.arms = arms
    self.search = search
    self.recording = recording
    self.evaluations = evaluations
  }
}

/// How much of a sweep a profile runs.
public struct SweepBudget: Sendable {
  let epochs: Int
  let seeds: Int
  let kept: [String: [Double]]
  let saving: SweepProtocol?

  /// A budget.
  ///
  /// - Parameters:
  ///   - epochs: passes over the training data.
  ///   - seeds: how many seeds there are: 0, 1, ...
  ///   - kept: the values that are kept of an axis; all where it has none. Values from the command
  ///     line are all kept.
  ///   - saving: which cells are run for fewer epochs and with fewer seeds; `nil`: none.
  public init(
    epochs: Int, seeds: Int, keeping kept: KeyValuePairs<SweepAxis, [Double]> = [:],
    saving: SweepProtocol? = nil
  ) {
    self.epochs = epochs
    self.seeds = seeds
    self.kept = Dictionary(uniqueKeysWithValues: kept.map { ($0.hyperparameter, $1) })
    self.saving = saving
  }
}
