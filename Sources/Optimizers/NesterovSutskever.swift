import CVectorKernels
import Numerics

/// SGD with Nesterov momentum as Sutskever, Martens, Dahl and Hinton 2013 write it (equations 3
/// and 4), the form of the paper's time, with the stepsize inside the velocity:
///
///     w_t = momentum w_{t-1} - alpha_t grad f(x_{t-1} + momentum w_{t-1})
///     x_t = x_{t-1} + w_t
///
/// `theta` here is the point at which the gradient is taken, `theta_t = x_t + momentum w_t`; in
/// terms of it (Bengio, Boulanger-Lewandowski and Pascanu 2013; Keras)
///
///     theta_t = theta_{t-1} + momentum w_t - alpha_t g_t
///
/// and `x_t = theta_t - momentum w_t` is found from the state. With a constant stepsize the
/// steps are those of `Nesterov`; with a schedule they differ.
public struct NesterovSutskever: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// How much of the last update goes on, in [0, 1).
  public var momentum: Double

  private var t = 0
  private var w: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(count: Int, alpha: Double = 0.01, momentum: Double = 0.9) {
    self.alpha = alpha
    self.momentum = momentum
    w = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (alpha, momentum) = (Float(alpha), Float(momentum))
    update(&theta, gradient, &w) { vk_nesterov_sutskever($0, $1, $2, $3, alpha, momentum) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<NesterovSutskever>(
    step: \.t, vectors: [("w", \.w)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "nesterov-sutskever",
    title: "SGD with Nesterov momentum, Sutskever's form",
    source: "Sutskever, Martens, Dahl and Hinton 2013, equations 3 and 4",
    hyperparameters: [.alpha(\.alpha), .momentum(\.momentum)]
  ) { NesterovSutskever(count: $0) }
}
