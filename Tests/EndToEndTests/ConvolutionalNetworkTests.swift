import Foundation
import ResultStore
import Testing

/// Runs the built `cifar-cnn`.
@Suite struct ConvolutionalNetworkTests {
  private struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("cifar-cnn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("data/cifar-10"), withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// The programs lie beside the test bundle.
  private static let program: URL = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = URL(fileURLWithPath: tests).deletingLastPathComponent()
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let candidates = [beside, bundle].map { $0.appendingPathComponent("cifar-cnn") }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }
      ?? candidates[1]
  }()

  private func run(_ program: URL, _ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    let files = ["stdout", "stderr"].map { path("\($0)-\(UUID().uuidString)") }
    for file in files { try Data().write(to: URL(fileURLWithPath: file)) }
    process.standardOutput = FileHandle(forWritingAtPath: files[0])
    process.standardError = FileHandle(forWritingAtPath: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
    return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }

  private func run(_ arguments: String...) throws -> Outcome {
    try run(Self.program, arguments)
  }

  @Test func smokeIsRepeatable() throws {
    var contents: [String] = []
    for name in ["one", "two"] {
      let output = path("\(name)/cifar-cnn.h5")
      let outcome = try run("--profile", "smoke", "--output", output, "--jobs", "2")
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("26 verdicts: 26 not run"))
      let document = try ResultFile.read(output)
      guard case .string(let digest)? = document.root.attributes.first(where: {
        $0.name == "content_sha256"
      })?.values
      else {
        Issue.record("no content_sha256")
        return
      }
      contents += digest
      func cost(_ optimizer: String, _ epoch: String) throws -> Double {
        try document.view.number(
          "train_cost",
          ["arm": "published", "optimizer": optimizer, "seed": "0", "epoch": epoch])
      }
      // All begin at the same theta, with and without dropout.
      let first = try ["AdaGrad", "SGDNesterov", "Adam", "Adam+dropout"].map { try cost($0, "0") }
      #expect(first.allSatisfy { $0 == first[0] && $0.isFinite && $0 > 0 })
      #expect(try cost("Adam", "1") != cost("Adam+dropout", "1"))
      #expect(try cost("AdaGrad+dropout", "0").isNaN)
    }
    #expect(contents.count == 2 && contents[0] == contents[1])
  }

  /// Files of CIFAR-10's binary version, one of them as given.
  private func archive(_ name: String, _ content: [UInt8]) throws {
    let batches = path("cifar-10-batches-bin")
    try FileManager.default.createDirectory(
      atPath: batches, withIntermediateDirectories: true)
    for batch in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
      let bytes = batch == name ? content : [UInt8](repeating: 7, count: 30 * 3073)
      try Data(bytes).write(to: URL(fileURLWithPath: "\(batches)/\(batch)"))
    }
    let made = try run(
      URL(fileURLWithPath: "/usr/bin/env"),
      [
        "tar", "-czf", path("data/cifar-10/cifar-10-binary.tar.gz"), "-C", folder.path,
        "cifar-10-batches-bin",
      ])
    #expect(made.status == 0, "\(made.errors)")
  }

  private func quick(_ more: String...) throws -> Outcome {
    try run(
      Self.program,
      ["--data-dir", path("data"), "--output", path("bad/cifar-cnn.h5"), "--epochs", "0"] + more)
  }

  /// One line with the place and the cause; no results.
  private func refused(_ outcome: Outcome, _ status: Int32, _ words: String...) {
    #expect(outcome.status == status, "\(outcome.errors)")
    let lines = outcome.errors.split(separator: "\n").filter { !$0.contains("failed: ") }
    #expect(lines.count == 1, "\(outcome.errors)")
    for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
    #expect(!FileManager.default.fileExists(atPath: path("bad/cifar-cnn.h5")))
  }

  @Test func damagedArchivesAreRefused() throws {
    try archive("data_batch_2.bin", [UInt8](repeating: 0, count: 3073 + 5))
    refused(try quick(), 65, "no known version of the data set", "--allow-unknown-data")
    refused(
      try quick("--allow-unknown-data"), 65, "data_batch_2.bin holds 3078 bytes",
      "records of 3073", "make data")
    try archive("test_batch.bin", [10] + [UInt8](repeating: 0, count: 3072))
    refused(try quick("--allow-unknown-data"), 65, "test_batch.bin: label 10 of record 0")
    try archive("data_batch_4.bin", [])
    refused(try quick("--allow-unknown-data"), 65, "data_batch_4.bin is empty")
  }

  @Test func theVersionForPythonIsRefused() throws {
    try Data([1, 2, 3]).write(
      to: URL(fileURLWithPath: path("data/cifar-10/cifar-10-python.tar.gz")))
    refused(try quick(), 65, "CIFAR-10's version for Python", "cifar-10-binary.tar.gz")
  }

  @Test func settingsThatMakeNoSenseAreRefused() throws {
    refused(try quick("--whitening", "pca"), 64, "zca, standardize, contrast-zca, none")
    refused(try quick("--zca-epsilon", "0"), 64, "--zca-epsilon")
    refused(try quick("--dropout", "1"), 64, "--dropout")
  }
}
