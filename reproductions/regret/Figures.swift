import Glibc
import Reporting

private let methods: [(name: String, colour: Figure.Colour)] = [
  ("Adam", .red), ("Adam, lambda = 0.9", .orange), ("AMSGrad", .blue), ("AdaGrad", .green),
]

private let costs = Figure.Axis.logarithmic("costs seen T")

private func line(
  _ name: String, _ colour: Figure.Colour, _ variable: String, _ select: [String: String],
  band: Figure.Band = .seeds
) -> Figure.Line {
  Figure.Line(name, colour, variable: variable, along: "T", select: select, band: band)
}

private func group(of problem: String) -> String {
  problem == "MNIST logistic" ? "mnist" : "streams"
}

let regretFigures: [Figure] = [
  Figure(
    "regret-streams", "Regret on streams where nothing is set up against Adam",
    place: "section 4",
    caption: "R(T) grows like sqrt(T) or slower: here the corollary's rate is what one sees.",
    panels: problems.map { problem in
      Figure.Panel(
        problem, x: costs, y: .logarithmic("regret R(T)"),
        lines: methods.map { method in
          line(
            method.name, method.colour, "\(group(of: problem))/regret",
            ["problem": problem, "method": method.name])
        })
    }),
  Figure(
    "regret-average", "Average regret on the counterexamples of Reddi, Kale and Kumar 2018",
    place: "section 4, corollary 4.2",
    caption: "Corollary 4.2 has R(T) / T go to 0 for every stream of bounded convex costs. Here "
      + "Adam's goes to a constant, and its iterate to the worst point, +1; AMSGrad's does not.",
    panels: [
      Figure.Panel(
        "periodic: R(T) / T", x: costs, y: .logarithmic("average regret R(T) / T"),
        lines: methods.filter { ["Adam", "AMSGrad"].contains($0.name) }.map {
          line(
            $0.name, $0.colour, "counterexamples/average_regret",
            ["example": "periodic", "method": $0.name], band: .none)
        }),
      Figure.Panel(
        "periodic: iterate (best: -1)", x: costs, y: .linear("theta", -1.05...1.05),
        lines: methods.filter { ["Adam", "AMSGrad"].contains($0.name) }.map {
          line(
            $0.name, $0.colour, "counterexamples/iterate",
            ["example": "periodic", "method": $0.name], band: .none)
        }),
      Figure.Panel(
        "stochastic: R(T) / T", x: .logarithmic("costs seen T", 1e3...1e6),
        y: .linear("average regret R(T) / T", 0...3),
        lines: methods.filter { ["Adam", "AMSGrad"].contains($0.name) }.map {
          line($0.name, $0.colour, "stochastic/average_regret", ["method": $0.name])
        }),
      Figure.Panel(
        "stochastic: iterate (best: -1)", x: costs, y: .linear("theta", -1.05...1.05),
        lines: methods.filter { ["Adam", "AMSGrad"].contains($0.name) }.map {
          line($0.name, $0.colour, "stochastic/iterate", ["method": $0.name])
        }),
    ]),
  Figure(
    "regret-bound", "Regret and the bound of theorem 4.1", place: "section 4, theorem 4.1",
    caption:
      "The theorem puts R(T) below the grey line in every panel. With beta1 = 0, beta2 = 0.1 "
      + "it is broken, with projection and without; elsewhere it is far above.",
    panels: [
      ("C = 3", "C = 3: beta1 = 0, beta2 = 0.1"),
      ("C = 3, no projection", "the same without projection, alpha = 0.3"),
      ("C = 3, default betas", "C = 3: beta1 = 0.9, beta2 = 0.999"),
    ].map { example, title in
      Figure.Panel(
        title, x: costs, y: .logarithmic("regret R(T)"),
        lines: [
          line(
            "Adam", .red, "counterexamples/regret", ["example": example, "method": "Adam"],
            band: .none),
          line(
            "AMSGrad", .blue, "counterexamples/regret", ["example": example, "method": "AMSGrad"],
            band: .none),
          line(
            "bound", .grey, "counterexamples/bound", ["example": example, "method": "Adam"],
            band: .none),
        ])
    } + [
      Figure.Panel(
        "MNIST logistic", x: costs, y: .logarithmic("regret R(T)"),
        lines: [
          line(
            "Adam", .red, "mnist/regret", ["problem": "MNIST logistic", "method": "Adam"]),
          line(
            "bound, lambda = 0.9", .orange, "mnist/bound",
            ["problem": "MNIST logistic", "method": "Adam, lambda = 0.9"]),
          line(
            "bound, 1 - 1e-8", .grey, "mnist/bound",
            ["problem": "MNIST logistic", "method": "Adam"]),
        ])
    ]),
  Figure(
    "regret-lemma", "Both sides of lemma 10.3", place: "appendix, lemma 10.3",
    caption: "The lemma has the left side below the stated right side for all T; it is above.",
    panels: ["g = 1 / sqrt(t)", "g = 1/4"].map { (sequence: String) in
      Figure.Panel(
        sequence, x: costs,
        y: .logarithmic("both sides", ticks: sequence == "g = 1/4" ? nil : [1, 2, 3, 5, 10]),
        lines: [
          ("left side", Figure.Colour.red, "left"), ("right side, stated", .grey, "right"),
          ("right side, corrected", .blue, "corrected"),
        ].map { name, colour, variable in
          line(name, colour, "lemma_10_3/\(variable)", ["sequence": sequence], band: .none)
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
            method, colour, variable: "sparse_features/sparse_regret", along: "d",
            select: ["sparse_method": method, "log10_alpha": "\(exponent)"])
        })
    }),
]
