import Networks
import Optimizers
import Reporting
import Reproduction
import ResultStore

// A write-up's comparison: a perceptron with four hidden layers of 100 rectified units on MNIST,
// 2,000 iterations with minibatches of 128 drawn with replacement, and the loss of each minibatch
// after its update.

let colours: [Figure.Colour] = [.red, .orange, .green, .magenta]

let products = Setting.products
let hidden = Setting.widths("hidden", [100, 100, 100, 100], "units of each hidden layer")

TrainingExperiment(
  name: "mnist-four-hidden",
  title: "Four hidden layers on MNIST: the losses of a write-up",
  place: writeUp.description,
  data: .images(.mnist),
  settings: [products, hidden],
  minibatch: 128,
  profiles: ByProfile(
    smoke: Budget(epochs: 1, seeds: 1, stepsWithReplacement: 100),
    quick: Budget(epochs: 2, seeds: 5, stepsWithReplacement: 1000),
    paper: Budget(epochs: 2, seeds: 20, stepsWithReplacement: 1000)),
  contenders: [
    Contender("SGD", optimizer: SGD.method, literal: .settings(.init(["alpha": 0.01]))),
    Contender(
      "Momentum", optimizer: HeavyBall.method,
      literal: .settings(.init(["alpha": 0.01, "momentum": 0.9]))),
    Contender(
      "RMSprop", optimizer: RMSProp.method,
      literal: .settings(.init(["alpha": 0.01, "rho": 0.99, "epsilon": 1e-8]))),
    Contender(
      "Adam", optimizer: AdamEpsilonHat.method,
      literal: .settings(.init(["alpha": 0.01, "epsilon": 1e-7]))),
  ],
  probes: [
    minibatchCost,
    EarlyAccuracy.probe,
  ],
  paper: PaperCurves.embedded(PackageResources.paper_curves_tsv),
  figures: [
    Figure(
      "four-hidden", "Loss of each minibatch after its update", place: writeUp.description,
      caption:
        "Every method's losses should pass through the marks that were published for it, each of "
        + "a single minibatch; Adam should be first and smoothest.",
      columns: 2,
      panels: zip(methods, colours).map { method, colour in
        Figure.Panel(
          method, x: .linear("iteration", 0...Double(iterations)),
          y: .logarithmic("minibatch loss", 0.005...20), select: ["arm": Arm.literal.rawValue],
          lines: [
            .init(
              method, colour, variable: minibatchCost.variable, along: "iteration",
              select: ["optimizer": method], paper: method, smoothing: 51)
          ], paperFigure: "four-hidden")
      })
  ],
  claims: fourHiddenClaims + [
    EarlyAccuracy.claim(.fourHidden), EarlyAccuracy.anyModelClaim(in: .fourHidden),
  ],
  siblings: EarlyAccuracy.siblings(of: .fourHidden),
  notes: [
    "Minibatches are drawn with replacement, so an epoch here is 1,000 iterations (100 in the "
      + "smoke profile), and two of them are the 2,000 iterations of the write-up.",
    "Published losses are of single minibatches of one run.",
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
      hiddenSizes: settings[hidden], initialisation: .heNormal,
      products: settings[products]),
    minibatchCapacity: minibatch)
}.main()
