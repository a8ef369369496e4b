import Glibc
import Reporting
import Reproduction
import ResultStore
import Testing

@Suite struct LayerClaimTests {
  private static let layers = ["conv1", "conv2", "hidden"]

  /// One variable along optimizer, seed, epoch, layer.
  private func document(
    _ name: String, seeds: Int = 3, epochs: Int = 12, origin: String = "official",
    optimizers: [String] = ["AdaGrad", "Adam"], quantiles: Bool = false,
    _ value: (_ seed: Int, _ epoch: Int, _ layer: Int) -> Double
  ) -> Document {
    var root = Group()
    root.attributes = [Attribute("data_origin", origin)]
    root.dimensions = [
      Dimension("arm", .string(["tuned"])), Dimension("optimizer", .string(optimizers)),
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
            let value = isThere ? value(seed, epoch, layer) : .nan
            // Of quantiles the middle one is read.
            values += quantiles ? [0.1 * value, value, 10 * value] : [value]
          }
        }
      }
    }
    var dimensions = ["arm", "optimizer", "seed", "epoch", "layer"]
    if quantiles {
      root.dimensions.append(Dimension("quantile", .double([0.25, 0.5, 0.75])))
      dimensions.append("quantile")
    }
    root.variables = [Variable(name, dimensions, .double(values))]
    return Document(root: root)
  }

  private func roots(
    seeds: Int = 3, epochs: Int = 12, origin: String = "official",
    _ value: (_ seed: Int, _ epoch: Int, _ layer: Int) -> Double
  ) -> Document {
    document(
      "root_v", seeds: seeds, epochs: epochs, origin: origin, optimizers: ["Adam"], quantiles: true,
      value)
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
    #expect(yes.verdict == .reproduced && yes.arm == "tuned" && yes.threshold == 0.5)
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

  @Test func `the square vanishes before its root does`() throws {
    let claim = Claim.squaredMomentVanishes(
      "fig3.v-vanishes.squared", "vanishes", place: "", "Adam", layers: ["conv1", "conv2"], by: 10,
      figure: "fig3_right")
    func outcome(_ value: @escaping (Int, Int, Int) -> Double) -> ClaimOutcome? {
      claim.judge(roots(value)).first
    }
    // The other layer and other epochs do not count; a root of 0 has vanished.
    let yes = try #require(
      outcome { seed, epoch, layer in
        layer == 2 || epoch != 10 ? 1 : layer == 1 ? 0 : 5e-5 * (1 + 0.01 * Double(seed))
      })
    #expect(yes.verdict == .reproduced && abs(yes.effect - log(5.05e-5)) < 1e-3)
    #expect(abs(yes.threshold - log(1e-4)) < 1e-12)
    #expect(
      outcome { seed, _, layer in layer == 1 ? 2e-4 + 1e-7 * Double(seed) : 1e-5 }?.verdict
        == .notReproduced)
    #expect(outcome { seed, _, _ in 1e-4 * (1 + 0.1 * Double(seed - 1)) }?.verdict == .inconclusive)
    // One of exactly 0 has vanished no further than to epsilon.
    #expect(
      outcome { seed, _, _ in seed == 0 ? 0 : 1e-8 * (1 + 0.1 * Double(seed)) }?.verdict
        == .reproduced)
  }

  @Test func `the other network stands beside`() throws {
    let claim = Claim.smallerSecondMoment(
      "fig3.v-less-than-mlp", "less", place: "", "Adam", layers: ["conv1", "conv2"], than: "Adam",
      of: "mnist-mlp", rivalLayers: ["hidden"], at: 10, figure: "fig3_right")
    let own = roots { seed, _, layer in layer == 2 ? 9 : 0.3 * (1 + 0.5 * Double(seed)) }
    /// The seeds differ by more than the networks.
    func outcome(_ root: Double, origin: String = "official") -> ClaimOutcome? {
      let other = roots(origin: origin) { seed, epoch, _ in
        epoch == 10 ? root * (1 + 0.501 * Double(seed)) : 0
      }
      return claim.judge(own, siblings: ["mnist-mlp": other]).first
    }
    #expect(outcome(0.4)?.verdict == .reproduced)
    #expect(outcome(0.2999)?.verdict == .inconclusive)
    #expect(outcome(0.2)?.verdict == .notReproduced)
    #expect(abs(try #require(outcome(0.4)).effect - log(0.75)) < 1e-3)
    #expect(outcome(0.4, origin: "stand-in")?.verdict == .notRun)
    #expect(
      claim.judge(own).first?.detail == "the results of mnist-mlp are not beside these")
  }

  @Test func `rates are compared over the whole run`() throws {
    let claim = Claim.smallerRates(
      "fig3.layer-scale", "smaller", place: "", "Adam", layers: ["conv1", "conv2"],
      than: ["hidden"], through: 12, figure: "fig3_right")
    func outcome(_ root: @escaping (Int, Int, Int) -> Double) -> ClaimOutcome? {
      claim.judge(roots(root)).first
    }
    // The larger the root, the smaller the rate; epochs count by their geometric mean.
    let smaller = try #require(
      outcome { seed, epoch, layer in
        layer == 2 ? 1e-4 : (epoch == 7 ? 1e-5 : 1e-3) * (1 + 0.01 * Double(seed + layer))
      })
    #expect(smaller.verdict == .reproduced)
    #expect(abs(smaller.effect + (11 * log(10) - log(10)) / 12 + 0.01) < 1e-3)
    // One layer, every seed: that is enough against it.
    #expect(
      outcome { _, _, layer in layer == 2 ? 1e-4 : layer == 1 ? 9e-5 : 1 }?.verdict
        == .notReproduced)
    #expect(
      outcome { seed, _, layer in layer == 2 ? 1e-4 : seed == 1 ? 9e-5 : 2e-4 }?.verdict
        == .inconclusive)
    // Where epsilon rules, rates are alike.
    let vanished = try #require(outcome { _, _, layer in layer == 2 ? 0 : 1e-12 })
    #expect(abs(vanished.effect) < 1e-3)
    #expect(claim.judge(roots(epochs: 11) { _, _, _ in 1 }).first?.verdict == .notRun)
    #expect(claim.judge(document("median_step") { _, _, _ in 1 }).first?.verdict == .notRun)
  }

  @Test func `gradients differ vastly between layers, and more than elsewhere`() throws {
    let claim = Claim.gradientsDiffer(
      "fig3.layer-gradients", "differ", place: "", "Adam", layers: ["conv1", "conv2", "hidden"],
      by: 10, than: "Adam", of: "mnist-mlp", rivalLayers: ["conv1", "hidden"], through: 10,
      figure: "fig3_right")
    func outcome(_ here: Double, _ there: Double) -> ClaimOutcome? {
      let own = roots { seed, epoch, layer in
        // After epoch 10 nothing is looked at.
        epoch > 10 ? 1 : layer == 1 ? here * (1 + 0.001 * Double(seed)) : 1
      }
      let other = roots { seed, _, layer in layer == 2 ? there * (1 + 0.002 * Double(seed)) : 1 }
      return claim.judge(own, siblings: ["mnist-mlp": other]).first
    }
    let vast = try #require(outcome(30, 2))
    #expect(vast.verdict == .reproduced)
    // The part that is told is the one nearest to its limit: here, there, or the ratio of both.
    #expect(abs(vast.effect - log(30)) < 3e-3 && vast.threshold == log(10))
    let narrow = try #require(outcome(30, 9.5))
    #expect(narrow.verdict == .reproduced && abs(narrow.effect - log(9.5)) < 3e-3)
    #expect(outcome(0.03, 2)?.verdict == .reproduced)
    // It differs as vastly there.
    #expect(outcome(30, 20)?.verdict == .notReproduced)
    #expect(outcome(30, 40)?.verdict == .notReproduced)
    let less = try #require(outcome(5, 2))
    #expect(less.verdict == .notReproduced && abs(less.effect - log(5)) < 3e-3)
    #expect(outcome(9.99, 2)?.verdict == .inconclusive)
    // Without the other network there is no verdict, unless this one decides against it.
    #expect(claim.judge(roots { _, _, layer in layer == 1 ? 30 : 1 }).first?.verdict == .notRun)
    #expect(claim.judge(roots { _, _, _ in 1 }).first?.verdict == .notReproduced)
  }
}
