import Foundation
import ResultStore
import Storage
import TestSupport
import Testing

/// Runs the built `mnist-mlp`.
@Suite struct MultilayerPerceptronTests {
  private let program: Program
  private let folder: TemporaryFolder

  init() throws {
    program = try Program("mnist-mlp")
    folder = try TemporaryFolder()
  }

  private func smoke(_ more: [String], to name: String) throws -> Program.Outcome {
    try program.run(["--profile", "smoke", "--output", folder / name] + more)
  }

  @Test func `smoke repeats with any number of jobs`() throws {
    for jobs in ["1", "2"] {
      let outcome = try smoke(["--jobs", jobs], to: "\(jobs)/mnist-mlp.h5")
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    #expect(try repeatable(folder / "1/mnist-mlp.h5") == repeatable(folder / "2/mnist-mlp.h5"))
    let view = try ResultFile.read(folder / "1/mnist-mlp.h5").view
    func cost(_ variable: String, _ optimizer: String, epoch: String) throws -> Double {
      try view.number(
        variable, ["arm": "fitted", "optimizer": optimizer, "seed": "0", "epoch": epoch])
    }
    // Whole sets are evaluated after the declared passes, the first of which is 1.
    for optimizer in ["AdaGrad", "RMSProp", "SGDNesterov", "AdaDelta", "Adam"] {
      #expect(try cost("train_cost", optimizer, epoch: "0").isNaN)
      #expect(try cost("train_cost", optimizer, epoch: "1") < log(10) + 0.5)
    }
    #expect(
      try cost("train_cost", "Adam", epoch: "1") != cost("train_cost_running", "Adam", epoch: "0"))
    // The alternatives of what the paper leaves open have been run.
    let effects = try view.subgroup("choices").texts("effect").values
    #expect(effects.count == 3 && effects.allSatisfy { $0.contains("Adam: cost") }, "\(effects)")
  }

  /// The steps of all but SGDNesterov are bounded, whatever the gradient: at 1e4 neither costs nor
  /// squares of gradients overflow. SGDNesterov's grow with the gradient, which grows with theta.
  @Test func `divergence is a result`() throws {
    let outcome = try smoke(
      ["--alpha", "1e4", "--epochs", "2", "--label", "custom"], to: "mnist-mlp.h5")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let view = try ResultFile.read(folder / "mnist-mlp.h5").view
    func number(_ variable: String, _ optimizer: String) throws -> Double {
      try view.number(variable, ["arm": "custom", "optimizer": optimizer, "seed": "0"])
    }
    #expect(try number("status", "SGDNesterov") == 2)
    #expect(try number("diverged_epoch", "SGDNesterov") == 0)
    let step = try number("diverged_step", "SGDNesterov")
    #expect(step > 0 && step < 16)
    let lines = outcome.errorLines.filter { $0.hasPrefix("mnist-mlp: diverged: ") }
    try #require(lines.count == 1, "\(outcome.errors)")
    #expect(lines[0].hasPrefix("mnist-mlp: diverged: custom SGDNesterov 0 alpha=10000 "))
    let reason = "diverged in epoch 0, step \(Int(step)): the cost of the minibatch is "
    #expect(lines[0].contains("seed 0: " + reason), "\(lines[0])")
    for optimizer in ["AdaGrad", "RMSProp", "AdaDelta", "Adam"] {
      #expect(try number("status", optimizer) == 1, "\(optimizer)")
      #expect(try number("diverged_step", optimizer) == -1, "\(optimizer)")
    }
  }

  // MARK: Without dropout

