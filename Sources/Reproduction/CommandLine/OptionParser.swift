import Foundation
import Storage

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

/// Parses command lines: `--name value` or `--name=value`, in any order with operands; `--` ends the
/// options, `-h` is `--help`. Names are never abbreviated: a typo must not start another run than the
/// one that was meant.
public struct OptionParser: Sendable {
  /// The options understood, in the groups of the help text.
  public let groups: [OptionGroup]

  /// All options.
  public var options: [CommandOption] { groups.flatMap(\.options) }

  /// A parser for options in groups.
  public init(groups: [OptionGroup]) { self.groups = groups.filter { !$0.options.isEmpty } }

  /// A parser for options without groups.
  public init(_ options: [CommandOption]) {
    self.init(groups: [OptionGroup("options", options)])
  }

  /// Parses `arguments`, the program's name first.
  ///
  /// - Throws: `UsageError` for an unknown option, a missing argument, and one too many.
  public func parse(_ arguments: [String]) throws -> ParsedOptions {
    var parsed = ParsedOptions()
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      if argument == "--" {
        rest.forEach { parsed.add(operand: $0) }
        break
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        parsed.add(operand: argument)
        continue
      }
      let word = argument == "-h" ? "--help" : argument
      let name = String(word.prefix { $0 != "=" })
      guard let option = options.first(where: { "--" + $0.name == name }) else {
        throw UsageError("unknown option \(name)\(suggestion(for: name)); --help lists the options")
      }
      let attached = word.count > name.count ? String(word.dropFirst(name.count + 1)) : nil
      if option.argument == nil {
        guard attached == nil else { throw UsageError("\(name) takes no value") }
        parsed.add(option.name, "")
      } else if let value = attached ?? rest.popFirst() {
        let home = ProcessInfo.processInfo.environment["HOME"]
        parsed.add(
          option.name,
          option.takesPath ? FilePaths.expandingHome(value, home: home) : value)
      } else {
        throw UsageError("\(name) needs a value; --help lists the options")
      }
    }
    return parsed
  }

  /// The option that was meant: one that begins so, else one that two edits lead to.
  private func suggestion(for text: String) -> String {
    let wanted = String(text.drop { $0 == "-" }.prefix(64))
    guard wanted.count > 1 else { return "" }
    let names = options.map(\.name)
    if let longer = names.first(where: { $0.hasPrefix(wanted) }) {
      return " (did you mean --\(longer)?)"
    }
    var nearest = (name: "", distance: 3)
    for name in names {
      let distance = editDistance(wanted, name)
      if distance < nearest.distance { nearest = (name, distance) }
    }
    return nearest.name.isEmpty ? "" : " (did you mean --\(nearest.name)?)"
  }
}
