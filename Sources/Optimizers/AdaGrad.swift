import CVectorKernels
import Numerics

/// AdaGrad: Duchi, Hazan and Singer 2011, with a diagonal matrix; section 5 of the paper.
///
///     v_t = v_{t-1} + g_t^2,  v_0 = initialAccumulator
///     theta_t = theta_{t-1} - alpha_t g_t / (sqrt(v_t) + epsilon)
///
/// The defaults of `epsilon` and `initialAccumulator` are PyTorch's. With `epsilon` = 0 a
/// parameter that has had no gradient stays where it is.
public struct AdaGrad: PartedOptimizer {
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
    count: Int, alpha: Double = 0.01, epsilon: Double = 1e-10, initialAccumulator: Double = 0.0
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
    update(&theta, gradient, &v) { vk_adagrad($0, $1, $2, $3, alpha, epsilon) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AdaGrad>(
    step: \.t, vectors: [("v", \.v)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adagrad",
    title: "AdaGrad",
    source: "Duchi, Hazan and Singer 2011; Kingma and Ba 2015, section 5",
    hyperparameters: [
      .alpha(\.alpha), .epsilon(\.epsilon), .initialAccumulator(\.initialAccumulator),
    ]
  ) { AdaGrad(count: $0) }
}
