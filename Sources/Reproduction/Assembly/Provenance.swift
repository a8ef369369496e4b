import COneDNN
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

  /// The commit of the source tree that the program is run in, and whether it has changes; both
  /// `unknown` outside a checkout.
  static func revision() -> (commit: String, isDirty: String) {
    guard let folder = sourceFolder(),
      let commit = output(["git", "-C", folder, "rev-parse", "HEAD"])
    else { return ("unknown", "unknown") }
    let status = output([
      "git", "-C", folder, "status", "--porcelain", "--", "Package.swift", "Sources",
      "reproductions",
    ])
    return (commit, status.map { $0.isEmpty ? "false" : "true" } ?? "unknown")
  }

  /// The checkout that holds the executable in its build folder.
  private static func sourceFolder() -> String? {
    guard var url = Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
    while url.path != "/" {
      url.deleteLastPathComponent()
      if FileManager.default.fileExists(atPath: url.appendingPathComponent("Package.swift").path) {
        return url.path
      }
    }
    return nil
  }

  private static func output(_ command: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

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

/// The attributes that say what made a result file, in their order.
///
/// - Parameter numericsVersion: the highest one of the runs.
func provenanceAttributes(data: DataChoice, threads: Int, numericsVersion: Int) -> [Attribute] {
  let revision = Program.revision()
  let machine = Machine()
  return [
    Attribute("git_commit", revision.commit),
    Attribute("git_dirty", revision.isDirty),
    Attribute("program_version", Program.version),
    Attribute("numerics_version", numericsVersion),
    Attribute("swift_version", Program.swiftVersion),
    Attribute("onednn_version", String(cString: onednn_version())),
    Attribute("hdf5_version", HDF5File.libraryVersion),
    Attribute("cpu_model", machine.cpuModel),
    Attribute("isa", machine.instructionSet),
    Attribute("threads_per_run", threads),
    Attribute("data_name", data.identity?.name.rawValue ?? "none"),
    Attribute("data_origin", data.identity?.origin.rawValue ?? "none"),
    Attribute("data_sha256", data.identity?.sha256 ?? "none"),
  ]
}
