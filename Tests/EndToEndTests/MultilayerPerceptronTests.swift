import Foundation
import ResultStore
import Testing

/// Runs the built `mnist-mlp`.
@Suite struct MultilayerPerceptronTests {
  private let program: Program
  private let folder: Folder

  init() throws {
    program = try Program("mnist-mlp")
    folder = try Folder()
  }

  private func smoke(_ more: [String], to name: String) throws -> Program.Outcome {
    try program.run(["--profile", "smoke", "--output", folder / name] + more)
  }

  @Test func smokeIsRepeatable() throws {
    for jobs in ["1", "2"] {
      let outcome = try smoke(["--jobs", jobs], to: "\(jobs)/mnist-mlp.h5")
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    #expect(try repeatable(folder / "1/mnist-mlp.h5") == repeatable(folder / "2/mnist-mlp.h5"))
    let view = try ResultFile.read(folder / "1/mnist-mlp.h5").view
    func cost(_ variable: String, _ optimizer: String, epoch: String) throws -> Double {
      try view.number(
        variable, ["arm": "published", "optimizer": optimizer, "seed": "0", "epoch": epoch])
    }
    let first = try ["AdaGrad", "RMSProp", "SGDNesterov", "AdaDelta", "Adam"].map {
      try cost("train_cost", $0, epoch: "0")
    }
    #expect(first.allSatisfy { $0 == first[0] && abs($0 - log(10)) < 0.5 })
    #expect(try cost("train_cost", "Adam", epoch: "1") < first[0])
    #expect(
      try cost("train_cost", "Adam", epoch: "1") != cost("train_cost_running", "Adam", epoch: "0"))
    // The alternatives of what the paper leaves open have been run.
    let effects = try view.subgroup("choices").texts("effect").values
    #expect(effects.count == 3 && effects.allSatisfy { $0.contains("Adam: cost") }, "\(effects)")
  }

  @Test func divergenceIsAResult() throws {
    let outcome = try smoke(["--alpha", "1e9", "--epochs", "2"], to: "mnist-mlp.h5")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let view = try ResultFile.read(folder / "mnist-mlp.h5").view
    func number(_ variable: String, _ optimizer: String) throws -> Double {
      try view.number(variable, ["arm": "custom", "optimizer": optimizer, "seed": "0"])
    }
    #expect(try number("status", "SGDNesterov") == 2)
    #expect(try number("diverged_epoch", "SGDNesterov") == 0)
    let step = try number("diverged_step", "SGDNesterov")
    #expect(step > 0 && step < 16)
    // The others go on: their steps are bounded.
    #expect(try number("status", "Adam") == 1)
    #expect(try number("diverged_step", "Adam") == -1)
  }

  @Test(arguments: [
    (["--optimizers", "SGD"], "no optimizer \"SGD\"; it has AdaGrad, RMSProp"),
    (["--arms", "best"], "no arm \"best\"; it has published, tuned"),
    (["--arms", "tuned", "--alpha", "1e-3"], "--arms does not go with"),
    (["--dropout", "1.0"], "--dropout takes a number of at least 0.0 and below 1.0"),
    (["--input-dropout", "-0.1"], "--input-dropout takes a number"),
    (["--minibatch", "2001"], "larger than the training set of 2000 examples"),
  ])
  func badInput(_ arguments: [String], complaint: String) throws {
    let outcome = try smoke(arguments, to: "mnist-mlp.h5")
    #expect(outcome.status == 64 && !outcome.wasKilled, "\(outcome.errors)")
    let complaints = outcome.errorLines.filter { $0.hasPrefix("mnist-mlp: ") }
    #expect(complaints.filter { $0.contains(complaint) }.count == 1, "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder / "mnist-mlp.h5"))
  }
}
