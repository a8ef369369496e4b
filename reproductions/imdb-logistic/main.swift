import Datasets
import Networks
import Reporting
import Reproduction

// Section 6.1, Figure 1 (right): logistic regression on the 10,000 most frequent words of the IMDB
// movie reviews, with minibatches of 128, a stepsize that decays as 1/sqrt(t), and, in the figure,
// 50 % dropout on the words.

// What the paper leaves open about the schedule is part of every grid.
let schedules = ["constant", "alpha/sqrt(step)", "alpha/sqrt(epoch)"]
let alpha = GridAxis("alpha", from: 1e-3, to: 1, perDecade: 2)
let grid = Grid([alpha], schedules: schedules)
/// What the text states: alpha / sqrt(t) for every method, t being the step as in algorithm 1.
let stated = Contender.Statement.schedule("alpha/sqrt(step)")
let momentumGrid = Grid([alpha, GridAxis("momentum", [0.5, 0.9, 0.99])], schedules: schedules)

let adagrad = Contender.Choice(["alpha": 0.02])
let rmsprop = Contender.Choice(["alpha": 0.002], schedule: "alpha/sqrt(epoch)")
let nesterov = Contender.Choice(["alpha": 0.04, "momentum": 0.9])
let adam = Contender.Choice(["alpha": 0.002], schedule: "alpha/sqrt(epoch)")

let dropout: Settings = ["dropout": 0.5]

TrainingExperiment(
  name: "imdb-logistic",
  title: "Logistic regression on the words of IMDB movie reviews",
  place: place,
  data: .text(.imdb),
  standInSizes: ByProfile(
    smoke: StandInSizes(training: 2000, test: 500),
    quick: StandInSizes(training: 25000, test: 25000),
    paper: StandInSizes(training: 25000, test: 25000)),
  settings: [
    .features(.counts),
    .tokenization(.words),
    Setting("dropout", 0, in: 0..<1, "probability that a word is dropped from its review"),
    Setting(
      "dropout-scaling", DropoutScaling.inverted,
      "where dropout makes up for the words that it drops"),
    Setting("l2", 0, in: 0...1, "coefficient of the L2 penalty on the weights"),
  ],
  minibatch: 128,
  epochs: ByProfile(smoke: 3, quick: 176, paper: 176),
  seeds: ByProfile(smoke: 2, quick: 3, paper: 10),
  search: ByProfile(
    smoke: .inline(seeds: 1), quick: .committed(.embedded(PackageResources.search_tsv)),
    paper: .inline(seeds: 2, replaying: [.perceptron, .convolutional])),
  contenders: [
    Contender(
      "Adagrad+dropout", optimizer: "adagrad", settings: dropout, fitted: adagrad, literal: stated,
      grid: grid),
    Contender(
      "RMSProp+dropout", optimizer: "rmsprop", settings: dropout, fitted: rmsprop, literal: stated,
      grid: grid),
    Contender(
      "SGDNesterov+dropout", optimizer: "nesterov", settings: dropout, fitted: nesterov,
      literal: stated,
      grid: momentumGrid),
    Contender(
      "Adam+dropout", optimizer: "adam", settings: dropout, fitted: adam, literal: stated,
      grid: grid),
    Contender("Adagrad", optimizer: "adagrad", fitted: adagrad, literal: stated, grid: grid),
    Contender("RMSProp", optimizer: "rmsprop", fitted: rmsprop, literal: stated, grid: grid),
    Contender(
      "SGDNesterov", optimizer: "nesterov", fitted: nesterov, literal: stated, grid: momentumGrid),
    Contender("Adam", optimizer: "adam", fitted: adam, literal: stated, grid: grid),
  ],
  paper: paper,
  figures: figures,
  claims: claims,
  questions: openQuestions,
  notes: [
    "Counts of words, no penalty and dropout with inverted scaling are inferred from the paper's "
      + "curves.",
    "Without dropout and penalty the training reviews are separable: the cost has no minimum, and "
      + "the search by final cost follows the stepsize upwards to the end of its extension.",
  ]
) { data, settings, minibatch in
  SparseLogisticRegression(
    training: data.training, test: data.test, minibatchCapacity: minibatch,
    options: .init(
      inputDropout: settings.number("dropout"),
      dropoutScaling: settings.choice("dropout-scaling"),
      l2: settings.number("l2")))
}.main()
