// Prints, for every method and two numbers of parameters, the time of one update on one thread,
// its traffic, and the traffic as a share of a plain memory copy's in the same run; beside it the time
// of as many square roots and quotients.

import Optimizers
import Reproduction
import Storage

/// The methods that are asked for; nil if only help or the version is.
func chosenMethods() throws -> [String]? {
  let all = OptimizerRegistry.all.map(\.name)
  let options = try BenchmarkTool.options(
    of: "bench-optimizers",
    usage: """
      Usage: bench-optimizers [METHOD...]

      Times one update of 20,000 and of 1,800,000 parameters on one thread, beside a plain copy of as
      many bytes and as many square roots and quotients. Takes seconds a method; run it on a machine
      that does nothing else.

      Methods (default: all): \(all.joined(separator: " "))
      """)
  guard let options else { return nil }
  for name in options.operands where !all.contains(name) {
    throw UsageError("unknown method '\(name)'; choose from: \(all.joined(separator: " "))")
  }
  return all.filter { options.operands.isEmpty || options.operands.contains($0) }
}

func run() throws -> ExitStatus {
  guard let methods = try chosenMethods() else { return .success }
  BenchmarkTool.show(
    "method".padding(24), BenchmarkTool.column("n", 9), BenchmarkTool.column("us/update", 10),
    BenchmarkTool.column("GB/s", 7), BenchmarkTool.column("copy GB/s", 10),
    BenchmarkTool.column("ratio", 6), BenchmarkTool.column("roots, quotients us", 19))
  for count in [20_000, 1_800_000] {
    let repetitions = 40_000_000 / count
    let roots = OptimizerBenchmark.rootsAndQuotients(count: count, repetitions: repetitions)
    for method in methods {
      let update = try OptimizerBenchmark.run(
        method: method, count: count, repetitions: repetitions)
      let copy = OptimizerBenchmark.copy(bytes: update.bytes, repetitions: repetitions)
      let rate = Double(update.bytes) / update.seconds * 1e-9
      let copyRate = Double(copy.bytes) / copy.seconds * 1e-9
      BenchmarkTool.show(
        method.padding(24), BenchmarkTool.column("\(count)", 9),
        BenchmarkTool.column(update.seconds * 1e6, 2, 10), BenchmarkTool.column(rate, 1, 7),
        BenchmarkTool.column(copyRate, 1, 10), BenchmarkTool.column(rate / copyRate, 2, 6),
        BenchmarkTool.column(roots * 1e6, 2, 19))
    }
  }
  return .success
}

extension String {
  func padding(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

CommandLineTool.main("bench-optimizers", run)
