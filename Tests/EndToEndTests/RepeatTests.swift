import Foundation
import ResultStore
import TestSupport
import Testing

/// The same command gives the same bytes, however the work is divided; work that is done is not
/// done again.
@Suite struct RepeatTests {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    program = try Program()
    folder = try TemporaryFolder()
  }

  private func smoke(_ output: String, _ more: [String] = []) throws -> Program.Outcome {
    try program.run(["--profile", "smoke", "--output", folder / output] + more)
  }

  @Test func `any number of jobs makes the same file`() throws {
    #expect(try smoke("a.h5", ["--jobs", "1"]).status == 0)
    #expect(try smoke("b.h5", ["--jobs", "3"]).status == 0)
    #expect(try smoke("c.h5", ["--jobs", "2", "--checkpoint-interval", "0.001"]).status == 0)
    let bytes = try repeatable(folder / "a.h5")
    #expect(try repeatable(folder / "b.h5") == bytes)
    #expect(try repeatable(folder / "c.h5") == bytes)
    #expect(folder.checkpoints == [])
    #expect(!folder.files.contains { $0.hasSuffix(".lock") || $0.hasSuffix(".partial") })
  }

  @Test func `nothing is done twice`() throws {
    let output = folder / "a.h5"
    #expect(try program.run(Program.tiny + ["--output", output]).status == 0)
    let before = try folder.bytes("a.h5")
    let runBefore = try identity(try #require(folder.files.first { $0.hasSuffix(".run") }))
    let again = try program.run(Program.tiny + ["--output", output])
    #expect(again.status == 0 && again.output.contains("nothing to do, \(output) is complete"))
    #expect(try folder.bytes("a.h5") == before)
    // The result file is made again from the runs, without a run being made.
    try FileManager.default.removeItem(atPath: output)
    let remade = try program.run(Program.tiny + ["--output", output])
    #expect(remade.status == 0 && remade.output.contains("wrote \(output)"))
    let run = try #require(folder.files.first { $0.hasSuffix(".run") })
    #expect(try identity(run) == runBefore)
  }

  @Test func `a question is answered by the status, and makes nothing`() throws {
    let output = folder / "a.h5"
    let options = ["--profile", "smoke", "--seeds", "0", "--epochs", "1", "--output", output]
    let program = try Program("temporal-averaging")
    func ask(_ more: String...) throws -> Program.Outcome {
      try program.run(options + ["--question"] + more)
    }
    let before = try ask()
    #expect(before.status == 1 && before.output.isEmpty && folder.files.isEmpty)
    // Without gnuplot, the figures are still to be drawn.
    #expect(try program.run(options).status == 0)
    #expect(try ask().status == 1)
    #expect(try program.run(options, environment: [:]).status == 0)
    let (files, bytes) = (folder.files, try folder.bytes("a.h5"))
    let figure = try #require(files.first { $0.hasSuffix(".svg") })
    let after = try ask()
    #expect(after.status == 0 && after.output.contains("nothing to do, \(output) is complete"))
    #expect(try ask("--seeds", "0..<2").status == 1)
    #expect(try ask("--fresh").status == 1)
    #expect(try ask("--alpha", "0.1").status == 1)
    #expect(try ask("--start", "results").status == 1)
    #expect(try ask("--status").status == 64)
    #expect(try ask("--shard", "1/2").status == 64)
    #expect(try folder.bytes("a.h5") == bytes && folder.files == files)
    for name in ["a.h5", figure] {
      let content = try folder.bytes(name)
      try FileManager.default.removeItem(atPath: folder / name)
      #expect(try ask().status == 1)
      try Data(content).write(to: URL(filePath: folder / name))
      #expect(try ask().status == 0)
    }
  }

  /// Changes whenever a file is written anew.
  private func identity(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder / name)
    return try #require(attributes[.systemFileNumber] as? Int)
  }

  @Test(arguments: [("adam", "0.01", 0), ("SGDNesterov", "1e38", 1)])
  func `fresh makes every run again, also one that diverges`(
    optimizer: String, alpha: String, diverged: Int
  ) throws {
    let output = folder / "a.h5"
    let options = Program.tiny + ["--optimizers", optimizer, "--alpha", alpha, "--output", output]
    let first = try program.run(options)
    #expect(first.status == 0)
    #expect(first.errorLines.count { $0.contains(": diverged: ") } == diverged)
    let bytes = try repeatable(output)
    let name = try #require(folder.files.first { $0.hasSuffix(".run") })
    // Kept open, so that its number is not given to the new file.
    let old = try #require(FileHandle(forReadingAtPath: folder / name))
    let before = try identity(name)
    let fresh = try program.run(options + ["--fresh"])
    #expect(fresh.status == 0)
    #expect(fresh.output.contains("made 1 run, with the results that \(output) has"))
    #expect(try identity(name) != before)
    try old.close()
    #expect(try repeatable(output) == bytes)
  }

  @Test func `more seeds make only what is new`() throws {
    let output = folder / "a.h5"
    #expect(try program.run(Program.tiny + ["--output", output]).status == 0)
    let dry = try program.run(
      Program.tiny + ["--seeds", "0..<3", "--dry-run", "--output", output])
    #expect(dry.output.contains("seed 1") && dry.output.contains("seed 2"))
    #expect(!dry.output.contains("seed 0") && dry.output.contains("2 of 3 runs to do"))
    #expect(try program.run(Program.tiny + ["--seeds", "2,0,1", "--output", output]).status == 0)
    let list = try program.run(Program.tiny + ["--seeds", "0...2", "--list", "--output", output])
    #expect(list.output.components(separatedBy: ": done").count == 4)
    let status = try program.run(
      Program.tiny + ["--seeds", "0..<4", "--status", "--output", output])
    #expect(status.output.contains("3 of 4 "))
  }

  @Test func `threads are not mixed`() throws {
    let output = folder / "a.h5"
    #expect(try program.run(Program.tiny + ["--output", output]).status == 0)
    let list = try program.run(Program.tiny + ["--threads", "2", "--list", "--output", output])
    #expect(list.output.contains("1 of 1 runs to do"))
  }

  /// What the search extends or chooses is known once its shards are merged: at least two rounds.
  @Test func `shards make the same file`() throws {
    #expect(try smoke("whole.h5").status == 0)
    let output = folder / "parts.h5"
    let shards = (1...3).map { folder / "parts.shard-\($0)-of-3.runs" }
    var round = 0
    var isFinal = false
    while !isFinal {
      round += 1
      try #require(round <= 12, "the rounds do not end")
      isFinal = true
      for index in 1...3 {
        let outcome = try smoke("parts.h5", ["--shard", "\(index)/3"])
        #expect(outcome.status == 0)
        if outcome.output.contains("then run them again") { isFinal = false }
      }
      if round == 1 {
        let partial = try smoke("parts.h5", ["--merge", shards[0]])
        #expect(partial.status == 0 && partial.errors.contains("runs are missing"))
        let root = try ResultFile.read(output).root
        #expect(root.text("unfinished")?.hasSuffix("runs missing") == true)
        guard
          case .uint8(let status)? = root.variables.first(where: { $0.name == "status" })?.values,
          case .double(let cost)? = root.variables.first(where: { $0.name == "train_cost" })?.values
        else {
          Issue.record("no status or train_cost")
          return
        }
        #expect(status.contains(0) && status.contains(1))
        let length = cost.count / status.count
        for (index, flag) in status.enumerated() {
          let curve = cost[index * length..<(index + 1) * length]
          #expect(curve.allSatisfy { $0.isNaN == (flag == 0) })
        }
      }
      #expect(try smoke("parts.h5", ["--merge"] + shards).status == 0)
    }
    #expect(round >= 2)
    #expect(try repeatable(output) == repeatable(folder / "whole.h5"))
    #expect(try ResultFile.read(output).root.text("unfinished") == nil)
    let other = try program.run(
      Program.tiny + ["--merge", shards[0], "--output", folder / "tiny.h5"])
    #expect(other.status == 65)
    #expect(other.errors.contains("none of the runs in \(shards[0]) belongs to this command"))
    #expect(!FileManager.default.fileExists(atPath: folder / "tiny.h5"))
  }

  @Test func `quiet is silent`() throws {
    let outcome = try program.run(
      Program.tiny + ["--quiet", "--output", folder / "a.h5"], environment: [:])
    #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "")
    #expect(folder.files.contains("figures/a.h5/mnist-logistic-custom.svg"))
    // A figure that has gone is drawn again.
    let before = try folder.bytes("figures/a.h5/mnist-logistic-custom.svg")
    try FileManager.default.removeItem(atPath: folder / "figures/a.h5/mnist-logistic-custom.svg")
    #expect(
      try program.run(Program.tiny + ["--output", folder / "a.h5"], environment: [:]).status == 0)
    #expect(try folder.bytes("figures/a.h5/mnist-logistic-custom.svg") == before)
  }

  /// A run of hours does not end because a log's disk is full or its reader has gone; what could not be
  /// written is told by the status at the end.
  @Test func `a run ends well though its output goes nowhere`() throws {
    for (redirection, status) in [(">/dev/full 2>/dev/full", 74), ("2>&1 | true", 0)] {
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/bash")
      let output = folder / "x.h5"
      shell.arguments = [
        "-c",
        "set -o pipefail; '\(program.path)' \(Program.tiny.joined(separator: " ")) --fresh "
          + "--checkpoint-interval 0 --output '\(output)' \(redirection)",
      ]
      try shell.run()
      shell.waitUntilExit()
      #expect(shell.terminationStatus == Int32(status))
      #expect(FileManager.default.fileExists(atPath: output))
    }
  }
}
