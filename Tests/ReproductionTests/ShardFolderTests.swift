import Foundation
import Reproduction
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct ShardFolderTests {
  let folder: TemporaryFolder
  let main: RunStore
  let shard: RunStore
  private let notices: Notices

  private final class Notices: Sendable {
    let all = Mutex<[String]>([])
  }

  init() throws {
    folder = try TemporaryFolder()
    let notices = Notices()
    self.notices = notices
    main = RunStore(folder: folder.path + "/main") { text in
      notices.all.withLock { $0.append(text) }
    }
    shard = RunStore(folder: folder.path + "/shard")
  }

  private func state(_ step: Int) -> ProcessState {
    var state = ProcessState()
    state.counters = ["epoch": 1, "step": step]
    return state
  }

  private func record(_ seed: UInt64) -> RunRecord {
    RunRecord(
      specification: RunSpecification(
        experiment: "test", method: "adam", seed: seed, epochs: 1, minibatch: 7, data: "none",
        labels: []),
      outcome: .finished, series: [], elapsedSeconds: [0, 1])
  }

  /// Takes what is new in the shard's folder; returns how many finished runs that is.
  private func take() throws -> Int {
    let records = try main.records(inFolder: shard.folder, experiment: "test")
    let new = try main.new(records, from: shard.folder)
    for record in new { try main.commit(record) }
    try main.takeCheckpoints(fromFolder: shard.folder)
    return new.count
  }

  @Test func `runs and the latest checkpoints are taken`() throws {
    try shard.commit(record(1))
    for number in 0..<3 { try shard.saveCheckpoint(state(number), of: "abc", number: number) }
    #expect(try take() == 1)
    #expect(try take() == 0)
    #expect(main.record(of: record(1).specification.identity) != nil)
    #expect(main.position(of: "abc") == "epoch=1,step=2")
    let next = RunStore(folder: folder.path + "/next", alsoReading: [main.folder])
    #expect(try next.checkpoints(of: "abc").usable.map(\.number) == [2, 1])
    #expect(next.position(of: "def") == nil)
  }

  @Test func `a later checkpoint of its own is kept`() throws {
    try main.saveCheckpoint(state(40), of: "abc", number: 4)
    try shard.saveCheckpoint(state(20), of: "abc", number: 2)
    _ = try take()
    #expect(main.position(of: "abc") == "epoch=1,step=40")
  }

  @Test func `checkpoints of finished runs are left out`() throws {
    let identity = record(1).specification.identity
    try shard.saveCheckpoint(state(1), of: identity, number: 0)
    try main.commit(record(1))
    _ = try take()
    #expect(!main.hasCheckpoint(of: identity))
  }

  @Test func `what is damaged is told, and the rest taken`() throws {
    try shard.commit(record(1))
    try shard.commit(record(2))
    try shard.saveCheckpoint(state(1), of: "abc", number: 0)
    for name in [record(1).specification.identity + ".run", "abc.a.checkpoint"] {
      let path = FilePaths.join(shard.folder, name)
      var bytes = try FileContents.read(path)
      bytes[bytes.count / 2] ^= 1
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
    #expect(try take() == 1)
    #expect(main.record(of: record(1).specification.identity) == nil)
    #expect(main.record(of: record(2).specification.identity) != nil)
    #expect(!main.hasCheckpoint(of: "abc"))
    let told = notices.all.withLock { $0 }
    #expect(told.count == 2 && told[1].contains("that checkpoint is left out"))
  }

  @Test func `runs of another experiment are refused`() throws {
    try shard.commit(record(1))
    #expect(throws: MergeError.self) {
      try main.records(inFolder: shard.folder, experiment: "another")
    }
  }
}
