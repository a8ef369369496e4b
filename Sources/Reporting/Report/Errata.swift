import ResultStore

/// What the paper states and our results contradict, as a page that can be cited: the prose is fixed,
/// numbers of the evidence come from result files, those in the prose from the paper.
public enum Errata {
  /// One place of the paper.
  struct Erratum {
    /// A short name for links, e.g. `step-bound`.
    let id: String
    let title: String
    /// Where the paper says it.
    let place: String
    /// What it says, in our words.
    let stated: String
    /// What holds instead.
    let found: String
    /// What depends on it, for the first paragraph of a report; empty: no more than this.
    var weight = ""
    /// Whether the verdicts with each schedule for all methods are evidence too.
    var isAboutSchedules = false
    /// The claims whose verdicts are the evidence.
    let claims: [String]
    /// The command that makes them.
    let command: String
  }

  static let all: [Erratum] = [
    Erratum(
      id: "spike-bound", title: "(1 - beta1) / sqrt(1 - beta2) bounds spikes, not steps",
      place: "section 2.1",
      stated:
        "Where 1 - beta1 > sqrt(1 - beta2), no step is larger than alpha (1 - beta1) / sqrt(1 - "
        + "beta2), 3.16 alpha at the defaults.",
      found: "That is the limit of a single gradient after nothing but zeros. Gradients that "
        + "grow by the factor beta2 / beta1 from each to the next lead to larger steps: by the "
        + "Cauchy-Schwarz inequality up to alpha (1 - beta1) / sqrt((1 - beta2) (1 - beta1^2 / "
        + "beta2)), and without bound where beta1^2 >= beta2. In training, too, the largest steps are above 3.16 alpha, in most layers.",
      claims: [
        "alg.bound.first", "alg.bound.spike", "alg.bound.in-training", "adamax.bound-in-training",
      ],
      command: "make reproduce-algorithm-properties reproduce-adamax reproduce-mnist-mlp"),
    Erratum(
      id: "step-bound", title: "Otherwise steps are not bounded by alpha either",
      place: "section 2.1",
      stated: "Where 1 - beta1 <= sqrt(1 - beta2), no step is larger than alpha.",
      found: "It holds for all sequences of gradients only where beta1 = beta2.",
      claims: ["alg.bound.general"], command: "make reproduce-algorithm-properties"),
    Erratum(
      id: "adamax-bound", title: "AdaMax's steps exceed alpha", place: "section 7.1",
      stated: "The step of AdaMax is at most alpha.",
      found: "Gradients that shrink by the factor beta2 lead to (1 - beta1) / (1 - beta1 / "
        + "beta2) alpha where beta1 < beta2, 1.0091 at the defaults, and to steps without bound where it is larger.",
      claims: ["alg.adamax-bound", "adamax.bound-in-training"],
      command: "make reproduce-algorithm-properties reproduce-adamax"),
    Erratum(
      id: "theorem", title: "Theorem 4.1 is false", place: "section 4, appendix 10.1",
      stated: "Under its assumptions the regret is at most the stated bound.",
      found: "With every assumption met the bound is broken by a periodic stream of three linear "
        + "costs, at beta1 = 0 and beta2 = 0.1, by a ratio that grows like sqrt(T) from period to period. At the defaults Adam goes to the best point of that stream. The proof assumes that sqrt(vhat) / alpha_t never falls (Reddi, Kale and "
        + "Kumar, ICLR 2018). Its last line also has 2 alpha beta1 in a denominator where the "
        + "theorem has 2 alpha (1 - beta1).",
      weight: "It is the paper's guarantee that Adam converges, and corollary 4.2 rests on it.",
      claims: ["alg.theorem-4.1"], command: "make reproduce-regret"),
    Erratum(
      id: "corollary", title: "The average regret need not vanish", place: "corollary 4.2",
      stated: "For convex costs with bounded gradients, R(T) / T = O(1 / sqrt(T)).",
      found:
        "On such streams Adam goes to the worst point with betas that the corollary allows (0.9 and "
        + "0.99 on one, 0 and 0.1 on another), and the average regret stays. AMSGrad, which keeps the largest second moment, does not.",
      claims: ["alg.regret-vanishes"], command: "make reproduce-regret"),
    Erratum(
      id: "lemma", title: "Lemma 10.3 is false", place: "appendix, lemma 10.3",
      stated: "The sum of sqrt(g_t^2 / t) is at most 2 G_inf times the norm of all gradients.",
      found: "The two sides scale differently: it fails at the first step for gradients below "
        + "one half, and later for g_t = 1 / sqrt(t). sqrt(1 + ln T) times the norm is a bound.",
      claims: ["alg.lemma-10.3"], command: "make reproduce-regret"),
    Erratum(
      id: "schedules", title: "No single schedule gives both halves of Figure 1",
      place: "section 6.1, Figure 1",
      stated: "With a stepsize alpha / sqrt(t) Adam and SGD with Nesterov momentum are faster "
        + "than AdaGrad on MNIST, and AdaGrad is faster than SGD by a large margin on the "
        + "sparse features of IMDB.",
      found:
        "AdaGrad is behind on MNIST if its stepsize decays as alpha / sqrt(t) with t in steps too, and "
        + "then it is behind on IMDB as well; with a constant stepsize, or one that decays with the epoch, "
        + "AdaGrad keeps up on MNIST and leads SGD on the reviews. So it does where the other methods decay and AdaGrad, whose own "
        + "denominator grows as sqrt(t), does not, which is how the paper reads elsewhere: Adam with the decay \"should "
        + "theoretically match the performance of Adagrad\" (section 6.1), as AdaGrad is Adam with alpha t^(-1/2) (section 5). "
        + "So claims on which these two readings of the text differ are undecided. The paper's curves are met "
        + "when AdaGrad keeps a stepsize that is a hundredth of its best on MNIST.",
      isAboutSchedules: true,
      claims: [
        "fig1a.adam-faster-than-adagrad", "fig1a.nesterov-faster-than-adagrad",
        "fig1b.adagrad-beats-nesterov.dropout", "fig1b.adam-like-adagrad",
      ], command: "make reproduce-mnist-logistic reproduce-imdb-logistic"),
    Erratum(
      id: "figure-3", title: "In the paper's own figure AdaGrad leads for two passes, not three",
      place: "section 6.3, Figure 3",
      stated: "Adam and AdaGrad make rapid progress in the initial stage, of which the figure "
        + "shows three passes.",
      found:
        "In the paper's own figure AdaGrad is below SGD at x = 0 and 1, with dropout at 0 alone, and above it "
        + "from 2 on. Tiny initial weights, which the paper does not state, give SGD's slow start there; Adam's plateau and "
        + "fall we came near to only with an epsilon far above the stated 1e-8 besides (rescaled gradients would look "
        + "the same): a question rather than a finding.",
      claims: ["fig3.early-adagrad"], command: "make reproduce-cifar-cnn"),
    Erratum(
      id: "second-moment", title: "The second moment does not vanish in the convolutional network",
      place: "section 6.3",
      stated:
        "The second moment vanishes to zeros after a few epochs and is dominated by epsilon, more than in "
        + "the network of section 6.2.",
      found:
        "With searched stepsizes its root stays far above epsilon in every convolution, with dropout and without, "
        + "and after 10 passes above that of both hidden layers of the perceptron. Other initial weights or another scale "
        + "of the images might lead elsewhere: the paper gives neither. In the arm fitted, which is not judged, tiny "
        + "first and last weights leave the root as large; its epsilon of 0.0125 is above it in the second and third "
        + "convolution.",
      claims: ["fig3.v-vanishes", "fig3.v-less-than-mlp"],
      command: "make reproduce-cifar-cnn PROFILE=paper"),
    Erratum(
      id: "figure-4", title: "Adam is not always as good as without correction",
      place: "section 6.4, Figure 4",
      stated: "Adam is equal to or better than RMSProp with momentum (Adam without bias "
        + "correction), whatever the hyperparameters.",
      found: "At small stepsizes the form without correction, whose first steps are larger, is "
        + "better: in the paper's own figure too, by 34 nats in one cell, and its lowest loss "
        + "is one without correction. The text searches alpha from 1e-5 on; the figure begins "
        + "at 3e-5.",
      claims: ["fig4.never-worse", "fig4.best-over-alpha"],
      command: "make reproduce-vae-bias-correction PROFILE=paper"),
    Erratum(
      id: "figure-2b", title: "Figure 2 (b): a drawn time axis, and a curve one pass early",
      place: "section 6.2, Figure 2 (b)",
      stated: "Against wall-clock time Adam is faster than the sum-of-functions optimizer.",
      found: "In the lower panel the points of SFO are exactly 5 units apart and those of Adam "
        + "exactly 1: the axis is the number of passes times a factor, not a measured time. "
        + "SFO's first point is its cost before any pass, Adam's the mean over its first one, "
        + "so that Adam is drawn one pass early. (SFO here is written anew; beside the gradients the program of its authors "
        + "takes several times as long for a step.)",
      claims: [
        "fig2b.adam-faster-per-pass", "fig2b.adam-faster-per-second", "fig2b.sfo-slower-per-pass",
      ],
      command: "make reproduce-mnist-mlp-deterministic"),
    Erratum(
      id: "slips", title: "Slips in the text", place: "sections 2 and 3",
      stated: "The decay rates are small (close to 1), a small beta2 serves sparse gradients, "
        + "and zeta is kept small by the choice of beta1.",
      found: "Small are 1 - beta1 and 1 - beta2; sparse gradients need beta2 near 1, as sections "
        + "5 and 6.4 say; zeta depends on beta2. Epsilon-hat, in the more efficient order of "
        + "computation, is never defined: the two forms are the same for epsilon sqrt(1 - "
        + "beta2^t), which changes with t.",
      claims: ["alg.efficient-order"], command: "make reproduce-algorithm-properties"),
  ]

