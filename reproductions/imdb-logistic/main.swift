import Datasets
import Networks
import Optimizers
import Reporting
import Reproduction

// Section 6.1, Figure 1 (right): logistic regression on the 10,000 most frequent words of the IMDB
// movie reviews, with minibatches of 128, a stepsize that decays as 1/sqrt(t), and, in the figure,
// 50 % dropout on the words.

// What the paper leaves open about the schedule is part of every grid.
let schedules: [Schedule] = [
  .constant, .inverseSquareRoot(of: .step), .inverseSquareRoot(of: .epoch),
]
let alpha = GridAxis("alpha", from: 1e-3, to: 1, perDecade: 2)
let grid = Grid([alpha], schedules: schedules)
/// What the text states: alpha / sqrt(t) for every method, t being the step as in algorithm 1.
let stated = Contender.Statement.schedule(.inverseSquareRoot(of: .step))
let rhoGrid = Grid([alpha, GridAxis("rho", nines: 1...2)], schedules: schedules)
let momentumGrid = Grid([alpha, GridAxis("momentum", nines: 1...2)], schedules: schedules)

let adagrad = Contender.Choice(["alpha": 0.02])
let rmsprop = Contender.Choice(["alpha": 0.002], schedule: .inverseSquareRoot(of: .epoch))
let nesterov = Contender.Choice(["alpha": 0.04, "momentum": 0.9])
let adam = Contender.Choice(["alpha": 0.002], schedule: .inverseSquareRoot(of: .epoch))

let half: Settings = [dropout.at(0.5)]

TrainingExperiment(
  name: "imdb-logistic",
  title: "Logistic regression on the words of IMDB movie reviews",
  place: place,
  data: .text(.imdb),
  standInSizes: ByProfile(
    smoke: StandInSizes(training: 2000, test: 500),
    quick: StandInSizes(training: 25000, test: 25000),
    paper: StandInSizes(training: 25000, test: 25000)),
  settings: [features, tokenization, dropout, dropoutScaling, l2],
  minibatch: 128,
  profiles: ByProfile(
    smoke: Budget(epochs: 3, seeds: 2, search: .inline(seeds: 1)),
    quick: Budget(
      epochs: 176, seeds: 3, neighbourPasses: 176,
      search: .committed(.embedded(PackageResources.search_tsv))),
    paper: Budget(
      epochs: 176, seeds: 10, neighbourPasses: 176,
      search: .inline(seeds: 5, replaying: [.perceptron, .convolutional]))),
  contenders: [
    Contender(
      "Adagrad+dropout", optimizer: AdaGrad.method, settings: half, fitted: adagrad,
      literal: stated,
      grid: grid),
    Contender(
      "RMSProp+dropout", optimizer: RMSProp.method, settings: half, fitted: rmsprop,
      literal: stated,
      grid: rhoGrid),
    Contender(
      "SGDNesterov+dropout", optimizer: Nesterov.method, settings: half, fitted: nesterov,
      literal: stated,
      grid: momentumGrid),
    Contender(
      "Adam+dropout", optimizer: Adam.method, settings: half, fitted: adam, literal: stated,
      grid: grid),
    // Without dropout the reviews can be separated.
    Contender(
      "Adagrad", optimizer: AdaGrad.method, fitted: adagrad, literal: stated, grid: grid,
      costHasMinimum: false),
    Contender(
      "RMSProp", optimizer: RMSProp.method, fitted: rmsprop, literal: stated, grid: rhoGrid,
      costHasMinimum: false),
    Contender(
      "SGDNesterov", optimizer: Nesterov.method, fitted: nesterov, literal: stated,
      grid: momentumGrid, costHasMinimum: false),
    Contender(
      "Adam", optimizer: Adam.method, fitted: adam, literal: stated, grid: grid,
      costHasMinimum: false),
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
      inputDropout: settings[dropout], dropoutScaling: settings[dropoutScaling], l2: settings[l2]))
}.main()
