import CVectorKernels
import Numerics

/// Adam in the order that the end of section 2 of the paper calls more efficient.
///
///     m_t = beta1 m_{t-1} + (1 - beta1) g_t
///     v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
///     alpha'_t = alpha_t sqrt(1 - beta2^t) / (1 - beta1^t)
///     theta_t = theta_{t-1} - alpha'_t m_t / (sqrt(v_t) + epsilon)
///
/// `epsilon` is the paper's epsilon-hat: it is added to the root of the uncorrected `v_t`.
/// Algorithm 1 (`Adam`) comes out if it is `epsilon sqrt(1 - beta2^t)` at each step, so a
/// constant one damps the first steps more, 31.6 times at t = 1 with the default `beta2`.
/// TensorFlow and Keras have this form, with `epsilon` = 1e-7.
public struct AdamEpsilonHat: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the first moment, in [0, 1).
  public var beta1: Double
  /// The decay rate of the second moment, in [0, 1).
  public var beta2: Double
  /// The epsilon-hat; keeps the denominator from vanishing.
  public var epsilon: Double

  private var t = 0
  private var beta1Power = 1.0
  private var beta2Power = 1.0
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
    beta1Power *= beta1
    beta2Power *= beta2
    let stepsize = Float(alpha * (1 - beta2Power).squareRoot() / (1 - beta1Power))
    let epsilon = Float(epsilon)
    update(&theta, gradient, &m, &v) {
      vk_adam($0, $1, $2, $3, $4, first, second, stepsize, 1, epsilon)
    }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AdamEpsilonHat>(
    step: \.t, scalars: [("beta1_power", \.beta1Power), ("beta2_power", \.beta2Power)],
    vectors: [("m", \.m), ("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adam-epsilon-hat",
    title: "Adam in the more efficient order of section 2, as in Keras",
    source: "Kingma and Ba 2015, end of section 2",
    hyperparameters: [.alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2), .epsilon(\.epsilon)]
  ) { AdamEpsilonHat(count: $0) }
}