  /// With the whole training set as minibatch, the running cost of a pass is the cost of the set at
  /// its start, unless something is dropped.
  @Test func `without dropout nothing is dropped`() throws {
    for rate in ["0", "0.5"] {
      let outcome = try smoke(
        [
          "--optimizers", "adam", "--dropout", rate, "--minibatch", "2000", "--epochs", "2",
          "--jobs", "1", "--label", "custom",
        ], to: "\(rate)/mnist-mlp.h5")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let view = try ResultFile.read(folder / "\(rate)/mnist-mlp.h5").view
      let place = ["arm": "custom", "optimizer": "Adam"]
      let rates = try ["setting_dropout", "setting_input_dropout"].map {
        try view.number($0, place)
      }
      #expect(rates == (rate == "0" ? [0, 0] : [0.5, 0.2]))
      let run = place.merging(["seed": "0"]) { $1 }
      let after = run.merging(["epoch": "1"]) { $1 }
      let running = try view.number("train_cost_running", after)
      let difference = try abs(running / view.number("train_cost", after) - 1)
      #expect(rate == "0" ? difference < 1e-5 : difference > 1e-3, "rate \(rate)")
    }
  }

  @Test func `without dropout the rate of the input is zero, however it is said`() throws {
    func identity(_ rates: String...) throws -> String {
      let outcome = try smoke(
        ["--optimizers", "adam", "--dry-run", "--label", "custom"] + rates, to: "mnist-mlp.h5")
      #expect(outcome.status == 0 && outcome.output.contains("1 of 1 runs to do"))
      let line = try #require(outcome.output.split(separator: "\n").first)
      #expect(line.contains("custom Adam 0 "), "\(outcome.output)")
      return String(line.prefix { $0 != " " })
    }
    let none = try identity("--dropout", "0")
    #expect(try identity("--dropout", "0", "--input-dropout", "0") == none)
    #expect(try identity("--input-dropout", "0", "--dropout", "0") == none)
    #expect(try identity("--dropout", "0.5", "--input-dropout", "0") != none)
    #expect(try identity("--dropout", "0.5") != none)
    #expect(folder.files == [])
  }

  // MARK: Going on

  private static let resumed = [
    "--profile", "smoke", "--optimizers", "adam", "--alpha", "1e-3", "--minibatch", "300",
    "--epochs", "3", "--jobs", "1",
  ]

  private struct CheckpointHeader: Decodable {
    let number: Int
    let counters: [String: Int]
  }

  /// Where the newest checkpoint is, and the times that it has recorded.
  private func newestCheckpoint() throws -> (epoch: Int, step: Int, seconds: [Double]) {
    let found = try folder.checkpoints.map { name in
      let file = try SealedFile(
        readingFrom: folder / name, kind: "adam-reproduction checkpoint")
      return (file: file, header: try file.header(as: CheckpointHeader.self))
    }
    let newest = try #require(found.max { $0.header.number < $1.header.number })
    return (
      try #require(newest.header.counters["epoch"]),
      try #require(newest.header.counters["stepInEpoch"]),
      try newest.file.doubles("numbers.elapsed")
    )
  }

  /// The same command ends in the bytes of a run that nothing has happened to, and has not begun
  /// anew: the times of what was done before are still those of then.
  private func expectToGoOn(_ output: String, after seconds: [Double]) throws {
    let whole = folder / "whole/mnist-mlp.h5"
    #expect(try program.run(Self.resumed + ["--output", whole]).status == 0)
    let outcome = try program.run(Self.resumed + ["--output", output])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(!outcome.errors.contains("checkpoint"), "\(outcome.errors)")
    #expect(try repeatable(output) == repeatable(whole))
    let times = try ResultFile.read(output).view.subgroup("volatile").array(
      "elapsed_seconds", ["optimizer": "Adam", "seed": "0"]
    ).values
    #expect(times.count == 4 && Array(times.prefix(seconds.count)) == seconds)
    #expect(folder.checkpoints == [])
  }

  /// There are eight checkpoints a pass, and the twelfth is never complete: order, masks, moments
  /// and the sum of the costs go on from the third step of the second pass.
  @Test func `a killed run goes on within its pass`() throws {
    let output = folder / "parts/mnist-mlp.h5"
    var environment = Program.noFigures
    environment["ADAM_REPRODUCTION_FAULT"] = "kill:78"
    let killed = try program.run(
      Self.resumed + ["--checkpoint-interval", "0", "--output", output], environment: environment)
    #expect(killed.wasKilled && !FileManager.default.fileExists(atPath: output))
    let checkpoint = try newestCheckpoint()
    #expect(checkpoint.epoch == 1 && (1..<7).contains(checkpoint.step), "\(checkpoint)")
    #expect(checkpoint.seconds.count == 2)
    try expectToGoOn(output, after: checkpoint.seconds)
  }

