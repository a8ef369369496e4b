import Reporting

private let colours: [String: Figure.Colour] = [
  "0.9, 0.999": .red, "0.9, 0.9999": .magenta, "0, 0.999": .blue, "0.9, 0.99": .green,
  "0.5, 0.75": .orange, "0.99, 0.999": .cyan, "0.9, 0.9": .black, "0.95, 0.9": .red,
]

private let moments = ["first", "second"]

private func line(
  _ name: String, _ variable: String, _ along: String, betas: String? = nil,
  colour: Figure.Colour? = nil, isPoints: Bool = false, select: [String: String] = [:],
  x: String? = nil, band: Figure.Band = .none
) -> Figure.Line {
  Figure.Line(
    name, colour ?? betas.flatMap { colours[$0] } ?? .black, variable: variable, along: along,
    select: select.merging(betas.map { ["betas": $0] } ?? [:]) { own, _ in own }, band: band,
    isPoints: isPoints, xVariable: x)
}

/// The closed form as a line, what our optimizer does as points, the paper's bound in grey.
private func worstCasePanel(
  _ title: String, _ pairs: [String], bounds: [String], largest: [Figure.Largest]
) -> Figure.Panel {
  Figure.Panel(
    title, x: .logarithmic("number of gradients t", 1...1e5),
    y: .logarithmic("largest step / alpha", ticks: [1, 2, 3, 5, 10, 20, 30]),
    lines: pairs.map { line($0, "worst_case/closed_form", "t", betas: $0) }
      + pairs.map { line("", "worst_case/step", "t", betas: $0, isPoints: true) }
      + bounds.map { (pair: String) in
        line("stated: \(pair)", "worst_case/stated_bound", "t", betas: pair, colour: .grey)
      }, largest: largest)
}

