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
    #expect(holds.numbers.first { $0.label == "two, weights, largest step" }?.value == 5)
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

  @Test func `the defaults are set against the best of the search`() throws {
    func document(_ standard: Double, seeds: Int = 3) -> Document {
      var document = Document(root: Group())
      document.root.attributes = [Attribute("data_origin", "official")]
      document.root.dimensions = [Dimension("arm", .string(["tuned"]))]
      var search = Group()
      let rows = (0..<seeds).flatMap { seed in
        [(0.001, "constant", standard), (0.001, "alpha/sqrt(step)", 9), (0.01, "constant", 1)].map {
          ($0.0, $0.1, $0.2 * (1 + 0.01 * Double(seed)), seed)
        }
      }
      search.dimensions = [Dimension("trial", .int64(rows.indices.map(Int64.init)))]
      search.variables = [
        Variable("contender", ["trial"], .string(rows.map { _ in "Adam" })),
        Variable("schedule", ["trial"], .string(rows.map(\.1))),
        Variable("alpha", ["trial"], .double(rows.map(\.0))),
        Variable("final_cost", ["trial"], .double(rows.map(\.2))),
        Variable("search_seed", ["trial"], .int64(rows.map { Int64($0.3) })),
        Variable("search_epochs", ["trial"], .int64(rows.map { _ in 46 })),
      ]
      document.root.groups = [Subgroup("search", search)]
      return document
    }
    let claim = DefaultsClaim.claim(.logistic)
    #expect(claim.judge(document(1.05)).first?.verdict == .reproduced)
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
