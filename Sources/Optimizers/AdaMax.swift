import CVectorKernels
import Numerics

/// AdaMax: Kingma and Ba 2015, algorithm 2 in section 7.1, with its defaults.
///
///     m_t = beta1 m_{t-1} + (1 - beta1) g_t
///     u_t = max(beta2 u_{t-1}, |g_t|)
///     theta_t = theta_{t-1} - alpha_t / (1 - beta1^t) m_t / u_t
///
/// `u_t` needs no bias correction. Where it is 0, because no gradient has come yet, the
/// algorithm has 0/0; here the parameter stays where it is. (PyTorch and optax add an epsilon
/// instead, which the paper does not have.)
public struct AdaMax: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the first moment, in [0, 1).
  public var beta1: Double
  /// The decay rate of the second moment, in [0, 1).
  public var beta2: Double

  private var t = 0
  private var beta1Power = 1.0
  private var m: FloatVector
  private var u: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(count: Int, alpha: Double = 0.002, beta1: Double = 0.9, beta2: Double = 0.999) {
    self.alpha = alpha
    self.beta1 = beta1
    self.beta2 = beta2
    m = FloatVector(count: count)
    u = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let first = vk_average_of(beta1)
    beta1Power *= beta1
    let stepsize = Float(alpha / (1 - beta1Power))
    let beta2 = Float(beta2)
    update(&theta, gradient, &m, &u) { vk_adamax($0, $1, $2, $3, $4, first, beta2, stepsize) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AdaMax>(
    step: \.t, scalars: [("beta1_power", \.beta1Power)], vectors: [("m", \.m), ("u", \.u)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adamax",
    title: "AdaMax",
    source: "Kingma and Ba 2015, algorithm 2 (section 7.1)",
    hyperparameters: [.alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2)]
  ) { AdaMax(count: $0) }
}
