import CGetopt
import Foundation
import Storage

/// An option of a command line.
public struct CommandOption: Sendable {
  /// The long name, without dashes.
  public let name: String
  /// What `--help` calls its argument, e.g. `LIST`; `nil` for a switch.
  public let argument: String?
  /// One line for `--help`.
  public let help: String

  /// An option, e.g. `CommandOption("seeds", "LIST", "seeds, e.g. 0,1,2 or 0..<10")`.
  public init(_ name: String, _ argument: String? = nil, _ help: String) {
    self.name = name
    self.argument = argument
    self.help = help
  }
}

/// A mistake on the command line; ends the program with status 64.
public struct UsageError: UserFacingError {
  /// What is wrong and what to do.
  public let description: String
  /// Always `usage`.
  public var exitStatus: ExitStatus { .usage }

  /// A usage error with its one line.
  public init(_ description: String) { self.description = description }
}

/// The options and operands of a command line.
public struct ParsedOptions: Sendable {
  private var given: [(name: String, value: String)] = []
  /// The arguments that are not options.
  public private(set) var operands: [String] = []

  /// Whether the option was given.
  public func contains(_ name: String) -> Bool { given.contains { $0.name == name } }

  /// The option's argument; the last one counts.
  public func value(_ name: String) -> String? { given.last { $0.name == name }?.value }

  /// The arguments of an option that may be given more than once, in order.
  public func values(_ name: String) -> [String] {
    given.filter { $0.name == name }.map(\.value)
  }

  /// The option's argument as a finite number.
  ///
  /// - Throws: `UsageError` if it is not one.
  public func number(_ name: String) throws -> Double? {
    guard let text = value(name) else { return nil }
    guard let number = Double(text), number.isFinite else {
      throw UsageError("--\(name) takes a number, not \"\(text)\"")
    }
    return number
  }

  /// The option's argument as a whole number from `minimum` to `maximum`.
  ///
  /// - Throws: `UsageError` if it is not one.
  public func integer(
    _ name: String, atLeast minimum: Int, atMost maximum: Int = 1_000_000
  ) throws -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), number >= minimum else {
      throw UsageError("--\(name) takes a whole number of at least \(minimum), not \"\(text)\"")
    }
    guard number <= maximum else {
      throw UsageError("--\(name) takes a whole number of at most \(maximum), not \"\(text)\"")
    }
    return number
  }

  fileprivate mutating func add(_ name: String, _ value: String) { given.append((name, value)) }
  fileprivate mutating func add(operand: String) { operands.append(operand) }
}

/// Parses command lines with the C library's `getopt_long`.
public struct OptionParser: Sendable {
  /// The options understood.
  public let options: [CommandOption]

  /// A parser for the given options.
  public init(_ options: [CommandOption]) { self.options = options }

  /// Parses `arguments`, the program's name first.
  ///
  /// - Throws: `UsageError` for an unknown or ambiguous option and for a missing argument.
  public func parse(_ arguments: [String]) throws -> ParsedOptions {
    var parsed = ParsedOptions()
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    let names: [UnsafeMutablePointer<CChar>?] = options.map { strdup($0.name) }
    defer { (argv + names).forEach { free($0) } }
    var longOptions = options.indices.map { index in
      option(
        name: names[index],
        has_arg: options[index].argument == nil ? no_argument : required_argument,
        flag: nil, val: Int32(1000 + index))
    }
    longOptions.append(option())
    getopt_restart()
    while true {
      let code = getopt_long(Int32(arguments.count), &argv, ":", longOptions, nil)
      if code == -1 { break }
      let text = argv[Int(getopt_next_index()) - 1].map { String(cString: $0) } ?? ""
      switch code {
      case 58:  // ":"
        throw UsageError("\(text) needs a value; --help lists the options")
      case 63:  // "?"
        throw UsageError("unknown option \(text)\(suggestion(for: text)); --help lists the options")
      default:
        parsed.add(
          options[Int(code) - 1000].name, getopt_argument().map { String(cString: $0) } ?? "")
      }
    }
    let first = Int(getopt_next_index())
    for index in first..<max(first, arguments.count) {
      if let operand = argv[index] { parsed.add(operand: String(cString: operand)) }
    }
    return parsed
  }

  /// The text of `--help`: one line an option.
  public func help(usage: String) -> String {
    let rows = options.map { option in
      ("--" + option.name + (option.argument.map { " " + $0 } ?? ""), option.help)
    }
    let width = min(26, rows.map(\.0.count).max() ?? 0)
    let lines = rows.map { name, help in
      "  " + name.padding(toLength: max(width, name.count), withPad: " ", startingAt: 0) + "  "
        + help
    }
    return usage + "\n\n" + lines.joined(separator: "\n") + "\n"
  }

  private func suggestion(for text: String) -> String {
    let wanted = String(text.drop { $0 == "-" }.prefix { $0 != "=" })
    guard wanted.count > 1 else { return "" }
    let close = options.map { ($0.name, editDistance(wanted, $0.name)) }.min { $0.1 < $1.1 }
    guard let (name, distance) = close, distance <= 2 else { return "" }
    return " (did you mean --\(name)?)"
  }
}
