import Foundation
import TestSupport
import Testing

/// What is wrong is said in one line, with the right status, and nothing is left behind.
@Suite struct BadInputTests {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    program = try Program()
    folder = try TemporaryFolder()
  }

  @Test(arguments: [
    (["--optimisers", "adam"], "did you mean --optimizers"),
    (["--frobnicate"], "unknown option --frobnicate"),
    (["--optimizers", "adam,lion"], "no optimizer \"lion\""),
    (["--optimizers", ""], "no optimizer \"\""),
    (["--alpha", "nan"], "--alpha takes a number"),
    (["--alpha", "-1"], "--alpha takes"),
    (["--epochs", "-1"], "--epochs takes a whole number of at least 0"),
    (["--epochs", "1.5"], "--epochs"),
    (["--minibatch", "0"], "--minibatch"),
    (["--minibatch", "100000"], "--minibatch"),
    (["--profile", "fast"], "smoke, quick or paper"),
    (["--seeds", "3..<3"], "--seeds takes a list"),
    (["--seeds", "1,1"], "twice"),
    (["--jobs", "0"], "--jobs"),
    (["--shard", "4/3"], "1 <= I <= N"),
    (["--schedule", "alpha/cube"], "alpha/cube"),
    (["--checkpoint-interval", "-1"], "--checkpoint-interval"),
    (["--list", "--status"], "does not go with another mode"),
    (["--merge"], "needs the shard files"),
    (["results.h5"], "unexpected argument"),
    (["--l2", "2"], "l2"),
    (["--output", "/tmp/"], "--output takes the path of a file"),
  ])
  func `wrong usage is told in one line, and no file is written`(
    arguments: [String], message: String
  ) throws {
    var all = ["--profile", "smoke"] + arguments
    if !arguments.contains("--output") { all += ["--output", folder / "x.h5"] }
    expectOneLine(try program.run(all), status: 64, message)
    #expect(folder.files == [])
  }

  @Test func `paper refuses to run without data`() throws {
    let outcome = try program.run(
      ["--profile", "paper", "--output", folder / "x.h5"], in: folder.path)
    expectOneLine(outcome, status: 66, "MNIST is not in data", "make data")
    #expect(folder.files == [])
  }

  @Test(arguments: ["smoke", "quick", "paper"])
  func `a named folder that is not there is a mistake`(profile: String) throws {
    let none = folder / "none"
    let arguments = ["--profile", profile, "--output", folder / "x.h5"]
    expectOneLine(
      try program.run(arguments + ["--data-dir", none]), status: 66, none, "does not exist")
    var environment = Program.noFigures
    environment["ADAM_DATA"] = none
    expectOneLine(
      try program.run(arguments, environment: environment), status: 66, none, "ADAM_DATA")
    #expect(folder.files == [])
  }

  @Test func `a named folder without the data is a mistake`() throws {
    try folder.write([1], to: "data/photos.zip")
    let outcome = try program.run(["--data-dir", folder / "data", "--output", folder / "x.h5"])
    expectOneLine(outcome, status: 66, "there: photos.zip", "mnist/train-images-idx3-ubyte.gz")
    #expect(folder.files == ["data/photos.zip"])
  }

  @Test func `stand-ins can be asked for, whatever the folder`() throws {
    let outcome = try program.run(
      Program.tiny.map { $0 == "smoke" ? "quick" : $0 } + [
        "--stand-in", "--data-dir", folder / "none", "--output", folder / "x.h5",
      ])
    #expect(outcome.status == 0)
    #expect(try attribute("data_origin", of: folder / "x.h5") == "stand-in")
  }

  @Test func `paper refuses stand-ins`() throws {
    expectOneLine(
      try program.run(["--profile", "paper", "--stand-in", "--output", folder / "x.h5"]),
      status: 64, "real data only")
  }

  @Test func `quick falls back loudly and judges nothing`() throws {
    let output = folder / "x.h5"
    let outcome = try program.run(
      [
        "--epochs", "1", "--seeds", "0", "--alpha", "0.01", "--optimizers", "adam", "--quiet",
        "--output", output,
      ], in: folder.path)
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("NO REAL DATA: MNIST is not in data"))
    #expect(outcome.errors.contains("no claim is judged"))
    #expect(try attribute("data_origin", of: output) == "stand-in")
    #expect(try attribute("warning", of: output)?.contains("no claim is judged") == true)
    #expect(try verdicts(of: output) == [])
  }

  // MARK: Data

  /// The four files of a data set of `images` 28x28 images and as many labels, gzipped.
  private func writeData(
    magic: [UInt8] = [0, 0, 8, 3], images: UInt8 = 3, labels: UInt8 = 3, label: UInt8 = 9,
    truncatedTo length: Int? = nil
  ) throws -> String {
    for part in ["train", "t10k"] {
      let header = magic + [0, 0, 0, images, 0, 0, 0, 28, 0, 0, 0, 28]
      let pixels = [UInt8](repeating: 7, count: Int(images) * 784)
      var packed = try gzip(header + pixels)
      if let length { packed = Array(packed.prefix(length)) }
      try folder.write(packed, to: "data/mnist/\(part)-images-idx3-ubyte.gz")
      let codes = [0, 0, 8, 1, 0, 0, 0, labels] + [UInt8](repeating: label, count: Int(labels))
      try folder.write(try gzip(codes), to: "data/mnist/\(part)-labels-idx1-ubyte.gz")
    }
    return folder / "data"
  }

  private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    let plain = try folder.write(bytes, to: "plain")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/gzip")
    process.arguments = ["-n", "-f", plain]
    try process.run()
    process.waitUntilExit()
    defer { try? FileManager.default.removeItem(atPath: plain + ".gz") }
    return try folder.bytes("plain.gz")
  }

  private func runOnData(_ data: String, _ more: [String] = []) throws -> Program.Outcome {
    let before = folder.files
    let outcome = try program.run(
      ["--epochs", "1", "--minibatch", "3", "--data-dir", data, "--output", folder / "out/x.h5"]
        + more)
    #expect(folder.files == before, "nothing is left behind")
    return outcome
  }

  @Test func `unknown data are refused with their checksum and the option that allows them`() throws
  {
    expectOneLine(try runOnData(try writeData()), status: 65, "sha256", "--allow-unknown-data")
  }

  @Test func `runs of other data are named by the status`() throws {
    let data = try writeData()
    let options = [
      "--epochs", "1", "--seeds", "0", "--alpha", "0.01", "--optimizers", "adam", "--minibatch",
      "3",
      "--output", folder / "x.h5",
    ]
    let made = try program.run(options + ["--data-dir", data, "--allow-unknown-data", "--quiet"])
    #expect(made.status == 0, "\(made.errors)")
    let there = try program.run(options + ["--status", "--data-dir", data, "--allow-unknown-data"])
    #expect(there.output.contains("1 of 1 ") && there.output.contains("mnist, unknown"))
    #expect(there.errors == "")
    let elsewhere = try program.run(options + ["--status"], in: "/")
    #expect(elsewhere.status == 0)
    #expect(elsewhere.output.contains("0 of 1 ") && elsewhere.output.contains("mnist: not there"))
    #expect(elsewhere.errorLines.count == 1)
    #expect(elsewhere.errors.contains("1 run is kept that was made with other data"))
    #expect(elsewhere.errors.contains("mnist, unknown"))
  }

  @Test func `truncated data are refused by name, allowed or not`() throws {
    let data = try writeData(truncatedTo: 30)
    expectOneLine(try runOnData(data), status: 65, "train-images-idx3-ubyte.gz")
    expectOneLine(
      try runOnData(data, ["--allow-unknown-data"]), status: 65, "train-images-idx3-ubyte.gz")
  }

  @Test func `data with a wrong magic number are refused by name`() throws {
    expectOneLine(
      try runOnData(try writeData(magic: [0, 0, 9, 3]), ["--allow-unknown-data"]), status: 65,
      "train-images-idx3-ubyte.gz")
  }

  @Test func `different numbers of images and labels are told with both`() throws {
    expectOneLine(
      try runOnData(try writeData(labels: 2), ["--allow-unknown-data"]), status: 65, "3", "2")
  }

  @Test func `an impossible label is told`() throws {
    expectOneLine(
      try runOnData(try writeData(label: 10), ["--allow-unknown-data"]), status: 65, "10")
  }

  // MARK: Outputs

  @Test(.enabled(if: getuid() != 0, "the superuser may write everywhere"))
  func `a folder without the right to write is told`() throws {
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    expectOneLine(
      try program.run(Program.tiny + ["--output", folder / "sub/x.h5"]), status: 73, "writable")
  }

  @Test func `a folder that nobody can write is told with its name`() throws {
    expectOneLine(
      try program.run(Program.tiny + ["--output", "/proc/sub/x.h5"]), status: 73, "/proc/sub")
  }

  @Test func `a file in place of the output's folder is told and kept`() throws {
    let file = try folder.write([1], to: "file")
    expectOneLine(
      try program.run(Program.tiny + ["--output", file + "/x.h5"]), status: 73, file)
    #expect(folder.files == ["file"])
  }

  @Test(arguments: [Array("some notes\n".utf8), [], Array("\u{89}HDF\r\n\u{1A}\n junk".utf8)])
  func `an output that is not ours is refused and kept`(bytes: [UInt8]) throws {
    let output = try folder.write(bytes, to: "x.h5")
    let outcome = try program.run(Program.tiny + ["--output", output])
    #expect(outcome.status == 73 || outcome.status == 65)
    expectOneLine(outcome, status: outcome.status, output)
    #expect(try folder.bytes("x.h5") == bytes && folder.files == ["x.h5"])
  }

  @Test func `an output that is a folder is refused`() throws {
    expectOneLine(
      try program.run(Program.tiny + ["--output", folder.path]), status: 73, folder.path)
  }

  @Test func `a damaged output is refused and kept`() throws {
    let output = folder / "x.h5"
    #expect(try program.run(Program.tiny + ["--output", output]).status == 0)
    var bytes = try folder.bytes("x.h5")
    bytes[bytes.count / 2] ^= 4
    try folder.write(bytes, to: "x.h5")
    expectOneLine(
      try program.run(Program.tiny + ["--output", output]), status: 65, output, "checksum")
    #expect(try folder.bytes("x.h5") == bytes)
  }

  @Test func `search and shard keep foreign files`() throws {
    let table = try folder.write(Array("mine\n".utf8), to: "notes.tsv")
    expectOneLine(
      try program.run(["--profile", "smoke", "--search", "--output", table]), status: 73, table)
    let shard = try folder.write(Array("mine\n".utf8), to: "x.shard-1-of-2.runs")
    expectOneLine(
      try program.run(Program.tiny + ["--shard", "1/2", "--output", folder / "x.h5"]), status: 73,
      shard)
    expectOneLine(
      try program.run(Program.tiny + ["--merge", shard, "--output", folder / "x.h5"]), status: 65,
      shard)
    #expect(folder.files == ["notes.tsv", "x.shard-1-of-2.runs"])
  }
}
