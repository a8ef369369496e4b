import Glibc
import Reporting
import Reproduction

private let colours: [Rival: Figure.Colour] = [
  .adam: .red, .smallerLambda: .orange, .amsGrad: .blue, .adaGrad: .green,
]

private let costs = Figure.Axis.logarithmic("costs seen T")

/// A line of a rival, with its name and colour if no others are given.
private func line(
  _ rival: Rival, _ topic: Topic, _ quantity: Quantity, _ labels: [Axis: String] = [:],
  name: String? = nil, colour: Figure.Colour? = nil, band: Figure.Band = .seeds
) -> Figure.Line {
  Figure.Line(
    name ?? rival.rawValue, colour ?? colours[rival] ?? .black,
    variable: Computed(topic, quantity).variable, along: Axis.costs.name,
    select: labels.merging([.method: rival.rawValue]) { own, _ in own }.byName, band: band)
}

/// A panel of Adam and AMSGrad on a counterexample.
private func counterexample(
  _ title: String, _ topic: Topic, _ quantity: Quantity, _ labels: [Axis: String] = [:],
  x: Figure.Axis = costs, y: Figure.Axis
) -> Figure.Panel {
  Figure.Panel(
    title, x: x, y: y,
    lines: [Rival.adam, .amsGrad].map {
      line($0, topic, quantity, labels, band: labels.isEmpty ? .seeds : .none)
    })
}

private let periodic: [Axis: String] = [.example: Counterexample.periodic.name]
private let logistic: [Axis: String] = [.stream: Stream.logistic.rawValue]

let regretFigures: [Figure] = [
  Figure(
    "regret-streams", "Regret on streams where nothing is set up against Adam",
    place: "section 4",
    caption: "R(T) grows like sqrt(T) or slower: here the corollary's rate is what one sees.",
    panels: Stream.allCases.map { stream in
      Figure.Panel(
        stream.rawValue, x: costs, y: .logarithmic("regret R(T)"),
        lines: Rival.allCases.map { line($0, stream.topic, .regret, [.stream: stream.rawValue]) })
    }),
  Figure(
    "regret-average", "Average regret on the counterexamples of Reddi, Kale and Kumar 2018",
    place: "section 4, corollary 4.2",
    caption: "Corollary 4.2 has R(T) / T go to 0 for every stream of bounded convex costs. Here "
      + "Adam's goes to a constant, and its iterate to the worst point, +1; AMSGrad's does not.",
    panels: [
      counterexample(
        "periodic: R(T) / T", .counterexamples, .averageRegret, periodic,
        y: .logarithmic("average regret R(T) / T")),
      counterexample(
        "periodic: iterate (best: -1)", .counterexamples, .iterate, periodic,
        y: .linear("theta", -1.05...1.05)),
      counterexample(
        "stochastic: R(T) / T", .stochastic, .averageRegret,
        x: .logarithmic("costs seen T", 1e3...1e6), y: .linear("average regret R(T) / T", 0...3)),
      counterexample(
        "stochastic: iterate (best: -1)", .stochastic, .iterate, y: .linear("theta", -1.05...1.05)),
    ]),
  Figure(
    "regret-bound", "Regret and the bound of theorem 4.1", place: "section 4, theorem 4.1",
    caption:
      "The theorem puts R(T) below the grey line in every panel. With beta1 = 0, beta2 = 0.1 "
      + "it is broken, with projection and without; elsewhere it is far above.",
    panels: [
      (Counterexample.simple, "C = 3: beta1 = 0, beta2 = 0.1"),
      (.notProjected, "the same without projection, alpha = 0.3"),
      (.defaultBetas, "C = 3: beta1 = 0.9, beta2 = 0.999"),
    ].map { (counterexample: Counterexample, title: String) in
      let example: [Axis: String] = [.example: counterexample.name]
      return Figure.Panel(
        title, x: costs, y: .logarithmic("regret R(T)"),
        lines: [
          line(.adam, .counterexamples, .regret, example, band: .none),
          line(.amsGrad, .counterexamples, .regret, example, band: .none),
          line(
            .adam, .counterexamples, .bound, example, name: "bound", colour: .grey, band: .none),
        ])
    } + [
      Figure.Panel(
        Stream.logistic.rawValue, x: costs, y: .logarithmic("regret R(T)"),
        lines: [
          line(.adam, .mnist, .regret, logistic),
          line(.smallerLambda, .mnist, .bound, logistic, name: "bound, lambda = 0.9"),
          line(.adam, .mnist, .bound, logistic, name: "bound, 1 - 1e-8", colour: .grey),
        ])
    ]),
  Figure(
    "regret-lemma", "Both sides of lemma 10.3", place: "appendix, lemma 10.3",
    caption: "The lemma has the left side below the stated right side for all T; it is above.",
    panels: [GradientSequence.falling, .quarter].map { sequence in
      Figure.Panel(
        sequence.rawValue, x: costs,
        y: .logarithmic("both sides", ticks: sequence == .quarter ? nil : [1, 2, 3, 5, 10]),
        lines: [
          ("left side", Figure.Colour.red, Quantity.left), ("right side, stated", .grey, .right),
          ("right side, corrected", .blue, .corrected),
        ].map { name, colour, quantity in
          Figure.Line(
            name, colour, variable: Computed(Topic.lemma, quantity).variable,
            along: Axis.costs.name, select: [Axis.sequence.name: sequence.rawValue], band: .none)
        })
    }),
  Figure(
    "regret-sparse", "Regret on sparse features against their number", place: "section 4",
    caption:
      "Features of which the one of rank i is present with probability 1 / i. Section 4 expects "
      + "log(d) of adaptive methods and sqrt(d) of others; for each d the lowest over alpha counts.",
    panels: [-1.0, 0].map { exponent in
      Figure.Panel(
        "alpha = \(NumberText.significant(pow(10, exponent)))", x: .logarithmic("features d"),
        y: .logarithmic("regret R(T)"),
        lines: zip(sparseMethods.map(\.name), [.red, .green, .black] as [Figure.Colour]).map {
          method, colour in
          Figure.Line(
            method, colour, variable: Computed(Topic.sparseFeatures, .sparseRegret).variable,
            along: Axis.features.name,
            select: [Axis.sparseMethod.name: method, Axis.log10Alpha.name: "\(exponent)"])
        })
    }),
]
