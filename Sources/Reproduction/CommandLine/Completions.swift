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
  /// - Parameter commands: what comes first, if the program has commands; files follow.
  public func completions(
    for shell: Shell, program: String, commands: Commands? = nil
  ) -> String {
    switch shell {
    case .bash: bash(program, commands)
    case .zsh: zsh(program, commands)
    case .fish: fish(program, commands)
    }
  }

  /// The commands of a program that is a front door to others.
  public struct Commands {
    let names: [String]
    let takingPrograms: [String]
    let running: String
    let programs: [String]

    /// Commands by their `names`. Behind `takingPrograms` comes one of `programs`, and behind `running`, one of
    /// these, the options of that program.
    public init(
      _ names: [String], takingPrograms: [String], running: String, programs: [String]
    ) {
      self.names = names
      self.takingPrograms = takingPrograms
      self.running = running
      self.programs = programs
    }
  }

  private func bash(_ program: String, _ commands: Commands?) -> String {
    let function = "_" + program.replacing("-", with: "_")
    var cases = options.filter { !$0.words.isEmpty }.map { option in
      "    --\(option.name)) COMPREPLY=($(compgen -W '\(quotable(option.words))' -- \"$word\"));"
        + " return ;;"
    }
    let paths = options.filter(\.takesPath).map { "--" + $0.name }
    if !paths.isEmpty {
      cases.append("    \(paths.joined(separator: "|"))) \(Self.bashFiles); return ;;")
    }
    let values = options.filter { $0.argument != nil && $0.words.isEmpty && !$0.takesPath }
    if !values.isEmpty {
      cases.append("    \(values.map { "--" + $0.name }.joined(separator: "|"))) return ;;")
    }
    let names = options.map { "--" + $0.name }.joined(separator: " ")
    return """
      # Completions of \(program) for bash; written by \(program) --completions bash
      \(function)() {
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
        COMPREPLY=()
      \(commands.map(bashCommands) ?? "")\
        case $before in
      \(cases.joined(separator: "\n"))
        esac
        if [[ $word == -* ]]; then
          COMPREPLY=($(compgen -W '\(names)' -- "$word"))
        else
          \(Self.bashFiles)
        fi
      }
      complete -F \(function) \(program)

      """
  }

  /// Completes a path; a folder's name ends with a slash.
  private static let bashFiles =
    "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")"

  /// The words of commands, and what the program behind a command completes by itself.
  private func bashCommands(_ commands: Commands) -> String {
    """
      if ((COMP_CWORD == 1)) && [[ $word != -* ]]; then
        COMPREPLY=($(compgen -W '\(quotable(commands.names))' -- "$word")); return
      fi
      if ((COMP_CWORD == 2)); then
        case $before in
        \(commands.takingPrograms.joined(separator: "|")))
          COMPREPLY=($(compgen -W '\(quotable(commands.programs))' -- "$word")); return ;;
        esac
      fi
      local programs=' \(quotable(commands.programs)) ' door=${COMP_WORDS[0]/#\\~/$HOME}
      if ((COMP_CWORD > 2)) && [[ ${COMP_WORDS[1]} == \(commands.running) && \
        $programs == *" ${COMP_WORDS[2]} "* ]]; then
        local own=_${COMP_WORDS[2]//-/_}
        declare -F "$own" >/dev/null ||
          eval "$("$door" \(commands.running) "${COMP_WORDS[2]}" --completions bash 2>/dev/null)"
        if declare -F "$own" >/dev/null; then
          COMP_WORDS=("${COMP_WORDS[@]:2}")
          ((COMP_CWORD -= 2))
          "$own"
          return
        fi
      fi

    """
  }

  private func zsh(_ program: String, _ commands: Commands?) -> String {
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
    var rest = "'*:file:_files'"
    if let commands {
      let programs = commands.programs.joined(separator: " ")
      rest =
        "'1:command:(\(commands.names.joined(separator: " ")))' '2:experiment or file:{_alternative "
        + "\"experiments:experiment:(\(programs))\" \"files:file:_files\"}' \(rest)"
    }
    return """
      #compdef \(program)
      # Completions of \(program) for zsh; written by \(program) --completions zsh
      _arguments \\
      \(lines.joined(separator: " \\\n")) \\
        \(rest)

      """
  }

  private func fish(_ program: String, _ commands: Commands?) -> String {
    var lines = ["# Completions of \(program) for fish; written by \(program) --completions fish"]
    if let commands {
      lines.append(
        "complete -c \(program) -n __fish_use_subcommand -f -a '\(quotable(commands.names))'")
      lines.append(
        "complete -c \(program) -n '__fish_seen_subcommand_from "
          + "\(commands.takingPrograms.joined(separator: " "))' -a '\(quotable(commands.programs))'"
      )
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
    lines += [
      ".SH EXIT STATUS",
      "0 on success, 1 where what was asked for does not hold or was not found, else as in sysexits.h.",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func roff(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }
}