  /// The ids of errata, the gravest first: what a theorem says comes before a bound that training
  /// passes, and that before a comparison.
  private static let byGravity = [
    "theorem", "corollary", "lemma", "spike-bound", "step-bound", "adamax-bound", "schedules",
    "figure-4",
  ]

  /// What it names that is not there: claims that are not in the list, errata that are none.
  package static func unknownNames(_ list: ClaimList) -> [String] {
    let claims = Set(list.entries.map(\.id))
    let errata = Set(all.map(\.id))
    return all.flatMap(\.claims).filter { !claims.contains($0) }
      + byGravity.filter { !errata.contains($0) }
  }

  /// The place of a claim that fails among all, by the erratum it is evidence of; all others come after these,
  /// none before another.
  static func gravity(of claim: String) -> Int {
    guard let erratum = of(claim) else { return byGravity.count }
    return byGravity.firstIndex(of: erratum.id) ?? byGravity.count
  }

  /// The erratum that a claim is evidence of. Of several it is the last, whose subject it is; those before
  /// have it as an example.
  static func of(_ claim: String) -> Erratum? { all.last { $0.claims.contains(claim) } }

  /// A line a schedule: the verdict with the best settings of each method under it, by final cost.
  private static func readings(of claim: String, _ content: ReportContent) -> String {
    guard let row = content.claims.first(where: { $0.id == claim }),
      let all = content.readings(of: row)?.of(claim)
    else { return "" }
    return Self.schedules.flatMap { schedule in
      all.filter { $0.isOfSchedule(schedule.name) }.map { reading in
        "  - with \(schedule.words), best by final cost: "
          + "\(ReportText.marked(reading.outcome.verdict)), \(reading.outcome.effectText), \(reading.outcome.seeds) "
          + "seeds of the search\n"
      }
    }.joined()
  }

