import Reproduction

/// The computations, by the groups of the result file.
enum Topic: String {
  case streams, mnist, counterexamples, stochastic
  case lemma = "lemma_10_3"
  case sparseFeatures = "sparse_features"
}

extension Axis {
  static let stream = Axis("problem", "stream of costs")
  static let example = Axis("example", "stream of costs")
  static let sequence = Axis("sequence", "gradients; G_inf is the largest")
  static let method = Axis("method", "method")
  static let term = Axis("term", "term of the bound")
  static let costs = Axis("T", "costs seen", units: "1")
  static let sparseMethod = Axis("sparse_method", "method")
  static let features = Axis("d", "number of features", units: "1")
  static let log10Alpha = Axis("log10_alpha", "decimal logarithm of alpha")
}

extension Quantity {
  static let regret = Quantity(
    "regret", [.method, .costs], "R(T): costs paid less those of the best fixed point")
  static let averageRegret = Quantity("average_regret", [.method, .costs], "R(T) / T")
  static let bound = Quantity("bound", [.method, .costs], "right side of theorem 4.1")
  static let boundTerms = Quantity(
    "bound_terms", [.method, .term, .costs], "terms of the right side of theorem 4.1")
  static let leastCost = Quantity(
    "least_cost", [.costs], "costs of the best fixed point in hindsight")
  static let iterate = Quantity(
    "iterate", [.method, .costs], "theta after T costs; -1 is best, +1 worst")
  static let firstViolation = Quantity(
    "first_violation", [.method], "first T with R(T) above the bound; -1: none")

  static let left = Quantity("left", [.costs], "sum of sqrt(g^2 / t)")
  static let right = Quantity("right", [.costs], "2 G_inf ||g||_2, as stated")
  static let corrected = Quantity(
    "corrected", [.costs], "sqrt(1 + ln T) ||g||_2, by Cauchy and Schwarz")
  static let lemmaViolation = Quantity(
    firstViolation.name, [], "first T with the left side above the right; -1: none")

  static let sparseRegret = Quantity(
    "sparse_regret", [.sparseMethod, .features, .log10Alpha], "R(T) at the end of the stream")
}
