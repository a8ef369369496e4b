import Reproduction

/// The computations, by the groups of the result file.
enum Topic: String {
  case spike, moments, scale, memory
  case worstCase = "worst_case"
  case worstCaseOfAdaMax = "worst_case_adamax"
  case normFamily = "norm_family"
  case firstSteps = "first_steps"
  case adaGradLimit = "adagrad_limit"
  case efficientOrder = "efficient_order"
  case nonStationary = "non_stationary"
}

extension Axis {
  static let betas = Axis("betas", "beta1, beta2")
  static let zeros = Axis("n", "gradients of zero before", units: "1")
  static let gradients = Axis("t", "number of gradients", units: "1")
  static let power = Axis("p", "the norm's power", units: "1")
  static let gradientSize = Axis("gradient_size", "standard deviation of the gradients")
  static let source = Axis("source", "distribution of the gradients")
  static let moment = Axis("moment", "first: of g; second: of g^2")
  static let epsilon = Axis("epsilon", "epsilon")
  static let log2Scale = Axis("log2_scale", "binary logarithm of the factor c", units: "1")
  static let log10Rest = Axis("log10_rest", "decimal logarithm of 1 - beta2")
  static let method = Axis("method", "method")
  static let change = Axis(
    "change",
    "drift: a random walk of 0.01 a step; switch: uniform in [-1, 1], anew every 1000 steps")
  static let noise = Axis("noise", "standard deviation of the gradients' noise")
  static let log10Alpha = Axis("log10_alpha", "decimal logarithm of alpha")
}
