import CVectorKernels
import Numerics

/// AMSGrad with Adam's bias correction, the form of PyTorch.
///
///     m_t = beta1 m_{t-1} + (1 - beta1) g_t
///     v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
///     vmax_t = max(vmax_{t-1}, v_t)
///     mhat_t = m_t / (1 - beta1^t),  vhat_t = vmax_t / (1 - beta2^t)
///     theta_t = theta_{t-1} - alpha_t mhat_t / (sqrt(vhat_t) + epsilon)
///
/// The maximum is of the uncorrected `v_t`, and is corrected afterwards. optax corrects before it
/// takes the maximum; Keras adds `epsilon` to the root of the uncorrected maximum. The method of
/// Reddi, Kale and Kumar 2018 is `AMSGrad`.
public struct AMSGradCorrected: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the first moment, in [0, 1).
  public var beta1: Double
  /// The decay rate of the second moment, in [0, 1).
  public var beta2: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double

  private var t = 0
  private var beta1Power = 1.0
  private var beta2Power = 1.0
  private var m: FloatVector
  private var v: FloatVector
  private var vmax: FloatVector

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
    vmax = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (first, second) = (vk_average_of(beta1), vk_average_of(beta2))
    beta1Power *= beta1
    beta2Power *= beta2
    let stepsize = Float(alpha / (1 - beta1Power))
    let vCorrection = Float(1 / (1 - beta2Power))
    let epsilon = Float(epsilon)
    update(&theta, gradient, &m, &v, &vmax) {
      vk_amsgrad($0, $1, $2, $3, $4, $5, first, second, stepsize, vCorrection, epsilon)
    }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AMSGradCorrected>(
    step: \.t, scalars: [("beta1_power", \.beta1Power), ("beta2_power", \.beta2Power)],
    vectors: [("m", \.m), ("v", \.v), ("vmax", \.vmax)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "amsgrad-corrected",
    title: "AMSGrad with bias correction, as in PyTorch",
    source: "PyTorch's Adam with amsgrad=True, after Reddi, Kale and Kumar 2018",
    hyperparameters: [.alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2), .epsilon(\.epsilon)]
  ) { AMSGradCorrected(count: $0) }
}
