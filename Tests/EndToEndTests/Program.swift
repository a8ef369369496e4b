import Foundation
import ResultStore
import TestSupport
import Testing

/// The built executable of an experiment, beside the test bundle, run as users run it.
struct Program {
  /// What came of one use of the program.
  struct Outcome {
    let status: Int32
    let wasKilled: Bool
    let output: String
    let errors: String

    /// The lines on standard error.
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

    /// The lines on standard error but for the one that says that gnuplot is missing and those of
    /// progress, which are more where a run takes seconds.
    var complaints: [String] {
      errorLines.filter { line in
        ![": no figures: ", ": [", " runs done, "].contains { line.contains($0) }
      }
    }
  }

  let path: String

  /// Another program, e.g. an interpreter.
  init(path: String) { self.path = path }

  init(_ name: String = "mnist-logistic") throws {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    path = own.deletingLastPathComponent().appendingPathComponent(name).path
    try #require(
      FileManager.default.isExecutableFile(atPath: path), "build first: swift build -c release")
  }

  /// A tiny experiment: one contender, one seed, two steps an epoch.
  static let tiny = [
    "--profile", "smoke", "--epochs", "2", "--seeds", "0", "--optimizers", "adam",
    "--alpha", "0.01", "--minibatch", "1000", "--jobs", "1",
  ]

  /// Without gnuplot (and git) on the path nothing is drawn: much faster.
  static let noFigures = ["PATH": "/nonexistent"]

  /// Runs the program to its end.
  func run(
    _ arguments: [String], environment: [String: String] = noFigures, in folder: String? = nil
  ) throws -> Outcome {
    try start(arguments, environment: environment, in: folder).wait()
  }

  /// Starts the program, in a working folder or the tests' own.
  func start(
    _ arguments: [String], environment: [String: String] = noFigures, in folder: String? = nil
  ) throws -> Running {
    try Running(path, arguments, environment, folder)
  }

  /// A started program. Its output goes to files: a pipe would be inherited by other programs that
  /// tests start meanwhile.
  final class Running {
    private let process = Process()
    private let folder: TemporaryFolder
    private var output: String { folder / "output" }
    private var errors: String { folder / "errors" }

    fileprivate init(
      _ path: String, _ arguments: [String], _ environment: [String: String],
      _ workingFolder: String?
    ) throws {
      folder = try TemporaryFolder()
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
      if let workingFolder {
        process.currentDirectoryURL = URL(fileURLWithPath: workingFolder)
      }
      var all = ProcessInfo.processInfo.environment
      all["ADAM_DATA"] = nil
      process.environment = all.merging(environment) { $1 }
      for name in ["output", "errors"] {
        _ = FileManager.default.createFile(atPath: folder / name, contents: nil)
      }
      process.standardOutput = FileHandle(forWritingAtPath: folder / "output")
      process.standardError = FileHandle(forWritingAtPath: folder / "errors")
      process.standardInput = FileHandle.nullDevice
      try process.run()
    }

    var isRunning: Bool { process.isRunning }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits until `condition` holds or the program has ended.
    func wait(until condition: () -> Bool) {
      while !condition() && process.isRunning { usleep(1000) }
    }

    func wait() -> Outcome {
      process.waitUntilExit()
      func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
      }
      return Outcome(
        status: process.terminationStatus,
        wasKilled: process.terminationReason == .uncaughtSignal, output: text(output),
        errors: text(errors))
    }
  }
}

extension TemporaryFolder {
  /// The checkpoints in the folder and those below.
  var checkpoints: [String] { files.filter { $0.hasSuffix(".checkpoint") } }
}

/// The part of a result file that repeats, as the bytes of a file without `/volatile`.
func repeatable(_ path: String) throws -> [UInt8] {
  var document = try ResultFile.read(path)
  document.root.groups.removeAll { $0.name == "volatile" }
  return try ResultFile.encode(document)
}

/// The root attribute of a result file.
func attribute(_ name: String, of path: String) throws -> String? {
  let values = try ResultFile.readAttributes(path).first { $0.name == name }?.values
  guard case .string(let text)? = values else { return nil }
  return text.first
}

/// One complaint: a single line that begins with the program's name.
func expectOneLine(
  _ outcome: Program.Outcome, status: Int32, of program: String = "mnist-logistic",
  _ parts: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(
    outcome.status == status && !outcome.wasKilled, "\(outcome.errors)",
    sourceLocation: sourceLocation)
  #expect(
    outcome.errorLines.count == 1 && outcome.errors.hasPrefix("\(program): "),
    "\(outcome.errors)", sourceLocation: sourceLocation)
  for part in parts {
    #expect(
      outcome.errors.contains(part), "\(part) in: \(outcome.errors)",
      sourceLocation: sourceLocation)
  }
}

/// The verdicts in a result file.
func verdicts(of path: String) throws -> [String] {
  let claims = try ResultFile.read(path).root.groups.first { $0.name == "claims" }?.group
  guard case .string(let texts)? = claims?.variables.first(where: { $0.name == "verdict" })?.values
  else { return [] }
  return texts
}
