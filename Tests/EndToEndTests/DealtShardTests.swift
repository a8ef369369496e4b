import Foundation
import ResultStore
import TestSupport
import Testing

/// What a script uses that spreads an experiment over many processes: it asks which runs are to do,
/// deals them to shards, and merges the shards' folders.
@Suite struct DealtShardTests {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    program = try Program()
    folder = try TemporaryFolder()
  }

  private func smoke(_ more: [String]) throws -> Program.Outcome {
    try program.run(["--profile", "smoke", "--output", folder / "x.h5"] + more)
  }

  /// The runs to do, and whether these are all.
  private func pending() throws -> (runs: [[String]], isFinal: Bool) {
    let outcome = try smoke(["--pending"])
    try #require(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    let last = try #require(lines.last)
    try #require(["final", "more"].contains(last))
    return (lines.dropLast().map { $0.components(separatedBy: "\t") }, last == "final")
  }

  @Test func `dealt runs merged from folders make the same file`() throws {
    #expect(
      try program.run(["--profile", "smoke", "--output", folder / "whole.h5"]).status == 0)
    var rounds = 0
    while true {
      let (runs, isFinal) = try pending()
      if runs.isEmpty && isFinal { break }
      rounds += 1
      try #require(rounds <= 12, "the rounds do not end")
      #expect(
        runs.allSatisfy { $0.count == 5 && $0[0].count == 64 && $0[1] == "3" && $0[3] == "-" })
      // Each round has another number of shards.
      let count = rounds + 1
      let table = runs.enumerated().map { "\($0 % count + 1)\t\($1[0])\n" }.joined()
      let path = try folder.write(Array(table.utf8), to: "dealt")
      for index in 1...count {
        #expect(try smoke(["--shard", "\(index)/\(count)", "--dealt", path]).status == 0)
      }
      let shards = (1...count).map { folder / "runs/x.h5.shard-\($0)-of-\(count)" }
      // A shard that was dealt no run has no folder.
      let there = shards.filter { FileManager.default.fileExists(atPath: $0) }
      let merged = try smoke(["--merge"] + there)
      #expect(
        merged.status == 0 && merged.output.contains("new runs from \(there[0])"),
        "\(merged.status) \(merged.errors) \(merged.output)")
    }
    #expect(rounds >= 2)
    #expect(try repeatable(folder / "x.h5") == repeatable(folder / "whole.h5"))
  }

  @Test func `a run that was stopped goes on in another shard`() throws {
    let long = ["--epochs", "3000", "--optimizers", "adam", "--alpha", "0.001", "--seeds", "0"]
    let running = try program.start(
      ["--profile", "smoke", "--output", folder / "x.h5", "--shard", "1/1"]
        + ["--checkpoint-interval", "0"] + long)
    while folder.checkpoints == [] && running.isRunning { Thread.sleep(forTimeInterval: 0.02) }
    running.send(SIGUSR1)
    #expect(running.wait().status == 75)
    let merged = try smoke(long + ["--merge", folder / "runs/x.h5.shard-1-of-1"])
    #expect(merged.status == 0, "\(merged.errors)")
    let outcome = try smoke(long + ["--pending"])
    let fields = outcome.output.split(separator: "\n")[0].components(separatedBy: "\t")
    #expect(fields[3].contains("epoch=") && fields[3].contains("stepInEpoch="))
    let table = try folder.write(Array("2\t\(fields[0])\n".utf8), to: "dealt")
    let list = try smoke(long + ["--list", "--shard", "2/2", "--dealt", table])
    #expect(list.output.contains("begun"))
    #expect(
      try smoke(long + ["--list", "--shard", "1/2", "--dealt", table]).output.contains("0 of 0"))
  }

  @Test func `a table that is none is refused`() throws {
    let table = try folder.write(Array("1\tabc\n3\tdef\n".utf8), to: "dealt")
    expectOneLine(
      try smoke(["--shard", "1/2", "--dealt", table]), status: 65, "\(table), line 2", "from 1 to 2"
    )
    expectOneLine(
      try smoke(["--shard", "1/2", "--dealt", folder / "none"]), status: 66, folder / "none")
    expectOneLine(try smoke(["--dealt", table]), status: 64, "give --shard I/N too")
  }

  @Test func `a folder of another experiment is refused`() throws {
    let other = try Program("regret")
    let options = ["--profile", "smoke", "--shard", "1/1"]
    #expect(try other.run(options + ["--output", folder / "other.h5"]).status == 0)
    let shard = folder / "runs/other.h5.shard-1-of-1"
    expectOneLine(try smoke(["--merge", shard]), status: 65, "holds runs of regret")
  }
}
