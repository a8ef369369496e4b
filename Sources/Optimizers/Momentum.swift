import CVectorKernels
import Numerics

/// SGD with momentum in the form that PyTorch uses: the velocity `b` is a sum of gradients, and
/// the stepsize multiplies it as a whole.
///
///     b_t = momentum b_{t-1} + g_t
///     theta_t = theta_{t-1} - alpha_t b_t
///
/// With a constant stepsize this is `HeavyBall`; with a schedule a change of the stepsize acts
/// here on past gradients too. Keras and the paper's time have the other form.
public struct Momentum: PartedOptimizer {
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
    update(&theta, gradient, &b) { vk_momentum($0, $1, $2, $3, alpha, momentum) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<Momentum>(
    step: \.t, vectors: [("b", \.b)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "momentum",
    title: "SGD with momentum, as in PyTorch",
    source: "Polyak 1964; the form of PyTorch, where the stepsize is outside the velocity",
    hyperparameters: [.alpha(\.alpha), .momentum(\.momentum)]
  ) { Momentum(count: $0) }
}
