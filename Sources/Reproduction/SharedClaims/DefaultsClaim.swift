import Glibc
import Reporting
import ResultStore

/// Abstract and algorithm 1: alpha = 0.001, beta1 = 0.9, beta2 = 0.999 and epsilon = 1e-8 are good
/// settings, which need little tuning. Each experiment of section 6 judges it, from its own search or,
/// where that is a race with one seed, from runs with these settings; the last of them judges it for all.
public enum DefaultsClaim {
  /// The contender with the usual settings, beside the one that is searched.
  public static let contender = "Adam defaults"

  /// An experiment whose search has Adam.
  public struct Search: Sendable, Equatable {
    /// The end of its claim's identifier.
    let name: String
    let experiment: String
    let contender: String
    /// The epoch at which final runs with the usual settings and with the best ones are compared; `nil`:
    /// the runs of the search decide.
    var epoch: Int?

    /// Logistic regression on MNIST.
    public static let logistic = Search(
      name: "logistic", experiment: "mnist-logistic", contender: "Adam")
    /// Logistic regression on movie reviews, with dropout.
    public static let reviews = Search(
      name: "imdb", experiment: "imdb-logistic", contender: "Adam+dropout")
    /// The perceptron with dropout.
    public static let perceptron = Search(
      name: "perceptron", experiment: "mnist-mlp", contender: "Adam", epoch: 200)
    /// The convolutional network without dropout, after the 12 passes of the runs with the usual settings.
    public static let convolutional = Search(
      name: "cnn", experiment: "cifar-cnn", contender: "Adam", epoch: 11)
    /// All of them.
    static let all = [logistic, reviews, perceptron, convolutional]
  }

  private static let id = "alg.defaults"
  private static let statement =
    "alpha = 0.001, beta1 = 0.9, beta2 = 0.999 are good settings for the tested problems"
  private static let place = "abstract, algorithm 1"
  private static let region = Region.atMost(log(1.1))
  /// Of the excess over the lowest loss of the sweep, in nats.
  private static let sweepRegion = Region.atMost(1)

  /// The claim for one search, `alg.defaults.<name>`.
  public static func claim(_ search: Search) -> Claim {
    .custom(
      "\(id).\(search.name)", "\(statement): \(search.experiment)", place: place,
      threshold: .ratio("defaults / best", region),
      rule: search.epoch.map {
        "running cost of \(search.contender) with alpha = 0.001 and a constant schedule at epoch \($0) at "
          + "most 1.1 times that with the best settings of its search: paired interval over the seeds of "
          + "the final runs"
      }
        ?? "final cost of \(search.contender) with alpha = 0.001 and a constant schedule at most 1.1 "
        + "times the lowest of its search: paired interval over the search's seeds", arms: [.tuned]
    ) { try outcome(search, $0) }
    .asPart
  }

  /// The claim for the sweep of the auto-encoder, in nats, `alg.defaults.<name>`.
  ///
  /// - Parameter excess: loss with the defaults less the lowest of the sweep, one a seed.
  public static func sweepClaim(
    _ name: String, _ excess: @escaping @Sendable (ClaimContext) throws -> [Double]
  ) -> Claim {
    .custom(
      "\(id).\(name)", "\(statement): the auto-encoder", place: place,
      threshold: .init("excess in nats", sweepRegion), rule: sweepRule
    ) { try outcome(excess($0)) }
    .asPart
  }

  /// The experiments whose results the claim for all needs.
  public static var siblings: [String] { Search.all.map(\.experiment) }

  /// The claim for all, `alg.defaults`, judged with the sweep: one counterexample decides.
  public static func allClaim(
    _ excess: @escaping @Sendable (ClaimContext) throws -> [Double]
  ) -> Claim {
    .custom(
      id, "\(statement): all of section 6", place: place,
      threshold: .everyPart,
      rule: "each of " + Search.all.map { "\(id).\($0.name)" }.joined(separator: ", ")
        + " and that of the auto-encoder; one that does not hold decides, else all must have been run"
    ) { context in
      var parts = Conjunction<(name: String, outcome: ClaimOutcome)> { $0.outcome.judgement }
      for search in Search.all {
        parts.add(of: search.experiment) { add in
          let other = try context.sibling(search.experiment, arm: Arm.tuned.rawValue)
          add((search.experiment, try outcome(search, other)))
        }
      }
      parts.add(of: "auto-encoder") { add in
        add(("auto-encoder", try outcome(excess(context))))
      }
      let judgement = try parts.verdict()
      let texts = parts.parts.map {
        "\($0.name): \($0.outcome.effectText), \($0.outcome.verdict.rawValue)"
      }
      return ClaimOutcome(
        judgement, seeds: parts.parts.map(\.outcome.seeds).min() ?? 0,
        numbers: parts.parts.map {
          ClaimNumber($0.name, $0.outcome.effect, low: $0.outcome.low, high: $0.outcome.high)
        },
        texts.joined(separator: "; ") + parts.remark)
    }
  }

  private static let sweepRule =
    "loss at the longest horizon with the defaults, corrected, at most 1 nat above the lowest of all "
    + "corrected cells: paired interval over seeds"

  private static func outcome(_ excess: [Double]) throws -> ClaimOutcome {
    let estimate = Statistics.studentMean(excess)
    return ClaimOutcome(
      estimate, in: sweepRegion, unit: "nats above the lowest",
      "\(NumberText.significant(estimate.value)) nats above the lowest loss of the sweep")
  }

  private static func outcome(_ search: Search, _ context: ClaimContext) throws -> ClaimOutcome {
    if let epoch = search.epoch {
      let comparison = try context.compare(contender, with: search.contender, at: [epoch])
      return outcome(
        comparison.estimate,
        "running cost \(NumberText.significant(Statistics.median(comparison.a))) with the defaults, "
          + "\(NumberText.significant(Statistics.median(comparison.b))) with the best of the search, at "
          + "epoch \(epoch)")
    }
    let document = context.document
    guard document.view.hasSubgroup("search") else { throw NotRun("the file has no search") }
    let table = try SearchTable(document)
    let rows = table.deciding.filter { $0.contender == search.contender }
    let points = Dictionary(grouping: rows, by: \.point)
    let standard = points.first { key, _ in
      key.schedule == "constant" && abs((key.values["alpha"] ?? .nan) - 0.001) < 1e-9
    }
    guard let standard else {
      throw NotRun("the search has no constant alpha = 0.001 of \(search.contender)")
    }
    func mean(_ rows: [SearchTable.Row]) -> Double { Statistics.mean(rows.map(\.cost)) }
    guard
      let best = points.sorted(by: { $0.key.text < $1.key.text })
        .min(by: { mean($0.value) < mean($1.value) }), mean(best.value).isFinite
    else { throw NotRun("every run of the search diverged") }
    let ratios = standard.value.compactMap { row -> Double? in
      guard let other = best.value.first(where: { $0.seed == row.seed }) else { return nil }
      return log(row.cost / other.cost)
    }
    return outcome(
      Statistics.studentMean(ratios),
      "final cost \(NumberText.significant(mean(standard.value))) with the defaults, "
        + "\(NumberText.significant(mean(best.value))) with \(best.key.text), after "
        + "\(standard.value.first?.epochs ?? 0) passes")
  }

  /// The outcome of log(defaults / best).
  private static func outcome(_ estimate: Estimate, _ text: String) -> ClaimOutcome {
    ClaimOutcome(estimate, in: region, unit: "log(defaults / best)", text)
  }
}
