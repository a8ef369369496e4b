/// What hyperparameters are, for readers of a result file.
enum HyperparameterMeaning {
  private static let known = [
    "alpha": "stepsize alpha, before the schedule", "beta1": "decay rate of the first moment",
    "beta2": "decay rate of the second moment", "epsilon": "what keeps the denominator from 0",
    "momentum": "share of the velocity that is kept from step to step",
    "rho": "decay rate of the mean of squared gradients",
    "initial-accumulator": "value at which the sum of squared gradients starts",
    "weight-decay": "decoupled weight decay", "lambda": "decay of beta1 from step to step",
  ]

  /// The meaning of a hyperparameter, e.g. `decay rate of the first moment`.
  static func of(_ name: String) -> String {
    known[name] ?? "hyperparameter \(name) of the optimizer"
  }
}
