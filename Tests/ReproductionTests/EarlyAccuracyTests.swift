import Reporting
import Reproduction
import ResultStore
import Testing

/// A claim that names no model: judged for each, and for all.
@Suite struct EarlyAccuracyTests {
  /// Results of a model whose accuracies after 100 steps are these, in the arm that is judged.
  private func document(
    _ model: EarlyAccuracy.Model, adam: Double, sgd: Double, seeds: Int = 3, arm: Arm? = nil,
    origin: String = "official"
  ) -> Document {
    var root = Group()
    root.attributes = [Attribute("data_origin", origin)]
    root.dimensions = [
      Dimension("arm", .string([(arm ?? model.arm).rawValue])),
      Dimension("optimizer", .string(["Adam", model.sgd])),
      Dimension("seed", .int64((0..<Int64(seeds)).map { $0 })),
      Dimension("early_iteration", .int64([100])),
    ]
    let middle = Double(seeds - 1) / 2
    let spread = (0..<seeds).map { 0.001 * (Double($0) - middle) }
    let errors: [Double] = [adam, sgd].flatMap { accuracy in spread.map { 1 - accuracy + $0 } }
    root.variables = [
      Variable(
        "early_test_error", ["arm", "optimizer", "seed", "early_iteration"], .double(errors))
    ]
    return Document(root: root)
  }

  private func verdict(_ adam: Double, _ sgd: Double, seeds: Int = 3) -> Verdict? {
    EarlyAccuracy.claim(.logistic).judge(
      document(.logistic, adam: adam, sgd: sgd, seeds: seeds)
    ).first?.verdict
  }

  @Test func `one model is judged by both of its accuracies`() throws {
    #expect(verdict(0.98, 0.95) == .reproduced)
    #expect(verdict(0.9755, 0.9545) == .reproduced)
    #expect(verdict(0.974, 0.95) == .notReproduced)
    #expect(verdict(0.98, 0.956) == .notReproduced)
    #expect(verdict(0.98, 0.95, seeds: 1) == .inconclusive)
    #expect(verdict(.nan, 0.95) == .notRun)
    let outcome = try #require(
      EarlyAccuracy.claim(.fourHidden).judge(document(.fourHidden, adam: 0.96, sgd: 0.94)).first)
    #expect(outcome.id == "review.mnist-100-iterations.four-hidden" && outcome.arm == "literal")
    #expect(abs(outcome.effect - 0.02) < 1e-12)
    #expect(
      outcome.detail == "test accuracy after 100 steps: Adam 96 %, SGD 94 %, 3 seeds")
  }

  /// The claim for all, judged beside the four hidden layers.
  private func outcome(
    own: (adam: Double, sgd: Double) = (0.9, 0.6), _ siblings: [String: Document]
  ) throws -> ClaimOutcome {
    try #require(
      EarlyAccuracy.anyModelClaim(in: .fourHidden).judge(
        document(.fourHidden, adam: own.adam, sgd: own.sgd), siblings: siblings
      ).first)
  }

  @Test func `any model is enough`() throws {
    let far = document(.logistic, adam: 0.91, sgd: 0.89)
    let near = document(.perceptron, adam: 0.978, sgd: 0.952)
    #expect(
      EarlyAccuracy.siblings(of: .fourHidden) == ["mnist-logistic", "mnist-mlp"])
    let yes = try outcome(["mnist-logistic": far, "mnist-mlp": near])
    #expect(yes.verdict == .reproduced && yes.id == "review.mnist-100-iterations")
    #expect(abs(yes.effect - 0.002) < 1e-12 && yes.numbers.count == 6)
    // It takes one, whatever is missing.
    #expect(try outcome(["mnist-mlp": near]).verdict == .reproduced)
    #expect(try outcome(own: (0.98, 0.95), [:]).verdict == .reproduced)
    // Adam of one model and SGD of another are not a model.
    let half = document(.perceptron, adam: 0.98, sgd: 0.6)
    let no = try outcome(own: (0.9, 0.95), ["mnist-logistic": far, "mnist-mlp": half])
    #expect(no.verdict == .notReproduced && abs(no.effect - 0.07) < 1e-12)
  }

  @Test func `what is missing leaves the verdict open`() throws {
    let far = document(.logistic, adam: 0.91, sgd: 0.89)
    let open = try outcome(["mnist-logistic": far])
    #expect(open.verdict == .inconclusive)
    #expect(
      open.detail.contains("mnist-mlp not run: the results of mnist-mlp are not beside these"))
    let other = document(.perceptron, adam: 0.98, sgd: 0.95, origin: "stand-in")
    #expect(
      try outcome(["mnist-logistic": far, "mnist-mlp": other]).verdict == .inconclusive)
    let untuned = document(.perceptron, adam: 0.98, sgd: 0.95, arm: .fitted)
    #expect(
      try outcome(["mnist-logistic": far, "mnist-mlp": untuned]).verdict == .inconclusive)
    let single = document(.perceptron, adam: 0.9, sgd: 0.9, seeds: 1)
    #expect(
      try outcome(["mnist-logistic": far, "mnist-mlp": single]).verdict == .inconclusive)
    #expect(try outcome(own: (.nan, 0.9), [:]).verdict == .notRun)
  }
}
