import Networks
import Optimizers
import Reporting
import Reproduction
import ResultStore

// Section 7.1: AdaMax beside Adam, both with the paper's defaults, on the models of sections 6.1, 6.2
// and 6.4, and the largest step of each run.

let trained = Setting("model", Model.logistic, "what is trained")
let pixels = Setting.pixels

let contenders: [Contender] = Model.allCases.flatMap { model in
  [("Adam", Adam.method), ("AdaMax", AdaMax.method)].map { method, optimizer in
    Contender(
      "\(method), \(model.title)", optimizer: optimizer, settings: [trained.at(model)],
      literal: .settings(.init([:])))
  }
}

TrainingExperiment(
  name: "adamax",
  title: "AdaMax beside Adam",
  place: place,
  data: .images(.mnist),
  settings: [trained, pixels],
  minibatch: 128,
  profiles: ByProfile(
    smoke: Budget(epochs: 1, seeds: 1),
    quick: Budget(epochs: 1, seeds: 1),
    paper: Budget(epochs: 20, seeds: 3)),
  contenders: contenders,
  probes: [largestStep],
  figures: [
    Figure(
      "adamax", "AdaMax beside Adam, with the paper's defaults", place: place,
      caption: "The paper shows no run of AdaMax. Whole training sets, without penalty.",
      columns: 3,
      panels: Model.allCases.map { model in
        Figure.Panel(
          model.title, x: .linear("iterations over entire dataset"),
          y: .logarithmic("training cost"), select: ["arm": Arm.literal.rawValue],
          lines: [("Adam", Figure.Colour.magenta), ("AdaMax", .green)].map { method, colour in
            Figure.Line(
              method, colour, variable: Measure.trainingCost.name, along: "epoch",
              select: ["optimizer": "\(method), \(model.title)"])
          })
      }),
    Figure(
      "adamax-step", "The largest step of any parameter in each pass", place: place,
      caption: "In units of alpha. The paper states that AdaMax's steps never exceed 1; the worst "
        + "gradients lead to 1.0091 at these decay rates. Adam's reach 3.16 after gradients of 0 alone, "
        + "and 7.27 at worst (`alg.bound.first`).",
      columns: 3,
      panels: Model.allCases.map { model in
        Figure.Panel(
          model.title, x: .linear("iterations over entire dataset", 0...20),
          y: .linear("largest step / alpha", 0...6), select: ["arm": Arm.literal.rawValue],
          lines: [("Adam", Figure.Colour.magenta), ("AdaMax", .green)].map { method, colour in
            Figure.Line(
              method, colour, variable: largestStep.variable, along: "epoch",
              select: ["optimizer": "\(method), \(model.title)"], isPoints: true)
          })
      }),
  ],
  claims: [stepClaim],
  notes: [
    "Minibatches of 128 for all models, the variational auto-encoder's too.",
    "Steps are differences of parameters in single precision: rounding makes them up to "
      + "about 1e-4 too large in units of alpha.",
  ],
  numericsVersion: { $0[trained] == .logistic ? 1 : 2 }
) { data, settings, minibatch in
  switch settings[trained] {
  case .perceptron:
    try MultilayerPerceptron(
      training: data.training, test: data.test, minibatchCapacity: minibatch)
  case .vae:
    try VariationalAutoencoder(
      training: data.training, test: data.test,
      options: .init(pixels: settings[pixels]),
      minibatchCapacity: minibatch)
  case .logistic:
    LogisticRegression(
      training: data.training, test: data.test, l2: 0, minibatchCapacity: minibatch)
  }
}.main()
