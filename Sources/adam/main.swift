import Foundation
import Reporting
import Reproduction
import Storage

// One front door to the programs of the project, which lie beside it and do the work.

/// What the front door can be asked for.
enum Command: String, CaseIterable {
  case list, run, status, report, compare, audit, identify

  var usage: String {
    switch self {
    case .list: "list"
    case .run: "run EXPERIMENT [options]"
    case .status: "status [options]"
    case .report: "report [options]"
    case .compare: "compare FILE... [--variable NAME]"
    case .audit: "audit EXPERIMENT --start DIR [--audit LIST]"
    case .identify: "identify [options] FILE"
    }
  }

  var meaning: String {
    switch self {
    case .list: "the experiments"
    case .run: "run an experiment; run EXPERIMENT --help lists its options"
    case .status: "what is done and to do, experiment by experiment; options as of run"
    case .report: "the report of a folder of results; report --help"
    case .compare: "runs of several files or arms side by side, paired by seed"
    case .audit: "list the kept runs of a folder, or make some of them again and compare"
    case .identify: "which optimizer made a trajectory; optimizer-trace --help"
    }
  }
}

let parser = OptionParser(.aboutItself)

/// The path of a program beside this one.
func path(of program: String) throws -> String {
  let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  let path = FilePaths.join(FilePaths.folder(of: own), program)
  guard FilePaths.exists(path) else {
    throw MissingProgram(path: path)
  }
  return path
}

/// Becomes a program beside this one.
func become(_ program: String, _ arguments: [String]) throws -> Never {
  let path = try path(of: program)
  var argv = ([program] + arguments).map { strdup($0) } + [nil]
  execv(path, &argv)
  throw SystemError("start \(path)", code: errno)
}

/// Runs a program beside this one to its end, and returns its status.
func run(_ program: String, _ arguments: [String]) throws -> Int32 {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: try path(of: program))
  process.arguments = arguments
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus
}

/// An experiment by its name.
func experiment(_ name: String?, for command: Command) throws -> String {
  let names = ResultSet.experimentNames
  guard let name, !name.hasPrefix("-") else {
    throw UsageError("\(command.rawValue) needs an experiment: \(names.joined(separator: ", "))")
  }
  guard names.contains(name) else {
    let near = names.first { $0.hasPrefix(name) || editDistance($0, name) <= 2 }
    throw UsageError(
      "there is no experiment \(name)" + (near.map { " (did you mean \($0)?)" } ?? "")
        + "; adam list tells them")
  }
  return name
}

/// The status of every experiment, a line each; with `--json` one array.
func status(_ options: [String]) throws -> ExitStatus {
  if let one = options.first(where: { $0 == "--output" || $0.hasPrefix("--output=") }) {
    throw UsageError("\(one) is the file of one experiment: adam run EXPERIMENT --status")
  }
  var worst: Int32 = 0
  var entries: [String] = []
  for name in ResultSet.experimentNames {
    guard options.contains("--json") else {
      worst = max(worst, try run(name, ["--status"] + options))
      continue
    }
    let (text, status) = try output(of: name, ["--status"] + options)
    worst = max(worst, status)
    entries.append(
      status == 0
        ? text.trimmingCharacters(in: .whitespacesAndNewlines)
        : "{\"experiment\": \"\(name)\", \"exitStatus\": \(status)}")
  }
  if options.contains("--json") {
    Console.show("[" + entries.joined(separator: ",\n") + "]\n")
  }
  return ExitStatus(rawValue: worst) ?? .failure
}

/// What a program beside this one prints, and its status.
func output(of program: String, _ arguments: [String]) throws -> (text: String, status: Int32) {
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: try path(of: program))
  process.arguments = arguments
  process.standardOutput = pipe
  try process.run()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (text, process.terminationStatus)
}

/// The third line of an experiment's help is its title.
func list() throws {
  for name in ResultSet.experimentNames {
    let lines = try output(of: name, ["--help"]).text.split(
      separator: "\n", omittingEmptySubsequences: false)
    let title = lines.count > 2 ? lines[2] : ""
    Console.show(name.padding(toLength: 24, withPad: " ", startingAt: 0) + "  \(title)\n")
  }
}

/// A program that should be beside this one.
struct MissingProgram: UserFacingError {
  let path: String

  var description: String { "there is no \(path): build first (make build)" }
  var exitStatus: ExitStatus { .unavailable }
}

func help() -> String {
  let commands = Command.allCases.map { command in
    "  " + command.usage + "\n      " + command.meaning
  }
  return parser.help(
    usage: "usage: adam COMMAND ...\n\nReproduces the experiments of Kingma & Ba 2015.\n\n"
      + "commands:\n" + commands.joined(separator: "\n"))
}

func start() throws -> ExitStatus {
  let arguments = Array(CommandLine.arguments.dropFirst())
  guard let first = arguments.first, !first.hasPrefix("-") else {
    let options = try parser.parse(CommandLine.arguments)
    if let shell = options.value("completions") {
      Console.show(
        parser.completions(
          for: try Shell(named: shell), program: "adam",
          commands: .init(
            Command.allCases.map(\.rawValue),
            takingPrograms: [Command.run, .audit].map(\.rawValue), running: Command.run.rawValue,
            programs: ResultSet.experimentNames)))
    } else if options.contains("man") {
      Console.show(
        parser.manual(
          of: "adam", summary: "reproduces the experiments of Kingma & Ba 2015",
          synopsis: Command.allCases.map(\.usage),
          text: Command.allCases.map { "\($0.rawValue): \($0.meaning)." }))
    } else if options.contains("version") {
      Console.show("adam \(Program.version)\n")
    } else {
      Console.show(help())
      return arguments.isEmpty ? .usage : .success
    }
    return .success
  }
  guard let command = Command(rawValue: first) else {
    let near = Command.allCases.map(\.rawValue).first { editDistance($0, first) <= 2 }
    throw UsageError(
      "unknown command \(first)" + (near.map { " (did you mean \($0)?)" } ?? "")
        + "; adam --help lists them")
  }
  let rest = Array(arguments.dropFirst())
  // Behind an experiment it is for that, and those that have a help of their own tell it.
  if [.list, .run, .status, .audit].contains(command), ["--help", "-h"].contains(rest.first) {
    Console.show("usage: adam \(command.usage)\n\n\(command.meaning)\n")
    return .success
  }
  switch command {
  case .list:
    if let more = rest.first { throw UsageError("adam list takes nothing more, not \(more)") }
    try list()
    return .success
  case .run: try become(try experiment(rest.first, for: command), Array(rest.dropFirst()))
  case .status:
    return try status(rest)
  case .report: try become("report", rest)
  case .compare: try become("report", ["--compare"] + rest)
  case .audit:
    let name = try experiment(rest.first, for: command)
    let options = Array(rest.dropFirst())
    let isNamed = options.contains { $0 == "--audit" || $0.hasPrefix("--audit=") }
    try become(name, (isNamed ? [] : ["--auditable"]) + options)
  case .identify: try become("optimizer-trace", ["--identify"] + rest)
  }
}

CommandLineTool.main("adam", start)
