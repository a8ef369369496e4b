import CVectorKernels
import Numerics

/// SGD with Nesterov momentum in the form that PyTorch uses, with the stepsize outside the
/// velocity.
///
///     b_t = momentum b_{t-1} + g_t
///     theta_t = theta_{t-1} - alpha_t (g_t + momentum b_t)
///
/// With a constant stepsize it makes the steps of `NesterovSutskever`.
public struct Nesterov: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// How much of the last update goes on, in [0, 1).
  public var momentum: Double

  private var t = 0
  private var b: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(count: Int, alpha: Double = 0.01, momentum: Double = 0.9) {
    self.alpha = alpha
    self.momentum = momentum
    b = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (alpha, momentum) = (Float(alpha), Float(momentum))
    update(&theta, gradient, &b) { vk_nesterov($0, $1, $2, $3, alpha, momentum) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<Nesterov>(
    step: \.t, vectors: [("b", \.b)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "nesterov",
    title: "SGD with Nesterov momentum, as in PyTorch",
    source: "Nesterov 1983; the form of PyTorch, where the stepsize is outside the velocity",
    hyperparameters: [.alpha(\.alpha), .momentum(\.momentum)]
  ) { Nesterov(count: $0) }
}
