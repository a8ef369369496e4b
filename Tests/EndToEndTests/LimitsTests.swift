import Foundation
import TestSupport
import Testing

/// Programs within the limits of a machine.
@Suite struct LimitsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func shell(_ command: String, _ arguments: [String]) throws -> Program.Outcome {
    try Program(path: "/bin/sh").run(["-c", command, "sh"] + arguments)
  }

  /// A library that starts threads when it is loaded cannot do so here, and spins.
  @Test(.timeLimit(.minutes(1)))
  func `programs run in little address space`() throws {
    for name in ["mnist-logistic", "cifar-cnn", "report", "optimizer-trace"] {
      let outcome = try shell(
        "ulimit -v 300000; exec \"$@\"", [try Program(name).path, "--version"])
      #expect(outcome.status == 0 && !outcome.wasKilled, "\(name): \(outcome.errors)")
    }
    let run = try shell(
      "ulimit -v 300000; exec \"$@\"",
      [try Program().path] + Program.tiny + ["--output", folder / "x.h5"])
    #expect(run.status == 0 && !run.wasKilled, "\(run.errors)")
  }

  /// Nothing but a whitening needs OpenBLAS, and that finds it.
  @Test func `OpenBLAS is loaded where it is needed`() throws {
    let loader = ["LD_DEBUG": "files", "PATH": "/nonexistent"]
    for (name, isNeeded) in [("mnist-logistic", false), ("cifar-cnn", true)] {
      let outcome = try Program(name).run(
        ["--profile", "smoke", "--seeds", "0", "--optimizers", "adam", "--jobs", "1"]
          + ["--output", folder / "\(name).h5"], environment: loader)
      #expect(outcome.status == 0)
      #expect(outcome.errors.contains("libopenblas.so") == isNeeded, "\(name)")
    }
  }
}
