import Reporting
import Reproduction

let place = "section 6.3, Figure 3"
let convolutions = ["conv1.weights", "conv2.weights", "conv3.weights"]
let connected = ["hidden.weights", "output.weights"]
/// Of section 6.2.
private let perceptron = ["hidden1.weights", "hidden2.weights", "output.weights"]

private let methods = ["AdaGrad", "SGDNesterov", "Adam"]
private let networks: [Claim.Network] = [
  .init(
    "the perceptron", experiment: "mnist-mlp", layers: perceptron),
  .init("the convolutional network", layers: convolutions + connected),
]
private let names = methods.flatMap { [$0, $0 + "+dropout"] }
private let late = ["Adam", "SGDNesterov"].flatMap { name in
  ["", "+dropout"].map { (a: name + $0, b: "AdaGrad" + $0) }
}

let claims: [Claim] =
  [
    .lower(
      "fig3.early-adam", "Adam makes rapid progress in the first three epochs", place: place,
      "Adam", than: "SGDNesterov", at: [1, 2, 3], figure: "fig3_left"),
    .lower(
      "fig3.early-adagrad", "AdaGrad makes rapid progress in the first epochs", place: place,
      "AdaGrad", than: "SGDNesterov", at: [0, 1], figure: "fig3_left"),
    .lowerByFraction(
      0.5, "fig3.late", "Adam and SGD converge considerably faster than AdaGrad", place: place,
      pairs: late, at: 45, figure: "fig3_right"),
    .ratioOfMeans(
      "fig3.adam-marginal", "Adam is only marginally better than SGD with momentum", place: place,
      pairs: ["", "+dropout"].map { (a: "Adam" + $0, b: "SGDNesterov" + $0) }, inside: 0.5...1,
      over: 40...45, resolution: .halfDecades, figure: "fig3_right"),
    .secondMomentVanishes(
      "fig3.v-vanishes",
      "the second moment vanishes after a few epochs and is dominated by epsilon", place: place,
      "Adam", layers: convolutions, by: 10, figure: "fig3_right"),
    .secondMomentVanishes(
      "fig3.v-vanishes.dropout",
      "the second moment vanishes after a few epochs and is dominated by epsilon: with dropout",
      place: place, "Adam+dropout", layers: convolutions, by: 10, figure: "fig3_right"
    ).asPart,
    .squaredMomentVanishes(
      "fig3.v-vanishes.squared",
      "the second moment, not its root, falls below epsilon after a few epochs", place: place,
      "Adam", layers: convolutions, by: 10, figure: "fig3_right"
    ).asPart,
    .squaredMomentVanishes(
      "fig3.v-vanishes.squared-dropout",
      "the second moment, not its root, falls below epsilon after a few epochs: with dropout",
      place: place, "Adam+dropout", layers: convolutions, by: 10, figure: "fig3_right"
    ).asPart,
    .smallerSecondMoment(
      "fig3.v-less-than-mlp",
      "the second moment vanishes less in the fully connected network of section 6.2",
      place: place, "Adam+dropout", layers: convolutions, than: "Adam", of: "mnist-mlp",
      rivalLayers: perceptron, at: 10, figure: "fig3_right"),
    .gradientsDiffer(
      "fig3.layer-gradients",
      "gradients differ vastly between the layers of a convolutional network, unlike in fully connected ones",
      place: place, "Adam+dropout", layers: convolutions + connected, by: 10, than: "Adam",
      of: "mnist-mlp", rivalLayers: perceptron, through: 10, figure: "fig3_right"),
    .smallerRates(
      "fig3.layer-scale",
      "Adam adapts the scale of the learning rate to the layer, smaller for convolutions",
      place: place, "Adam", layers: convolutions, than: connected, through: 45,
      figure: "fig3_right"),
  ]
  + [
    .stepsBounded(
      "alg.bound.in-training", "steps are about bounded by alpha", place: "section 2.1", "Adam",
      networks: networks),
    .stepsAnneal(
      "alg.annealing", "effective steps become smaller near an optimum", place: "section 2.1",
      "Adam",
      networks: networks),
    .firstMomentMatters(
      "fig3.first-moment",
      "the first moment speeds up the convolutional network, more than the fully connected one",
      place: place, "Adam beta1=0", "Adam", than: "mnist-mlp", at: 10),
    DefaultsClaim.claim(.convolutional),
  ]
  + names.map {
    .figureMatch(figure: "fig3_left", contender: $0, epochs: 0...3, place: place)
  }
  + names.map {
    .figureMatch(
      figure: "fig3_right", contender: $0, thresholds: (0.15, 0.5), epochs: 0...45, place: place)
  }

private let lines: [Figure.Line] = zip(
  names, [.blue, .cyan, .green, .black, .red, .orange] as [Figure.Colour]
).map { .contender($0, $1) }

let figures = [
  Figure(
    "fig3_left", "CIFAR10 ConvNet First 3 Epoches", place: "Figure 3 (left)",
    caption:
      "In the paper Adam and AdaGrad fall at once, SGDNesterov later; by epoch 2 it has passed AdaGrad.",
    x: .linear("iterations over entire dataset", 0...3),
    y: .linear("training cost", 0.5...3), lines: lines),
  Figure(
    "fig3_right", "CIFAR10 ConvNet", place: "Figure 3 (right)",
    caption:
      "In the paper Adam and SGDNesterov reach about 5e-4 without dropout and 0.03 with it; AdaGrad "
      + "stays above 0.6.",
    x: .linear("iterations over entire dataset", 0...45),
    y: .logarithmic("training cost", 1e-4...300), lines: lines),
]
