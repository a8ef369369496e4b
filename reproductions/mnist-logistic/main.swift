import Networks
import Optimizers
import Reporting
import Reproduction

// Section 6.1, Figure 1 (left): L2-regularised multinomial logistic regression on MNIST, trained on
// the 784-dimensional images with minibatches of 128 and a stepsize that decays as 1/sqrt(t).

let paper = PaperCurves.embedded(PackageResources.paper_curves_tsv)
let place = "section 6.1, Figure 1 (left)"
let judged = [5, 10, 20, 45]

// What the paper leaves open about the schedule is part of every grid.
let schedules: [Schedule] = [
  .constant, .inverseSquareRoot(of: .step), .inverseSquareRoot(of: .epoch),
]
let alpha = GridAxis("alpha", from: 1e-3, to: 1, perDecade: 2)
/// The races of the networks' searches, which these full searches tell the price of.
let rules: [RacingRule] = [.perceptron, .convolutional]
/// What the text states: alpha / sqrt(t) for every method, t being the step as in algorithm 1.
let stated = Contender.Statement.schedule(.inverseSquareRoot(of: .step))

let l2 = Setting("l2", 1e-4, in: 0...1, "coefficient of the L2 penalty on the weights")

let claims: [Claim] = [
  .similar(
    "fig1a.adam-like-nesterov", "Adam converges like SGD with Nesterov momentum, on MNIST",
    place: place,
    "Adam", to: "SGDNesterov", within: 0.1, at: judged, figure: "fig1a"),
  .lower(
    "fig1a.adam-faster-than-adagrad", "Adam converges faster than AdaGrad, on MNIST", place: place,
    "Adam", than: "AdaGrad", at: judged, figure: "fig1a"
  ).openToUndecayedAdaGrad,
  .lower(
    "fig1a.nesterov-faster-than-adagrad",
    "SGD with Nesterov momentum converges faster than AdaGrad, on MNIST", place: place,
    "SGDNesterov", than: "AdaGrad", at: judged, figure: "fig1a"
  ).openToUndecayedAdaGrad,
  .figureMatch(figure: "fig1a", contender: "AdaGrad", epochs: 0...45, place: place),
  .figureMatch(figure: "fig1a", contender: "SGDNesterov", epochs: 0...45, place: place),
  .figureMatch(figure: "fig1a", contender: "Adam", epochs: 0...45, place: place),
  EarlyAccuracy.claim(.logistic), DefaultsClaim.claim(.logistic),
]

TrainingExperiment(
  name: "mnist-logistic",
  title: "Logistic regression on MNIST",
  place: place,
  data: .images(.mnist),
  settings: [l2],
  minibatch: 128,
  profiles: ByProfile(
    smoke: Budget(epochs: 3, seeds: 2, search: .inline(seeds: 1)),
    quick: Budget(
      epochs: 46, seeds: 10, neighbourPasses: 46, search: .inline(seeds: 2, replaying: rules)),
    paper: Budget(
      epochs: 46, seeds: 10, neighbourPasses: 46, search: .inline(seeds: 5, replaying: rules))),
  contenders: [
    Contender(
      "AdaGrad", optimizer: AdaGrad.method, fitted: .init(["alpha": 0.001]), literal: stated,
      grid: Grid([alpha], schedules: schedules)),
    Contender(
      "SGDNesterov", optimizer: Nesterov.method, fitted: .init(["alpha": 0.01, "momentum": 0.9]),
      literal: stated,
      grid: Grid([alpha, GridAxis("momentum", nines: 1...2)], schedules: schedules)),
    Contender(
      "Adam", optimizer: Adam.method,
      fitted: .init(["alpha": 0.001], schedule: .inverseSquareRoot(of: .epoch)), literal: stated,
      grid: Grid([alpha], schedules: schedules)),
  ],
  probes: [EarlyAccuracy.probe],
  paper: paper,
  figures: [
    Figure(
      "fig1a", "MNIST Logistic Regression", place: "Figure 1 (left)",
      caption: "Adam and SGDNesterov fall together to about 0.26, AdaGrad stays far above.",
      x: .linear("iterations over entire dataset", 0...45),
      y: .linear("training cost", 0.2...0.7), arms: [.fitted, .literal, .tuned],
      lines: [
        .contender("AdaGrad", .blue), .contender("SGDNesterov", .green), .contender("Adam", .red),
      ]),
    Readings.figure("fig1a-readings", claims, title: "Readings of section 6.1 on MNIST"),
  ],
  claims: claims,
  questions: [
    OpenQuestion(
      "what t counts in alpha/sqrt(t)", of: "Adam", taken: "epochs", figure: "fig1a",
      alternatives: [
        .init("steps", schedule: .inverseSquareRoot(of: .step)),
        .init("nothing: alpha stays", schedule: .constant),
      ]),
    OpenQuestion(
      "whether AdaGrad's alpha decays too", of: "AdaGrad", taken: "it stays", figure: "fig1a",
      alternatives: [.init("alpha/sqrt(epoch)", schedule: .inverseSquareRoot(of: .epoch))]),
    OpenQuestion(
      "whether SGDNesterov's alpha decays too", of: "SGDNesterov", taken: "it stays",
      figure: "fig1a",
      alternatives: [.init("alpha/sqrt(epoch)", schedule: .inverseSquareRoot(of: .epoch))]),
    OpenQuestion(
      "coefficient of the L2 penalty", of: "Adam", taken: "1e-4", figure: "fig1a",
      alternatives: [
        .init("none", settings: [l2.at(0)]), .init("1e-3", settings: [l2.at(1e-3)]),
      ]),
    OpenQuestion(
      "coefficient of the L2 penalty, for all methods", of: "Adam", arm: .literal, taken: "1e-4",
      profiles: [.paper], against: ["SGDNesterov", "AdaGrad"], seeds: 10,
      alternatives: [
        .init("none", settings: [l2.at(0)]), .init("1e-3", settings: [l2.at(1e-3)]),
      ]),
    OpenQuestion(
      "which cost is plotted", of: "Adam", taken: "mean over the minibatches of each pass",
      figure: "fig1a",
      alternatives: [
        .init("the same and the penalty", quantity: .runningCostAndPenalty),
        .init("whole training set after each pass", quantity: .costAfterPass),
      ]),
  ]
) { data, settings, minibatch in
  LogisticRegression(
    training: data.training, test: data.test, l2: settings[l2],
    minibatchCapacity: minibatch)
}.main()
