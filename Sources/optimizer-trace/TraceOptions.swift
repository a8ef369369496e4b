import OptimizerChecks
import Optimizers
import Reproduction
import Storage

/// What the command line asks for.
struct TraceOptions {
  enum Action { case trace, identify, list, help, version, completions(Shell), manual }
  enum Format: String { case text, json }

  var action = Action.trace
  var format = Format.text
  var input = ""
  var output = ""
  var optimizer = ""
  var hyperparameters: [String: Double] = [:]
  /// Nil: none was given, so that `--identify` finds out.
  var schedule: Schedule?
  /// The method that `--identify` is to find.
  var expected: String?
  var averagingBeta: Double?

  /// Every hyperparameter that some method has, in the order of their first appearance.
  static let hyperparameterNames: [String] = OptimizerRegistry.all
    .flatMap { $0.hyperparameters.map(\.name) }
    .reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }

  static let parser = OptionParser(groups: [
    OptionGroup(
      "the optimizer",
      [
        CommandOption(
          "optimizer", "NAME", "the method; --list prints all, with their options",
          words: OptimizerRegistry.all.map(\.name)),
        CommandOption("schedule", "FORM", "the stepsize over time (default constant)"),
      ]),
    OptionGroup(
      "its hyperparameters, where the method has them",
      hyperparameterNames.map { name in
        let known = OptimizerRegistry.all.lazy.compactMap { $0.hyperparameter(name) }.first
        return CommandOption(name, "NUMBER", known?.meaning ?? "")
      }),
    OptionGroup(
      "what is done",
      [
        CommandOption("output", "FILE", "the HDF5 file to write"),
        CommandOption("average", "BETA", "also write the average of theta (section 7.2)"),
        CommandOption(
          "identify", nil, "tell which method made the trajectory theta[T, n] in INPUT, and end"),
        CommandOption(
          "expect", "NAME",
          "with --identify: status 0 only if it is this method, without a fault; the names that it prints",
          words: Identification.names),
        CommandOption("list", nil, "print the methods with their options and defaults, and end"),
        CommandOption(
          "format", "FORMAT", "of --list: text (the default) or json", words: ["text", "json"]),
      ] + .aboutItself),
  ])

  static let help = parser.help(
    usage: """
      Usage: optimizer-trace --optimizer NAME --output FILE [options] INPUT
             optimizer-trace --identify [options] INPUT

      Reads theta0[n] and gradients[T, n] (32-bit or 64-bit floating point) from the
      HDF5 file INPUT, makes T steps with these gradients in 32-bit floating point,
      and writes theta[T, n] after each step, and the optimizer's state after the
      last, to FILE. Where a gradient is so large or small that moments leave the
      range of 32 bits it says so, and goes on in 64.

      With --identify INPUT also holds theta[T, n], made elsewhere from these
      gradients, and the method, its variant and its hyperparameters are told:
      status 0 if one is found, be it one with a fault, 1 if none is or several are,
      64 for wrong options, 65 for a wrong file, 66 for none. With --expect NAME it
      is 0 for that method alone. Hyperparameters that are given are taken as
      known. INPUT may hold alpha[T], the stepsize of each step; that it is one for
      all of them says --schedule constant.

      Schedules: \(Schedule.forms.filter { !$0.contains("epoch") }.joined(separator: ", ")).
      """)

  /// Reads the command line. Throws `UsageError`, `TraceError` and `OptimizerError`.
  init(arguments: [String]) throws {
    let given = try Self.parser.parse(arguments)
    if let text = given.value("format") {
      guard let known = Format(rawValue: text) else { throw TraceError.unknownFormat(text) }
      format = known
    }
    if let shell = given.value("completions") {
      action = .completions(try Shell(named: shell))
    } else if given.contains("man") {
      action = .manual
    } else if given.contains("help") {
      action = .help
    } else if given.contains("version") {
      action = .version
    } else if given.contains("list") {
      action = .list
    } else if given.contains("identify") {
      action = .identify
    }
    optimizer = given.value("optimizer") ?? ""
    output = given.value("output") ?? ""
    schedule = try given.value("schedule").map(Schedule.parse)
    expected = given.value("expect")
    if let expected {
      guard Identification.names.contains(expected) else {
        throw OptimizerError.unknownMethod(
          expected, known: Identification.names,
          suggestion: OptimizerRegistry.closest(to: expected, among: Identification.names))
      }
    }
    averagingBeta = try given.number("average")
    for name in Self.hyperparameterNames {
      hyperparameters[name] = try given.number(name)
    }
    if case .identify = action {
      for name in ["optimizer", "output", "average", "format"] where given.contains(name) {
        throw TraceError.notWithIdentify(name)
      }
    } else if case .trace = action, expected != nil {
      throw TraceError.expectsNothing
    }
    try complete(given.operands)
  }

  private mutating func complete(_ operands: [String]) throws {
    let isTrace: Bool
    switch action {
    case .trace: isTrace = true
    case .identify: isTrace = false
    default: return
    }
    if isTrace { try completeTrace() } else { try checkHyperparameters() }
    if let schedule, schedule.description.contains("epoch") {
      throw TraceError.noEpochs(schedule.description)
    }
    guard !isTrace || !output.isEmpty else { throw TraceError.missingOption("output") }
    guard let first = operands.first else { throw TraceError.noInput }
    guard operands.count == 1 else { throw TraceError.tooManyInputs(operands) }
    input = first
  }

  private func completeTrace() throws {
    guard !optimizer.isEmpty else { throw TraceError.missingOption("optimizer") }
    // The name and the values are checked before any file is looked at.
    _ = try OptimizerRegistry.make(optimizer, hyperparameters: hyperparameters, count: 0)
    if let beta = averagingBeta, !(beta >= 0 && beta < 1) {
      throw TraceError.averageOutOfRange(beta)
    }
  }

  /// Each is to be in the range that it has with some method.
  private func checkHyperparameters() throws {
    for (name, value) in hyperparameters.sorted(by: { $0.key < $1.key }) {
      let methods = OptimizerRegistry.all.filter { $0.hyperparameter(name) != nil }
      guard let method = methods.first, let known = method.hyperparameter(name) else { continue }
      guard known.range.contains(value) else {
        throw OptimizerError.outOfRange(
          name, method: method.name, value: value, range: known.range)
      }
    }
  }
}

