import Foundation
import TestSupport

extension Program {
  /// Runs the program to its end; also tells how many bytes of memory it has had at most.
  ///
  /// The kernel's mark of that is looked at every millisecond. `wait4` would count the memory of
  /// the process that started the program as well.
  func runMeasuringMemory(_ arguments: [String]) throws -> (outcome: Outcome, peak: Int) {
    let folder = try TemporaryFolder()
    // The shell says who it is and becomes the program.
    let running = try Program(path: "/bin/bash").start(
      ["-c", "echo $$ > \"$0\"; exec \"$@\"", folder / "process", path] + arguments)
    var peak = 0
    running.wait {
      peak = max(peak, residentPeak(ofProcessNamedIn: folder / "process") ?? 0)
      return false
    }
    return (running.wait(), peak)
  }
}

/// Bytes; `nil` if the file names no process that is running.
private func residentPeak(ofProcessNamedIn file: String) -> Int? {
  guard let name = try? String(contentsOfFile: file, encoding: .utf8),
    let process = Int(name.trimmingCharacters(in: .whitespacesAndNewlines)),
    let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
    let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
    let kibibytes = line.split(whereSeparator: \.isWhitespace).compactMap({ Int($0) }).first
  else { return nil }
  return kibibytes << 10
}
