import CVectorKernels
import Numerics

/// Adam: Kingma and Ba 2015, algorithm 1, with its defaults.
///
///     m_t = beta1 m_{t-1} + (1 - beta1) g_t
///     v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
///     mhat_t = m_t / (1 - beta1^t),  vhat_t = v_t / (1 - beta2^t)
///     theta_t = theta_{t-1} - alpha_t mhat_t / (sqrt(vhat_t) + epsilon)
///
/// `epsilon` is added to the root of the corrected `vhat_t`. With `epsilon` = 0 a parameter
/// that has had no gradient stays where it is.
///
/// `lambda` is the decay of theorem 4.1: the first line uses `beta1 lambda^(t-1)` in place of
/// `beta1`, the correction stays `1 - beta1^t`, as in the theorem's proof.
public struct Adam: PartedOptimizer, MomentsOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the first moment, in [0, 1).
  public var beta1: Double
  /// The decay rate of the second moment, in [0, 1).
  public var beta2: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double
  /// The factor by which `beta1` decays at each step, in (0, 1]; 1 keeps it.
  public var lambda: Double

  private var t = 0
  private var beta1Power = 1.0
  private var beta2Power = 1.0
  private var lambdaPower = 1.0
  private var m: FloatVector
  private var v: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(
    count: Int, alpha: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, lambda: Double = 1.0
  ) {
    self.alpha = alpha
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.lambda = lambda
    m = FloatVector(count: count)
    v = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let first = vk_average_of(beta1 * lambdaPower)
    let second = vk_average_of(beta2)
    beta1Power *= beta1
    beta2Power *= beta2
    lambdaPower *= lambda
    let stepsize = Float(alpha / (1 - beta1Power))
    let vCorrection = Float(1 / (1 - beta2Power))
    let epsilon = Float(epsilon)
    update(&theta, gradient, &m, &v) {
      vk_adam($0, $1, $2, $3, $4, first, second, stepsize, vCorrection, epsilon)
    }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<Adam>(
    step: \.t,
    scalars: [
      ("beta1_power", \.beta1Power), ("beta2_power", \.beta2Power), ("lambda_power", \.lambdaPower),
    ], vectors: [("m", \.m), ("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adam",
    title: "Adam",
    source: "Kingma and Ba 2015, algorithm 1",
    hyperparameters: [
      .alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2), .epsilon(\.epsilon), .lambda(\.lambda),
    ]
  ) { Adam(count: $0) }
}
