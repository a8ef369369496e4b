import Reproduction
import ResultStore

let openQuestions: [OpenQuestion] = [
  OpenQuestion(
    "which cost is plotted", of: "Adam",
    taken: "mean over the minibatches of each pass, with dropout", figure: "fig2a",
    alternatives: [
      .init("whole training set after each pass, no dropout", quantity: .costAfterPass)
    ]),
  OpenQuestion(
    "dropout rates", of: "Adam", arm: .tuned, taken: "0.2 on the input, 0.5 on the hidden layers",
    figure: "fig2a", passes: 12, against: rivals,
    alternatives: [
      .init("0 and 0.5", settings: [inputDropout.at(0)]),
      .init("0.2 and 0.2", settings: [dropout.at(0.2)]),
    ]),
]
