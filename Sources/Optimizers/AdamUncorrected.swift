import CVectorKernels
import Numerics

/// Adam without bias correction: the variant of section 6.4 of the paper, which calls its case
/// `beta1` = 0 a version of RMSProp.
///
///     m_t = beta1 m_{t-1} + (1 - beta1) g_t
///     v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
///     theta_t = theta_{t-1} - alpha_t m_t / (sqrt(v_t) + epsilon)
public struct AdamUncorrected: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the first moment, in [0, 1).
  public var beta1: Double
  /// The decay rate of the second moment, in [0, 1).
  public var beta2: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double

  private var t = 0
  private var m: FloatVector
  private var v: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(
    count: Int, alpha: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    self.alpha = alpha
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    m = FloatVector(count: count)
    v = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (first, second) = (vk_average_of(beta1), vk_average_of(beta2))
    let (alpha, epsilon) = (Float(alpha), Float(epsilon))
    update(&theta, gradient, &m, &v) {
      vk_adam($0, $1, $2, $3, $4, first, second, alpha, 1, epsilon)
    }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AdamUncorrected>(
    step: \.t, vectors: [("m", \.m), ("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adam-uncorrected",
    title: "Adam without bias correction",
    source: "Kingma and Ba 2015, section 6.4",
    hyperparameters: [.alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2), .epsilon(\.epsilon)]
  ) { AdamUncorrected(count: $0) }
}