let propertyFigures: [Figure] = [
  Figure(
    "alg-worst-case", "The largest step that Adam can be led to", place: "section 2.1",
    caption: "Lines: the largest step after t gradients in closed form; points: the sequence that "
      + "attains it, run through our optimizer. Every line should stay below what the paper states; "
      + "all but (0, 0.999) and (0.9, 0.9) rise above it; where beta1^2 > beta2, as at (0.95, 0.9), "
      + "without end. Labels are beta1, beta2.",
    panels: [
      worstCasePanel(
        "1 - beta1 > sqrt(1 - beta2)", ["0.9, 0.999", "0.9, 0.9999", "0, 0.999"],
        bounds: ["0.9, 0.999", "0.9, 0.9999", "0, 0.999"],
        largest: [.init("defaults:", of: "0.9, 0.999"), .init("stated", of: "stated: 0.9, 0.999")]),
      worstCasePanel(
        "otherwise", ["0.9, 0.99", "0.5, 0.75", "0.99, 0.999", "0.9, 0.9", "0.95, 0.9"],
        bounds: ["0.9, 0.99"],
        largest: [.init("(0.9, 0.99):", of: "0.9, 0.99"), .init("stated", of: "stated: 0.9, 0.99")]),
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
        lines: [("0.9, 0.999", Figure.Colour.red), ("0.9, 0.99", .green)].flatMap { pair, colour in
          [
            line(pair, "worst_case_adamax/closed_form", "t", betas: pair, colour: colour),
            line("", "worst_case_adamax/step", "t", betas: pair, colour: colour, isPoints: true),
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
            "exact", "norm_family/deviation", "p", colour: .blue, select: ["gradient_size": "1"])
        ]),
      Figure.Panel(
        "single precision", x: .logarithmic("p"), y: .linear("share of steps lost", 0...1),
        lines: [("1", Figure.Colour.green), ("0.001", .red)].map { deviation, colour in
          line(
            deviation, "norm_family/lost_single", "p", colour: colour,
            select: ["gradient_size": deviation])
        }),
    ]),
  Figure(
    "alg-spike", "A single gradient after n zeros", place: "section 2.1",
    caption: "The most severe case of sparsity: here the paper's bound holds, and is reached.",
    columns: 1,
    panels: [
      Figure.Panel(
        "", x: .logarithmic("zeros before the gradient n"), y: .logarithmic("step / alpha"),
        lines: spikePairs.map { line($0, "spike/step", "n", betas: $0) }
          + spikePairs.map { (pair: String) in
            line("stated: \(pair)", "spike/stated_bound", "n", betas: pair, colour: .grey)
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
        lines: ["0.9, 0.99", "0.9, 0.999", "0.9, 0.9999", "0, 0.999"].map { (pair: String) in
          line("uncorrected \(pair)", "first_steps/uncorrected", "t", betas: pair)
        } + [
          line("corrected, all", "first_steps/corrected", "t", betas: "0.9, 0.999", colour: .black)
        ],
        largest: [
          .init("largest at the defaults:", of: "uncorrected 0.9, 0.999"),
          .init("corrected", of: "corrected, all"),
        ])
    ]),
  Figure(
    "alg-moments", "Moments averaged over many sequences, as shares of their expectations",
    place: "section 3",
    caption:
      "Above: corrected moments stay at their expectations from the first gradient on, for every "
      + "distribution. Below: uncorrected ones start at 1 - beta of them.",
    panels: moments.map { (moment: String) in
      Figure.Panel(
        "\(moment) moment, corrected", x: .logarithmic("number of gradients t"),
        y: .linear("mean / expectation - 1"),
        lines: [
          ("normal", Figure.Colour.blue), ("exponential", .green), ("uniform", .orange),
          ("sparse", .magenta), ("correlated", .cyan),
        ].map { source, colour in
          line(
            source, "moments/corrected", "t", colour: colour,
            select: ["moment": moment, "source": source],
            band: .standardErrors(from: 1, deviation: "moments/z"))
        })
    }
      + moments.map { (moment: String) in
        Figure.Panel(
          "\(moment) moment, uncorrected", x: .logarithmic("number of gradients t"),
          y: .linear("mean / expectation", 0...1.1),
          lines: [
            line(
              "normal", "moments/uncorrected", "t", colour: .blue,
              select: ["moment": moment, "source": "normal"])
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
          line(
            "double", "adagrad_limit/distance", "log10_rest", colour: .blue,
            x: "adagrad_limit/rest"),
          line(
            "single", "adagrad_limit/distance_single", "log10_rest", colour: .red,
            x: "adagrad_limit/rest"),
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
            "epsilon 1e-8", "scale/deviation", "log2_scale", colour: .red,
            select: ["epsilon": "1e-08"], x: "scale/scale"),
          line(
            "epsilon 0", "scale/deviation", "log2_scale", colour: .blue,
            select: ["epsilon": "0"], x: "scale/scale"),
          line(
            "epsilon 0, 3 c", "scale/deviation_three", "log2_scale", colour: .cyan,
            select: ["epsilon": "0"], x: "scale/scale"),
        ])
    ]),
  Figure(
    "alg-nonstationary", "Following a minimum that moves", place: "abstract, section 1",
    caption:
      "Root of the mean square distance from the minimum against the stepsize. Every method has "
      + "its own best stepsize; at its best AdaGrad, whose steps only shrink, should be behind.",
    panels: changes.flatMap { (change: String) in
      noiseLevels.map { noise in
        Figure.Panel(
          "\(change), noise \(NumberText.significant(noise))", x: .linear("log10 alpha"),
          y: .logarithmic("tracking error", 0.01...100),
          lines: zip(trackers, [.red, .blue, .green, .black] as [Figure.Colour]).map {
            method, colour in
            Figure.Line(
              method, colour, variable: "non_stationary/tracking_error", along: "log10_alpha",
              select: ["change": change, "noise": "\(noise)", "method": method])
          })
      }
    }),
]
