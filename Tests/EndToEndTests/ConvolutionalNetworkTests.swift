import Foundation
import ResultStore
import TestSupport
import Testing

/// Runs the built `cifar-cnn`.
@Suite struct ConvolutionalNetworkTests {
  private let program: Program
  private let folder: TemporaryFolder

  init() throws {
    program = try Program("cifar-cnn")
    folder = try TemporaryFolder()
  }

  @Test func `smoke repeats with any number of jobs`() throws {
    let outputs = [folder / "one/cifar-cnn.h5", folder / "two/cifar-cnn.h5"]
    for (output, jobs) in zip(outputs, ["1", "2"]) {
      let outcome = try program.run(["--profile", "smoke", "--output", output, "--jobs", jobs])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    #expect(try repeatable(outputs[0]) == repeatable(outputs[1]))
    #expect(try verdicts(of: outputs[0]).allSatisfy { $0 == "not run" })
    let document = try ResultFile.read(outputs[0])
    func cost(_ optimizer: String, _ epoch: String) throws -> Double {
      try document.view.number(
        "train_cost",
        ["arm": "fitted", "optimizer": optimizer, "seed": "0", "epoch": epoch])
    }
    // Whole sets are evaluated at the end alone.
    let methods = ["AdaGrad", "SGDNesterov", "Adam"].flatMap { [$0, $0 + "+dropout"] }
    #expect(try methods.allSatisfy { try cost($0, "0").isNaN })
    let last = try methods.map { try cost($0, "1") }
    #expect(last.allSatisfy { $0.isFinite && $0 > 0 } && Set(last).count == last.count, "\(last)")
  }

  /// An archive in the form of CIFAR-10's binary version, with the given file in place of one of
  /// its own.
  private func archive(_ name: String, _ content: [UInt8]) throws {
    for batch in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
      try folder.write(
        batch == name ? content : [UInt8](repeating: 7, count: 30 * 3073),
        to: "cifar-10-batches-bin/\(batch)")
    }
    try folder.write([], to: "data/cifar-10/cifar-10-binary.tar.gz")
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = [
      "tar", "-czf", folder / "data/cifar-10/cifar-10-binary.tar.gz", "-C", folder.path,
      "cifar-10-batches-bin",
    ]
    try tar.run()
    tar.waitUntilExit()
    #expect(tar.terminationStatus == 0)
  }

  /// One line with the place and the cause; no results.
  private func expectRefusal(_ more: [String], status: Int32, _ parts: String...) throws {
    let output = folder / "results/cifar-cnn.h5"
    let outcome = try program.run(
      ["--data-dir", folder / "data", "--output", output, "--epochs", "0", "--arms", "fitted"]
        + more)
    #expect(outcome.status == status && !outcome.wasKilled, "\(outcome.errors)")
    let complaints = outcome.errorLines.filter { $0.hasPrefix("cifar-cnn: ") }
    #expect(complaints.count == 1, "\(outcome.errors)")
    for part in parts { #expect(complaints.first?.contains(part) == true, "\(outcome.errors)") }
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func `damaged archives are refused with the batch and the fault`() throws {
    try archive("data_batch_2.bin", [UInt8](repeating: 0, count: 3073 + 5))
    try expectRefusal([], status: 65, "no known version of the data set", "--allow-unknown-data")
    let anyway = ["--allow-unknown-data"]
    try expectRefusal(
      anyway, status: 65, "data_batch_2.bin holds 3078 bytes", "records of 3073", "make data")
    try archive("test_batch.bin", [10] + [UInt8](repeating: 0, count: 3072))
    try expectRefusal(anyway, status: 65, "test_batch.bin: label 10 of record 0")
    try archive("data_batch_4.bin", [])
    try expectRefusal(anyway, status: 65, "data_batch_4.bin is empty")
  }

  @Test func `the version for Python is told apart`() throws {
    try folder.write([1, 2, 3], to: "data/cifar-10/cifar-10-python.tar.gz")
    try expectRefusal(
      [], status: 65, "CIFAR-10's version for Python", "get cifar-10-binary.tar.gz")
  }

  @Test func `settings out of range are refused`() throws {
    try expectRefusal(
      ["--whitening", "pca"], status: 64, "zca, standardize, contrast-zca, none")
    try expectRefusal(["--zca-epsilon", "0"], status: 64, "--zca-epsilon")
    try expectRefusal(["--dropout", "1"], status: 64, "--dropout")
    try expectRefusal(["--convolution", "winograd"], status: 64, "fft, direct")
  }

  /// What is used instead of a convolution that cannot be had is told in a line, and recorded.
  @Test func `a convolution that cannot be had is replaced, told and recorded`() throws {
    let output = folder / "custom/cifar-cnn.h5"
    let arguments = [
      "--profile", "smoke", "--optimizers", "adam", "--noise", "none", "--epochs", "0",
      "--output", output, "--label", "custom",
    ]
    func recorded() throws -> String? {
      try ResultFile.read(output).view.text(
        "setting_convolution", ["arm": "custom", "optimizer": "Adam"])
    }
    let outcome = try program.run(arguments + ["--convolution", "fft", "--pooling", "valid"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.errorLines.filter { $0.hasPrefix("cifar-cnn: --convolution") }
    #expect(lines.count == 1, "\(outcome.errors)")
    #expect(lines.first?.contains("direct is used instead, and recorded") == true)
    #expect(try recorded() == "direct")
    let direct = try program.run(arguments + ["--convolution", "direct", "--pooling", "valid"])
    #expect(direct.status == 0 && !direct.errors.contains("instead"), "\(direct.errors)")
    #expect(direct.output.contains("nothing to do"))
  }
}
