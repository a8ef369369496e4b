import Optimizers
import Reproduction

/// What the claims compare with Adam, for readings of them.
private let rivals = ["Adagrad+dropout", "SGDNesterov+dropout"]

let openQuestions: [OpenQuestion] = [
  OpenQuestion(
    "value of a word that a review contains", of: "Adam+dropout", taken: "how often it occurs",
    figure: "fig1b", alternatives: [.init("1", settings: [features.at(.binary)])]),
  OpenQuestion(
    "how a review becomes words", of: "Adam+dropout", taken: "words alone", figure: "fig1b",
    alternatives: [
      .init("words and marks", settings: [tokenization.at(.wordsAndMarks)]),
      .init("near to the published vocabulary", settings: [tokenization.at(.published)]),
    ]),
  OpenQuestion(
    "how dropout is made up for", of: "Adam+dropout", taken: "words that stay are doubled",
    figure: "fig1b",
    alternatives: [.init("at evaluation", settings: [dropoutScaling.at(.atEvaluation)])]),
  OpenQuestion(
    "coefficient of an L2 penalty", of: "Adam+dropout", taken: "none", figure: "fig1b",
    alternatives: [.init("1e-4", settings: [l2.at(1e-4)])]),
  OpenQuestion(
    "value of a word, for all methods", of: "Adam+dropout", arm: .literal,
    taken: "how often it occurs", profiles: [.paper], against: rivals, seeds: 5,
    alternatives: [.init("1", settings: [features.at(.binary)])]),
  OpenQuestion(
    "coefficient of an L2 penalty, for all methods", of: "Adam+dropout", arm: .literal,
    taken: "none", profiles: [.paper], against: rivals, seeds: 5,
    alternatives: [.init("1e-4", settings: [l2.at(1e-4)])]),
  OpenQuestion(
    "what t counts in alpha/sqrt(t)", of: "Adam+dropout", taken: "epochs", figure: "fig1b",
    alternatives: [
      .init("steps", schedule: .inverseSquareRoot(of: .step)),
      .init("nothing: alpha stays", schedule: .constant),
    ]),
  OpenQuestion(
    "which cost is plotted", of: "Adam+dropout",
    taken: "mean over the minibatches of each pass, with dropout", figure: "fig1b",
    alternatives: [
      .init("whole training set after each pass, no dropout", quantity: .costAfterPass)
    ]),
]
