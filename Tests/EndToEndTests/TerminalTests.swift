import Foundation
import TestSupport
import Testing

/// What a terminal shows while runs are made.
@Suite struct TerminalTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A pseudo-terminal with a screen that understands line feeds and the escapes that progress uses.
  private final class Terminal {
    let columns: Int
    let rows: Int
    private let master: Int32
    private let slave: Int32
    private(set) var screen: [String] = [""]
    private(set) var text = ""
    /// Lines that have left the screen at its top.
    private(set) var scrolled: [String] = []

    init(columns: Int, rows: Int) throws {
      self.columns = columns
      self.rows = rows
      master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
      try #require(master >= 0)
      // TIOCSPTLCK and TIOCGPTN, which are macros that Swift does not see.
      var isLocked: Int32 = 0
      var number: Int32 = 0
      try #require(ioctl(master, 0x4004_5431, &isLocked) == 0)
      try #require(ioctl(master, 0x8004_5430, &number) == 0)
      slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
      try #require(slave >= 0)
      var size = winsize(
        ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
      try #require(ioctl(slave, UInt(TIOCSWINSZ), &size) == 0)
    }

    deinit {
      close(master)
      close(slave)
    }

    /// Runs a program on it to its end, which Ctrl-C asks for after so many seconds.
    func run(
      _ path: String, _ arguments: [String], interruptAfter: Double, kind: String = "xterm"
    ) throws -> (status: Int32, wasKilled: Bool) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
      var environment = ProcessInfo.processInfo.environment
      environment["ADAM_DATA"] = nil
      environment["PATH"] = "/nonexistent"
      environment["TERM"] = kind
      process.environment = environment
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
      _ = fcntl(master, F_SETFL, O_NONBLOCK)
      try process.run()
      let start = Date()
      var isInterrupted = false
      while process.isRunning {
        readAll()
        if !isInterrupted, -start.timeIntervalSinceNow > interruptAfter {
          isInterrupted = true
          kill(process.processIdentifier, SIGINT)
        }
        usleep(10_000)
      }
      readAll()
      return (process.terminationStatus, process.terminationReason == .uncaughtSignal)
    }

    private func readAll() {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = Foundation.read(master, &bytes, bytes.count)
        guard count > 0 else { return }
        // To Swift a carriage return and a line feed are one character.
        show(String(decoding: bytes[..<count].filter { $0 != 13 }, as: UTF8.self))
      }
    }

    private func show(_ new: String) {
      text += new
      var rest = Substring(new)
      while let character = rest.popFirst() {
        switch character {
        case "\n":
          screen.append("")
        case "\u{1B}":
          let sequence = rest.prefix { !$0.isLetter }
          rest = rest.dropFirst(sequence.count)
          let final = rest.popFirst()
          let number = Int(sequence.dropFirst()) ?? 1
          if final == "F" {
            // The last line is the one of the cursor, which stands at its beginning.
            screen.removeLast(min(number, screen.count - 1) + 1)
            screen.append("")
          }
        default:
          if screen[screen.count - 1].count == columns { screen.append("") }
          screen[screen.count - 1].append(character)
        }
        while screen.count > rows { scrolled.append(screen.removeFirst()) }
      }
    }
  }

  private static let long = [
    "--profile", "smoke", "--epochs", "100000", "--seeds", "0..<60", "--optimizers", "adam",
    "--alpha", "0.01", "--minibatch", "20",
  ]

  private func program() throws -> Program { try Program() }

  @Test(arguments: [40, 20, 79])
  func `lines fit the columns and say what matters first`(columns: Int) throws {
    let terminal = try Terminal(columns: columns, rows: 24)
    let outcome = try terminal.run(
      try program().path, Self.long + ["--jobs", "2", "--output", folder / "r.h5"],
      interruptAfter: 6)
    #expect(outcome.status == 75 && !outcome.wasKilled, "\(terminal.text)")
    let runs = terminal.text.split(separator: "\n").filter {
      $0.contains("/60]")
    }
    try #require(!runs.isEmpty, "\(terminal.text)")
    for run in runs {
      // The escape that erases the lines before stands at the beginning of the first.
      let line = run.split(separator: "\u{1B}[J").last ?? run
      #expect(line.count < columns, "\(line)")
      #expect(line.hasPrefix("[ 1/60] ") || line.hasPrefix("[ 2/60] "), "\(line)")
    }
    #expect(runs.contains { $0.contains(" %") })
    if columns >= 40 { #expect(runs.contains { $0.contains(" left") }, "\(runs.last ?? "")") }
    // Nothing of the progress has left the screen, or stays on it.
    #expect(!terminal.scrolled.contains { $0.contains("/60]") })
    #expect(!terminal.screen.contains { $0.contains("/60]") })
  }

  @Test func `forty jobs on twenty-four rows do not scroll`() throws {
    let terminal = try Terminal(columns: 80, rows: 24)
    let outcome = try terminal.run(
      try program().path, Self.long + ["--jobs", "40", "--output", folder / "r.h5"],
      interruptAfter: 4)
    #expect(outcome.status == 75, "\(terminal.text.suffix(400))")
    #expect(terminal.text.contains(" more at a time"))
    #expect(terminal.text.contains("0 of 60 runs done"))
    #expect(!terminal.scrolled.contains { $0.hasPrefix("[") && $0.contains("%") })
    #expect(!terminal.scrolled.contains { $0.contains("runs done") })
  }

  @Test func `Ctrl-C is answered at once`() throws {
    let terminal = try Terminal(columns: 80, rows: 24)
    let outcome = try terminal.run(
      try program().path, Self.long + ["--jobs", "2", "--output", folder / "r.h5"],
      interruptAfter: 2)
    #expect(outcome.status == 75)
    // What is waited for is told while there is anything to wait for.
    let waits = terminal.text.contains("interrupted; ")
    #expect(waits == terminal.text.contains("a second Ctrl-C ends at once"))
    #expect(waits || terminal.text.contains("interrupted with "), "\(terminal.text)")
    #expect(terminal.text.contains("the same command goes on"))
  }

  @Test func `a terminal that is dumb gets no escapes`() throws {
    let terminal = try Terminal(columns: 80, rows: 24)
    _ = try terminal.run(
      try program().path, Self.long + ["--jobs", "2", "--output", folder / "r.h5"],
      interruptAfter: 1.5, kind: "dumb")
    #expect(!terminal.text.contains("\u{1B}"))
  }
}
