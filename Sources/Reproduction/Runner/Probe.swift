import Networks
import Numerics
import Optimizers
import ResultStore

/// A quantity that is measured beside the costs: state of the optimizer per layer, accuracy after
/// so many iterations, the cost of an average of the iterates.
public struct Probe: Sendable, Recorded {
  /// When it is measured.
  public enum Moment: Sendable {
    /// Before the first step and after every epoch; the series has a leading axis `epoch`.
    case everyEpoch
    /// After the listed numbers of steps; the series has a leading axis of that name. Probes with
    /// the same axis have the same list.
    case afterSteps([Int], axis: String = "iteration")
    /// After every step; the series has a leading axis `epoch`, along which label e is the largest
    /// value during the pass that starts after e epochs, and the last one NaN.
    case largestOfEpoch
    /// After the first step of every pass and every so-many-th from there on; the series has a leading
    /// axis `epoch`, along which label e sums up the pass that starts after e epochs, and the last one
    /// is NaN.
    case overPass(every: Int, Summary)
  }

  /// What becomes of the values of a pass.
  public enum Summary: Sendable {
    /// Their mean.
    case mean
    /// The largest.
    case largest
  }

  /// What a probe can look at.
  public struct Context {
    /// The objective.
    public let objective: any Objective
    /// The optimizer, with its state.
    public let optimizer: any Optimizer
    /// The parameters.
    public let theta: FloatVector
    /// The gradient of the last step made, in the layout of theta; `nil` before the first.
    public let gradient: FloatVector?
    /// The parameters before the step just made; `nil` before the first and for epochs.
    public let previousTheta: FloatVector?
    /// Evaluates the minibatch of the step just made at `theta`, under the same noise: its cost after
    /// the update. `nil` before the first step and for epochs.
    public let minibatchCost: (() -> MinibatchCost)?
    /// The key for noise in evaluations.
    public let noise: NoiseKey

    package init(
      objective: any Objective, optimizer: any Optimizer, theta: FloatVector,
      gradient: FloatVector? = nil, previousTheta: FloatVector?,
      minibatchCost: (() -> MinibatchCost)? = nil, noise: NoiseKey
    ) {
      self.objective = objective
      self.optimizer = optimizer
      self.theta = theta
      self.gradient = gradient
      self.previousTheta = previousTheta
      self.minibatchCost = minibatchCost
      self.noise = noise
    }
  }

  /// The variable's name.
  public let name: String
  /// Its variable's path in a result file.
  public var variable: String { name }
  /// When it is measured.
  public let moment: Moment
  /// The axes of one measurement, and their lengths.
  public let axes: [(name: String, length: Int)]
  /// What the variable is, for `long_name`.
  public let meaning: String
  /// Measures: as many values as the product of the axes' lengths.
  public let measure: @Sendable (Context) -> [Double]

  /// A probe.
  public init(
    _ name: String, _ moment: Moment, axes: [(name: String, length: Int)] = [], meaning: String,
    measure: @escaping @Sendable (Context) -> [Double]
  ) {
    self.name = name
    self.moment = moment
    self.axes = axes
    self.meaning = meaning
    self.measure = measure
  }

  var valueCount: Int { axes.reduce(1) { $0 * $1.length } }

  var measurementCount: (_ epochs: Int) -> Int {
    switch moment {
    case .everyEpoch, .largestOfEpoch, .overPass: { $0 + 1 }
    case .afterSteps(let steps, _): { _ in steps.count }
    }
  }

  var leadingAxis: String {
    switch moment {
    case .everyEpoch, .largestOfEpoch, .overPass: "epoch"
    case .afterSteps(_, let axis): axis
    }
  }
}

extension Probe {
  /// - Parameters:
  ///   - step: the steps made in the run.
  ///   - inPass: those made in the pass.
  func isDue(after step: Int, inPass: Int) -> Bool {
    switch moment {
    case .everyEpoch: false
    case .afterSteps(let steps, _): steps.contains(step)
    case .largestOfEpoch: true
    case .overPass(let every, _): (inPass - 1).isMultiple(of: every)
    }
  }

  /// NaN in place of the values up to a moment.
  ///
  /// - Parameters:
  ///   - closed: how often the state after an epoch, or before the first, has been recorded.
  ///   - begun: the passes of which a step has been made.
  ///   - stepsMade: the steps made.
  func missing(closed: Int, begun: Int, stepsMade: Int) -> [Double] {
    let count =
      switch moment {
      case .everyEpoch: closed
      case .afterSteps(let steps, _): steps.count { $0 <= stepsMade }
      case .largestOfEpoch, .overPass: begun
      }
    return [Double](repeating: .nan, count: count * valueCount)
  }

  /// What becomes of the values of a pass, and how many steps lie between them; `nil` if each counts.
  var summary: (kind: Summary, every: Int)? {
    switch moment {
    case .everyEpoch, .afterSteps: nil
    case .largestOfEpoch: (.largest, 1)
    case .overPass(let every, let kind): (kind, every)
    }
  }
}
