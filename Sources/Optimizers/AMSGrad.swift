import CVectorKernels
import Numerics

/// AMSGrad: Reddi, Kale and Kumar 2018, On the Convergence of Adam and Beyond, algorithm 2.
///
///     m_t = beta1 m_{t-1} + (1 - beta1) g_t
///     v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
///     vmax_t = max(vmax_{t-1}, v_t)
///     theta_t = theta_{t-1} - alpha_t m_t / (sqrt(vmax_t) + epsilon)
///
/// No bias correction, as there; `AMSGradCorrected` has PyTorch's. `lambda` is the decay of `beta1`
/// that their theorem has: `beta1 lambda^(t-1)` at step t. `epsilon` is Adam's; they have none.
public struct AMSGrad: PartedOptimizer {
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
  private var lambdaPower = 1.0
  private var m: FloatVector
  private var v: FloatVector
  private var vmax: FloatVector

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
    vmax = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (first, second) = (vk_average_of(beta1 * lambdaPower), vk_average_of(beta2))
    lambdaPower *= lambda
    let (alpha, epsilon) = (Float(alpha), Float(epsilon))
    update(&theta, gradient, &m, &v, &vmax) {
      vk_amsgrad($0, $1, $2, $3, $4, $5, first, second, alpha, 1, epsilon)
    }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AMSGrad>(
    step: \.t, scalars: [("lambda_power", \.lambdaPower)],
    vectors: [("m", \.m), ("v", \.v), ("vmax", \.vmax)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "amsgrad",
    title: "AMSGrad, without bias correction",
    source: "Reddi, Kale and Kumar 2018, algorithm 2; PyTorch's form is amsgrad-corrected",
    hyperparameters: [
      .alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2), .epsilon(\.epsilon), .lambda(\.lambda),
    ]
  ) { AMSGrad(count: $0) }
}
