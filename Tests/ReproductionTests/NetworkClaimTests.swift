import Glibc
import Reporting
import Reproduction
import ResultStore
import Testing

/// Claims that look at two networks at once.
@Suite struct NetworkClaimTests {
  /// Variables along arm, optimizer, seed, epoch and layer, of one layer.
  private func document(
    seeds: Int = 3, epochs: Int = 4, _ variables: [String: (_ epoch: Int) -> Double]
  ) -> Document {
    var root = Group()
    root.attributes = [Attribute("data_origin", "official")]
    root.dimensions = [
      Dimension("arm", .string(["tuned"])), Dimension("optimizer", .string(["Adam"])),
      Dimension("seed", .int64((0..<Int64(seeds)).map { $0 })),
      Dimension("epoch", .int64((0...Int64(epochs)).map { $0 })),
      Dimension("layer", .string(["weights"])),
    ]
    root.variables = variables.sorted { $0.key < $1.key }.map { name, value in
      Variable(
        name, ["arm", "optimizer", "seed", "epoch", "layer"],
        .double((0..<seeds).flatMap { _ in (0...epochs).map(value) }))
    }
    return Document(root: root)
  }

  private static let networks: [Claim.Network] = [
    .init("one", experiment: "mnist-mlp", layers: ["weights"]), .init("two", layers: ["weights"]),
  ]
  private let bounded = Claim.stepsBounded(
    "alg.bound.in-training", "bounded", place: "2.1", "Adam", networks: networks)
  private let anneals = Claim.stepsAnneal(
    "alg.annealing", "anneals", place: "2.1", "Adam", networks: networks)

  /// Shares at the first pass and later; the last label has none.
  private func shares(_ first: Double, _ last: Double) -> Document {
    document([
      "share_above_alpha": { $0 == 0 ? first : $0 == 3 ? last : $0 == 4 ? .nan : 0.5 },
      "largest_step": { $0 == 4 ? .nan : 2 + Double($0) },
    ])
  }

  @Test func `few steps above alpha, in the first pass and the last, of both networks`() throws {
    func outcome(_ own: Document, _ other: Document?) -> ClaimOutcome? {
      bounded.judge(own, siblings: other.map { ["mnist-mlp": $0] } ?? [:]).first
    }
    let few = shares(0.01, 0.001)
    let holds = try #require(outcome(few, few))
    // What happens in between does not count; the largest step is told.
    #expect(holds.verdict == .reproduced && holds.effect == 0.01)
    #expect(holds.numbers.first { $0.label == "two, weights, largest step over alpha" }?.value == 5)
    #expect(outcome(few, shares(0.001, 0.02))?.verdict == .notReproduced)
    #expect(outcome(shares(0.02, 0), few)?.verdict == .notReproduced)
    // One counterexample decides; without one, both networks are needed.
    #expect(outcome(shares(0.02, 0), nil)?.verdict == .notReproduced)
    #expect(outcome(few, nil)?.verdict == .notRun)
    #expect(outcome(document([:]), nil)?.verdict == .notRun)
  }

