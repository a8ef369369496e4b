import Reporting
import ResultStore

private let lines: [Figure.Line] = [
  .contender("AdaGrad", .blue), .contender("RMSProp", .green), .contender("SGDNesterov", .red),
  .contender("AdaDelta", .cyan), .contender("Adam", .magenta),
]

/// One method's curve beside the paper's, those of the others in grey.
private func alone(_ own: Figure.Line) -> Figure.Panel {
  let others = lines.filter { $0.name != own.name }.map { other in
    Figure.Line(
      "", .grey, variable: other.variable, along: other.along, select: other.select, band: .none)
  }
  return Figure.Panel(
    own.name, x: .linear("iterations over entire dataset", 0...200),
    y: .logarithmic("training cost", 0.003...0.1), select: ["arm": Arm.fitted.rawValue],
    lines: others + [own], paperFigure: "fig2a")
}

let figures: [Figure] = [
  Figure(
    "fig2a", "MNIST Multilayer Neural Network + dropout", place: "Figure 2 (a)",
    caption: "Adam is lowest from about epoch 15 on and ends near 0.006, AdaGrad near 0.018.",
    x: .linear("iterations over entire dataset", 0...200),
    y: .logarithmic("training cost", 0.003...0.1), lines: lines),
  Figure(
    "fig2a-early", "The first passes of Figure 2 (a)",
    caption: "What the profile quick has, and where the paper's curves come into its frame.",
    columns: 2,
    panels: [
      Arm.fitted, .tuned,
    ].map { arm in
      Figure.Panel(
        Figure.title(of: arm), x: .linear("iterations over entire dataset", 0...12),
        y: .logarithmic("training cost", 0.05...1), select: ["arm": arm.rawValue], lines: lines,
        paperFigure: "fig2a")
    }),
  Figure(
    "fig2a-each", "Each method of Figure 2 (a) on the paper's curve",
    caption:
      "Settings inferred from the paper's curves. The last panel has the passes that decide "
      + "which method is best: a ratio below 1 would be better than Adam.",
    columns: 3,
    panels: lines.map(alone) + [
      Figure.Panel(
        "the last 20 passes", x: .linear("iterations over entire dataset", 180...200),
        y: .linear("ratio to Adam's cost"), select: ["arm": Arm.fitted.rawValue],
        lines: lines.filter { $0.name != "Adam" }.map { line in
          var ratio = line
          ratio.relativeTo = ["optimizer": "Adam"]
          return ratio
        }, paperFigure: "fig2a")
    ]),
]
