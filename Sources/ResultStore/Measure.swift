/// Something that runs record, as those know it who read it.
public protocol Recorded {
  /// Its variable's path in a result file.
  var variable: String { get }
}

extension Measure: Recorded {
  /// Its variable's path in a result file.
  public var variable: String { rawValue }
}

/// The time that runs took up to the end of each epoch, in seconds; not repeatable, unlike the rest.
public enum RunTime: String, Sendable, Recorded, CaseIterable {
  /// Of computation.
  case computation = "elapsed_seconds"
  /// Of the processor, of training alone.
  case training = "training_seconds"

  /// The name of the group of what is not repeatable.
  public static let group = "volatile"
  /// The variable of its `makers` with the day on which the first run of each ended.
  public static let firstDay = "first_run_ended_on"

  /// Its variable's path in a result file.
  public var variable: String { "\(Self.group)/\(rawValue)" }
}

/// A quantity that training runs record along the dimension `epoch`.
public enum Measure: String, Sendable, CaseIterable {
  /// Mean of the minibatch costs of a pass.
  case runningCost = "train_cost_running"
  /// Mean over the training set.
  case trainingCost = "train_cost"
  /// The penalty on theta.
  case penalty
  /// Mean over the test set.
  case testCost = "test_cost"
  /// Share of the test set that is classified wrongly.
  case testError = "test_error"
  /// The loss of a sweep: before the first pass that of theta, later the running cost of the pass before.
  case loss

  /// The variable's name in a result file.
  public var name: String { rawValue }

  /// What the label `e` of an epoch means.
  public enum Label: Sendable {
    /// The value at theta after `e` passes.
    case passesMade
    /// The value of the pass that starts after `e` passes; the last label, which starts none, has no value.
    case passBegun
  }

  /// What the label `e` of an epoch means.
  public var label: Label { self == .runningCost ? .passBegun : .passesMade }

  /// The label of what is known once so many passes have been made, at least one.
  public func label(afterPasses count: Int) -> Int {
    switch label {
    case .passesMade: count
    case .passBegun: count - 1
    }
  }

  /// After how many passes the value at a label is known.
  public func passes(atLabel label: Int) -> Int { label + 1 - self.label(afterPasses: 1) }

  /// The labels that runs of so many passes have values at, as far as they evaluate there.
  public func labels(ofPasses count: Int) -> Range<Int> { 0..<label(afterPasses: count) + 1 }

  /// The label of this measure for the place that `label` is of another: after the same pass.
  public func label(like label: Int, of other: Measure) -> Int {
    label + self.label(afterPasses: 1) - other.label(afterPasses: 1)
  }

  /// What it is, for `long_name`; a sweep says itself what its loss is.
  public var longName: String {
    switch self {
    case .runningCost:
      "running training cost: mean of the minibatch costs over the pass that starts after so many "
        + "epochs, with dropout, without the penalty; the paper's x = 0 is the first pass"
    case .trainingCost:
      "training cost: mean over the training set at theta after so many epochs, "
        + "without dropout and without the penalty"
    case .penalty: "penalty on theta after so many epochs"
    case .testCost: "test cost: mean over the test set at theta after so many epochs"
    case .testError: "share of the test set that is classified wrongly"
    case .loss: "loss after so many epochs"
    }
  }

  /// Its unit.
  public var units: String { self == .testError ? "1" : "nat" }
}

/// What became of a run: the values of the variable `status`.
public enum RunState: UInt8, Sendable, CaseIterable {
  /// It has not been made, or not yet.
  case notRun
  /// It came to its end.
  case finished
  /// Its cost or theta left the finite numbers, or failed otherwise.
  case diverged

  /// The word among the variable's `flag_meanings`.
  public var word: String { self == .notRun ? "not_run" : "\(self)" }

  /// The state that a word is for.
  public init?(word: some StringProtocol) {
    guard let state = Self.allCases.first(where: { $0.word == word }) else { return nil }
    self = state
  }

  /// The variable's name in a result file.
  public static let variable = "status"
}

extension Subgroup {
  /// Whether this group of the root holds numbers that runs have recorded: others say something about
  /// them. `choices` holds some where it has curves.
  public var holdsNumbersOfRuns: Bool {
    switch name {
    case "claims", "readings", "figures", "volatile": false
    case "choices": group.variable(RunState.variable) != nil
    default: true
    }
  }
}

extension DocumentView {
  /// Whether every run of this group, or of the part of it with these labels, came to its end.
  ///
  /// - Throws: `DocumentError` if the group has no states of runs, or no such labels.
  public func allFinished(_ selection: [String: String] = [:]) throws -> Bool {
    let finished = Double(RunState.finished.rawValue)
    return try array(RunState.variable, selection).values.allSatisfy { $0 == finished }
  }

  /// What runs have recorded in this group.
  ///
  /// - Throws: `DocumentError`, as for any variable.
  public func array(
    _ recorded: any Recorded, _ selection: [String: String] = [:]
  ) throws -> LabelledArray<Double> {
    try array(recorded.variable, selection)
  }
}
