import Reporting

/// A shell that completions can be printed for.
public enum Shell: String, CaseIterable, Sendable {
  /// GNU Bash.
  case bash
  /// Zsh.
  case zsh
  /// Fish.
  case fish

  /// The shell of that name.
  ///
  /// - Throws: `UsageError` if it is none of these.
  public init(named name: String) throws {
    guard let shell = Shell(rawValue: name) else {
      throw UsageError("--completions takes bash, zsh or fish, not \"\(name)\"")
    }
    self = shell
  }
}

extension OptionParser {
  /// A script by which a shell completes the options of `program`, and the words that follow it.
  ///
  /// - Parameter operands: words that may come first, e.g. the commands of a program that has some.
  public func completions(
    for shell: Shell, program: String, operands: [String] = []
  ) -> String {
    switch shell {
    case .bash: bash(program, operands)
    case .zsh: zsh(program, operands)
    case .fish: fish(program, operands)
    }
  }

  private func bash(_ program: String, _ operands: [String]) -> String {
    let function = "_" + program.replacing("-", with: "_")
    var cases = options.filter { !$0.words.isEmpty }.map { option in
      "    --\(option.name)) COMPREPLY=($(compgen -W '\(quotable(option.words))' -- \"$word\"));"
        + " return ;;"
    }
    let paths = options.filter(\.takesPath).map { "--" + $0.name }
    if !paths.isEmpty {
      cases.append(
        "    \(paths.joined(separator: "|"))) COMPREPLY=($(compgen -f -- \"$word\")); return ;;")
    }
    let values = options.filter { $0.argument != nil && $0.words.isEmpty && !$0.takesPath }
    if !values.isEmpty {
      cases.append("    \(values.map { "--" + $0.name }.joined(separator: "|"))) return ;;")
    }
    let names = options.map { "--" + $0.name }.joined(separator: " ")
    let first = operands.isEmpty ? "-f" : "-W '\(quotable(operands))'"
    return """
      # Completions of \(program) for bash; written by \(program) --completions bash
      \(function)() {
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
        COMPREPLY=()
        case $before in
      \(cases.joined(separator: "\n"))
        esac
        if [[ $word == -* ]]; then
          COMPREPLY=($(compgen -W '\(names)' -- "$word"))
        else
          COMPREPLY=($(compgen \(first) -- "$word"))
        fi
      }
      complete -F \(function) \(program)

      """
  }

  private func zsh(_ program: String, _ operands: [String]) -> String {
    let lines = options.map { option -> String in
      let help = option.help.replacing("'", with: "'\\''").replacing("[", with: "\\[")
        .replacing("]", with: "\\]").replacing(":", with: "\\:")
      let value = option.argument.map { argument in
        let action =
          option.words.isEmpty
          ? option.takesPath ? "_files" : " "
          : "(" + option.words.map(escapedForZsh).joined(separator: " ") + ")"
        return ":\(argument):\(action)"
      }
      // With `=` the value follows after a space or `=`.
      let name = "*--\(option.name)" + (value == nil ? "" : "=")
      return "  '\(name)[\(help)]\(value ?? "")'"
    }
    let rest =
      operands.isEmpty
      ? "'*:file:_files'" : "'1:command:(\(operands.joined(separator: " ")))' '*:file:_files'"
    return """
      #compdef \(program)
      # Completions of \(program) for zsh; written by \(program) --completions zsh
      _arguments \\
      \(lines.joined(separator: " \\\n")) \\
        \(rest)

      """
  }

  private func fish(_ program: String, _ operands: [String]) -> String {
    var lines = ["# Completions of \(program) for fish; written by \(program) --completions fish"]
    if !operands.isEmpty {
      lines.append(
        "complete -c \(program) -n __fish_use_subcommand -f -a '\(quotable(operands))'")
    }
    for option in options {
      var line = "complete -c \(program) -l \(option.name)"
      if option.argument != nil {
        line += option.takesPath && option.words.isEmpty ? " -r -F" : " -x"
        if !option.words.isEmpty { line += " -a '\(quotable(option.words))'" }
      }
      let help = option.help.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
      lines.append(line + " -d '\(help)'")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Words for a list in single quotes: those with spaces or quotes are left out.
  private func quotable(_ words: [String]) -> String {
    words.filter { !$0.contains { " '\"\\$`".contains($0) } }.joined(separator: " ")
  }

  private func escapedForZsh(_ word: String) -> String {
    word.map { "() '\"\\:".contains($0) ? "\\\($0)" : String($0) }.joined()
      .replacing("\\'", with: "")
  }

  /// A manual page in the macros of man(7).
  ///
  /// - Parameters:
  ///   - summary: what the program does, one line.
  ///   - synopsis: how it is called, a line each, without the program's name.
  ///   - text: paragraphs before the options.
  public func manual(
    of program: String, summary: String, synopsis: [String], text: [String] = []
  ) -> String {
    var lines = [
      ".TH \(roff(program.uppercased())) 1 \"\" \"adam-reproduction \(Program.version)\"",
      ".SH NAME",
      "\(roff(program)) \\- \(roff(summary))", ".SH SYNOPSIS",
    ]
    for usage in synopsis { lines += [".B \(roff(program))", roff(usage), ".br"] }
    if !text.isEmpty {
      lines.append(".SH DESCRIPTION")
      for paragraph in text { lines += [".PP", roff(paragraph)] }
    }
    for group in groups {
      lines.append(".SH \(roff(group.title.uppercased()))")
      if !group.note.isEmpty { lines.append(roff(group.note)) }
      for option in group.options {
        let argument = option.argument.map { " \\fI\(roff($0))\\fR" } ?? ""
        lines += [".TP", "\\fB\(roff("--" + option.name))\\fR\(argument)", roff(option.help)]
      }
    }
    lines += [".SH EXIT STATUS", "0 on success, else as in sysexits.h."]
    return lines.joined(separator: "\n") + "\n"
  }

  private func roff(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }
}