  @Test func `an interrupted run goes on`() throws {
    let output = folder / "parts/mnist-mlp.h5"
    let running = try program.start(
      Self.resumed + ["--checkpoint-interval", "0", "--output", output])
    running.wait { folder.checkpoints.count == 2 }
    running.send(SIGINT)
    let outcome = running.wait()
    #expect(outcome.status == 75 && !outcome.wasKilled, "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: output))
    try expectToGoOn(output, after: try newestCheckpoint().seconds)
  }

  // MARK: Memory

  /// One run; then the runs of both arms and of the alternatives one after another, each of which
  /// gives back what it has had.
  @Test func `memory is that of one run`() throws {
    func peak(_ more: [String]) throws -> Int {
      let (outcome, peak) = try program.runMeasuringMemory(
        [
          "--profile", "smoke", "--epochs", "1", "--jobs", "1", "--optimizers", "adam", "--output",
          folder / (more.isEmpty ? "declared.h5" : "own.h5"),
        ] + more)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return peak
    }
    let float = MemoryLayout<Float>.size
    // A byte a pixel and one for the label, of training and test examples.
    let data = (2000 + 500) * (784 + 1)
    // theta and Adam's two moments.
    let vectors = 3 * 1_796_010 * float
    // What the layers read and write and the gradients of the hidden ones, of a minibatch; and an
    // evaluation takes 1000 examples at a time.
    let units = 784 + 1000 + 1000 + 10
    let activations = (128 * (units + 2000) + 1000 * units) * float
    let one = try peak(["--alpha", "1e-3"])
    #expect(one < data + vectors + activations + 100_000_000, "\(one) bytes")
    // Something was measured.
    #expect(one > vectors)
    // Less than what the four runs would have beside each other if each kept its theta.
    let four = try peak([])
    #expect(four < one + vectors, "\(four) bytes, \(one) of one run")
  }

  // MARK: Bad input

  /// It is refused before anything is made for it: the activations would take 19 GB.
  @Test func `a huge minibatch is refused at once`() throws {
    let (outcome, peak) = try program.runMeasuringMemory([
      "--profile", "smoke", "--minibatch", "1000000", "--output", folder / "mnist-mlp.h5",
    ])
    expectOneLine(
      outcome, status: 64, of: "mnist-mlp",
      "a minibatch of 1000000 is larger than the training set of 2000 examples", "--minibatch")
    #expect(peak < 200_000_000, "\(peak) bytes")
    #expect(folder.files == [])
  }

  @Test(arguments: [
    (["--optimizers", "SGD"], "no optimizer \"SGD\"; it has AdaGrad, RMSProp"),
    (["--arms", "best"], "no arm \"best\"; it has fitted, tuned"),
    (["--arms", "tuned", "--alpha", "1e-3"], "--arms does not go with"),
    (["--dropout", "1.0"], "--dropout takes a number of at least 0.0 and below 1.0"),
    (["--dropout", "nan"], "--dropout takes a number, not \"nan\""),
    (["--input-dropout", "-0.1"], "--input-dropout takes a number"),
    (["--dropout", "0", "--input-dropout", "0.3"], "switches --input-dropout off"),
    (["--input-dropout", "0.3", "--dropout", "0"], "switches --input-dropout off"),
    (["--l2", "-1"], "--l2 takes a number from 0.0 to 1.0"),
    (["--minibatch", "0"], "--minibatch takes a whole number of at least 1"),
    (["--minibatch", "2001"], "larger than the training set of 2000 examples"),
    (["--minibatch", "1000001"], "--minibatch takes a whole number of at most 1000000"),
  ])
  func `bad input is told in one line, and no file is written`(
    _ arguments: [String], complaint: String
  ) throws {
    let outcome = try smoke(arguments, to: "mnist-mlp.h5")
    expectOneLine(outcome, status: 64, of: "mnist-mlp", complaint)
    #expect(folder.files == [])
  }
}
