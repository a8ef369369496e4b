import CVectorKernels
import Numerics

/// Stochastic gradient descent: Robbins and Monro 1951, the baseline of the paper's section 6.
///
///     theta_t = theta_{t-1} - alpha_t g_t
public struct SGD: PartedOptimizer {
  /// The stepsize of the next update.
  public var alpha: Double

  private let count: Int
  private var t = 0

  /// An optimizer of `count` parameters, before its first step.
  public init(count: Int, alpha: Double = 0.01) {
    self.alpha = alpha
    self.count = count
  }

  /// One update, as in the box.
  public mutating func step(_ theta: inout FloatVector, gradient: FloatVector) {
    t += 1
    let alpha = Float(alpha)
    update(&theta, gradient, count: count) { vk_sgd($0, $1, $2, alpha) }
  }

  /// What the next update starts from, apart from the hyperparameters.
  public static let parts = StateParts<SGD>(
    step: \.t)

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "sgd",
    title: "Stochastic gradient descent",
    source: "Robbins and Monro 1951; Kingma and Ba 2015, section 6",
    hyperparameters: [.alpha(\.alpha)]
  ) { SGD(count: $0) }
}
