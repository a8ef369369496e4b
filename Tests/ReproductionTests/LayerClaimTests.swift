import Reporting
import Reproduction
import ResultStore
import Testing

@Suite struct LayerClaimTests {
  private static let layers = ["conv1", "conv2", "hidden"]

  /// One variable along optimizer, seed, epoch, layer.
  private func document(
    _ name: String, seeds: Int = 3, epochs: Int = 12, origin: String = "official",
    optimizers: [String] = ["AdaGrad", "Adam"],
    _ value: (_ seed: Int, _ epoch: Int, _ layer: Int) -> Double
  ) -> Document {
    var root = Group()
    root.attributes = [Attribute("data_origin", origin)]
    root.dimensions = [
      Dimension("arm", .string(["fitted"])), Dimension("optimizer", .string(optimizers)),
      Dimension("seed", .int64((0..<Int64(seeds)).map { $0 })),
      Dimension("epoch", .int64((0...Int64(epochs)).map { $0 })),
      Dimension("layer", .string(Self.layers)),
    ]
    var values: [Double] = []
    for optimizer in optimizers {
      for seed in 0..<seeds {
        for epoch in 0...epochs {
          for layer in Self.layers.indices {
            let isThere = optimizer == "Adam" && epoch > 0
            values.append(isThere ? value(seed, epoch, layer) : .nan)
          }
        }
      }
    }
    root.variables = [
      Variable(name, ["arm", "optimizer", "seed", "epoch", "layer"], .double(values))
    ]
    return Document(root: root)
  }

  private let vanishes = Claim.secondMomentVanishes(
    "fig3.v-vanishes", "vanishes", place: "", "Adam", layers: ["conv1", "conv2"], by: 10,
    figure: "fig3_right")

  @Test func `vanishing is judged in every layer`() throws {
    func outcome(_ share: @escaping (Int, Int, Int) -> Double) -> ClaimOutcome? {
      vanishes.judge(document("root_v_below_epsilon", share)).first
    }
    // The fully connected layer does not count, nor do other epochs.
    let yes = try #require(
      outcome { seed, epoch, layer in
        layer == 2 || epoch != 10 ? 0 : 0.6 + 0.001 * Double(seed)
      })
    #expect(yes.verdict == .reproduced && yes.arm == "fitted" && yes.threshold == 0.5)
    #expect(yes.numbers.map(\.label) == ["conv1", "conv2"])
    #expect(abs(yes.effect - 0.601) < 1e-12)
    #expect(outcome { seed, _, layer in layer == 1 ? 0.4 : 0.9 }?.verdict == .notReproduced)
    #expect(
      outcome { seed, _, _ in 0.45 + 0.05 * Double(seed) }?.verdict == .inconclusive)
  }

  @Test func `what is missing is named`() {
    #expect(
      vanishes.judge(document("root_v_below_epsilon", epochs: 3) { _, _, _ in 1 }).first?.detail
        == "epoch 10 is not there: the runs end at 3")
    #expect(
      vanishes.judge(document("root_v_below_epsilon", seeds: 1) { _, _, _ in 1 }).first?.verdict
        == .inconclusive)
    #expect(
      vanishes.judge(document("root_v_below_epsilon", origin: "stand-in") { _, _, _ in 1 }).first?
        .verdict == .notRun)
    let none = vanishes.judge(document("root_v_below_epsilon") { _, _, _ in .nan }).first
    #expect(none?.verdict == .notRun && none?.detail.contains("Adam has no") == true)
    #expect(vanishes.judge(document("median_step") { _, _, _ in 1 }).first?.verdict == .notRun)
  }

  @Test func `the other network stands beside`() throws {
    let claim = Claim.secondMomentVanishesMore(
      "fig3.v-less-than-mlp", "less", place: "", "Adam", layers: ["conv1", "conv2"], than: "Adam",
      of: "mnist-mlp", rivalLayers: ["hidden"], at: 10, figure: "fig3_right")
    let own = document("root_v_below_epsilon") { seed, _, layer in
      layer == 2 ? 0 : 0.3 + 0.001 * Double(seed)
    }
    func verdict(_ share: Double, origin: String = "official") -> ClaimOutcome? {
      let other = document("root_v_below_epsilon", origin: origin) { seed, _, _ in
        share + 0.002 * Double(seed)
      }
      return claim.judge(own, siblings: ["mnist-mlp": other]).first
    }
    #expect(verdict(0.1)?.verdict == .reproduced)
    #expect(verdict(0.29)?.verdict == .inconclusive)
    #expect(verdict(0.4)?.verdict == .notReproduced)
    #expect(abs(try #require(verdict(0.1)).effect - 0.199) < 1e-12)
    #expect(verdict(0.1, origin: "stand-in")?.verdict == .notRun)
    #expect(
      claim.judge(own).first?.detail == "the results of mnist-mlp are not beside these")
  }

  @Test func `steps are compared over the whole run`() throws {
    let claim = Claim.smallerSteps(
      "fig3.layer-scale", "smaller", place: "", "Adam", layers: ["conv1", "conv2"],
      than: ["hidden"], through: 12, figure: "fig3_right")
    func outcome(_ step: @escaping (Int, Int, Int) -> Double) -> ClaimOutcome? {
      claim.judge(document("median_step", step)).first
    }
    #expect(
      outcome { seed, _, layer in layer == 2 ? 1e-3 : 1e-4 * (1 + 0.01 * Double(seed)) }?.verdict
        == .reproduced)
    // One epoch, one layer, every seed: that is enough against it.
    let against = try #require(
      outcome { _, epoch, layer in layer == 2 ? 1e-3 : epoch == 7 && layer == 1 ? 2e-3 : 1e-4 })
    #expect(against.verdict == .notReproduced)
    #expect(abs(against.effect - 0.6931) < 1e-3)
    // One seed of three: there is no deciding.
    #expect(
      outcome { seed, epoch, layer in
        layer == 2 ? 1e-3 : epoch == 7 && seed == 1 ? 2e-3 : 1e-4
      }?.verdict == .inconclusive)
    #expect(
      claim.judge(document("median_step", epochs: 11) { _, _, _ in 1 }).first?.verdict == .notRun)
  }
}
