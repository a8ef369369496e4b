import Reporting

/// An option of a command line.
public struct CommandOption: Sendable {
  /// The long name, without dashes.
  public let name: String
  /// What `--help` calls its argument, e.g. `LIST`; `nil` for a switch.
  public let argument: String?
  /// What it is for, in a few words.
  public let help: String
  /// The words that it takes, where they are few; completions offer them.
  public let words: [String]

  /// An option, e.g. `CommandOption("seeds", "LIST", "seeds, e.g. 0,1,2 or 0..<10")`.
  public init(
    _ name: String, _ argument: String? = nil, _ help: String, words: [String] = []
  ) {
    self.name = name
    self.argument = argument
    self.help = help
    self.words = words
  }

  /// Whether the argument names a folder or a file.
  var takesPath: Bool { ["FILE", "FOLDER", "DIR", "DATA"].contains(argument ?? "") }

  /// As it is written, e.g. `--seeds LIST`.
  var usage: String { "--" + name + (argument.map { " " + $0 } ?? "") }
}

extension [CommandOption] {
  /// What every program can be asked about itself.
  public static var aboutItself: [CommandOption] {
    [
      CommandOption(
        "completions", "SHELL", "print completions for bash, zsh or fish",
        words: Shell.allCases.map(\.rawValue)),
      CommandOption("man", nil, "print a manual page"),
      CommandOption("version", nil, "print the version"),
      CommandOption("help", nil, "print this help; -h does too"),
    ]
  }
}

/// Options that belong together, under a title of the help text.
public struct OptionGroup: Sendable {
  /// The title.
  public let title: String
  /// What holds for all of its options; may be empty.
  public let note: String
  /// The options.
  public let options: [CommandOption]

  /// A group.
  public init(_ title: String, note: String = "", _ options: [CommandOption]) {
    self.title = title
    self.note = note
    self.options = options
  }
}

extension OptionParser {
  /// The columns of the help text.
  private static let columns = 79

  /// The text of `--help`: `usage`, then the options by groups.
  public func help(usage: String) -> String {
    let margin = 2
    let widest = 22
    let indent = min(widest, options.map(\.usage.count).max() ?? 0) + margin + 2
    var lines: [String] = []
    for group in groups {
      lines.append("")
      lines.append(group.title + ":")
      lines += ClaimTable.wrapped(group.note, width: Self.columns - margin)
        .map { String(repeating: " ", count: margin) + $0 }
      for option in group.options {
        let words = ClaimTable.wrapped(option.help, width: Self.columns - indent)
        let name = String(repeating: " ", count: margin) + option.usage
        let gap = String(repeating: " ", count: indent)
        if name.count + 2 <= indent {
          lines.append(name + gap.dropFirst(name.count) + (words.first ?? ""))
          lines += words.dropFirst().map { gap + $0 }
        } else {
          lines.append(name)
          lines += words.map { gap + $0 }
        }
      }
    }
    return usage + "\n" + lines.joined(separator: "\n") + "\n"
  }
}
