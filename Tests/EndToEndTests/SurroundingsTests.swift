import Foundation
import TestSupport
import Testing

/// What surrounds the program fails: it says so in one line, with the right status, and nothing is
/// lost. Tests/reliability/surroundings.sh and limits.sh do the same on full disks and low limits.
@Suite struct SurroundingsTests {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    program = try Program()
    folder = try TemporaryFolder()
  }

  /// Runs a program under a shell, with a redirection or a limit.
  private func shell(
    _ name: String, _ arguments: [String], redirection: String = "", limit: String = "true"
  ) throws -> Program.Outcome {
    let path = try Program(name).path
    return try Program(path: "/bin/bash").run(
      [
        "-c", "\(limit); PATH=/nonexistent; exec \"$0\" \"$@\" \(redirection)", path,
      ] + arguments)
  }

  @Test(arguments: [
    ("mnist-logistic", ["--help"]), ("mnist-logistic", ["--version"]),
    ("mnist-logistic", ["--claims"]), ("mnist-logistic", ["--list", "--profile", "smoke"]),
    ("mnist-logistic", ["--dry-run", "--profile", "smoke"]),
    ("mnist-logistic", ["--status", "--profile", "smoke"]), ("report", ["--help"]),
    ("report", ["--version"]), ("optimizer-trace", ["--help"]), ("optimizer-trace", ["--list"]),
    ("optimizer-trace", ["--version"]), ("bench-optimizers", ["--help"]),
    ("bench-networks", ["--help"]), ("bench-optimizers", ["--version"]),
  ])
  func `output that cannot be written is noticed`(name: String, arguments: [String]) throws {
    let outcome = try shell(name, arguments, redirection: "> /dev/full")
    expectOneLine(
      outcome, status: 74, of: name, "cannot write to standard output: No space left on device")
  }

  @Test func `results are written though output is not`() throws {
    let outcome = try shell(
      "mnist-logistic", Program.tiny + ["--output", folder / "x.h5"], redirection: "> /dev/full")
    #expect(outcome.status == 74 && outcome.complaints.count == 1, "\(outcome.errors)")
    #expect(FileManager.default.fileExists(atPath: folder / "x.h5"))
  }

  @Test(arguments: [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
  func `closed descriptors are no files`(redirection: String) throws {
    let arguments = Program.tiny + ["--seeds", "0,1", "--jobs", "2"]
    let outcome = try shell(
      "mnist-logistic", arguments + ["--output", folder / "x.h5"], redirection: redirection)
    #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors)")
    #expect(try program.run(arguments + ["--output", folder / "y.h5"]).status == 0)
    #expect(try repeatable(folder / "x.h5") == repeatable(folder / "y.h5"))
    let runs = folder.files.filter { $0.hasPrefix("runs/x") && $0.hasSuffix(".run") }
    #expect(runs.count == 2)
    for name in runs {
      let text = String(decoding: try folder.bytes(name), as: UTF8.self)
      #expect(!text.contains("mnist-logistic: "), "\(name)")
    }
  }

  @Test func `a temporary folder that is missing costs no result`() throws {
    let arguments = Program.tiny + ["--output", folder / "x.h5"]
    var environment = [
      "TMPDIR": folder / "nowhere", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
    ]
    let outcome = try program.run(arguments, environment: environment)
    expectOneLine(
      outcome, status: 73, "no figures: ", folder / "nowhere", "No such file or directory",
      "the results are written")
    #expect(FileManager.default.fileExists(atPath: folder / "x.h5"))
    #expect(!folder.files.contains { $0.hasSuffix(".svg") || $0.hasSuffix(".png") })
    environment["TMPDIR"] = nil
    let later = try program.run(arguments, environment: environment)
    #expect(later.status == 0 && later.errors == "", "\(later.errors)")
    #expect(folder.files.contains("figures/x.h5/mnist-logistic-custom.svg"))
  }

  @Test(arguments: ["mnist-logistic-custom.svg", "mnist-logistic-custom.png"])
  func `a figure is complete by its content`(name: String)
    throws
  {
    let arguments = Program.tiny + ["--output", folder / "x.h5"]
    let environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    func run() throws -> String {
      let outcome = try program.run(arguments, environment: environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output
    }
    _ = try run()
    #expect(try run().contains("nothing to do"))
    let path = "figures/x.h5/\(name)"
    let whole = try folder.bytes(path)
    for damaged in [[], Array(whole.dropLast(9)), whole + [10]] {
      try folder.write(damaged, to: path)
      #expect(try run().contains("drew "))
      #expect(try folder.bytes(path) == whole)
    }
    try FileManager.default.setAttributes(
      [.modificationDate: Date.distantFuture], ofItemAtPath: folder / path)
    #expect(try run().contains("nothing to do"))
  }

  @Test func `files limited in size are told with the limit`() throws {
    let outcome = try shell(
      "mnist-logistic", Program.tiny + ["--output", folder / "x.h5"], limit: "ulimit -f 4")
    expectOneLine(outcome, status: 74, "File too large", "ulimit -f")
    #expect(!FileManager.default.fileExists(atPath: folder / "x.h5"))
    #expect(try program.run(Program.tiny + ["--output", folder / "x.h5"]).status == 0)
  }

  @Test(arguments: [7, 12]) func `few descriptors are enough or told`(count: Int) throws {
    let outcome = try shell(
      "mnist-logistic", Program.tiny + ["--output", folder / "x.h5"],
      limit: "ulimit -n \(count)")
    #expect(!outcome.wasKilled && [0, 71].contains(outcome.status), "\(outcome.errors)")
    #expect(outcome.complaints.count == (outcome.status == 0 ? 0 : 1), "\(outcome.errors)")
  }

  @Test func `a link that leads nowhere is not replaced`() throws {
    let link = folder / "x.h5"
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: folder / "gone/x.h5")
    expectOneLine(
      try program.run(Program.tiny + ["--output", link]), status: 73, link,
      "is a link to something that is not there")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: link) == folder / "gone/x.h5")
  }

  @Test func `arguments that are no text are refused`() throws {
    let outcome = try shell(
      "mnist-logistic", Program.tiny + ["--output"],
      redirection: "\"$(printf '\(folder.path)/r\\351s.h5')\"")
    expectOneLine(outcome, status: 64, "is not UTF-8")
    #expect(folder.files == [])
  }

  @Test func `generated data have no verdicts and one line says so`() throws {
    let outcome = try program.run(Program.tiny + ["--output", folder / "x.h5"])
    #expect(outcome.output.contains("mnist-logistic: no verdicts: generated data\n"))
    #expect(!outcome.output.contains("not run"))
  }
}
