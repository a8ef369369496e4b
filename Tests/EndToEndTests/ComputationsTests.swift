import Foundation
import ResultStore
import Testing

/// Experiments that are computations: `algorithm-properties` without a data set, `regret` with one.
@Suite struct ComputationsTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func claimsNeedNoDataWhereThereAreNone() throws {
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
        "reproduced", "not reproduced", "not reproduced", "reproduced", "reproduced",
        // A tenth of the sequences bounds no bias.
        "inconclusive", "reproduced", "reproduced",
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
    let spike = try view.subgroup("spike").array("step", ["betas": "0.9, 0.999"]).values
    #expect(spike.allSatisfy { $0 <= 0.1 / 0.001.squareRoot() * (1 + 1e-6) })
  }

  @Test func regretOnTheCounterexamples() throws {
    let program = try Program("regret")
    let output = folder / "r.h5"
    let arguments = ["--profile", "smoke", "--horizon", "2000", "--seeds", "0"]
    #expect(try program.run(arguments + ["--output", output]).status == 0)
    #expect(try verdicts(of: output) == ["not run", "not run", "not run"])
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
  func refusesWhatTheTheoremExcludes(arguments: [String], message: String) throws {
    let outcome = try Program("regret").run(
      ["--profile", "smoke", "--output", folder / "x.h5"] + arguments)
    #expect(outcome.status == 64 && outcome.errorLines.count == 1)
    #expect(
      outcome.errors.hasPrefix("regret: ") && outcome.errors.contains(message),
      "\(outcome.errors)")
    #expect(!folder.files.contains("x.h5"))
  }
}
