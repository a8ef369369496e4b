import Reporting
import ResultStore

private let lines: [Figure.Line] = [
  .contender("AdaGrad", .blue), .contender("RMSProp", .green), .contender("SGDNesterov", .red),
  .contender("AdaDelta", .cyan), .contender("Adam", .magenta),
]

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
]
