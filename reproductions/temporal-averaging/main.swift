import Networks
import Optimizers
import Reporting
import Reproduction
import ResultStore

// Section 7.2: averages of Adam's iterates beside the last one, on logistic regression and on a
// perceptron, all on MNIST.

enum Model: String, CaseIterable { case logistic, perceptron }

let model = Setting("model", Model.logistic, "what is trained")
let hidden = Setting(
  "hidden", 200, in: 1...10_000, "units of each of the perceptron's two hidden layers")

let problems: [Contender] = [
  Contender(
    quietProblem, optimizer: Adam.method, settings: [model.at(.logistic)],
    literal: .settings(.init(["alpha": 0.001]))),
  Contender(
    noisyProblem, optimizer: Adam.method, settings: [model.at(.logistic)],
    literal: .settings(.init(["alpha": 0.01]))),
  Contender(
    perceptron, optimizer: Adam.method, settings: [model.at(.perceptron)],
    literal: .settings(.init(["alpha": 0.001]))),
]

TrainingExperiment(
  name: "temporal-averaging",
  title: "Averages of Adam's iterates",
  place: place,
  data: .images(.mnist),
  settings: [model, hidden],
  minibatch: 128,
  averages: [exponential, .mean],
  profiles: ByProfile(
    smoke: Budget(epochs: 1, seeds: 1),
    quick: Budget(epochs: 5, seeds: 3),
    paper: Budget(epochs: 20, seeds: 10)),
  contenders: problems,
  probes: [averagedCost, uncorrectedCost, meanCost],
  figures: [
    Figure(
      "averaging", "Test cost of averages and of the last iterate", place: place,
      caption: "The corrected average should be below the last iterate; it is behind while the "
        + "iterates still travel. Without its correction it is drawn towards 0, where a classifier "
        + "knows nothing, until 1 / (1 - beta2) steps have been made.",
      columns: 3,
      panels: problems.map(\.name).map { problem in
        Figure.Panel(
          problem, x: .linear("iterations over entire dataset"),
          y: .logarithmic("test cost"),
          select: ["arm": Arm.literal.rawValue, "optimizer": problem],
          lines: [
            line("last iterate", .black, Measure.testCost),
            line("corrected average", .magenta, averagedCost),
            line("uncorrected average", .orange, uncorrectedCost),
            line("plain mean", .blue, meanCost),
          ])
      })
  ],
  claims: [averagingClaim],
  notes: [
    "The exponential average has the decay rate of the second moment, 0.999, as the paper writes "
      + "it.",
    "The noisy convex problem is logistic regression with ten times Adam's default stepsize.",
  ],
  numericsVersion: { $0[model] == .logistic ? 1 : 2 }
) { data, settings, minibatch in
  switch settings[model] {
  case .logistic:
    return LogisticRegression(
      training: data.training, test: data.test, l2: 0, minibatchCapacity: minibatch)
  case .perceptron:
    let units = Int(settings[hidden])
    return try MultilayerPerceptron(
      training: data.training, test: data.test, options: .init(hiddenSizes: [units, units]),
      minibatchCapacity: minibatch)
  }
}.main()

func line(_ name: String, _ colour: Figure.Colour, _ recorded: any Recorded) -> Figure.Line {
  Figure.Line(name, colour, variable: recorded.variable, along: "epoch")
}
