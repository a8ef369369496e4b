import CVectorKernels
import Numerics

/// RMSProp: Tieleman and Hinton 2012, lecture 6.5; section 5 of the paper.
///
///     v_t = rho v_{t-1} + (1 - rho) g_t^2
///     theta_t = theta_{t-1} - alpha_t g_t / (sqrt(v_t) + epsilon)
///
/// `alpha` and `rho` are the lecture's; it has no `epsilon`, whose place and default are
/// PyTorch's.
public struct RMSProp: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the averages, in [0, 1).
  public var rho: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double

  private var t = 0
  private var v: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(count: Int, alpha: Double = 0.001, rho: Double = 0.9, epsilon: Double = 1e-8) {
    self.alpha = alpha
    self.rho = rho
    self.epsilon = epsilon
    v = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (alpha, epsilon) = (Float(alpha), Float(epsilon))
    let average = vk_average_of(rho)
    update(&theta, gradient, &v) { vk_rmsprop($0, $1, $2, $3, average, alpha, epsilon) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<RMSProp>(
    step: \.t, vectors: [("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "rmsprop",
    title: "RMSProp",
    source: "Tieleman and Hinton 2012, lecture 6.5 of Neural Networks for Machine Learning",
    hyperparameters: [.alpha(\.alpha), .rho(\.rho), .epsilon(\.epsilon)]
  ) { RMSProp(count: $0) }
}
