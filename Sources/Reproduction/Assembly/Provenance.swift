import COneDNN
import CRevision
import Foundation
import ResultStore
import Storage

/// This program: its version, and what it was built from.
public enum Program {
  /// The project's version; raised with the format of checkpoints and runs.
  public static let version = "1"

  /// What decides the layout of a saved theta: the version, and what oneDNN chooses its blocked layouts
  /// by. A state that another program or another kind of processor has saved is not continued.
  static let checkpointIdentity =
    "version \(version), oneDNN \(String(cString: onednn_version())), \(Machine().instructionSet)"

  static var swiftVersion: String {
    #if compiler(>=6.4)
      "6.4 or newer"
    #elseif compiler(>=6.3)
      "6.3"
    #elseif compiler(>=6.2)
      "6.2"
    #else
      "6.1"
    #endif
  }
}

/// Where results were made.
struct Machine {
  /// The processor's name.
  let cpuModel: String
  /// The newest instruction set that the kernels use here.
  let instructionSet: String

  init() {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    func field(_ name: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix(name) }?
        .split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
    }
    cpuModel = field("model name") ?? "unknown"
    let flags = Set((field("flags") ?? "").split(separator: " ").map(String.init))
    instructionSet =
      if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512vl", "avx512dq"]) {
        "x86-64-v4"
      } else if flags.contains("avx2") && flags.contains("fma") {
        "x86-64-v3"
      } else {
        "baseline"
      }
  }
}
