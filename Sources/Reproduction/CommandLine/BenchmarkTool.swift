import Foundation
import Storage

/// What the programs that measure speed share.
package enum BenchmarkTool {
  /// The options of the command line: those of the program, and help and version, which are printed
  /// here; nil if nothing else is asked for.
  package static func options(
    of program: String, _ own: [CommandOption] = [], usage: String
  ) throws -> ParsedOptions? {
    let parser = OptionParser(
      own + [
        CommandOption("version", nil, "print the version and end"),
        CommandOption("help", nil, "print this and end"),
      ])
    let options = try parser.parse(CommandLine.arguments)
    if options.contains("help") {
      Console.show(parser.help(usage: usage))
    } else if options.contains("version") {
      Console.show("\(program) \(Program.version)\n")
    } else {
      return options
    }
    return nil
  }

  /// A text at the right of a column.
  package static func column(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// A number rounded to so many decimals, at the right of a column.
  package static func column(_ value: Double, _ digits: Int, _ width: Int) -> String {
    let scale = pow(10, Double(digits))
    return column("\((value * scale).rounded() / scale)", width)
  }

  /// Prints a row of columns.
  package static func show(_ columns: String...) {
    Console.show(columns.joined(separator: " ") + "\n")
  }
}
