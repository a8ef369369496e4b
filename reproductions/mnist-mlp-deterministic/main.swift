import Networks
import Optimizers
import Reporting
import Reproduction
import ResultStore

// Section 6.2, Figure 2 (b): the perceptron of Figure 2 (a) without dropout, a deterministic cost, trained
// by Adam in minibatches of 128 and by the sum-of-functions optimizer on fixed minibatches.

let place = "section 6.2, Figure 2 (b)"
let lines: [(name: String, colour: Figure.Colour, paper: String?)] = [
  ("SFO", .green, "SFO"), ("Adam", .magenta, "Adam"), ("AdaGrad", .blue, nil),
  ("SGDNesterov", .red, nil),
]

func alpha(from first: Double, to last: Double) -> Grid {
  Grid([GridAxis("alpha", from: first, to: last, perDecade: 2)])
}

/// SFO with its published defaults, which leaves nothing to search.
func sfo(
  _ name: String, _ hyperparameters: [String: Double] = [:], settings: Settings = [:],
  profiles: Set<Profile> = Set(Profile.allCases), seeds: Int? = nil, passes: Int? = nil
) -> Contender {
  Contender(
    name, optimizer: SumOfFunctionsOptimizer.method, fixed: hyperparameters, settings: settings,
    grid: Grid([]),
    profiles: profiles, seeds: seeds, passes: passes)
}

let l2 = Setting("l2", 1e-8, in: 0...1, "coefficient of the L2 penalty on the weights")
let dropout = Setting("dropout", 0, in: 0..<1, "rate of the hidden layers")
let inputDropout = Setting("input-dropout", 0, in: 0..<1, "rate of the input layer")
let hidden1 = Setting("hidden1", 1000, in: 1...10000, "units of the first hidden layer, rounded")
let hidden2 = Setting("hidden2", 1000, in: 1...10000, "units of the second hidden layer, rounded")
let masks: Settings = [dropout.at(0.5), inputDropout.at(0.2)]

/// What the search of the profile `paper` has found.
let found = Search.committed(.embedded(PackageResources.search_tsv))
let paper = alignedCurves(.embedded(PackageResources.paper_curves_tsv))

func panel(_ variable: String, _ title: String, _ y: Figure.Axis) -> Figure.Panel {
  Figure.Panel(
    title, x: .linear("iterations over entire dataset"), y: y, select: ["arm": Arm.tuned.rawValue],
    lines: memorySizes.map { sfoName($0) }.enumerated().map { index, name in
      Figure.Line(
        name, [.cyan, .green, .orange, .black][index], variable: variable, along: "epoch",
        select: ["optimizer": name])
    })
}

