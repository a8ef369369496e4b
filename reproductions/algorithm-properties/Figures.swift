import Reporting
import Reproduction

private let colours: [Betas: Figure.Colour] = [
  .defaults: .red, .longMemory: .magenta, .noMomentum: .blue, .shortMemory: .green, .half: .orange,
  .muchMomentum: .cyan, .equal: .black, .unbounded: .red,
]

private func line(
  _ name: String, _ topic: Topic, _ quantity: Quantity, _ along: Axis, betas: Betas? = nil,
  colour: Figure.Colour? = nil, isPoints: Bool = false, select: [Axis: String] = [:],
  x: Quantity? = nil, band: Figure.Band = .none
) -> Figure.Line {
  Figure.Line(
    name, colour ?? betas.flatMap { colours[$0] } ?? .black,
    variable: Computed(topic, quantity).variable, along: along.name,
    select: select.merging(betas.map { [.betas: $0.label] } ?? [:]) { own, _ in own }.byName,
    band: band, isPoints: isPoints, xVariable: x.map { Computed(topic, $0).variable })
}

/// The closed form as a line, what our optimizer does as points, the paper's bound in grey.
private func worstCasePanel(
  _ title: String, _ pairs: [Betas], bounds: [Betas], largest: String, of judged: Betas
) -> Figure.Panel {
  Figure.Panel(
    title, x: .logarithmic("number of gradients t", 1...1e5),
    y: .logarithmic("largest step / alpha", ticks: [1, 2, 3, 5, 10, 20, 30]),
    lines: pairs.map { line($0.label, .worstCase, .largestStep, .gradients, betas: $0) }
      + pairs.map { line("", .worstCase, .attainedStep, .gradients, betas: $0, isPoints: true) }
      + bounds.map {
        line(stated($0), .worstCase, .statedBound, .gradients, betas: $0, colour: .grey)
      }, largest: [.init(largest, of: judged.label), .init("stated", of: stated(judged))])
}

private func stated(_ pair: Betas) -> String { "stated: \(pair.label)" }

private func uncorrected(_ pair: Betas) -> String { "uncorrected \(pair.label)" }

