import Numerics

extension SumOfFunctionsOptimizer {
  /// The hyperparameter that says how many subfunctions there are.
  public static let subfunctionsName = "subfunctions"
  /// The hyperparameter that says whether an objective's noise is drawn anew at each evaluation.
  public static let freshNoiseName = "fresh-noise"

  /// The method in the registry.
  public static let method = MethodDescription(
    name: "sfo",
    title: "sum-of-functions optimizer",
    source: "Sohl-Dickstein, Poole and Ganguli 2014, with the defaults of the authors' program",
    hyperparameters: [
      HyperparameterDescription(
        name: subfunctionsName, default: 24, range: .count,
        meaning: "minibatches that the data are divided into, rounded; sqrt(60000) / 10 for MNIST"),
      HyperparameterDescription(
        name: freshNoiseName, default: 0, range: .share,
        meaning: "1: the objective's noise is drawn anew at each evaluation, 0: once a minibatch"),
      HyperparameterDescription(
        name: "repaired", default: 0, range: .share,
        meaning: "1: without the faults of the authors' program"),
      HyperparameterDescription(
        name: "whole-metric", default: 0, range: .share,
        meaning: "1: chooses by the distance in the metric of the whole Hessian alone"),
      HyperparameterDescription(
        name: "history", default: 10, range: .count,
        meaning: "gradient differences kept of each minibatch, rounded"),
      HyperparameterDescription(
        name: "initial-hessian", default: 1e5, range: .positive,
        meaning: "curvature of the first minibatches before any is known"),
      HyperparameterDescription(
        name: "initial-active", default: 2, range: .count,
        meaning: "minibatches that it starts with, rounded"),
    ]
  ) { values, theta, seed in
    var options = Options()
    options.mode = values["repaired"] >= 0.5 ? .repaired : .reference
    options.selection = values["whole-metric"] >= 0.5 ? .distance : .distanceBoth
    options.historyLength = Int(values["history"].rounded())
    options.initialHessian = values["initial-hessian"]
    options.initialActive = Int(values["initial-active"].rounded())
    return try SumOfFunctionsOptimizer(
      theta: theta, count: Int(values[subfunctionsName].rounded()), options: options, seed: seed)
  }
}