  @Test func `networks of other experiments alone can be judged`() {
    let elsewhere = Claim.stepsBounded(
      "alg.bound.elsewhere", "bounded", place: "2.1", "Adam",
      networks: [.init("one", experiment: "mnist-mlp", layers: ["weights"])])
    let few = shares(0.01, 0.001)
    #expect(
      elsewhere.judge(document([:]), siblings: ["mnist-mlp": few]).first?.verdict == .reproduced)
  }

  @Test func `the median step has halved by the end`() {
    func steps(_ last: Double) -> Document {
      document(["median_step": { $0 == 0 ? .nan : $0 == 1 ? 0.001 : $0 == 4 ? last : 1 }])
    }
    func verdict(_ own: Document, _ other: Document) -> Verdict? {
      anneals.judge(own, siblings: ["mnist-mlp": other]).first?.verdict
    }
    #expect(verdict(steps(0.0004), steps(0.0004)) == .reproduced)
    #expect(verdict(steps(0.0004), steps(0.0006)) == .notReproduced)
    let short = document(epochs: 1, ["median_step": { $0 == 1 ? 1 : .nan }])
    #expect(verdict(short, steps(0.0004)) == .notRun)
  }

  @Test func `where a search has one seed, runs with the defaults are set against the best`() {
    func judged(_ ratios: [Double]) -> Verdict? {
      var root = Group()
      root.attributes = [Attribute("data_origin", "official")]
      root.dimensions = [
        Dimension("arm", .string(["tuned"])),
        Dimension("optimizer", .string(["Adam", DefaultsClaim.contender])),
        Dimension("seed", .int64(ratios.indices.map(Int64.init))),
        Dimension("epoch", .int64([11, 200])),
      ]
      // Seeds differ by more than the settings do; before the last pass the defaults are behind.
      let seeds = ratios.indices.map { 1 + Double($0) }
      let best: [Double] = seeds.flatMap { [$0, $0] }
      let standard: [Double] = zip(seeds, ratios).flatMap { [9 * $0, $0 * $1] }
      root.variables = [
        Variable(
          "train_cost_running", ["arm", "optimizer", "seed", "epoch"], .double(best + standard))
      ]
      return DefaultsClaim.claim(.perceptron).judge(Document(root: root)).first?.verdict
    }
    #expect(judged([1.05, 1.051, 1.05]) == .reproduced)
    #expect(judged([1.3, 1.301, 1.3]) == .notReproduced)
    #expect(judged([1.05, 1.051]) == .inconclusive)
  }

  @Test func `the first moment speeds up here more than elsewhere, or not`() throws {
    let claim = Claim.firstMomentMatters(
      "fig3.first-moment", "matters more", place: "6.3", "Adam beta1=0", "Adam", than: "mnist-mlp",
      at: 9)
    /// Costs that halve with every pass, with beta1 = 0 more slowly, so that Adam is as low after so many
    /// times fewer passes.
    func costs(_ speedUps: [Double], slope: Double = 0.5, firstSeed: Int64 = 0) -> Document {
      var root = Group()
      root.attributes = [Attribute("data_origin", "official")]
      root.dimensions = [
        Dimension("arm", .string(["tuned"])),
        Dimension("optimizer", .string(["Adam beta1=0", "Adam"])),
        Dimension("seed", .int64(speedUps.indices.map { firstSeed + Int64($0) })),
        Dimension("epoch", .int64((0...30).map { $0 })),
      ]
      func curve(_ speed: Double) -> [Double] {
        (1...30).map { pow(slope, speed * Double($0)) } + [.nan]
      }
      // A run without it that diverges has infinite cost.
      let without = speedUps.flatMap { speed in
        speed.isInfinite ? [Double](repeating: .infinity, count: 31) : curve(1 / speed)
      }
      let with = speedUps.flatMap { _ in curve(1) }
      root.variables = [
        Variable(
          "train_cost_running", ["arm", "optimizer", "seed", "epoch"], .double(without + with))
      ]
      return Document(root: root)
    }
    func outcome(_ own: Document, _ other: Document?) -> ClaimOutcome? {
      claim.judge(own, siblings: other.map { ["mnist-mlp": $0] } ?? [:]).first
    }
    // Seeds differ by more than the networks do, which are compared seed by seed, whatever their slopes.
    let (low, high) = (costs([3, 3.06, 3.03], slope: 0.9), costs([3.015, 3.0753, 3.04515]))
    let more = try #require(outcome(high, low))
    #expect(more.verdict == .reproduced && more.seeds == 3)
    #expect(abs(more.effect - 0.0049875) < 1e-7)
    #expect(outcome(low, high)?.verdict == .notReproduced)
    #expect(outcome(costs([3.06, 3.03, 3]), low)?.verdict == .inconclusive)
    #expect(outcome(costs([3.2]), low)?.verdict == .inconclusive)
    // It slows down both, here by less.
    let slower = try #require(outcome(costs([0.9, 0.9, 0.9]), costs([0.8, 0.8, 0.8])))
    #expect(slower.verdict == .notReproduced && abs(slower.effect - log(0.9)) < 1e-5)
    #expect(outcome(costs([0.9, 0.9, 0.9]), nil)?.verdict == .notReproduced)
    // Where both networks diverge without it there is no telling.
    let never = [Double](repeating: .infinity, count: 3)
    #expect(outcome(costs(never), costs(never))?.verdict == .inconclusive)
    // Runs that diverge without it never get there.
    #expect(outcome(costs([.infinity, .infinity, .infinity]), low)?.verdict == .reproduced)
    let apart = outcome(costs([3.2, 3.3, 3.4], firstSeed: 3), low)
    #expect(apart?.verdict == .notRun && apart?.detail == "the two experiments share no seed")
    #expect(outcome(high, nil)?.verdict == .notRun)
    #expect(outcome(high, document([:]))?.verdict == .notRun)
    #expect(outcome(document([:]), low)?.verdict == .notRun)
  }

  @Test func `the defaults are set against the best of the search`() throws {
    /// With `shorter`, also the runs of a race that got no further, in which the defaults are far behind.
    func document(_ standard: Double, seeds: Int = 3, shorter: Bool = false) -> Document {
      var document = Document(root: Group())
      document.root.attributes = [Attribute("data_origin", "official")]
      document.root.dimensions = [Dimension("arm", .string(["tuned"]))]
      var search = Group()
      var points = [
        (0.001, "constant", standard, 46), (0.001, "alpha/sqrt(step)", 9, 46),
        (0.01, "constant", 1, 46),
      ]
      if shorter {
        points += [
          (0.001, "constant", 5, 12), (0.01, "constant", 2, 12), (0.1, "constant", 0.5, 12),
        ]
      }
      let rows = (0..<seeds).flatMap { seed in
        points.map { ($0.0, $0.1, $0.2 * (1 + 0.01 * Double(seed)), seed, $0.3) }
      }
      search.dimensions = [Dimension("trial", .int64(rows.indices.map(Int64.init)))]
      search.variables = [
        Variable("contender", ["trial"], .string(rows.map { _ in "Adam" })),
        Variable("schedule", ["trial"], .string(rows.map(\.1))),
        Variable("alpha", ["trial"], .double(rows.map(\.0))),
        Variable("final_cost", ["trial"], .double(rows.map(\.2))),
        Variable("search_seed", ["trial"], .int64(rows.map { Int64($0.3) })),
        Variable("search_epochs", ["trial"], .int64(rows.map { Int64($0.4) })),
      ]
      document.root.groups = [Subgroup("search", search)]
      return document
    }
    let claim = DefaultsClaim.claim(.logistic)
    #expect(claim.judge(document(1.05)).first?.verdict == .reproduced)
    // Of a race only the runs of its full length count.
    let race = claim.judge(document(1.05, shorter: true)).first
    #expect(race?.effect == claim.judge(document(1.05)).first?.effect && race?.seeds == 3)
    let worse = try #require(claim.judge(document(1.2)).first)
    #expect(worse.verdict == .notReproduced && worse.numbers.isEmpty)
    #expect(abs(worse.effect - 0.1823) < 1e-4)
    #expect(claim.judge(document(1.05, seeds: 2)).first?.verdict == .inconclusive)
    // A run that diverged is infinitely worse.
    #expect(claim.judge(document(.nan)).first?.verdict == .notReproduced)
    #expect(
      claim.judge(Document(root: document(1).root.without("search"))).first?.verdict == .notRun)
  }
}

extension Group {
  fileprivate func without(_ name: String) -> Group {
    var copy = self
    copy.groups.removeAll { $0.name == name }
    return copy
  }
}
