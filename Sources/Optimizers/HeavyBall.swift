import CVectorKernels
import Numerics

/// SGD with classical momentum, the heavy ball: Polyak 1964; Sutskever, Martens, Dahl and
/// Hinton 2013, equations 1 and 2. Keras has this form.
///
///     w_t = momentum w_{t-1} - alpha_t g_t
///     theta_t = theta_{t-1} + w_t
///
/// The velocity `w` holds steps that are already scaled; see `Momentum` for PyTorch's form.
public struct HeavyBall: PartedOptimizer {
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
    update(&theta, gradient, &w) { vk_heavy_ball($0, $1, $2, $3, alpha, momentum) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<HeavyBall>(
    step: \.t, vectors: [("w", \.w)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "heavy-ball",
    title: "SGD with classical (heavy-ball) momentum, as in Keras",
    source: "Polyak 1964; Sutskever, Martens, Dahl and Hinton 2013, equations 1 and 2",
    hyperparameters: [.alpha(\.alpha), .momentum(\.momentum)]
  ) { HeavyBall(count: $0) }
}