let propertyFigures: [Figure] = [
  Figure(
    "alg-worst-case", "The largest step that Adam can be led to", place: "section 2.1",
    caption: "Lines: the largest step after t gradients in closed form; points: the sequence that "
      + "attains it, run through our optimizer. Every line should stay below what the paper states; "
      + "all but (0, 0.999) and (0.9, 0.9) rise above it; where beta1^2 > beta2, as at (0.95, 0.9), "
      + "without end. Labels are beta1, beta2.",
    panels: [
      worstCasePanel(
        "1 - beta1 > sqrt(1 - beta2)", firstCasePairs, bounds: firstCasePairs,
        largest: "defaults:", of: .defaults),
      worstCasePanel(
        "otherwise", otherPairs, bounds: [.shortMemory],
        largest: "(\(Betas.shortMemory.label)):", of: .shortMemory),
    ]),
  Figure(
    "alg-adamax", "The largest step that AdaMax can be led to", place: "section 7.1",
    caption: "Stated: never more than alpha. Gradients that shrink by the factor beta2 lead to "
      + "(1 - beta1) / (1 - beta1 / beta2) alpha. Labels are beta1, beta2.",
    columns: 1,
    panels: [
      Figure.Panel(
        "", x: .logarithmic("number of gradients t", 1...1000),
        y: .linear("largest step / alpha"),
        lines: [Betas.defaults, .shortMemory].flatMap { pair in
          [
            line(
              pair.label, .worstCaseOfAdaMax, .largestStepOfAdaMax, .gradients, betas: pair),
            line("", .worstCaseOfAdaMax, .attainedStep, .gradients, betas: pair, isPoints: true),
          ]
        })
    ]),
  Figure(
    "alg-adamax-limit", "The norms whose limit AdaMax takes", place: "section 7.1",
    caption: "Left: how far the denominator of the L^p method is from AdaMax's, at worst over 1000 "
      + "normal gradients. Right: the share of steps that single precision cannot make, because "
      + "powers of gradients are 0 or infinite; labels are the gradients' standard deviations.",
    panels: [
      Figure.Panel(
        "exact", x: .logarithmic("p"), y: .logarithmic("largest |log(u_p / u)|"),
        lines: [
          line(
            "exact", .normFamily, .normDeviation, .power, colour: .blue,
            select: [.gradientSize: normalGradients])
        ]),
      Figure.Panel(
        "single precision", x: .logarithmic("p"), y: .linear("share of steps lost", 0...1),
        lines: [(normalGradients, Figure.Colour.green), (smallGradients, .red)].map {
          size, colour in
          line(
            size, .normFamily, .lostSteps, .power, colour: colour, select: [.gradientSize: size])
        }),
    ]),
  Figure(
    "alg-spike", "A single gradient after n zeros", place: "section 2.1",
    caption: "The most severe case of sparsity: here the paper's bound holds, and is reached.",
    columns: 1,
    panels: [
      Figure.Panel(
        "", x: .logarithmic("zeros before the gradient n"), y: .logarithmic("step / alpha"),
        lines: firstCasePairs.map { line($0.label, .spike, .stepAfterZeros, .zeros, betas: $0) }
          + firstCasePairs.map {
            line(stated($0), .spike, .boundAfterZeros, .zeros, betas: $0, colour: .grey)
          })
    ]),
  Figure(
    "alg-first-steps", "The first steps under a constant gradient", place: "section 3",
    caption: "With bias correction every step is alpha; without it the first steps are up to 30 "
      + "times larger, the more the nearer beta2 is to 1.",
    columns: 1,
    panels: [
      Figure.Panel(
        "", x: .logarithmic("step t"), y: .logarithmic("step / alpha", 0.7...50),
        lines: constantPairs.map {
          line(uncorrected($0), .firstSteps, .uncorrectedStep, .gradients, betas: $0)
        } + [
          line(
            "corrected, all", .firstSteps, .correctedStep, .gradients, betas: .defaults,
            colour: .black)
        ],
        largest: [
          .init("largest at the defaults:", of: uncorrected(.defaults)),
          .init("corrected", of: "corrected, all"),
        ])
    ]),
  Figure(
    "alg-moments", "Moments averaged over many sequences, as shares of their expectations",
    place: "section 3",
    caption:
      "Above: corrected moments stay at their expectations from the first gradient on, for every "
      + "distribution. Below: uncorrected ones start at 1 - beta of them.",
    panels: Moment.allCases.map { moment in
      Figure.Panel(
        "\(moment) moment, corrected", x: .logarithmic("number of gradients t"),
        y: .linear("mean / expectation - 1"),
        lines: zip(
          GradientSource.allCases, [.blue, .green, .orange, .magenta, .cyan] as [Figure.Colour]
        ).map { source, colour in
          line(
            source.rawValue, .moments, .correctedMoment, .gradients, colour: colour,
            select: [.moment: moment.rawValue, .source: source.rawValue],
            band: .standardErrors(
              from: 1, deviation: Computed(Topic.moments, .standardErrors).variable))
        })
    }
      + Moment.allCases.map { moment in
        Figure.Panel(
          "\(moment) moment, uncorrected", x: .logarithmic("number of gradients t"),
          y: .linear("mean / expectation", 0...1.1),
          lines: [
            line(
              GradientSource.normal.rawValue, .moments, .uncorrectedMoment, .gradients,
              colour: .blue,
              select: [.moment: moment.rawValue, .source: GradientSource.normal.rawValue])
          ])
      }),
  Figure(
    "alg-adagrad-limit", "Adam with beta1 = 0 and alpha / sqrt(t) beside AdaGrad",
    place: "section 5",
    caption: "The distance of the trajectories goes to 0 linearly in 1 - beta2, until single "
      + "precision ends it.",
    columns: 1,
    panels: [
      Figure.Panel(
        "", x: .logarithmic("1 - beta2"), y: .logarithmic("relative distance"),
        lines: [
          line("double", .adaGradLimit, .limitDistance, .log10Rest, colour: .blue, x: .rest),
          line("single", .adaGradLimit, .limitDistanceSingle, .log10Rest, colour: .red, x: .rest),
        ])
    ]),
  Figure(
    "alg-scale", "Trajectories under gradients times c, against c = 1", place: "section 2.1",
    caption: "Without epsilon the scale does not matter: powers of two change no bit (no point on "
      + "this axis), other factors only rounding; with epsilon = 1e-8 it matters for gradients "
      + "below about 1e-4.",
    columns: 1,
    panels: [
      Figure.Panel(
        "", x: .logarithmic("factor c"), y: .logarithmic("relative deviation", 1e-8...10),
        lines: [
          line(
            "epsilon 1e-8", .scale, .scaleDeviation, .log2Scale, colour: .red,
            select: [.epsilon: epsilons.standard], x: .scale),
          line(
            "epsilon 0", .scale, .scaleDeviation, .log2Scale, colour: .blue,
            select: [.epsilon: epsilons.none], x: .scale),
          line(
            "epsilon 0, 3 c", .scale, .scaleDeviationOfThree, .log2Scale, colour: .cyan,
            select: [.epsilon: epsilons.none], x: .scale),
        ])
    ]),
  Figure(
    "alg-nonstationary", "Following a minimum that moves", place: "abstract, section 1",
    caption:
      "Root of the mean square distance from the minimum against the stepsize. Every method has "
      + "its own best stepsize; at its best AdaGrad, whose steps only shrink, should be behind.",
    panels: Change.allCases.flatMap { change in
      noiseLevels.map { noise in
        Figure.Panel(
          "\(change.rawValue), noise \(NumberText.significant(noise))", x: .linear("log10 alpha"),
          y: .logarithmic("tracking error", 0.01...100),
          lines: zip(trackers, [.red, .blue, .green, .black] as [Figure.Colour]).map {
            method, colour in
            line(
              method, .nonStationary, .trackingError, .log10Alpha, colour: colour,
              select: [.change: change.rawValue, .noise: "\(noise)", .method: method], band: .seeds)
          })
      }
    }),
]
