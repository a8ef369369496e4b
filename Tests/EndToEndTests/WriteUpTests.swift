import Foundation
import ResultStore
import TestSupport
import Testing

/// The experiments on the paper's other sections and on the write-ups, in profile smoke: what they
/// write, that they repeat, that they go on after a kill, and what they say where data are missing.
@Suite struct WriteUpTests {
  /// An experiment and what its file must hold.
  struct Experiment: CustomTestStringConvertible, Sendable {
    let name: String
    /// Where the data come from in profile smoke.
    var origin = "stand-in"
    let claims: [String]
    let figures: [String]
    /// Some variables.
    let variables: [String]

    var testDescription: String { name }
  }

  static let experiments = [
    Experiment(
      name: "algorithm-properties", origin: "none",
      claims: [
        "alg.bound.spike", "alg.bound.first", "alg.bound.general", "alg.adamax-bound",
        "alg.adamax-limit", "alg.scale-invariance", "alg.unbiased", "alg.adagrad-limit",
        "alg.memory",
        "alg.efficient-order", "alg.nonstationary",
      ],
      figures: [
        "alg-worst-case", "alg-adamax", "alg-adamax-limit", "alg-spike", "alg-first-steps",
        "alg-moments", "alg-adagrad-limit", "alg-scale", "alg-nonstationary",
      ], variables: ["worst_case/step", "spike/step"]),
    Experiment(
      name: "regret",
      claims: [
        "alg.theorem-4.1", "alg.regret-vanishes", "alg.lemma-10.3", "regret.convex-rate",
        "alg.sparse-dimension",
      ],
      figures: [
        "regret-streams", "regret-average", "regret-bound", "regret-lemma", "regret-sparse",
      ],
      variables: ["streams/regret", "mnist/regret"]),
    Experiment(
      name: "adamax", claims: ["adamax.bound-in-training"], figures: ["adamax", "adamax-step"],
      variables: ["train_cost"]),
    Experiment(
      name: "temporal-averaging", claims: ["alg.averaging"], figures: ["averaging"],
      variables: ["train_cost", "test_cost"]),
    Experiment(
      name: "fashion-mlp",
      claims: ["sgd", "adagrad", "rmsprop", "adam"].map { "fashion.accuracy.\($0)" }
        + ["fashion.order"], figures: ["fashion"], variables: ["train_cost", "test_error"]),
    Experiment(
      name: "mnist-four-hidden",
      claims: [
        "four-hidden.losses", "four-hidden.fastest", "four-hidden.least-noisy",
        "review.mnist-100-iterations.four-hidden", "review.mnist-100-iterations",
      ], figures: ["four-hidden"], variables: ["minibatch_cost", "early_test_error"]),
  ]

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func texts(_ name: String, of group: DocumentView) throws -> [String] {
    guard case .string(let texts) = try group.variable(name).values else { return [] }
    return texts
  }

