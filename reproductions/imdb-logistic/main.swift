import Datasets
import Networks
import Reporting
import Reproduction

// Section 6.1, Figure 1 (right): logistic regression on the 10,000 most frequent words of the IMDB
// movie reviews, with minibatches of 128, a stepsize that decays as 1/sqrt(t), and, in the figure,
// 50 % dropout on the words.

let paper = PaperCurves.embedded(PackageResources.paper_curves_tsv)
let place = "section 6.1, Figure 1 (right)"
let judged = [10, 40, 160]
/// The paper's frame ends here, one point before its curves.
let drawn = 1...175
let epochAxis = Figure.Axis.linear(
  "iterations over entire dataset", 0...175, ticks: [0, 20, 40, 60, 80, 100, 120, 140, 160])

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

let claims: [Claim] = [
  .lowerByFraction(
    0.1, "fig1b.adagrad-beats-nesterov.dropout",
    "AdaGrad beats SGD with Nesterov momentum by a large margin on sparse features, with dropout",
    place: place, "Adagrad+dropout", than: "SGDNesterov+dropout", at: judged, figure: "fig1b"),
  .fewerPasses(
    by: 0.1, to: 0.1, "fig1b.adagrad-beats-nesterov.plain",
    "AdaGrad beats SGD with Nesterov momentum by a large margin on sparse features, "
      + "without dropout",
    place: place, "Adagrad", than: "SGDNesterov", figure: "fig1b-plain"),
  .similar(
    "fig1b.adam-like-adagrad", "Adam converges as fast as AdaGrad", place: place,
    "Adam+dropout", to: "Adagrad+dropout", within: 0.05, at: judged, figure: "fig1b"),
  .lower(
    "fig1b.adam-beats-nesterov", "Adam converges faster than SGD with momentum", place: place,
    "Adam+dropout", than: "SGDNesterov+dropout", at: judged, figure: "fig1b"),
  .bestEpochs(
    "review.imdb-epochs",
    "Adam is best on held-out reviews by epoch 50, SGD needs more than 100 epochs",
    place: WriteUp.review,
    [.init("Adam+dropout", 0...50), .init("SGDNesterov+dropout", 101...176)], figure: "fig1b"
  ).of(.writeUp),
  .figureMatch(figure: "fig1b", contender: "Adagrad+dropout", epochs: drawn, place: place),
  .figureMatch(figure: "fig1b", contender: "RMSProp+dropout", epochs: drawn, place: place),
  .figureMatch(figure: "fig1b", contender: "SGDNesterov+dropout", epochs: drawn, place: place),
  .figureMatch(figure: "fig1b", contender: "Adam+dropout", epochs: drawn, place: place),
  DefaultsClaim.claim(.reviews),
]

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
  figures: [
    Figure(
      "fig1b", "IMDB BoW feature Logistic Regression", place: "Figure 1 (right)",
      caption: "With dropout: Adagrad, RMSProp and Adam fall quickly to about 0.25; SGDNesterov is "
        + "far above them, noisy, and at 0.34 in the end.",
      x: epochAxis,
      y: .linear("training cost", 0.2...0.5), arms: [.fitted, .literal, .tuned],
      lines: [
        .contender("Adagrad+dropout", .blue), .contender("RMSProp+dropout", .green),
        .contender("SGDNesterov+dropout", .red), .contender("Adam+dropout", .cyan),
      ]),
    Figure(
      "fig1b-plain", "IMDB BoW feature Logistic Regression, without dropout",
      caption: "What the text claims for training without dropout; the paper shows no curves.",
      x: epochAxis,
      y: .logarithmic("training cost", 1e-5...10), arms: [.fitted, .literal, .tuned],
      lines: [
        .contender("Adagrad", .blue), .contender("RMSProp", .green),
        .contender("SGDNesterov", .red), .contender("Adam", .cyan),
      ], costLevels: [0.1, 0.01, 0.001]),
    Readings.figure("fig1b-readings", claims, title: "Readings of section 6.1 on reviews"),
  ],
  claims: claims,
  questions: [
    OpenQuestion(
      "value of a word that a review contains", of: "Adam+dropout", taken: "how often it occurs",
      figure: "fig1b", alternatives: [.init("1", settings: ["features": "binary"])]),
    OpenQuestion(
      "how a review becomes words", of: "Adam+dropout", taken: "words alone", figure: "fig1b",
      alternatives: [
        .init("words and marks", settings: ["tokenization": "words-and-marks"]),
        .init("near to the published vocabulary", settings: ["tokenization": "published"]),
      ]),
    OpenQuestion(
      "how dropout is made up for", of: "Adam+dropout", taken: "words that stay are doubled",
      figure: "fig1b",
      alternatives: [.init("at evaluation", settings: ["dropout-scaling": "at-evaluation"])]),
    OpenQuestion(
      "coefficient of an L2 penalty", of: "Adam+dropout", taken: "none", figure: "fig1b",
      alternatives: [.init("1e-4", settings: ["l2": 1e-4])]),
    OpenQuestion(
      "what t counts in alpha/sqrt(t)", of: "Adam+dropout", taken: "epochs", figure: "fig1b",
      alternatives: [
        .init("steps", schedule: "alpha/sqrt(step)"),
        .init("nothing: alpha stays", schedule: "constant"),
      ]),
    OpenQuestion(
      "which cost is plotted", of: "Adam+dropout",
      taken: "mean over the minibatches of each pass, with dropout", figure: "fig1b",
      alternatives: [
        .init("whole training set after each pass, no dropout", quantity: .costAfterPass)
      ]),
  ],
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
