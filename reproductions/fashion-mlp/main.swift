import Networks
import Reporting
import Reproduction
import ResultStore

// A write-up's comparison: a perceptron 784-1024-512-512-512-10 on Fashion-MNIST, minibatches of 256,
// 50 epochs, four optimizers of Keras with their defaults.

let hyperparameters: [String: [String: Double]] = [
  "SGD": ["alpha": 0.01],
  "Adagrad": ["alpha": 0.001, "initial-accumulator": 0.1, "epsilon": 1e-7],
  "RMSprop": ["alpha": 0.001, "rho": 0.9, "epsilon": 1e-7],
  "Adam": ["alpha": 0.001, "epsilon": 1e-7],
]

func lines(_ measure: Measure) -> [Figure.Line] {
  methods.map { .contender($0.name, $0.colour, measure: measure) }
}

let products = Setting.products
let hidden = Setting.widths("hidden", [1024, 512, 512, 512], "units of each hidden layer")

TrainingExperiment(
  name: "fashion-mlp",
  title: "Perceptron on Fashion-MNIST: the accuracies of a write-up",
  place: writeUp.description,
  data: .images(.fashionMNIST),
  settings: [products, hidden],
  minibatch: 256,
  profiles: ByProfile(
    smoke: Budget(epochs: 1, seeds: 1),
    quick: Budget(epochs: 2, seeds: 1),
    paper: Budget(epochs: last, seeds: 3)),
  contenders: methods.map {
    Contender(
      $0.name, optimizer: $0.optimizer, literal: .settings(.init(hyperparameters[$0.name] ?? [:])))
  },
  figures: [
    Figure(
      "fashion", "Fashion-MNIST, four optimizers of Keras with their defaults",
      place: writeUp.description,
      caption: "Published after 50 epochs: test accuracies of 89.04 % (Adam), 88.39 % (RMSprop), "
        + "87.42 % (SGD) and 85.28 % (Adagrad), and a test cost of Adam of 0.63, far above its "
        + "lowest.",
      columns: 3,
      panels: [
        Figure.Panel(
          "share of the test set that is wrong", x: .linear("epoch", 0...Double(last)),
          y: .linear("test error", 0.08...0.4), select: ["arm": Arm.literal.rawValue],
          lines: lines(.testError)),
        Figure.Panel(
          "test cost", x: .linear("epoch", 0...Double(last)), y: .logarithmic("test cost"),
          select: ["arm": Arm.literal.rawValue], lines: lines(.testCost)),
        Figure.Panel(
          "training cost", x: .linear("epoch", 0...Double(last)), y: .logarithmic("training cost"),
          select: ["arm": Arm.literal.rawValue], lines: lines(.trainingCost)),
      ])
  ],
  claims: (methods.map { accuracyClaim($0.name, published: $0.published) } + [orderClaim])
    .map { $0.of(writeUp) },
  notes: [
    "Keras' forms: epsilon under the root for Adagrad and RMSprop, and Adam in the order of the end "
      + "of section 2, with epsilon in the place of epsilon-hat.",
    "What the write-up calls validation data is the test set.",
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
      hiddenSizes: settings[hidden], initialisation: .glorotUniform,
      products: settings[products]),
    minibatchCapacity: minibatch)
}.main()