  /// The schedules of section 6.1's readings, by name and in words.
  private static let schedules: [(name: String, words: String)] =
    ["alpha/sqrt(step)", "alpha/sqrt(epoch)"].map { ($0, "\($0) for all methods") } + [
      ("constant", "a constant stepsize for all methods"),
      (
        SearchedSchedules.undecayedAdaGrad.words ?? "",
        "alpha/sqrt(step) for the rival and a constant stepsize for AdaGrad"
      ),
    ]

  /// The page, in Markdown.
  ///
  /// - Parameter content: the verdicts, each told by the longest runs that judge it, as everywhere.
  public static func text(_ content: ReportContent) -> String {
    let outcomes = content.headlines
    var out = """
      # Errata of the paper

      What Kingma and Ba 2015 (arXiv:1412.6980v9) state and measurements contradict, or what they leave unsaid. The prose is
      written once; verdicts and numbers are those of the kept results, put here by `make errata`.


      """
    for (index, erratum) in all.enumerated() {
      out += "## \(index + 1). \(erratum.title)\n\n<a id=\"\(erratum.id)\"></a>\n"
      out += "*\(erratum.place).* Stated: \(erratum.stated)\n\n\(erratum.found)\n\n"
      let evidence = erratum.claims.compactMap { id in outcomes.first { $0.id == id } }
      for outcome in evidence {
        let arm = outcome.arm.isEmpty ? "" : " (\(outcome.arm))"
        let detail = outcome.detail.isEmpty ? "" : ": \(outcome.detail)"
        out += "- `\(outcome.id)`\(arm), \(ReportText.marked(outcome.verdict))\(detail)\n"
        switch PaperFigure(text: outcome.paperFigure) {
        case .fails(let words), .satisfiesBy(let words):
          out += "  - in the paper's own figure: \(words)\n"
        case .satisfies, .notInFigure, nil: break
        }
        if erratum.isAboutSchedules {
          out += readings(of: outcome.id, content)
        }
      }
      let missing = erratum.claims.filter { id in !evidence.contains { $0.id == id } }
      if !missing.isEmpty {
        out += "- not run: \(missing.map { "`\($0)`" }.joined(separator: ", "))\n"
      }
      out += "\nTo see it: `\(erratum.command)`.\n\n"
    }
    return out
  }
}