TrainingExperiment(
  name: "mnist-mlp-deterministic",
  title: "Multilayer perceptron on MNIST, deterministic cost",
  place: place,
  data: .images(.mnist),
  settings: [l2, dropout, inputDropout, hidden1, hidden2],
  minibatch: 128,
  profiles: ByProfile(
    smoke: Budget(epochs: 2, seeds: 1, search: found),
    quick: Budget(epochs: 10, seeds: 1, search: found),
    paper: Budget(epochs: 40, seeds: 6, search: .raced(seeds: 1, by: .deterministic))),
  contenders: [
    Contender("Adam", optimizer: Adam.method, grid: alpha(from: 1e-4, to: 1e-3)),
    sfo("SFO"),
    Contender(
      "AdaGrad", optimizer: AdaGrad.method, grid: alpha(from: 3e-3, to: 3e-2), seeds: 3),
    Contender(
      "SGDNesterov", optimizer: Nesterov.method,
      grid: Grid([
        GridAxis("alpha", from: 1e-2, to: 1e-1, perDecade: 2), GridAxis("momentum", [0.9, 0.99]),
      ]), seeds: 3),
    sfo(frozenMasks, settings: masks, passes: 15),
    sfo(freshMasks, ["fresh-noise": 1], settings: masks, passes: 15),
    sfo("SFO repaired", ["repaired": 1], profiles: [.paper], seeds: 1),
    sfo(sfoName(12), ["subfunctions": 12], profiles: [.paper], seeds: 1, passes: 15),
    sfo(sfoName(50), ["subfunctions": 50], profiles: [.paper], seeds: 1, passes: 15),
    sfo(sfoName(100), ["subfunctions": 100], profiles: [.paper], seeds: 1, passes: 15),
  ],
  probes: [memoryProbe],
  paper: paper,
  figures: [
    Figure(
      "fig2b", "MNIST Multilayer Neural Networks", place: "Figure 2 (b)",
      caption:
        "The paper's time axis is not measured: SFO's points are 5.0 apart and Adam's 1.0, so it is "
        + "its pass axis with SFO's stretched by 5. It draws Adam one pass early, its first point being the "
        + "mean over the first pass; both its curves are drawn here after the passes that they took. Our time "
        + "is processor time of training, in units of a pass of Adam.",
      panels: [
        Figure.Panel(
          "per pass", x: .linear("iterations over entire dataset", 0...25),
          y: .logarithmic("training cost", 1e-6...10), select: ["arm": Arm.tuned.rawValue],
          lines: lines.map {
            .init(
              $0.name, $0.colour, variable: Measure.trainingCost.name, along: "epoch",
              select: ["optimizer": $0.name], paper: $0.paper)
          }, paperFigure: alignedFigure),
        Figure.Panel(
          "per second", x: .linear("time of training / that of a pass of Adam", 0...100),
          y: .logarithmic("training cost", 1e-6...10), select: ["arm": Arm.tuned.rawValue],
          lines: lines.map {
            .init(
              $0.name, $0.colour, variable: Measure.trainingCost.name, along: "epoch",
              select: ["optimizer": $0.name], paper: $0.paper, xVariable: RunTime.training.variable,
              xUnit: ["optimizer": "Adam"])
          }, paperFigure: alignedTimeFigure),
      ]),
    Figure(
      "fig2b-dropout", "SFO on the same network with dropout",
      caption:
        "The cost of the whole training set without dropout: masks that stay with each minibatch, "
        + "and masks that are drawn anew at each evaluation.", columns: 1,
      panels: [
        Figure.Panel(
          "", x: .linear("iterations over entire dataset"),
          y: .logarithmic("training cost"), select: ["arm": Arm.tuned.rawValue],
          lines: [
            .contender(
              "SFO", .green, label: "no dropout", measure: .trainingCost),
            .contender(
              frozenMasks, .blue, label: "frozen masks", measure: .trainingCost),
            .contender(
              freshMasks, .red, label: "fresh masks", measure: .trainingCost),
          ])
      ]),
    Figure(
      "fig2b-work", "What SFO does in each pass",
      caption:
        "A pass is as many evaluations as there are minibatches. Failed steps take evaluations "
        + "without progress, and halve the factor of the Newton step.",
      panels: [
        panel(Measure.trainingCost.name, "cost of the training set", .logarithmic("training cost")),
        panel("active", "minibatches in the model", .linear("active")),
        panel("failures", "failed steps", .linear("failures a pass")),
        panel("damping", "factor of the step", .logarithmic("damping")),
      ]),
  ],
  claims: claims,
  questions: [
    OpenQuestion(
      "coefficient of the L2 penalty", of: "Adam", taken: "1e-8", figure: "fig2b",
      profiles: [.paper], passes: 25,
      alternatives: [
        .init("none", settings: [l2.at(0)]), .init("1e-6", settings: [l2.at(1e-6)]),
        .init("1e-4", settings: [l2.at(1e-4)]),
      ])
  ],
  notes: [
    "The paper gives neither the L2 coefficient nor SFO's number of minibatches. Its lowest cost, 6e-6, "
      + "leaves room for a coefficient of about 1e-8 at most; 24 minibatches are the recommended "
      + "sqrt(60000) / 10.",
    "A pass of SFO is as many evaluations as there are minibatches, those after failed steps included.",
    "In the profile paper SFO with dropout masks and with 12, 50 and 100 minibatches makes 15 passes; the latter "
      + "and the mode repaired have one seed.",
  ]
) { data, settings, minibatch in
  try MultilayerPerceptron(
    training: data.training, test: data.test,
    options: .init(
      hiddenSizes: [hidden1, hidden2].map { Int(settings[$0].rounded()) },
      inputDropout: settings[inputDropout], hiddenDropout: [settings[dropout], settings[dropout]],
      l2: settings[l2]),
    minibatchCapacity: minibatch)
}.main()
