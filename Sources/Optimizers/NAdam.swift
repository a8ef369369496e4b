import CVectorKernels
import Glibc
import Numerics

/// NAdam: Dozat 2015, Incorporating Nesterov Momentum into Adam (the report), with the schedule
/// of the momentum that he recommends. PyTorch has this form.
///
///     mu_t = beta1 (1 - 0.96^(momentumDecay t) / 2)
///     m_t = beta1 m_{t-1} + (1 - beta1) g_t
///     v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
///     M_t = mu_1 mu_2 ... mu_t
///     mbar_t = mu_{t+1} m_t / (1 - M_{t+1}) + (1 - mu_t) g_t / (1 - M_t)
///     theta_t = theta_{t-1} - alpha_t mbar_t / (sqrt(v_t / (1 - beta2^t)) + epsilon)
///
/// `momentumDecay` is 1/250 with Dozat, 1 in Keras. The workshop paper of 2016 averages `m_t` with `mu_t`;
/// optax keeps `mu_t` = `beta1`.
public struct NAdam: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the first moment, in [0, 1).
  public var beta1: Double
  /// The decay rate of the second moment, in [0, 1).
  public var beta2: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double
  /// How fast the momentum approaches `beta1`, at least 0.
  public var momentumDecay: Double

  private var t = 0
  private var muProduct = 1.0
  private var beta2Power = 1.0
  private var m: FloatVector
  private var v: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(
    count: Int, alpha: Double = 0.002, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, momentumDecay: Double = 0.004
  ) {
    self.alpha = alpha
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.momentumDecay = momentumDecay
    m = FloatVector(count: count)
    v = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (first, second) = (vk_average_of(beta1), vk_average_of(beta2))
    let (mu, nextMu) = (mu(at: t), mu(at: t + 1))
    muProduct *= mu
    beta2Power *= beta2
    let mStepsize = Float(alpha * nextMu / (1 - muProduct * nextMu))
    let gStepsize = Float(alpha * (1 - mu) / (1 - muProduct))
    let vCorrection = Float(1 / (1 - beta2Power))
    let epsilon = Float(epsilon)
    update(&theta, gradient, &m, &v) {
      vk_nadam($0, $1, $2, $3, $4, first, second, mStepsize, gStepsize, vCorrection, epsilon)
    }
  }

  private func mu(at t: Int) -> Double {
    beta1 * (1 - 0.5 * pow(0.96, momentumDecay * Double(t)))
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<NAdam>(
    step: \.t, scalars: [("mu_product", \.muProduct), ("beta2_power", \.beta2Power)],
    vectors: [("m", \.m), ("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "nadam",
    title: "NAdam",
    source: "Dozat 2015, Incorporating Nesterov Momentum into Adam, algorithm 8 and its schedule",
    hyperparameters: [
      .alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2), .epsilon(\.epsilon),
      .momentumDecay(\.momentumDecay),
    ]
  ) { NAdam(count: $0) }
}
