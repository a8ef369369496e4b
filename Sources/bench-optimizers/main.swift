import Glibc
import Optimizers

/// Prints, for every method and two numbers of parameters, the time of one update on one thread,
/// its traffic, and the traffic as a share of a plain memory copy's in the same run.
func column(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

func rounded(_ value: Double, _ digits: Int) -> String {
  let scale = pow(10, Double(digits))
  return "\((value * scale).rounded() / scale)"
}

do {
  print(
    "method".padding(24), column("n", 9), column("us/update", 10), column("GB/s", 7),
    column("copy GB/s", 10), column("ratio", 6))
  for count in [20_000, 1_800_000] {
    let repetitions = 40_000_000 / count
    for method in OptimizerRegistry.all {
      let update = try OptimizerBenchmark.run(
        method: method.name, count: count, repetitions: repetitions)
      let copy = OptimizerBenchmark.copy(bytes: update.bytes, repetitions: repetitions)
      let rate = Double(update.bytes) / update.seconds * 1e-9
      let copyRate = Double(copy.bytes) / copy.seconds * 1e-9
      print(
        method.name.padding(24), column("\(count)", 9),
        column(rounded(update.seconds * 1e6, 2), 10),
        column(rounded(rate, 1), 7), column(rounded(copyRate, 1), 10),
        column(rounded(rate / copyRate, 2), 6))
    }
  }
} catch {
  let line = Array("bench-optimizers: \(error)\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
  exit(1)
}

extension String {
  func padding(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
