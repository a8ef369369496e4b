import Foundation
import ResultStore
import Storage
import TestSupport
import Testing

/// Kept runs are trusted as far as the program that is run now makes the same.
@Suite struct KeptRunsTests {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    program = try Program()
    folder = try TemporaryFolder()
  }

  private var output: String { folder / "x.h5" }
  private var tiny: [String] { Program.tiny + ["--output", output] }

  /// The program from other bytes, which compute the same.
  private func copy(_ change: (inout [UInt8]) throws -> Void) throws -> Program {
    let path = folder / "bin/mnist-logistic"
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: program.path)))
    try change(&bytes)
    try folder.write(bytes, to: "bin/mnist-logistic")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return Program(path: path)
  }

  /// The program with another letter in its help, as after a change of the sources.
  private func rebuilt() throws -> Program {
    try copy { bytes in
      let text = try #require(bytes.firstRange(of: "how runs are made".utf8))
      bytes[text.lowerBound] = UInt8(ascii: "H")
    }
  }

  /// Replaces text in the header of a sealed file by text of the same length, and seals it again.
  private func reseal(_ name: String, _ change: (String) throws -> String) throws {
    var bytes = try folder.bytes(name)
    let length = bytes[12..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = String(decoding: bytes[24..<24 + length], as: UTF8.self)
    let changed = Array(try change(header).utf8)
    try #require(changed.count == length)
    bytes.replaceSubrange(24..<24 + length, with: changed)
    var digest = SHA256()
    digest.update(Array(bytes.dropLast(32)))
    try folder.write(bytes.dropLast(32) + digest.finalizeBytes(), to: name)
  }

  /// Puts other digits in place of the 64 that follow `key` in a header.
  private func forge(_ key: String, in header: String) throws -> String {
    let start = try #require(header.range(of: key)).upperBound
    let end = try #require(header.index(start, offsetBy: 64, limitedBy: header.endIndex))
    return header.replacingCharacters(in: start..<end, with: String(repeating: "7", count: 64))
  }

  private func makeUnlike() throws -> String {
    #expect(try program.run(tiny).status == 0)
    let name = try #require(folder.files.first { $0.hasSuffix(".run") })
    try reseal(name) { header in
      try forge(
        #"\"digests\":[\""#, in: try forge(#"\"program\":\""#, in: header))
    }
    return name
  }

  @Test func `a changed program that makes the same numbers keeps the runs`() throws {
    #expect(try program.run(tiny).status == 0)
    let before = try folder.bytes("x.h5")
    let changed = try rebuilt().run(tiny)
    #expect(changed.status == 0)
    #expect(changed.output.contains("the program changed; 1 kind of runs rehearsed in"))
    #expect(changed.output.contains("same numbers, kept"))
    #expect(changed.output.contains("nothing to do"))
    #expect(try folder.bytes("x.h5") == before)
    // It is remembered.
    let again = try rebuilt().run(tiny)
    #expect(again.status == 0 && !again.output.contains("rehearsed"))
    let same = try program.run(tiny)
    #expect(same.status == 0 && !same.output.contains("rehearsed"))
  }

  @Test func `a build that differs in what is not loaded is the same program`() throws {
    #expect(try program.run(tiny).status == 0)
    let maker = try ResultFile.read(output).view.subgroup("volatile").subgroup("makers")
    let commit = Array(try #require(maker.texts("git_commit").values.first).utf8)
    let builds: [(inout [UInt8]) throws -> Void] = [
      { $0.append(0) },
      { bytes in
        // The commit stands in 64 bytes of its own.
        let padded = commit + [UInt8](repeating: 0, count: 64 - commit.count)
        bytes[try #require(bytes.firstRange(of: padded)).lowerBound] ^= 1
      },
    ]
    for build in builds {
      let same = try copy(build).run(tiny)
      #expect(same.status == 0 && same.output.contains("nothing to do"))
      #expect(!same.output.contains("rehearsed"))
    }
  }

  @Test func `runs whose first steps are others now are refused and nothing is mixed`() throws {
    let name = try makeUnlike()
    let files = folder.files
    let run = try folder.bytes(name)
    let refused = try program.run(tiny + ["--seeds", "0,1"])
    expectOneLine(
      refused, status: 65, "1 of 1 kinds of runs", "have other numbers now", "--fresh",
      "another --output", "--keep-old-runs")
    #expect(folder.files == files)
    #expect(try folder.bytes(name) == run)
  }

  @Test func `keep-old-runs goes on beside them and the file says so`() throws {
    _ = try makeUnlike()
    let kept = try program.run(tiny + ["--seeds", "0,1", "--keep-old-runs"])
    #expect(kept.status == 0, "\(kept.errors)")
    #expect(kept.errors.contains("1 of 1 kinds of kept runs have other numbers now"))
    let volatile = try ResultFile.read(output).view.subgroup("volatile")
    let made = try volatile.texts("made_by", ["optimizer": "Adam"]).values
    #expect(made.count == 2 && made[0] != made[1] && !made.contains(""))
    let makers = try volatile.subgroup("makers")
    #expect(
      try Set(makers.texts("kept_because").values)
        == ["made by this program", "by --keep-old-runs: its first steps are others now"])
    // It is not forgotten that they are others.
    #expect(try program.run(tiny).status == 65)
    #expect(try program.run(tiny + ["--fresh"]).status == 0)
    #expect(try program.run(tiny).output.contains("nothing to do"))
  }

  @Test func `a run without a fingerprint is rehearsed by its first recorded cost`() throws {
    #expect(try program.run(tiny).status == 0)
    let name = try #require(folder.files.first { $0.hasSuffix(".run") })
    // Keys that are not known are not read.
    try reseal(name) {
      $0.replacingOccurrences(of: #"\"maker\":"#, with: #"\"makex\":"#)
        .replacingOccurrences(of: #"\"fingerprint\":"#, with: #"\"fingerprinx\":"#)
    }
    let outcome = try program.run(tiny)
    #expect(outcome.status == 0 && outcome.output.contains("same numbers, kept"))
  }

  /// The folder `kept` with the exported runs of the tiny experiment.
  private func export() throws -> String {
    #expect(try program.run(tiny).status == 0)
    let path = folder / "kept/mnist-logistic.runs"
    let exported = try program.run(tiny + ["--export", path])
    #expect(exported.status == 0 && exported.output.contains("wrote 1 run to \(path)"))
    return path
  }

  @Test func `exported runs are gone on from elsewhere`() throws {
    let path = try export()
    let bytes = try folder.bytes("kept/mnist-logistic.runs")
    #expect(try program.run(tiny + ["--export", path]).status == 0)
    #expect(try folder.bytes("kept/mnist-logistic.runs") == bytes)
    let elsewhere = Program.tiny + ["--output", folder / "y.h5", "--start", folder / "kept"]
    let outcome = try rebuilt().run(elsewhere)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("rehearsed") && outcome.output.contains("1 kept run"))
    #expect(try repeatable(folder / "y.h5") == repeatable(output))
    #expect(try program.run(elsewhere).output.contains("nothing to do"))
    // Without kept runs of this experiment all are made.
    try FileManager.default.createDirectory(
      atPath: folder / "empty", withIntermediateDirectories: true)
    let none = try program.run(
      Program.tiny + ["--output", folder / "z.h5", "--start", folder / "empty"])
    #expect(none.status == 0 && none.errors.contains("there are no kept runs of mnist-logistic"))
  }

  @Test func `kept runs that cannot be taken are named in one line and nothing is lost`() throws {
    _ = try export()
    let bytes = try folder.bytes("kept/mnist-logistic.runs")
    let files = folder.files
    let elsewhere = Program.tiny + ["--output", folder / "y.h5", "--start", folder / "bad"]
    func refused(_ changed: [UInt8], _ part: String, _ more: [String] = []) throws {
      let path = try folder.write(changed, to: "bad/mnist-logistic.runs")
      let outcome = try program.run(elsewhere + more)
      expectOneLine(outcome, status: 65, path, part)
      #expect(try folder.bytes("bad/mnist-logistic.runs") == changed)
      #expect(folder.files.filter { !$0.hasPrefix("bad/") } == files)
    }
    try refused(Array(bytes.dropLast(9)), "is cut off")
    var flipped = bytes
    flipped[bytes.count / 2] ^= 4
    try refused(flipped, "is damaged")
    var newer = bytes
    newer[8] = 9
    try refused(newer, "has format 9")
    try refused(try folder.bytes("x.h5"), "is not a file of this program")
    // The stand-in of profile quick is larger, and so other data.
    try refused(bytes, "holds runs of other data", ["--profile", "quick", "--stand-in"])
    let missing = try program.run(
      Program.tiny + ["--output", folder / "y.h5", "--start", folder / "none"])
    expectOneLine(missing, status: 66, folder / "none")
  }

  @Test func `runs of one identity that differ are refused`() throws {
    _ = try export()
    // Another run under the same name: other numbers in the store of y.h5.
    let elsewhere = Program.tiny + ["--output", folder / "y.h5"]
    #expect(try program.run(elsewhere).status == 0)
    let name = try #require(folder.files.first { $0.hasPrefix("runs/y.h5/") })
    var bytes = try folder.bytes(name)
    // A cost is among the last bytes before the times and the seal.
    let length = bytes[12..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
    bytes[24 + length] ^= 1
    var digest = SHA256()
    digest.update(Array(bytes.dropLast(32)))
    bytes = bytes.dropLast(32) + digest.finalizeBytes()
    try folder.write(bytes, to: name)
    let outcome = try program.run(elsewhere + ["--start", folder / "kept"])
    expectOneLine(outcome, status: 65, "have other numbers for the same run", "nothing was taken")
    #expect(try folder.bytes(name) == bytes)
  }

  @Test func `an audit makes kept runs again and compares`() throws {
    _ = try export()
    let start = Program.tiny + ["--output", folder / "audit/x.h5", "--start", folder / "kept"]
    let list = try program.run(start + ["--auditable"])
    let columns = list.output.split(separator: "\n")[0].split(separator: "\t")
    try #require(list.status == 0 && columns.count == 3)
    let identity = String(columns[0])
    let same = try program.run(start + ["--audit", identity])
    #expect(same.status == 0 && same.output.contains("same bits"), "\(same.output)\(same.errors)")
    // By the result file, where the runs were not kept.
    try FileManager.default.removeItem(atPath: folder / "kept/mnist-logistic.runs")
    var document = try ResultFile.read(output)
    try ResultFile.write(document, to: folder / "kept/mnist-logistic.h5")
    #expect(try program.run(start + ["--auditable"]).output.contains(identity))
    let file = try program.run(start + ["--audit", String(identity.prefix(8))])
    #expect(file.status == 0 && file.output.contains("same bits"), "\(file.output)\(file.errors)")
    let index = try #require(document.root.variables.firstIndex { $0.name == "train_cost" })
    guard case .double(var costs) = document.root.variables[index].values else { return }
    let last = try #require(costs.lastIndex { !$0.isNaN })
    costs[last] *= 1 + 1e-12
    document.root.variables[index].values = .double(costs)
    try ResultFile.write(document, to: folder / "kept/mnist-logistic.h5")
    let other = try program.run(start + ["--audit", identity])
    #expect(other.status == 1 && other.output.contains("OTHER NUMBERS"), "\(other.output)")
    #expect(other.output.contains("train_cost"))
    #expect(!folder.files.contains { $0.hasPrefix("audit/") })
    expectOneLine(try program.run(start + ["--audit", "77"]), status: 64, "no kept run", "77")
  }

  @Test func `outputs with and without the ending have runs of their own`() throws {
    #expect(try program.run(tiny).status == 0)
    #expect(
      try program.run(Program.tiny + ["--fresh", "--alpha", "0.02", "--output", folder / "x"])
        .status
        == 0)
    #expect(try program.run(tiny).output.contains("nothing to do"))
    let folders = Set(
      folder.files.filter { $0.hasSuffix(".run") }.map { $0.split(separator: "/")[1] })
    #expect(folders == ["x", "x.h5"])
  }

  /// Earlier versions kept the runs of `x.h5` in `runs/x`.
  @Test(arguments: ["x.h5", "x"]) func `runs under the old name are taken over`(first: String)
    throws
  {
    #expect(try program.run(tiny).status == 0)
    try FileManager.default.moveItem(atPath: folder / "runs/x.h5", toPath: folder / "runs/x")
    #expect(
      try program.run(Program.tiny + ["--list", "--output", output]).output.contains(": done"))
    let outcome = try program.run(
      Program.tiny + ["--output", folder / first] + (first == "x" ? ["--fresh"] : []))
    #expect(outcome.status == 0 && outcome.output.contains("nothing to do") == (first == "x.h5"))
    #expect(try program.run(tiny).output.contains("nothing to do"))
    #expect(folder.files.contains { $0.hasPrefix("runs/x.h5/") })
  }

  /// A folder in the place of a run stands for what cannot be read.
  @Test func `a run that cannot be read is told and not replaced`() throws {
    #expect(try program.run(tiny).status == 0)
    let name = try #require(folder.files.first { $0.hasSuffix(".run") })
    try FileManager.default.removeItem(atPath: folder / name)
    try FileManager.default.createDirectory(
      atPath: folder / name, withIntermediateDirectories: false)
    let outcome = try program.run(tiny)
    expectOneLine(outcome, status: 66, folder / name, "Is a directory")
    #expect(!folder.files.contains { $0.hasSuffix(".run") })
  }

  @Test func `the commit is the one of the build whatever lies around`() throws {
    #expect(try program.run(tiny).status == 0)
    let commit = try attribute("git_commit", of: output)
    #expect(commit == "unknown" || commit?.count == 40)
    let other = try program.run(
      Program.tiny + ["--output", folder / "y.h5"],
      environment: ["GIT_DIR": "/nowhere/.git", "PATH": "/usr/bin:/bin"])
    #expect(other.status == 0)
    #expect(try attribute("git_commit", of: folder / "y.h5") == commit)
    #expect(
      try attribute("numbers_sha256", of: folder / "y.h5")
        == attribute("numbers_sha256", of: output))
  }
}
