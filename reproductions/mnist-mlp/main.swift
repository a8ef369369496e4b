import Networks
import Optimizers
import Reporting
import Reproduction
import ResultStore

// Section 6.2, Figure 2 (a): a perceptron with two hidden layers of 1000 rectified units on MNIST,
// minibatches of 128, trained with dropout by stochastic first-order methods.

let layers = ["hidden1.weights", "hidden2.weights", "output.weights"]

func alpha(from first: Double, to last: Double) -> GridAxis {
  GridAxis("alpha", from: first, to: last, perDecade: 2)
}

/// What the search of the profile `paper` has found.
let found = Search.committed(.embedded(PackageResources.search_tsv))

/// The passes after which the whole training set is evaluated, for what the paper may have plotted instead
/// of the running cost.
let evaluated = [1, 2, 5, 10, 20, 50, 100, 150, 200]

/// Settings that put our curve on the paper's, which is too low for 0.2 on the input, and too high
/// for 0.
func inferred(_ hyperparameters: [String: Double]) -> Contender.Choice {
  .init(hyperparameters, settings: [inputDropout.at(0.15)])
}

TrainingExperiment(
  name: "mnist-mlp",
  title: "Multilayer perceptron with dropout on MNIST",
  place: place,
  data: .images(.mnist),
  settings: [dropout, inputDropout, l2, products, hidden],
  minibatch: 128,
  profiles: ByProfile(
    smoke: Budget(
      epochs: 1, seeds: 1, arms: [.fitted, .tuned], search: found, evaluations: evaluated),
    quick: Budget(epochs: 12, seeds: 1, arms: [.tuned], search: found, evaluations: evaluated),
    paper: Budget(
      epochs: 201, seeds: 6, fittedSeeds: 3, neighbourPasses: 50, arms: [.fitted, .tuned],
      search: .raced(seeds: 1, by: .perceptron),
      evaluations: evaluated)),
  contenders: [
    Contender(
      "AdaGrad", optimizer: AdaGrad.method, fitted: inferred(["alpha": 0.007]),
      grid: Grid([alpha(from: 1e-3, to: 1e-1)])),
    Contender(
      "RMSProp", optimizer: RMSProp.method, fitted: inferred(["alpha": 3e-4, "rho": 0.99]),
      grid: Grid([alpha(from: 3e-5, to: 1e-3), GridAxis("rho", nines: 1...2)])),
    Contender(
      "SGDNesterov", optimizer: Nesterov.method,
      fitted: inferred(["alpha": 0.03, "momentum": 0.9]),
      grid: Grid([alpha(from: 3e-3, to: 1e-1), GridAxis("momentum", nines: 1...2)])),
    Contender(
      "AdaDelta", optimizer: AdaDelta.method, fitted: inferred(["alpha": 0.2]),
      grid: Grid([alpha(from: 0.1, to: 3)])),
    Contender(
      "Adam", optimizer: Adam.method, fitted: inferred(["alpha": 2.5e-4]),
      grid: Grid([alpha(from: 3e-5, to: 3e-3)])),
    // For what the first moment contributes (section 6.3).
    Contender(
      "Adam beta1=0", optimizer: Adam.method, fixed: ["beta1": 0],
      grid: Grid([alpha(from: 3e-5, to: 3e-3)]), profiles: [.paper], seeds: 3),
    // For what a search gains.
    Contender(
      DefaultsClaim.contender, optimizer: Adam.method,
      grid: Grid([GridAxis("alpha", [1e-3])]), profiles: [.paper], seeds: 3),
  ],
  probes: LayerStatistics.probes(layers: layers) + LayerStatistics.stepProbes(layers: layers)
    + [EarlyAccuracy.probe],
  probeAxes: LayerStatistics.axes(layers: layers),
  paper: paper,
  figures: figures,
  claims: claims,
  questions: openQuestions,
  notes: [
    "Dropout rates are not in the paper: 0.2 on the input and 0.5 on the hidden layers, as in "
      + "Srivastava et al. 2014, chosen before any result.",
    "The settings of the arm fitted are inferred from the paper's curves: 0.15 on the input, "
      + "between 0.1 (Adam a tenth to a quarter below the paper) and 0.2 (SGDNesterov two fifths above it).",
  ],
  numericsVersion: { _ in 2 },
  parameterCount: {
    MultilayerPerceptron.parameterCount(
      inputs: 784, hidden: $0[hidden], classes: 10)
  }
) { data, settings, minibatch in
  try MultilayerPerceptron(
    training: data.training, test: data.test,
    options: .init(
      hiddenSizes: settings[hidden], inputDropout: settings[inputDropout],
      hiddenDropout: settings[hidden].map { _ in settings[dropout] }, l2: settings[l2],
      products: settings[products]),
    minibatchCapacity: minibatch)
}.main()
