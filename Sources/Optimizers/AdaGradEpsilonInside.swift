import CVectorKernels
import Numerics

/// AdaGrad with `epsilon` under the root and an accumulator that starts above zero: the form
/// and the defaults of Keras.
///
///     v_t = v_{t-1} + g_t^2,  v_0 = initialAccumulator
///     theta_t = theta_{t-1} - alpha_t g_t / sqrt(v_t + epsilon)
public struct AdaGradEpsilonInside: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double
  /// The value that `v` starts from, at least 0.
  public var initialAccumulator: Double {
    didSet {
      if t == 0 { v = FloatVector(repeating: Float(initialAccumulator), count: v.count) }
    }
  }

  private var t = 0
  private var v: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(
    count: Int, alpha: Double = 0.001, epsilon: Double = 1e-7, initialAccumulator: Double = 0.1
  ) {
    self.alpha = alpha
    self.epsilon = epsilon
    self.initialAccumulator = initialAccumulator
    v = FloatVector(repeating: Float(initialAccumulator), count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (alpha, epsilon) = (Float(alpha), Float(epsilon))
    update(&theta, gradient, &v) { vk_adagrad_epsilon_inside($0, $1, $2, $3, alpha, epsilon) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AdaGradEpsilonInside>(
    step: \.t, vectors: [("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adagrad-epsilon-inside",
    title: "AdaGrad with epsilon under the root, as in Keras",
    source: "Duchi, Hazan and Singer 2011; the form and the defaults of Keras",
    hyperparameters: [
      .alpha(\.alpha), .epsilon(\.epsilon), .initialAccumulator(\.initialAccumulator),
    ]
  ) { AdaGradEpsilonInside(count: $0) }
}
