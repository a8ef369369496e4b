import Reporting

private let epochAxis = Figure.Axis.linear(
  "iterations over entire dataset", 0...175, ticks: [0, 20, 40, 60, 80, 100, 120, 140, 160])

let figures: [Figure] = [
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
]
