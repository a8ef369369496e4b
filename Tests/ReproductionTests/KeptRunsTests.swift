import Foundation
import Reproduction
import ResultStore
import Storage
import TestSupport
import Testing

@Suite struct KeptRunsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func specification(_ seed: UInt64) -> RunSpecification {
    RunSpecification(
      experiment: "test", method: "adam", hyperparameters: ["alpha": 0.1 + Double(seed)],
      seed: seed,
      epochs: 3, minibatch: 7, data: "none", labels: [.init("seed", "\(seed)")])
  }

  private func record(_ seed: UInt64, cost: Double = 1) -> RunRecord {
    RunRecord(
      specification: specification(seed),
      outcome: seed == 2 ? .diverged(epoch: 1, step: 2, reason: "the cost is nan") : .finished,
      series: [
        Series("cost", axes: ["epoch"], shape: [4], values: [cost, .nan, -.infinity, 1e-300]),
        Series("empty", axes: ["x", "y"], shape: [0, 3], values: []),
        Series("scalar", axes: [], shape: [], values: [Double(seed)]),
      ], elapsedSeconds: [0, 0.5], maker: maker("a"),
      fingerprint: Fingerprint(digests: ["d"], values: [.nan, 2]),
      endedOn: seed == 0 ? nil : "2026-12-0\(seed)")
  }

  private func maker(_ program: String, oneDNN: String = "2.6.3", isDirty: String = "unknown")
    -> RunMaker
  {
    RunMaker(
      program: program, commit: "unknown", isDirty: isDirty, swift: "6.1", oneDNN: oneDNN,
      processor: "p", instructionSet: "x86-64-v3")
  }

  private var path: String { folder.path + "/test.runs" }

  @Test func `what is written is read back`() throws {
    let records = (0..<4).map { record($0) }
    try KeptRuns.write(records.reversed(), of: "test", to: path)
    let read = try KeptRuns.read(path, of: "test")
    let order = records.map(\.specification.identity).sorted()
    #expect(read.map(\.specification.identity) == order)
    for record in records {
      let again = try #require(
        read.first { $0.specification.identity == record.specification.identity })
      #expect(again.hasSameNumbers(as: record) && again.specification == record.specification)
      #expect(again.maker == record.maker && again.elapsedSeconds == record.elapsedSeconds)
      #expect(again.endedOn == record.endedOn)
      #expect(again.fingerprint?.values[1] == 2 && again.fingerprint?.values[0].isNaN == true)
    }
    let bytes = try FileContents.read(path)
    try KeptRuns.write(records, of: "test", to: path)
    #expect(try FileContents.read(path) == bytes)
    try KeptRuns.write([], of: "test", to: path)
    #expect(try KeptRuns.read(path, of: "test").isEmpty)
  }

  @Test func `every cut and every flipped bit is told`() throws {
    try KeptRuns.write((0..<3).map { record($0) }, of: "test", to: path)
    let bytes = try FileContents.read(path)
    for count in stride(from: 0, to: bytes.count, by: 13) {
      try AtomicFile.commit(Array(bytes[..<count]), to: path)
      #expect(throws: SealedFileError.self) { try KeptRuns.read(path, of: "test") }
    }
    for position in stride(from: 0, to: bytes.count, by: 17) {
      var flipped = bytes
      flipped[position] ^= 1
      try AtomicFile.commit(flipped, to: path)
      #expect(throws: SealedFileError.self) { try KeptRuns.read(path, of: "test") }
    }
  }

  @Test func `files of other experiments, later versions and other kinds are refused`() throws {
    try KeptRuns.write([record(0)], of: "other", to: path)
    let error = #expect(throws: MergeError.self) { try KeptRuns.read(path, of: "test") }
    #expect(error?.description.contains("holds runs of other, not of test") == true)
    try KeptRuns.encode([record(0)], of: "test", version: 2).write(to: path)
    let newer = #expect(throws: MergeError.self) { try KeptRuns.read(path, of: "test") }
    #expect(newer?.description.contains("version 2") == true)
    try SealedFile(kind: "shard", header: [0]).write(to: path)
    #expect(throws: SealedFileError.self) { try KeptRuns.read(path, of: "test") }
    #expect(throws: SealedFileError.self) { try KeptRuns.write([], of: "test", to: path) }
  }

  @Test func `two runs of one identity that differ are refused, equal ones are one`() throws {
    let store = RunStore(folder: folder.path + "/store")
    #expect(try store.new([record(0), record(0), record(1)], from: path).count == 2)
    #expect(throws: MergeError.self) {
      try store.new([record(0), record(0, cost: 2)], from: path)
    }
    try store.commit(record(0))
    #expect(try store.new([record(0), record(1)], from: path).map(\.specification.seed) == [1])
    #expect(throws: MergeError.self) { try store.new([record(0, cost: 2)], from: path) }
    // Other arithmetic may give other numbers; those that are there stay.
    var elsewhere = record(0, cost: 2)
    elsewhere.maker = maker("a", oneDNN: "3.7.2")
    #expect(try store.new([elsewhere], from: path).isEmpty)
    #expect(store.record(of: specification(0).identity)?.hasSameNumbers(as: record(0)) == true)
  }

  @Test func `a run that cannot be read or is newer is no reason to make it again`() throws {
    let store = RunStore(folder: folder.path + "/store")
    #expect(store.record(of: specification(0).identity) == nil && store.unreadable == nil)
    try FileManager.default.createDirectory(
      atPath: "\(store.folder)/\(specification(0).identity).run", withIntermediateDirectories: true)
    #expect(store.record(of: specification(0).identity) == nil)
    #expect((store.unreadable as? FileError)?.code == EISDIR)
    let other = RunStore(folder: folder.path + "/other")
    try other.commit(record(1))
    let file = "\(other.folder)/\(specification(1).identity).run"
    var bytes = try FileContents.read(file)
    bytes[8] = 2
    try AtomicFile.commit(bytes, to: file)
    #expect(other.record(of: specification(1).identity) == nil)
    #expect(other.unreadable?.description.contains("has format 2") == true)
  }

  // MARK: Rehearsals

  @Test func `a kind is all but seed, length and values of hyperparameters`() {
    var other = specification(1)
    other.epochs = 9
    other.recording = .final
    #expect(other.kind == specification(0).kind && other.identity != specification(0).identity)
    for change in [
      { (run: inout RunSpecification) in run.method = "sgd" },
      { $0.hyperparameters["beta1"] = 0 }, { $0.settings = ["l2": 1] }, { $0.minibatch = 8 },
      { $0.schedule = "alpha/sqrt(step)" }, { $0.data = "other" }, { $0.threads = 2 },
    ] {
      var changed = specification(0)
      change(&changed)
      #expect(changed.kind != specification(0).kind)
    }
  }

  @Test func `bits are compared, and costs only where the arithmetic is another`() {
    let kept = Fingerprint(digests: ["a", "b"], values: [1, 2])
    #expect(kept.isBeginning(of: Fingerprint(digests: ["a", "b", "c"], values: [1, 2, 3])))
    #expect(!kept.isBeginning(of: Fingerprint(digests: ["a"], values: [1])))
    #expect(!kept.isBeginning(of: Fingerprint(digests: ["a", "x"], values: [1, 2])))
    #expect(!kept.isBeginning(of: Fingerprint(digests: ["a", "b"], values: [1, 2.1])))
    let near = Fingerprint(digests: ["x", "y"], values: [1.00005, 2])
    #expect(!kept.isBeginning(of: near) && kept.isNearlyBeginning(of: near))
    #expect(!kept.isNearlyBeginning(of: Fingerprint(digests: ["a", "b"], values: [1.0002, 2])))
    // A step may divide by what rounding has made.
    #expect(kept.isNearlyBeginning(of: Fingerprint(digests: ["a", "b"], values: [1, 2.001])))
    #expect(!kept.isNearlyBeginning(of: Fingerprint(digests: ["a", "b"], values: [1, 2.01])))
    #expect(!kept.isNearlyBeginning(of: Fingerprint(digests: ["a"], values: [1])))
    #expect(Fingerprint.areClose(.nan, .nan) && !Fingerprint.areClose(.nan, 1))
  }

  private func check(
    _ fingerprint: Fingerprint?, _ maker: RunMaker?, again: Fingerprint, recorded: Double = 7
  ) throws -> Rehearsal.Check? {
    let kept = RunRecord(
      specification: specification(0), outcome: .finished,
      series: [Series("cost", axes: ["epoch"], shape: [2], values: [recorded, .nan])],
      elapsedSeconds: [], maker: maker, fingerprint: fingerprint)
    return try Rehearsal(jobs: 1, threads: 1) { _ in Scripted(again) }
      .check([Rehearsal.Candidate(kept)])[0]
  }

  @Test func `what a rehearsal finds`() throws {
    let first = Fingerprint(digests: ["a"], values: [1])
    let near = Fingerprint(digests: ["b"], values: [1.00001])
    var here = RunMaker.current
    here.program = "another build"
    #expect(try check(first, here, again: first) == .sameBits)
    #expect(try check(first, here, again: near) == .unlike)
    #expect(try check(first, maker("a", oneDNN: "none"), again: near) == .sameCosts)
    #expect(
      try check(first, maker("a", oneDNN: "none"), again: Fingerprint(digests: ["b"], values: [2]))
        == .unlike)
    // Without a fingerprint the first recorded cost decides; the process records 7.
    #expect(try check(nil, nil, again: first, recorded: 7) == .sameBits)
    #expect(try check(nil, nil, again: first, recorded: 7.0001) == .sameCosts)
    #expect(try check(nil, nil, again: first, recorded: 8) == .unlike)
  }

  @Test func `one run of each kind and maker is rehearsed, a finished one if there is one`() {
    var diverged = Rehearsal.Candidate(record(2))
    let finished = Rehearsal.Candidate(record(1))
    #expect(Rehearsal.representatives([diverged, finished]).map(\.run.seed) == [1])
    diverged = Rehearsal.Candidate(
      run: diverged.run, maker: maker("b"), fingerprint: diverged.fingerprint,
      record: diverged.record)
    #expect(Rehearsal.representatives([diverged, finished]).count == 2)
  }

  @Test func `what was rehearsed is remembered in the store`() throws {
    let store = RunStore(folder: folder.path + "/store")
    #expect(store.rehearsals().isEmpty)
    let key = Rehearsal.Key(program: "p", maker: "m", kind: "k")
    try store.remember([key: .sameBits])
    let other = Rehearsal.Key(program: "p", maker: "m", kind: "l")
    try store.remember([other: .sameCosts])
    #expect(store.rehearsals() == [key: .sameBits, other: .sameCosts])
    try store.removeAll()
    #expect(store.rehearsals().isEmpty)
  }

  // MARK: Makers

  @Test func `a table of makers tells what is mixed`() throws {
    var records = (0..<3).map { record($0) }
    let one = MakerTable(records) { _ in .sameBits }
    #expect(one.mixture == nil && one.entries.count == 1 && one.entries[0].runs == 3)
    #expect(one.attributes.first { $0.name == "onednn_version" }?.values == .string(["2.6.3"]))
    records[1].maker = maker("b", oneDNN: "3.7.2")
    records[2].maker = nil
    let mixed = MakerTable(records) { _ in .sameBits }
    #expect(
      mixed.mixture == "1 run by oneDNN 2.6.3, x86-64-v3; 1 run by oneDNN 3.7.2, x86-64-v3; "
        + "1 run by an unknown program")
    #expect(
      mixed.attributes.first { $0.name == "onednn_version" }?.values
        == .string(["2.6.3, 3.7.2, unknown"]))
    let labels = mixed.group.dimensions[0].labels.texts
    #expect(labels.count == 3 && Set(labels).count == 3 && labels[2] == "unknown")
    // Times are sums over a maker's runs.
    for index in records.indices {
      records[index].elapsedSeconds = [0, Double(index + 1)]
      records[index].trainingSeconds = index == 1 ? [] : [0, Double(index)]
      records[index].maker = records[0].maker
    }
    records[1].maker = maker("b", oneDNN: "3.7.2")
    let group = MakerTable(records) { _ in .sameBits }.group
    #expect(group.variable("elapsed_seconds")?.values == .double([1 + 3, 2]))
    let training = try #require(group.variable("training_seconds")?.values.doubles)
    #expect(training[0] == 2 && training[1].isNaN)
    records[1].maker = records[0].maker
    let all = MakerTable(records) { _ in .sameBits }.group.variable("training_seconds")
    #expect(try #require(all?.values.doubles).map(\.isNaN) == [true])
    // The first day counts, and is unknown where one run does not tell.
    func days(_ records: [RunRecord]) -> [String]? {
      MakerTable(records) { _ in .sameBits }.group.variable("first_run_ended_on")?.strings
    }
    #expect(days(records) == ["unknown"])
    #expect(days(Array(records.reversed().dropLast())) == ["2026-12-01"])
  }

  @Test func `what a run took over from a shorter one is counted once`() throws {
    func run(_ seed: UInt64, _ seconds: [Double]) -> RunRecord {
      var record = record(seed)
      record.specification = record.specification.lasting(seconds.count - 1)
      (record.elapsedSeconds, record.trainingSeconds) = (seconds, seconds.map { $0 / 2 })
      return record
    }
    func sums(_ records: [RunRecord]) -> [Double]? {
      let group = MakerTable(records) { _ in .sameBits }.group
      return ["elapsed_seconds", "training_seconds"].compactMap {
        group.variable($0)?.values.doubles?.first
      }
    }
    let going = [run(0, [0, 1]), run(0, [0, 1, 3]), run(0, [0, 1, 3, 7, 9])]
    #expect(sums(going) == [9, 4.5] && sums(going.reversed()) == [9, 4.5])
    // One that was made from the beginning counts as a whole, as does that of another seed.
    #expect(sums([run(0, [0, 1]), run(0, [0, 2, 4]), run(1, [0, 1, 8])]) == [1 + 4 + 8, 6.5])
  }

  @Test func `changed sources are a flag, of all makers and of each`() {
    func table(_ words: [String?]) -> MakerTable {
      MakerTable(
        words.enumerated().map { index, word in
          var record = record(UInt64(index))
          record.maker = word.map { maker("program \(index)", isDirty: $0) }
          return record
        }
      ) { _ in .sameBits }
    }
    func flag(_ words: [String?]) -> Values? {
      table(words).attributes.first { $0.name == "git_dirty" }?.values
    }
    #expect(flag(["false", "false"]) == .int64([0]))
    #expect(flag(["false", "true", nil]) == .int64([1]))
    #expect(flag(["false", "unknown"]) == .int64([-1]))
    #expect(flag(["false", nil]) == .int64([-1]))
    let column = table(["false", "true", nil]).group.variable("git_dirty")
    #expect(column?.values == .int32([0, 1, -1]))
    #expect(column?.attributes.text("flag_meanings") == "unknown no yes")
  }
}

/// Records 7 at its first step.
private final class Scripted: RunProcess {
  private let script: Fingerprint
  private var values: [Double] = [.nan, .nan]

  init(_ script: Fingerprint) { self.script = script }

  func advance(pause: () -> Bool) throws -> Outcome? {
    values[0] = 7
    return .finished
  }

  func save() -> ProcessState { ProcessState() }
  func restore(_ state: ProcessState) throws {}
  var series: [Series] { [Series("cost", axes: ["epoch"], shape: [2], values: values)] }
  var elapsedSeconds: [Double] { [] }
  var progress: RunProgress { RunProgress(step: 0, steps: 1, epoch: 0, cost: 0) }
  var fingerprint: Fingerprint? { script }
  func rehearse() throws -> Fingerprint { script }
}
