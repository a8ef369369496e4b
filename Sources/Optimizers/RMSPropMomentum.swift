import CVectorKernels
import Numerics

/// RMSProp with momentum: Graves 2013, equations 38 to 41, with which section 5 of the paper
/// compares Adam. The momentum is of the rescaled gradients, where Adam rescales the momentum.
///
///     n_t = rho n_{t-1} + (1 - rho) g_t^2
///     m_t = rho m_{t-1} + (1 - rho) g_t
///     w_t = momentum w_{t-1} - alpha_t g_t / sqrt(n_t - m_t^2 + epsilon)
///     theta_t = theta_{t-1} + w_t
///
/// The difference `n_t - m_t^2` of two nearly equal numbers may come out negative. It is kept
/// as the variance `s_t` that it is, by the recursion that is the same identically:
///
///     s_t = rho s_{t-1} + rho (1 - rho) (g_t - m_{t-1})^2
public struct RMSPropMomentum: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the averages, in [0, 1).
  public var rho: Double
  /// How much of the last update goes on, in [0, 1).
  public var momentum: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double

  private var t = 0
  private var m: FloatVector
  private var s: FloatVector
  private var w: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(
    count: Int, alpha: Double = 1e-4, rho: Double = 0.95, momentum: Double = 0.9,
    epsilon: Double = 1e-4
  ) {
    self.alpha = alpha
    self.rho = rho
    self.momentum = momentum
    self.epsilon = epsilon
    m = FloatVector(count: count)
    s = FloatVector(count: count)
    w = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (alpha, momentum, epsilon) = (Float(alpha), Float(momentum), Float(epsilon))
    let average = vk_average_of(rho)
    let spread = Float(rho * (1 - rho))
    update(&theta, gradient, &m, &s, &w) {
      vk_rmsprop_momentum($0, $1, $2, $3, $4, $5, average, spread, alpha, momentum, epsilon)
    }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<RMSPropMomentum>(
    step: \.t, vectors: [("m", \.m), ("s", \.s), ("w", \.w)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "rmsprop-momentum",
    title: "RMSProp with momentum",
    source: "Graves 2013, Generating Sequences With Recurrent Neural Networks, equations 38 to 41",
    hyperparameters: [.alpha(\.alpha), .rho(\.rho), .momentum(\.momentum), .epsilon(\.epsilon)]
  ) { RMSPropMomentum(count: $0) }
}
