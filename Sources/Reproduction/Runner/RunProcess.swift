import Numerics

/// A run in progress on one thread: a resumable computation.
///
/// Whatever conforms to this gets workers, checkpoints, resuming and result files from the runner.
public protocol RunProcess: AnyObject {
  /// Goes on until the run has ended or `pause` returns true; `pause` is asked at least once every
  /// few tens of milliseconds of work, and only where `save` is possible.
  ///
  /// - Returns: how the run ended; `nil` if it was paused.
  func advance(pause: () -> Bool) throws -> Outcome?

  /// Everything that the rest of the run depends on.
  func save() -> ProcessState

  /// Continues from a saved state of the same run; afterwards the process is in the same state,
  /// bit for bit, as the one that was saved.
  ///
  /// - Throws: `UnusableState` if the state is not one of this run.
  func restore(_ state: ProcessState) throws

  /// What has been recorded so far, padded with NaN to its full shape.
  var series: [Series] { get }

  /// Seconds of computation up to the end of each epoch, those before a resume included.
  var elapsedSeconds: [Double] { get }

  /// Seconds of processor time of the training alone, up to the end of each epoch; empty where that is
  /// not told apart.
  var trainingSeconds: [Double] { get }

  /// How far the run is.
  var progress: RunProgress { get }

  /// The fingerprint of the first steps, as far as they have been made; `nil` for a run that went on
  /// from a state without one.
  var fingerprint: Fingerprint? { get }

  /// Makes the first steps of a run that has not started, and nothing that they do not depend on;
  /// afterwards the process is of no further use.
  func rehearse() throws -> Fingerprint
}

extension RunProcess {
  /// None.
  public var trainingSeconds: [Double] { [] }
}

/// How far a run is.
public struct RunProgress: Sendable {
  /// Steps made of all steps.
  public var step: Int
  /// Steps in all.
  public var steps: Int
  /// The epoch under way, from 0; `nil` for computations, which have neither epochs nor a cost.
  public var epoch: Int?
  /// The latest cost.
  public var cost: Double

  /// How far a run is.
  public init(step: Int, steps: Int, epoch: Int?, cost: Double) {
    self.step = step
    self.steps = steps
    self.epoch = epoch
    self.cost = cost
  }

  /// The place in words.
  var place: String { epoch.map { "epoch \($0)" } ?? "step \(step) of \(steps)" }
}

/// The state of a process as plain data, in a fixed order.
public struct ProcessState: Sendable {
  /// Counters by name.
  public var counters: [String: Int] = [:]
  /// Double-precision values by name: running sums and curves.
  public var numbers: [String: [Double]] = [:]
  /// Vectors by name: theta and the optimizer's state.
  public var vectors: [String: FloatVector] = [:]
  /// The fingerprint of the first steps, if the state has one.
  public var fingerprint: Fingerprint?

  /// An empty state.
  public init() {}

  /// The counter, which must be there.
  public func counter(_ name: String) throws -> Int {
    guard let value = counters[name] else { throw UnusableState("no counter \(name)") }
    return value
  }

  /// The numbers, which must be there and `count` of them.
  public func numbers(_ name: String, count: Int) throws -> [Double] {
    guard let values = numbers[name], values.count == count else {
      throw UnusableState("no \(count) numbers \(name)")
    }
    return values
  }

  /// The vector, which must be there and have `count` elements.
  public func vector(_ name: String, count: Int) throws -> FloatVector {
    guard let values = vectors[name], values.count == count else {
      throw UnusableState("no vector \(name) of \(count) elements")
    }
    return values
  }
}

/// A saved state that does not belong to the run.
public struct UnusableState: Error, CustomStringConvertible {
  /// What is wrong with it.
  public let description: String

  /// An error with its reason.
  public init(_ description: String) { self.description = description }
}
