import CVectorKernels
import Numerics

/// The average of the iterates: Kingma and Ba 2015, section 7.2.
///
///     thetabar_t = beta thetabar_{t-1} + (1 - beta) theta_t,  thetabar_0 = 0
///     estimate: thetabar_t / (1 - beta^t)
///
/// or the plain mean of Polyak and Ruppert, `thetabar_t = (theta_1 + ... + theta_t) / t`. Before the
/// first iterate the average is 0.
public struct TemporalAverage: Sendable {
  /// How the iterates are weighted.
  public enum Kind: Sendable, Equatable {
    /// Exponentially, with decay rate `beta` in [0, 1).
    case exponential(beta: Double)
    /// Equally.
    case mean
  }

  /// How the iterates are weighted.
  public let kind: Kind

  private var t = 0
  private var betaPower = 1.0
  private var thetabar: FloatVector

  /// The average of vectors of `count` elements, before the first.
  public init(_ kind: Kind, count: Int) {
    if case .exponential(let beta) = kind {
      precondition(beta >= 0 && beta < 1, "the decay rate \(beta) is outside [0, 1)")
    }
    self.kind = kind
    thetabar = FloatVector(count: count)
  }

  /// Takes in the iterate `theta_t`.
  public mutating func add(_ theta: FloatVector) {
    precondition(theta.count == thetabar.count, "\(theta.count) is not \(thetabar.count) elements")
    t += 1
    let (count, kind, step) = (theta.count, kind, t)
    thetabar.withUnsafeMutableBufferPointer { mean in
      theta.withUnsafeBufferPointer { theta in
        switch kind {
        case .exponential(let beta):
          vk_average_update(mean.baseAddress, theta.baseAddress, count, vk_average_of(beta))
        case .mean:
          vk_mean_update(mean.baseAddress, theta.baseAddress, count, Float(1 / Double(step)))
        }
      }
    }
    if case .exponential(let beta) = kind { betaPower *= beta }
  }

  /// Writes the average to `target`, which has as many elements; with `corrected` false an
  /// exponential average without its bias correction.
  public func write(to target: inout FloatVector, corrected: Bool = true) {
    precondition(
      target.count == thetabar.count, "\(target.count) is not \(thetabar.count) elements")
    let correction = corrected && kind != .mean && t > 0 ? 1 / (1 - betaPower) : 1
    target.withUnsafeMutableBufferPointer { target in
      thetabar.withUnsafeBufferPointer {
        vk_scaled(target.baseAddress, $0.baseAddress, $0.count, Float(correction))
      }
    }
  }

  /// The average, with its bias correction.
  public var value: FloatVector {
    var target = FloatVector(count: thetabar.count)
    write(to: &target)
    return target
  }

  /// The name in saved states; averages of different kinds can stand in one.
  private var name: String {
    switch kind {
    case .exponential: "thetabar"
    case .mean: "thetabar_mean"
    }
  }

  /// Everything that later averages depend on, apart from `kind`.
  public var state: OptimizerState {
    get {
      OptimizerState(
        step: t, scalars: [.init(name: "\(name)_power", value: betaPower)],
        vectors: [.init(name: name, values: thetabar)])
    }
    set {
      t = newValue.step
      betaPower = newValue.scalar("\(name)_power")
      thetabar = newValue.vector(name, count: thetabar.count)
    }
  }
}

/// Any optimizer, with the average of its iterates beside it. The iterates are as without.
public struct AveragedOptimizer: Optimizer {
  /// The optimizer that makes the steps.
  public private(set) var base: any Optimizer
  /// The average of the iterates after each step so far.
  public private(set) var average: TemporalAverage

  /// `base`, which must not have made a step yet for the average to be of all its iterates.
  public init(_ base: any Optimizer, averaging kind: TemporalAverage.Kind, count: Int) {
    self.base = base
    average = TemporalAverage(kind, count: count)
  }

  /// The average of the given kind, of this optimizer or of one that it wraps.
  public func average(_ kind: TemporalAverage.Kind) -> TemporalAverage? {
    average.kind == kind ? average : (base as? AveragedOptimizer)?.average(kind)
  }

  /// The stepsize of the next update of `base`.
  public var alpha: Double {
    get { base.alpha }
    set { base.alpha = newValue }
  }

  /// One update of `base`, whose result is taken into the average.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    base.step(&theta, gradient: gradient)
    average.add(theta)
  }

  /// The state of `base`, then that of the average.
  public var state: OptimizerState {
    get {
      let (base, average) = (base.state, average.state)
      return OptimizerState(
        step: base.step, scalars: base.scalars + average.scalars,
        vectors: base.vectors + average.vectors)
    }
    set {
      base.state = newValue
      average.state = newValue
    }
  }
}
