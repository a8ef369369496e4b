import Foundation
import Reproduction
import Testing

@Suite struct RunSpecificationTests {
  let run = RunSpecification(
    experiment: "e", method: "adam", hyperparameters: ["alpha": 0.001, "beta1": 0.9],
    settings: ["l2": 1e-4, "features": "binary"], seed: 0, epochs: 3, minibatch: 128,
    data: "mnist official abc", labels: [.init("optimizer", "Adam")])

  /// A changed value here makes every finished run on disk unknown: raise the version on purpose.
  @Test func `the identity of a run is stable`() {
    #expect(
      run.identity == "a2361688386e4a3652f8e4e4f784e7f0f18c01139d0e3743155c25ee776fd6c7")
  }

  /// Experiments whose numbers have changed have other runs; all others keep theirs.
  @Test func `the first version of the numbers is part of no identity`() throws {
    var copy = run
    copy.numericsVersion = 2
    #expect(
      copy.identity == "26bd55ebb4d31de5882534220ec0864d3a2b24d726b8c07862071aa77b1466ad")
    let encoded = try JSONEncoder().encode(run)
    #expect(!String(decoding: encoded, as: UTF8.self).contains("numericsVersion"))
    let explicit = RunSpecification(
      experiment: "e", method: "adam", hyperparameters: ["alpha": 0.001, "beta1": 0.9],
      settings: ["l2": 1e-4, "features": "binary"], seed: 0, epochs: 3, minibatch: 128,
      data: "mnist official abc", numericsVersion: 1, labels: [.init("optimizer", "Adam")])
    #expect(explicit == run)
  }

  @Test func `the identity depends on everything but labels`() {
    var changed: [RunSpecification] = []
    func change(_ body: (inout RunSpecification) -> Void) {
      var copy = run
      body(&copy)
      changed.append(copy)
    }
    change { $0.experiment = "f" }
    change { $0.method = "sgd" }
    change { $0.hyperparameters["alpha"] = 0.002 }
    change { $0.hyperparameters["beta2"] = 0.999 }
    change { $0.schedule = "alpha/t" }
    change { $0.settings = ["l2": 1e-3, "features": "binary"] }
    change { $0.seed = 1 }
    change { $0.epochs = 4 }
    change { $0.minibatch = 64 }
    change { $0.stepsWithReplacement = 100 }
    change { $0.recording = .final }
    change { $0.evaluations = [] }
    change { $0.evaluations = [1] }
    change { $0.failureCost = 1000 }
    change { $0.numericsVersion = 2 }
    change { $0.data = "mnist stand-in abc" }
    // Numbers that are equal and written otherwise.
    change { $0.hyperparameters["alpha"] = 0 }
    change { $0.hyperparameters["alpha"] = -0.0 }
    change { $0.settings = ["l2": 0, "features": "binary"] }
    change { $0.settings = ["l2": -0.0, "features": "binary"] }
    #expect(Set(changed.map(\.identity) + [run.identity]).count == changed.count + 1)
    var relabelled = run
    relabelled.labels = []
    relabelled.stages = .init(shorter: [1], keepsEnd: true)
    #expect(relabelled.identity == run.identity)
  }

  @Test func `epochs of evaluation behind the end leave the identity alone`() {
    func run(_ evaluations: [Int]) -> RunSpecification {
      RunSpecification(
        experiment: "e", method: "adam", seed: 0, epochs: 5, minibatch: 2,
        evaluations: evaluations, data: "none")
    }
    #expect(run([1, 5, 20]).identity == run([1]).identity)
    #expect(run([1, 4]).identity != run([1]).identity)
  }

  @Test func `a specification survives JSON`() throws {
    let data = try JSONEncoder().encode(run)
    #expect(try JSONDecoder().decode(RunSpecification.self, from: data) == run)
  }
}
