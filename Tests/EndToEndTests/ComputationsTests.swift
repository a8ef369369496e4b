import Foundation
import ResultStore
import TestSupport
import Testing

/// Experiments that are computations: `algorithm-properties` without a data set, `regret` with one.
@Suite struct ComputationsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `claims need no data where there are none`() throws {
    let program = try Program("algorithm-properties")
    for (name, jobs) in [("a.h5", "1"), ("b.h5", "3")] {
      let outcome = try program.run([
        "--profile", "smoke", "--jobs", jobs, "--output", folder / name,
        "--checkpoint-interval", "0.001",
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    #expect(try repeatable(folder / "a.h5") == repeatable(folder / "b.h5"))
    #expect(folder.checkpoints == [])
    #expect(try attribute("data_origin", of: folder / "a.h5") == "none")
    #expect(
      try verdicts(of: folder / "a.h5") == [
        "reproduced", "not reproduced", "not reproduced", "not reproduced", "reproduced",
        "reproduced",
        // A tenth of the sequences bounds no bias.
        "inconclusive", "reproduced", "reproduced",
        // The two orders of computation; two seeds of the moving minimum.
        "reproduced", "inconclusive",
      ])
    let view = try ResultFile.read(folder / "a.h5").view
    let worst = try view.subgroup("worst_case")
    for (betas, t, step) in [
      ("0.9, 0.999", "100", 2.2434), ("0.9, 0.999", "1000", 5.7812), ("0.9, 0.99", "2", 1.00113),
      ("0.5, 0.75", "100", 1.22474),
    ] {
      for name in ["closed_form", "step", "step_double"] {
        let found = try worst.number(name, ["betas": betas, "t": t])
        #expect(abs(found / step - 1) < 1e-4, "\(name) of \(betas) at \(t): \(found)")
      }
    }
    let order = try view.subgroup("efficient_order")
    // The first step with a fixed epsilon-hat is 1 / (1 + epsilon / (sqrt(1 - beta2) |g|)) of what it
    // should be: nothing of it is left for gradients of 1e-8, hardly anything missing for those of 1.
    #expect(try order.number("distance_fixed", ["gradient_size": "1"]) < 1e-4)
    #expect(try order.number("distance_fixed", ["gradient_size": "1e-08"]) > 0.1)
    // With the stepsize of 1e-4 nothing has moved yet: the distance is that of the minimum itself.
    let moving = try view.subgroup("non_stationary").array(
      "tracking_error", ["change": "switch", "noise": "0.1", "log10_alpha": "-4", "method": "sgd"])
    #expect(moving.values.allSatisfy { (0.3...0.9).contains($0) })
    let spike = try view.subgroup("spike").array("step", ["betas": "0.9, 0.999"]).values
    #expect(spike.allSatisfy { $0 <= 0.1 / 0.001.squareRoot() * (1 + 1e-6) })
  }

  @Test func `regret is that of the counterexamples, and the same with any number of jobs`() throws
  {
    let program = try Program("regret")
    let output = folder / "r.h5"
    let arguments = ["--profile", "smoke", "--horizon", "2000", "--seeds", "0"]
    #expect(try program.run(arguments + ["--output", output]).status == 0)
    #expect(try verdicts(of: output).isEmpty)
    let view = try ResultFile.read(output).view
    let examples = try view.subgroup("counterexamples")
    func first(_ example: String) throws -> Double {
      try examples.number("first_violation", ["example": example, "method": "Adam"])
    }
    #expect(try first("C = 3") == 207)
    #expect(try first("C = 3, no projection") == 918)
    #expect(try first("C = 3, default betas") == -1)
    #expect(
      try view.subgroup("lemma_10_3").number(
        "first_violation", ["sequence": "g = 1 / sqrt(t)"]) == 31)
    // Without a single step theta stays at 0 and pays nothing: the regret is what the best point earns,
    // which grows like the sum of 1 / i; the smallest stepsize is near to that.
    let sparse = try view.subgroup("sparse_features")
    let idle = try ["10", "100"].map { d in
      try sparse.number(
        "sparse_regret",
        ["seed": "0", "sparse_method": "sgd", "d": d, "log10_alpha": "-3"])
    }
    let harmonic = [2.929, 5.187].map { 200 * $0 * 0.8 }
    for (found, expected) in zip(idle, harmonic) { #expect(abs(found / expected - 1) < 0.15) }
    // No fixed point is better than the best one, so methods that end near it pay more.
    for group in ["streams", "mnist"] {
      let regret = try view.subgroup(group).array("regret", ["T": "2000"]).values
      #expect(regret.allSatisfy { $0 > 0 })
    }
    #expect(
      try program.run(arguments + ["--jobs", "3", "--output", folder / "s.h5"]).status == 0)
    #expect(try repeatable(output) == repeatable(folder / "s.h5"))
  }

  @Test(arguments: [
    (["--horizon", "0"], "--horizon takes a whole number from 1"),
    (["--horizon", "-7"], "--horizon takes a whole number from 1"),
    (["--horizon", "1e6"], "--horizon"),
    (["--domain", "inf"], "--domain inf is unbounded"),
    (["--domain", "-1"], "--domain takes a number above 0"),
    (["--domain", "wide"], "--domain takes a positive number"),
    (["--epochs", "3"], "unknown option --epochs"),
  ])
  func `what the theorem excludes is refused`(arguments: [String], message: String) throws {
    let outcome = try Program("regret").run(
      ["--profile", "smoke", "--output", folder / "x.h5"] + arguments)
    #expect(outcome.status == 64 && outcome.errorLines.count == 1)
    #expect(
      outcome.errors.hasPrefix("regret: ") && outcome.errors.contains(message),
      "\(outcome.errors)")
    #expect(!folder.files.contains("x.h5"))
  }
}
