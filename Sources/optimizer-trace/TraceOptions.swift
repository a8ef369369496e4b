@preconcurrency import Glibc
import Optimizers
import Storage

/// What the command line asks for.
struct TraceOptions {
  enum Action { case trace, list, help, version }
  enum Format: String { case text, json }

  var action = Action.trace
  var format = Format.text
  var input = ""
  var output = ""
  var optimizer = ""
  var hyperparameters: [String: Double] = [:]
  var schedule = Schedule.constant
  var averagingBeta: Double?

  /// Every hyperparameter that some method has, in the order of their first appearance.
  static let hyperparameterNames: [String] = OptimizerRegistry.all
    .flatMap { $0.hyperparameters.map(\.name) }
    .reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }

  private static let valued = ["optimizer", "schedule", "average", "output", "format"]
  private static let plain = ["list", "help", "version"]

  static let help = """
    Usage: optimizer-trace --optimizer NAME --output FILE [options] INPUT

    Reads theta0[n] and gradients[T, n] (32-bit or 64-bit floating point) from the HDF5 file INPUT,
    makes T steps in 32-bit floating point with these gradients, and writes theta[T, n] after each
    step, and the optimizer's state after the last, to FILE.

      --optimizer NAME     the method; --list prints all, with their options and defaults
      --output FILE        the HDF5 file to write
      --alpha A            the stepsize; likewise, where the method has it:
                           \(wrapped(hyperparameterNames.dropFirst().map { "--\($0)" }))
      --schedule FORM      the stepsize over time (default constant):
                           \(wrapped(Array(Schedule.forms.dropFirst())))
      --average BETA       also write the exponential average of theta with its bias correction,
                           theta_average[T, n] (section 7.2 of the paper)
      --list               print the methods and end
      --format FORMAT      of --list: text (default) or json
      --version            print the version and end
      --help               print this and end

    Exit status: 0 done; 64 wrong option; 65 wrong data; 66 no input; 73 cannot create FILE;
    74 cannot write it.
    """

  private static func wrapped(_ words: [String]) -> String {
    var lines = [""]
    for word in words {
      let last = lines[lines.count - 1]
      if last.count + word.count > 66 {
        lines.append(word)
      } else {
        lines[lines.count - 1] = last.isEmpty ? word : last + " " + word
      }
    }
    return lines.joined(separator: "\n" + String(repeating: " ", count: 23))
  }

  /// Reads the command line with getopt_long. Throws `TraceError` and `OptimizerError`.
  init(arguments: [String]) throws {
    let valued = Self.valued + Self.hyperparameterNames
    let names = (valued + Self.plain).map { strdup($0) }
    let argv = arguments.map { strdup($0) } + [nil]
    defer { (names + argv).forEach { free($0) } }
    let options =
      names.enumerated().map { index, name in
        option(
          name: UnsafePointer(name),
          has_arg: index < valued.count ? required_argument : no_argument, flag: nil, val: 0)
      } + [option()]

    opterr = 0
    optind = 1
    while true {
      var index: Int32 = -1
      let before = Int(optind)
      let found = argv.withUnsafeBufferPointer { argv in
        getopt_long(Int32(arguments.count), argv.baseAddress, ":", options, &index)
      }
      if found == -1 { break }
      let seen = arguments[max(1, min(max(before, Int(optind) - 1), arguments.count - 1))]
      if found == Int32(UInt8(ascii: ":")) { throw TraceError.missingValue(seen) }
      guard found == 0, index >= 0 else { throw TraceError.unknownOption(seen) }
      let name = (valued + Self.plain)[Int(index)]
      try take(name, optarg.map { String(cString: $0) } ?? "")
    }
    // getopt_long has moved the operands behind the options.
    let operands = argv[Int(optind)..<arguments.count].compactMap { $0.map { String(cString: $0) } }
    try complete(operands)
  }

  private mutating func take(_ name: String, _ value: String) throws {
    switch name {
    case "optimizer": optimizer = value
    case "schedule": schedule = try Schedule.parse(value)
    case "average": averagingBeta = try Self.number(name, value)
    case "output": output = value
    case "format":
      guard let known = Format(rawValue: value) else { throw TraceError.unknownFormat(value) }
      format = known
    case "list": action = .list
    case "help": action = .help
    case "version": action = .version
    default: hyperparameters[name] = try Self.number(name, value)
    }
  }

  private mutating func complete(_ operands: [String]) throws {
    guard action == .trace else { return }
    guard !optimizer.isEmpty else { throw TraceError.missingOption("optimizer") }
    // The name and the values are checked before any file is looked at.
    _ = try OptimizerRegistry.make(optimizer, hyperparameters: hyperparameters, count: 0)
    if let beta = averagingBeta, !(beta >= 0 && beta < 1) {
      throw TraceError.averageOutOfRange(beta)
    }
    guard !schedule.description.contains("epoch") else {
      throw TraceError.noEpochs(schedule.description)
    }
    guard !output.isEmpty else { throw TraceError.missingOption("output") }
    guard let first = operands.first else { throw TraceError.noInput }
    guard operands.count == 1 else { throw TraceError.tooManyInputs(operands) }
    input = first
  }

  private static func number(_ name: String, _ text: String) throws -> Double {
    guard let number = Double(text) else { throw TraceError.notANumber(name, text) }
    return number
  }
}

/// What can be wrong with the command line or the input of a trace.
enum TraceError: UserFacingError {
  case unknownOption(String)
  case missingValue(String)
  case missingOption(String)
  case notANumber(String, String)
  case averageOutOfRange(Double)
  case noEpochs(String)
  case unknownFormat(String)
  case noInput
  case tooManyInputs([String])
  case wrongShape(path: String, gradients: [Int], count: Int)
  case notFinite(path: String, index: Int)

  var description: String {
    switch self {
    case .unknownOption(let option):
      "unknown option, or one that takes no value: '\(option)'; see optimizer-trace --help"
    case .missingValue(let option): "\(option) needs a value; see optimizer-trace --help"
    case .missingOption(let name): "--\(name) is missing; see optimizer-trace --help"
    case .notANumber(let name, let text): "--\(name): '\(text)' is not a number"
    case .averageOutOfRange(let beta):
      "--average \(beta) is out of range; give a number in [0, 1)"
    case .noEpochs(let schedule):
      "--schedule \(schedule): a trace has steps, not epochs; write step in place of epoch"
    case .unknownFormat(let text): "--format '\(text)' is neither text nor json"
    case .noInput: "the input file is missing; see optimizer-trace --help"
    case .tooManyInputs(let names):
      "one input file is expected, not \(names.count): \(names.joined(separator: " "))"
    case .wrongShape(let path, let gradients, let count):
      "\(path): gradients has \(gradients[1]) columns, theta0 \(count) elements; they must be equal"
    case .notFinite(let path, let index):
      "\(path): theta0[\(index)] is not a number that 32-bit floating point can hold"
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .wrongShape, .notFinite: .badData
    default: .usage
    }
  }
}
