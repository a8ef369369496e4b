import Foundation
import Testing

/// What the benchmarks say without measuring anything.
@Suite struct BenchmarkTests {
  @Test func `help names the networks`() throws {
    let outcome = try Program("bench-networks").run(["--help"])
    #expect(outcome.status == 0 && outcome.errors == "")
    #expect(outcome.output.hasPrefix("Usage: bench-networks [OPTION...] [NETWORK...]\n"))
    #expect(
      outcome.output.contains("logistic mlp mlp-dropout vae vae-100 cnn cnn-dropout imdb fashion\n")
    )
  }

  @Test(arguments: [
    (["fashion", "fasion"], "unknown network 'fasion'; choose from: logistic mlp"),
    (["--hlep"], "unknown option --hlep (did you mean --help?)"),
  ])
  func `mistakes are told in one line`(arguments: [String], message: String) throws {
    let outcome = try Program("bench-networks").run(arguments)
    expectOneLine(outcome, status: 64, of: "bench-networks", message)
    #expect(outcome.output == "")
  }

  @Test func `the optimizers' benchmark has help too`() throws {
    let program = try Program("bench-optimizers")
    let outcome = try program.run(["--help"])
    #expect(outcome.status == 0 && outcome.errors == "")
    #expect(outcome.output.hasPrefix("Usage: bench-optimizers [METHOD...]\n"))
    #expect(outcome.output.contains(" adam-epsilon-hat "))
    let mistake = try program.run(["adan"])
    expectOneLine(
      mistake, status: 64, of: "bench-optimizers", "unknown method 'adan'; choose from: ", "adam")
  }

  @Test func `the benchmark of sums takes numbers of minibatches`() throws {
    let program = try Program("bench-sums")
    let outcome = try program.run(["--help"])
    #expect(outcome.status == 0 && outcome.errors == "")
    #expect(outcome.output.hasPrefix("Usage: bench-sums [MINIBATCHES...]\n"))
    for operand in ["0", "many", "1001"] {
      let mistake = try program.run([operand])
      expectOneLine(mistake, status: 64, of: "bench-sums", "a number from 1 to 1000", operand)
    }
  }

  private static let python = "/usr/bin/python3"

  /// Without its site packages Python has no numpy.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python), "needs Python"))
  func `a missing peer is named with its cure`() throws {
    let script = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("peers/bench.py").path
    let bench = try Program("bench-networks").path
    let python = Program(path: Self.python)
    let outcome = try python.run(["-S", script, bench])
    expectOneLine(outcome, status: 69, of: "bench-peers", "is missing here", "make bench-peers")
    let unbuilt = try python.run(["-S", script, bench + "-none"])
    expectOneLine(
      unbuilt, status: 69, of: "bench-peers", "\(bench)-none is not there", "make build")
    for options in [["--turns", "0"], ["--turns", "many"], ["--cases", "nothing"]] {
      expectOneLine(
        try python.run(["-S", script] + options + [bench]), status: 64, of: "bench-peers",
        options[0].hasPrefix("--c") ? "unknown case" : "--turns")
    }
  }
}
