import Foundation
import ResultStore
import TestSupport
import Testing

/// Stopped by a signal, killed, refused by the disk, confronted with damaged files: nothing is lost,
/// and going on ends in the same bytes.
@Suite struct InterruptionTests {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    program = try Program()
    folder = try TemporaryFolder()
  }

  /// A run that writes a checkpoint after every step, and so takes a while.
  private static let slow = [
    "--profile", "smoke", "--epochs", "400", "--seeds", "0,1", "--optimizers", "adam", "--alpha",
    "0.01", "--jobs", "2",
  ]

  private func uninterrupted(_ arguments: [String]) throws -> [UInt8] {
    let output = folder / "whole/whole.h5"
    #expect(try program.run(arguments + ["--output", output]).status == 0)
    return try repeatable(output)
  }

  /// Runs until both runs have two checkpoints, then sends a signal.
  private func interrupt(_ output: String, _ signal: Int32) throws -> Program.Outcome {
    let running = try program.start(
      Self.slow + ["--checkpoint-interval", "0", "--output", folder / output])
    running.wait { folder.checkpoints.count == 4 }
    running.send(signal)
    return running.wait()
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGUSR1, SIGHUP])
  func `a signal stops with a checkpoint`(signal: Int32) throws {
    let whole = try uninterrupted(Self.slow)
    let outcome = try interrupt("x.h5", signal)
    #expect(outcome.status == 75 && !outcome.wasKilled)
    #expect(outcome.errors.contains("interrupted with 2 runs to do; the same command goes on"))
    #expect(!FileManager.default.fileExists(atPath: folder / "x.h5"))
    #expect(!folder.files.contains { $0.hasSuffix(".partial") || $0.hasSuffix(".lock") })
    let list = try program.run(Self.slow + ["--list", "--output", folder / "x.h5"])
    #expect(list.output.contains(": begun"))
    let resumed = try program.run(Self.slow + ["--output", folder / "x.h5"])
    #expect(resumed.status == 0)
    #expect(try repeatable(folder / "x.h5") == whole)
    #expect(folder.checkpoints == [])
    try expectAscendingTimes(folder / "x.h5")
  }

  /// The time before an interruption counts.
  private func expectAscendingTimes(_ path: String) throws {
    let volatile = try ResultFile.read(path).root.groups.first { $0.name == "volatile" }
    let variable = volatile?.group.variables.first { $0.name == "elapsed_seconds" }
    guard case .double(let seconds)? = variable?.values else {
      Issue.record("no elapsed_seconds")
      return
    }
    for start in stride(from: 0, to: seconds.count, by: 401) {
      let times = seconds[start..<start + 401]
      if times.allSatisfy({ $0.isNaN }) { continue }
      #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 } && times.first! >= 0)
    }
  }

  /// A script that passes a signal on may do so to a program that has had it already.
  @Test func `the same signal twice is one wish`() throws {
    let running = try program.start(
      Self.slow + ["--checkpoint-interval", "0", "--output", folder / "x.h5"])
    running.wait { folder.checkpoints.count == 4 }
    running.send(SIGTERM)
    running.send(SIGTERM)
    running.send(SIGINT)
    let outcome = running.wait()
    #expect(outcome.status == 75 && !outcome.wasKilled)
    #expect(try program.run(Self.slow + ["--output", folder / "x.h5"]).status == 0)
  }

  @Test func `a second process is refused while the first one writes`() throws {
    let running = try program.start(
      Self.slow + ["--checkpoint-interval", "0", "--output", folder / "x.h5"])
    running.wait { folder.checkpoints.count == 4 }
    let second = try program.run(Self.slow + ["--output", folder / "x.h5"])
    #expect(running.isRunning)
    expectOneLine(second, status: 73, "is being written by process", "--output")
    // Looking is allowed.
    #expect(try program.run(Self.slow + ["--status", "--output", folder / "x.h5"]).status == 0)
    running.send(SIGTERM)
    #expect(running.wait().status == 75)
  }

  // MARK: Damaged files

  @Test(arguments: ["truncated", "flipped", "foreign", "other run", "other version", "both"])
  func `checkpoints that cannot be used are left out, and the outcome is the same`(damage: String)
    throws
  {
    let whole = try uninterrupted(Self.slow)
    #expect(try interrupt("x.h5", SIGTERM).status == 75)
    // The newer one of each run.
    let groups = Dictionary(grouping: folder.checkpoints) { path in
      path.split(separator: "/").last?.prefix { $0 != "." } ?? ""
    }
    #expect(groups.count == 2)
    let intact = try Dictionary(
      uniqueKeysWithValues: folder.checkpoints.map { ($0, try folder.bytes($0)) })
    for (_, names) in groups {
      let sorted = try names.sorted { try modified($0) < modified($1) }
      for name in damage == "both" ? sorted : [sorted[sorted.count - 1]] {
        var bytes = try folder.bytes(name)
        switch damage {
        case "truncated": bytes.removeLast(bytes.count / 3)
        case "foreign": bytes = Array("somebody else's".utf8)
        case "other run":
          let other = groups.first { !$0.value.contains(name) }!.value[0]
          bytes = try #require(intact[other])
        case "other version": bytes[8] = 200
        default: bytes[bytes.count / 2] ^= 1
        }
        try folder.write(bytes, to: name)
      }
    }
    let outcome = try program.run(Self.slow + ["--output", folder / "x.h5"])
    #expect(outcome.status == 0)
    let message =
      switch damage {
      case "truncated": "is cut off after"
      case "foreign": "is not a file of this program"
      case "other run": "belongs to another run"
      case "other version": "has format 200"
      default: "is damaged (its checksum is wrong)"
      }
    let lines = outcome.errorLines.filter { $0.contains(message) }
    #expect(lines.count == (damage == "both" ? groups.values.map(\.count).reduce(0, +) : 2))
    let consequence = damage == "both" ? "starts again" : "goes on from the checkpoint before"
    #expect(lines.allSatisfy { $0.contains(consequence) }, "\(outcome.errors)")
    #expect(try repeatable(folder / "x.h5") == whole)
  }

  private func modified(_ name: String) throws -> Date {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder / name)
    return try #require(attributes[.modificationDate] as? Date)
  }

  @Test func `a damaged finished run is made again`() throws {
    let whole = try uninterrupted(Program.tiny)
    let output = folder / "x.h5"
    #expect(try program.run(Program.tiny + ["--output", output]).status == 0)
    let name = try #require(folder.files.first { $0.hasPrefix("runs/x.h5/") })
    var bytes = try folder.bytes(name)
    bytes[bytes.count / 2] ^= 1
    try folder.write(bytes, to: name)
    let outcome = try program.run(Program.tiny + ["--output", output])
    #expect(outcome.status == 0 && outcome.errors.contains("that run is made again"))
    #expect(try repeatable(output) == whole)
    #expect(try program.run(Program.tiny + ["--output", output]).complaints == [])
  }

  // MARK: Faults at every call

  private static let faulty = Program.tiny + ["--checkpoint-interval", "0"]

  /// Every call of the file layer in turn goes wrong; Tests/reliability/faults.sh does the same with
  /// figures and in more ways.
  @Test(arguments: ["kill:", "fail:28", "short:"])
  func `a fault at any call of the file layer loses nothing`(fault: String) throws {
    let parts = fault.split(separator: ":", omittingEmptySubsequences: false)
    let whole = try uninterrupted(Program.tiny)
    var call = 0
    while true {
      call += fault.hasPrefix("kill") ? 1 : 3
      let own = try TemporaryFolder()
      let output = own / "x.h5"
      var environment = Program.noFigures
      environment["ADAM_REPRODUCTION_FAULT"] = "\(parts[0]):\(call):\(parts[1])"
      let outcome = try program.run(Self.faulty + ["--output", output], environment: environment)
      let isHarmless = outcome.status == 0 && !outcome.wasKilled
      if !isHarmless && !outcome.wasKilled {
        let isNoSpace = outcome.errors.contains("No space left on device")
        #expect(
          (outcome.status == 74 || outcome.status == 73) && isNoSpace
            && outcome.complaints.count == 1, "call \(call): \(outcome.errors)")
      }
      if FileManager.default.fileExists(atPath: output) {
        #expect(try repeatable(output) == whole, "call \(call)")
      }
      let resumed = try program.run(Self.faulty + ["--output", output])
      #expect(resumed.status == 0 && resumed.complaints == [], "call \(call): \(resumed.errors)")
      #expect(try repeatable(output) == whole, "call \(call)")
      #expect(own.checkpoints == [] && !own.files.contains { $0.hasSuffix(".partial") })
      if isHarmless && (call > 100 || fault.hasPrefix("kill")) { break }
    }
    #expect(call > 40)
  }
}
