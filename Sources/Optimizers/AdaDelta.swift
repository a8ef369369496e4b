import CVectorKernels
import Numerics

/// AdaDelta: Zeiler 2012, algorithm 1; section 5 of the paper.
///
///     v_t = rho v_{t-1} + (1 - rho) g_t^2
///     d_t = sqrt(u_{t-1} + epsilon) / sqrt(v_t + epsilon) g_t
///     u_t = rho u_{t-1} + (1 - rho) d_t^2
///     theta_t = theta_{t-1} - alpha_t d_t
///
/// `alpha` is not Zeiler's: 1 is his method. With `epsilon` = 0 nothing would ever move.
public struct AdaDelta: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double
  /// The decay rate of the averages, in [0, 1).
  public var rho: Double
  /// Keeps the denominator from vanishing.
  public var epsilon: Double

  private var t = 0
  private var v: FloatVector
  private var u: FloatVector

  /// An optimizer of `count` parameters, before its first step.
  public init(count: Int, alpha: Double = 1.0, rho: Double = 0.95, epsilon: Double = 1e-6) {
    self.alpha = alpha
    self.rho = rho
    self.epsilon = epsilon
    v = FloatVector(count: count)
    u = FloatVector(count: count)
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let (alpha, epsilon) = (Float(alpha), Float(epsilon))
    let average = vk_average_of(rho)
    update(&theta, gradient, &v, &u) { vk_adadelta($0, $1, $2, $3, $4, average, alpha, epsilon) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<AdaDelta>(
    step: \.t, vectors: [("v", \.v), ("u", \.u)])

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "adadelta",
    title: "AdaDelta",
    source: "Zeiler 2012, ADADELTA, algorithm 1",
    hyperparameters: [.alpha(\.alpha), .rho(\.rho), .epsilon(\.epsilon)]
  ) { AdaDelta(count: $0) }
}
