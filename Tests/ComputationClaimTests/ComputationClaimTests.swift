import Glibc
import Reporting
import ResultStore
import Testing
import algorithm_properties
import regret

/// Claims on computations whose stepsizes are searched.
@Suite struct ComputationClaimTests {
  /// Labels by the names of their axes.
  private typealias Place = [String: String]

  private static let firstSearchSeed = 1_000_000

  /// Results of one computation, with two stepsizes. The search chooses 0.1, but 0.01 for AdaGrad
  /// and for 1000 features; with the other one all results are the same, and the lowest.
  ///
  /// - Parameters:
  ///   - seeds: how many there are beside those of the search.
  ///   - last: what became of the last run.
  ///   - value: the result with the stepsize that is chosen.
  private func results(
    _ computation: String, _ quantity: String, runs: [Dimension] = [], own: [Dimension],
    seeds: Int, last: RunState = .finished, _ value: (_ place: Place, _ seed: Int) -> Double
  ) -> Document {
    let first = Int64(Self.firstSearchSeed)
    let runs = runs + [Dimension("seed", .int64([first, first + 1] + Array(0..<Int64(seeds))))]
    let axes = runs + own + [Dimension("log10_alpha", .double([-2, -1]))]
    let places = axes.reduce([Place()]) { found, axis in
      found.flatMap { place in
        axis.labels.texts.map { label in place.merging([axis.name: label]) { _, new in new } }
      }
    }
    let values = places.map { place -> Double in
      let isOther = place["method"] == "adagrad" || place["d"] == "1000"
      let isChosen = place["log10_alpha"] == (isOther ? "-2" : "-1")
      let seed = Int(place["seed"] ?? "") ?? 0
      if seed >= Self.firstSearchSeed { return isChosen ? 1 : 2 }
      return isChosen ? value(place, seed) : 0.01
    }
    let count = runs.reduce(1) { $0 * $1.length }
    var states = [UInt8](repeating: RunState.finished.rawValue, count: count)
    states[count - 1] = last.rawValue
    var group = Group()
    group.dimensions = axes
    group.variables = [
      Variable("status", runs.map(\.name), .uint8(states)),
      Variable(quantity, axes.map(\.name), .double(values)),
    ]
    var root = Group()
    root.attributes = [Attribute("data_origin", "official")]
    root.groups = [Subgroup(computation, group)]
    return Document(root: root)
  }

  /// The document without what its computation has recorded.
  private func withoutQuantity(_ document: Document) -> Document {
    var document = document
    document.root.groups[0].group.variables.removeLast()
    return document
  }

  /// Tracking errors: those of Adam, 1 of all others.
  private func tracking(
    seeds: Int = 3, last: RunState = .finished, _ adam: (_ place: Place, _ seed: Int) -> Double
  ) -> Document {
    results(
      "non_stationary", "tracking_error",
      runs: [
        Dimension("change", .string(["drift", "switch"])),
        Dimension("noise", .double([0.1, 1, 10])),
      ],
      own: [Dimension("method", .string(["adam", "adagrad", "rmsprop", "sgd"]))],
      seeds: seeds, last: last
    ) { place, seed in
      place["method"] == "adam" ? adam(place, seed) : 1
    }
  }

  @Test func `Adam is nearer to the moving minimum than AdaGrad in all six cases, or not`() throws {
    func outcome(_ document: Document) -> ClaimOutcome? {
      nonStationaryClaim.judge(document).first
    }
    /// Errors of Adam by seed in one case; they are 0.5 in the others.
    func oneCase(_ errors: [Double]) -> ClaimOutcome? {
      outcome(
        tracking(seeds: errors.count) { place, seed in
          place["change"] == "switch" && place["noise"] == "10" ? errors[seed] : 0.5
        })
    }
    let nearer = try #require(oneCase([0.8, 0.801, 0.802]))
    #expect(nearer.verdict == .reproduced && nearer.seeds == 3 && nearer.numbers.count == 6)
    #expect(abs(nearer.effect - log(0.801)) < 1e-5)
    let farther = try #require(oneCase([2, 2, 2]))
    #expect(farther.verdict == .notReproduced && farther.finding == .contrary)
    #expect(abs(farther.effect - log(2.0)) < 1e-12)
    #expect(oneCase([1.01, 1.01, 1.01])?.finding == .noDifference)
    #expect(oneCase([0.5, 1, 2])?.verdict == .inconclusive)
    #expect(oneCase([0.5])?.verdict == .inconclusive)
    #expect(outcome(tracking(last: .notRun) { _, _ in 0.5 })?.verdict == .notRun)
    #expect(outcome(withoutQuantity(tracking { _, _ in 0.5 }))?.verdict == .notRun)
  }

  /// Regrets that are powers of the number of features, with exponents by seed.
  private func regrets(
    _ adam: [Double], _ others: [Double], last: RunState = .finished
  ) -> Document {
    results(
      "sparse_features", "sparse_regret",
      own: [
        Dimension("sparse_method", .string(["adam", "adagrad", "sgd"])),
        Dimension("d", .int64([10, 100, 1000])),
      ],
      seeds: adam.count, last: last
    ) { place, seed in
      let features = Double(place["d"] ?? "") ?? .nan
      return pow(features, place["sparse_method"] == "adam" ? adam[seed] : others[seed])
    }
  }

  @Test func `how regret grows with features is told without a verdict`() throws {
    func outcome(_ document: Document) -> ClaimOutcome? { sparseClaim.judge(document).first }
    // Seeds differ by more than the methods do, which are compared seed by seed.
    let (low, high) = ([0.3, 0.5, 0.4], [0.31, 0.51, 0.41])
    let slower = try #require(outcome(regrets(low, high)))
    #expect(slower.verdict == .inconclusive && slower.seeds == 3)
    #expect(abs(slower.effect + 0.01) < 1e-9)
    // 10^-0.01 and 1000^-0.01, nearly: of means over seeds.
    #expect(
      slower.detail.contains("0.977 at d = 10, ") && slower.detail.contains("0.933 at d = 1000"),
      "\(slower.detail)")
    let faster = try #require(outcome(regrets(high, low)))
    #expect(faster.verdict == .inconclusive && abs(faster.effect - 0.01) < 1e-9)
    #expect(outcome(regrets(low, high, last: .notRun))?.verdict == .notRun)
    #expect(outcome(withoutQuantity(regrets(low, high)))?.verdict == .notRun)
  }
}