  /// A path with gnuplot and nothing else: without git, whose revision is in the files.
  private func gnuplotAlone() throws -> [String: String] {
    let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let program = try #require(
      places.map { "\($0)/gnuplot" }.first(where: FileManager.default.isExecutableFile),
      "install gnuplot")
    try FileManager.default.createDirectory(
      atPath: folder / "bin", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder / "bin/gnuplot", withDestinationPath: program)
    return ["PATH": folder / "bin"]
  }

  /// Two runs with other numbers of jobs, the second one killed on its way.
  @Test(arguments: experiments)
  func `smoke repeats with any number of jobs, and after a kill`(experiment: Experiment) throws {
    let program = try Program(experiment.name)
    let outputs = ["a", "b"].map { folder / "\($0)/\(experiment.name).h5" }
    let arguments = outputs.enumerated().map {
      ["--profile", "smoke", "--jobs", "\($0 + 1)", "--output", $1]
    }
    let first = try program.run(arguments[0], environment: try gnuplotAlone())
    #expect(first.status == 0, "\(first.errors)")
    let killed = try program.start(arguments[1] + ["--checkpoint-interval", "0"])
    killed.wait { folder.files.contains { $0.hasPrefix("b/") && $0.hasSuffix(".checkpoint") } }
    killed.send(SIGKILL)
    #expect(killed.wait().wasKilled)
    #expect(!FileManager.default.fileExists(atPath: outputs[1]))
    #expect(folder.files.contains { $0.hasPrefix("b/") && $0.hasSuffix(".checkpoint") })
    let second = try program.run(arguments[1])
    #expect(second.status == 0 && second.complaints == first.complaints, "\(second.errors)")
    #expect(folder.checkpoints == [])
    #expect(try repeatable(outputs[0]) == repeatable(outputs[1]))

    let view = try ResultFile.read(outputs[0]).view
    #expect(try attribute("schema", of: outputs[0]) == ResultFile.schema)
    #expect(try attribute("experiment", of: outputs[0]) == experiment.name)
    #expect(try attribute("data_origin", of: outputs[0]) == experiment.origin)
    let claims = try view.subgroup("claims")
    #expect(try texts("id", of: claims) == experiment.claims)
    // Stand-in data give no verdict; what needs no data has one.
    let verdicts = try texts("verdict", of: claims)
    #expect(verdicts.count == experiment.claims.count)
    #expect(verdicts.allSatisfy { ($0 == "not run") == (experiment.origin == "stand-in") })
    for path in experiment.variables {
      let parts = path.split(separator: "/").map(String.init)
      let group = parts.count > 1 ? try view.subgroup(parts[0]) : view
      let values = try group.array(parts[parts.count - 1]).values
      #expect(values.contains { $0.isFinite }, "\(path)")
    }
    let pictures = folder.files.filter { $0.hasPrefix("a/figures/") }
    for figure in experiment.figures {
      for (ending, start) in [("svg", "<?xml"), ("png", "\u{89}PNG")] {
        let path = try #require(pictures.first { $0.hasSuffix("/\(figure).\(ending)") })
        #expect(try folder.bytes(path).starts(with: start.unicodeScalars.map { UInt8($0.value) }))
      }
    }
    #expect(pictures.count == 2 * experiment.figures.count)
  }

  // MARK: Fashion-MNIST

  /// No package, wherever the tests run.
  private var withoutPackage: [String: String] {
    Program.noFigures.merging(["DATA_DEBIAN_FASHION": folder / "package"]) { $1 }
  }

  @Test func `a missing package is named with its cure`() throws {
    let program = try Program("fashion-mlp")
    let arguments = ["--profile", "paper", "--output", folder / "x.h5"]
    expectOneLine(
      try program.run(arguments, environment: withoutPackage, in: folder.path), status: 66,
      of: "fashion-mlp", "Fashion-MNIST is not in data (nothing is there)",
      "sudo apt install dataset-fashion-mnist, or: make data")
    expectOneLine(
      try program.run(arguments + ["--data-dir", folder.path], environment: withoutPackage),
      status: 66, of: "fashion-mlp", "is not in \(folder.path)", "dataset-fashion-mnist")
    #expect(folder.files == [])
  }

  @Test func `a missing package is told and replaced`() throws {
    let program = try Program("fashion-mlp")
    let outcome = try program.run(
      ["--epochs", "0", "--optimizers", "SGD", "--output", folder / "x.h5"],
      environment: withoutPackage, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("NO REAL DATA: Fashion-MNIST is not in data"))
    #expect(outcome.errors.contains("sudo apt install dataset-fashion-mnist, or: make data"))
    #expect(try attribute("data_origin", of: folder / "x.h5") == "stand-in")
  }

  @Test func `a damaged package is refused with its folder`() throws {
    let file = try folder.write([31, 139, 8], to: "package/train-images-idx3-ubyte.gz")
    let outcome = try Program("fashion-mlp").run(
      ["--profile", "paper", "--output", folder / "x.h5"], environment: withoutPackage,
      in: folder.path)
    expectOneLine(
      outcome, status: 65, of: "fashion-mlp", (file as NSString).deletingLastPathComponent)
    #expect(folder.files == ["package/train-images-idx3-ubyte.gz"])
  }
}