/// What can be wrong with the command line or the input of a trace.
enum TraceError: UserFacingError {
  case missingOption(String)
  case averageOutOfRange(Double)
  case noEpochs(String)
  case unknownFormat(String)
  case noInput
  case tooManyInputs([String])
  case notWithIdentify(String)
  case expectsNothing
  case wrongForm(path: String, object: String, detail: String, rank: Int)
  case wrongShape(path: String, columns: Int, count: Int)
  case notFinite(path: String, index: Int)
  case outputIsAResult(String)
  case outputIsForeign(String)

  var description: String {
    switch self {
    case .missingOption(let name): "--\(name) is missing; see optimizer-trace --help"
    case .averageOutOfRange(let beta):
      "--average \(beta) is out of range; give a number in [0, 1)"
    case .noEpochs(let schedule):
      "--schedule \(schedule): a trace has steps, not epochs; write step in place of epoch"
    case .unknownFormat(let text): "--format '\(text)' is neither text nor json"
    case .noInput: "the input file is missing; see optimizer-trace --help"
    case .tooManyInputs(let names):
      "one input file is expected, not \(names.count): \(names.joined(separator: " "))"
    case .notWithIdentify(let name):
      "--\(name) does not go with --identify, which finds the method and tells it in text"
    case .expectsNothing: "--expect goes with --identify alone"
    case .wrongForm(let path, let object, let detail, let rank):
      "\(object) in \(path) is \(detail); store float32 or float64 with "
        + (rank == 1
          ? "one axis (reshape(-1))" : "two axes, steps and parameters (reshape(steps, -1))")
    case .wrongShape(let path, let columns, let count):
      "\(path): gradients has \(columns) columns, theta0 \(count) elements; they must be equal"
    case .notFinite(let path, let index):
      "\(path): theta0[\(index)] is not a number that 32-bit floating point can hold"
    case .outputIsAResult(let path):
      "\(path) holds the results of an experiment; choose another --output"
    case .outputIsForeign(let path):
      "\(path) exists and is not a trace of this program; move it away or choose another --output"
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .wrongForm, .wrongShape, .notFinite: .badData
    case .outputIsAResult, .outputIsForeign: .cannotCreate
    default: .usage
    }
  }
}
