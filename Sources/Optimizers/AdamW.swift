import CVectorKernels
import Numerics

/// AdamW: Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, algorithm 2.
///
///     m_t, v_t, mhat_t, vhat_t as in Adam
///     d_t = mhat_t / (sqrt(vhat_t) + epsilon) + weightDecay theta_{t-1}
///     theta_t = theta_{t-1} - alpha_t d_t
///
/// Here, as in PyTorch, Keras and optax, the stepsize multiplies the decay; in algorithm 2 only
/// its schedule does, so that their decay is `alpha weightDecay` in these symbols. The default
/// is PyTorch's.
public struct AdamW: PartedOptimizer, MomentsOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the first moment, in [0, 1).
  public var beta1: Double
  /// The decay rate of the second moment, in [0, 1).
  public var beta2: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double
  /// The decay of `theta` per unit of stepsize, at least 0.
  public var weightDecay: Double

  private var t = 0
  private var beta1Power = 1.0
  private var beta2Power = 1.0
  private var m: FloatVector
  private var v: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(
    count: Int, alpha: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    self.alpha = alpha
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    m = FloatVector(count: count)
    v = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (first, second) = (vk_average_of(beta1), vk_average_of(beta2))
    beta1Power *= beta1
    beta2Power *= beta2
    let stepsize = Float(alpha / (1 - beta1Power))
    let vCorrection = Float(1 / (1 - beta2Power))
    let (epsilon, decay) = (Float(epsilon), Float(alpha * weightDecay))
    update(&theta, gradient, &m, &v) {
      vk_adamw($0, $1, $2, $3, $4, first, second, stepsize, vCorrection, epsilon, decay)
    }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AdamW>(
    step: \.t, scalars: [("beta1_power", \.beta1Power), ("beta2_power", \.beta2Power)],
    vectors: [("m", \.m), ("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adamw",
    title: "Adam with decoupled weight decay",
    source: "Loshchilov and Hutter 2019, algorithm 2",
    hyperparameters: [
      .alpha(\.alpha), .beta1(\.beta1), .beta2(\.beta2), .epsilon(\.epsilon),
      .weightDecay(\.weightDecay),
    ]
  ) { AdamW(count: $0) }
}
