// Prints, for every method and two numbers of parameters, the time of one update on one thread,
// its traffic, and the traffic as a share of a plain memory copy's in the same run; beside it the time of as many
// square roots and quotients.

import Glibc
import Optimizers
import Reproduction
import Storage

func column(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

func rounded(_ value: Double, _ digits: Int) -> String {
  let scale = pow(10, Double(digits))
  return "\((value * scale).rounded() / scale)"
}

/// The methods that are asked for; nil if only help or the version is.
func chosenMethods() throws -> [String]? {
  let parser = OptionParser([
    CommandOption("version", nil, "print the version and end"),
    CommandOption("help", nil, "print this and end"),
  ])
  let options = try parser.parse(CommandLine.arguments)
  let all = OptimizerRegistry.all.map(\.name)
  if options.contains("help") {
    let usage = """
      Usage: bench-optimizers [METHOD...]

      Times one update of 20,000 and of 1,800,000 parameters on one thread, beside a plain copy of as
      many bytes and as many square roots and quotients. Takes seconds a method; run it on a machine that does nothing else.

      Methods (default: all): \(all.joined(separator: " "))
      """
    Console.show(parser.help(usage: usage))
    return nil
  }
  if options.contains("version") {
    Console.show("bench-optimizers \(Program.version)\n")
    return nil
  }
  for name in options.operands where !all.contains(name) {
    throw UsageError("unknown method '\(name)'; choose from: \(all.joined(separator: " "))")
  }
  return all.filter { options.operands.isEmpty || options.operands.contains($0) }
}

func run() throws -> ExitStatus {
  guard let methods = try chosenMethods() else { return .success }
  func show(_ columns: String...) { Console.show(columns.joined(separator: " ") + "\n") }
  show(
    "method".padding(24), column("n", 9), column("us/update", 10), column("GB/s", 7),
    column("copy GB/s", 10), column("ratio", 6), column("roots, quotients us", 19))
  for count in [20_000, 1_800_000] {
    let repetitions = 40_000_000 / count
    let roots = OptimizerBenchmark.rootsAndQuotients(count: count, repetitions: repetitions)
    for method in methods {
      let update = try OptimizerBenchmark.run(
        method: method, count: count, repetitions: repetitions)
      let copy = OptimizerBenchmark.copy(bytes: update.bytes, repetitions: repetitions)
      let rate = Double(update.bytes) / update.seconds * 1e-9
      let copyRate = Double(copy.bytes) / copy.seconds * 1e-9
      show(
        method.padding(24), column("\(count)", 9),
        column(rounded(update.seconds * 1e6, 2), 10),
        column(rounded(rate, 1), 7), column(rounded(copyRate, 1), 10),
        column(rounded(rate / copyRate, 2), 6), column(rounded(roots * 1e6, 2), 19))
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
