import Foundation
import Numerics
import Storage
import Synchronization

/// The finished runs and the checkpoints of one experiment, each a sealed file of its own.
///
/// `<folder>/<identity>.run` holds a finished run, `<identity>.a.checkpoint` and
/// `<identity>.b.checkpoint` the last two states of one in progress, written in turn.
public final class RunStore: Sendable {
  /// Where new files go.
  public let folder: String
  private let readFolders: [String]
  private let layer: any FileLayer
  private let notice: @Sendable (String) -> Void
  private let noticed = Mutex<Set<String>>([])

  private static let recordKind = "adam-reproduction run"
  private static let checkpointKind = "adam-reproduction checkpoint"
  private static let bundleKind = "adam-reproduction shard"

  /// A store that writes to `folder`, and reads finished runs and checkpoints from `alsoReading` too.
  ///
  /// - Parameter notice: is told, once a file, of finished runs that are damaged.
  public init(
    folder: String, alsoReading: [String] = [], layer: any FileLayer = .system,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.folder = folder
    readFolders = [folder] + alsoReading
    self.layer = layer
    self.notice = notice
  }

  /// What is wrong with a file, without the advice behind it, which is for files that a person has
  /// to see to.
  private static func reason(_ error: any Error) -> String {
    let text = "\(error)"
    return text.firstRange(of: "; ").map { String(text[..<$0.lowerBound]) } ?? text
  }

  // MARK: Finished runs

  private struct RecordHeader: Codable {
    var specification: RunSpecification
    var outcome: Outcome
    var series: [SeriesHeader]
    var identity: String

    struct SeriesHeader: Codable {
      var name: String
      var axes: [String]
      var shape: [Int]
    }
  }

  /// The record of a finished run; `nil` if there is none that can be trusted.
  public func record(of identity: String) -> RunRecord? {
    for folder in readFolders {
      let path = FilePaths.join(folder, identity + ".run")
      guard FilePaths.exists(path) else { continue }
      do {
        let record = try Self.decode(SealedFile(readingFrom: path, kind: Self.recordKind))
        guard record.specification.identity == identity else {
          throw UnusableState("\(path) holds another run")
        }
        return record
      } catch {
        if noticed.withLock({ $0.insert(path).inserted }) {
          notice("\(Self.reason(error)); that run is made again")
        }
      }
    }
    return nil
  }

  /// Keeps a finished run, for good once this returns.
  ///
  /// - Throws: `FileError` if it cannot be written.
  public func commit(_ record: RunRecord) throws {
    try layer.createFolders(folder)
    let identity = record.specification.identity
    try Self.encode(record).write(
      to: FilePaths.join(folder, identity + ".run"), layer: layer)
    removeCheckpoints(of: identity)
  }

  /// How many finished runs are kept here for each data set (`RunSpecification.data`); those that cannot
  /// be read are left out.
  func countsByData() -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in FilePaths.names(in: folder) where name.hasSuffix(".run") {
      let path = FilePaths.join(folder, name)
      if let file = try? SealedFile(readingFrom: path, kind: Self.recordKind),
        let header = try? file.header(as: RecordHeader.self)
      {
        counts[header.specification.data, default: 0] += 1
      }
    }
    return counts
  }

  private static func encode(_ record: RunRecord) throws -> SealedFile {
    let header = RecordHeader(
      specification: record.specification, outcome: record.outcome,
      series: record.series.map { .init(name: $0.name, axes: $0.axes, shape: $0.shape) },
      identity: record.specification.identity)
    var file = try SealedFile(kind: recordKind, header: header)
    for series in record.series { file.append("series." + series.name, series.values) }
    file.append("elapsed", record.elapsedSeconds)
    if !record.trainingSeconds.isEmpty { file.append("training", record.trainingSeconds) }
    return file
  }

  private static func decode(_ file: SealedFile) throws -> RunRecord {
    let header = try file.header(as: RecordHeader.self)
    let series = try header.series.map { part in
      let values = try file.doubles("series." + part.name)
      guard values.count == part.shape.reduce(1, *) else {
        throw UnusableState("the values of \(part.name) do not fill their shape")
      }
      return Series(part.name, axes: part.axes, shape: part.shape, values: values)
    }
    return RunRecord(
      specification: header.specification, outcome: header.outcome, series: series,
      elapsedSeconds: try file.doubles("elapsed"),
      trainingSeconds: file.sectionNames.contains("training") ? try file.doubles("training") : [])
  }

  // MARK: Checkpoints

  private struct CheckpointHeader: Codable {
    var identity: String
    var number: Int
    var program: String
    var counters: [String: Int]
  }

  private static let slots = ["a", "b"]

  private func checkpointPath(_ identity: String, _ slot: String) -> String {
    FilePaths.join(folder, "\(identity).\(slot).checkpoint")
  }

  /// Where checkpoints of a run may be.
  private func checkpointPaths(_ identity: String) -> [String] {
    readFolders.flatMap { folder in
      Self.slots.map { FilePaths.join(folder, "\(identity).\($0).checkpoint") }
    }
  }

  /// Keeps the state of a run in progress beside the one before.
  ///
  /// - Parameter number: counts the checkpoints of a run, from 0.
  /// - Throws: `FileError` if it cannot be written.
  public func saveCheckpoint(_ state: ProcessState, of identity: String, number: Int) throws {
    try layer.createFolders(folder)
    var file = try SealedFile(
      kind: Self.checkpointKind,
      header: CheckpointHeader(
        identity: identity, number: number, program: Program.checkpointIdentity,
        counters: state.counters))
    for (name, values) in state.numbers.sorted(by: { $0.key < $1.key }) {
      file.append("numbers." + name, values)
    }
    for (name, values) in state.vectors.sorted(by: { $0.key < $1.key }) {
      file.append("vectors." + name, values)
    }
    try file.write(to: checkpointPath(identity, Self.slots[number % 2]), layer: layer)
  }

  /// A checkpoint that was found, or the reason why one could not be used.
  public struct Checkpoints: Sendable {
    /// The usable ones, newest first, with their numbers.
    public var usable: [(number: Int, state: ProcessState)] = []
    /// One line for each that is there and cannot be used.
    public var notices: [String] = []
  }

  /// The checkpoints of a run, each verified.
  public func checkpoints(of identity: String) -> Checkpoints {
    var found = Checkpoints()
    for path in checkpointPaths(identity) where FilePaths.exists(path) {
      do {
        let file = try SealedFile(readingFrom: path, kind: Self.checkpointKind)
        let header = try file.header(as: CheckpointHeader.self)
        guard header.identity == identity else {
          throw UnusableState("\(path) belongs to another run")
        }
        guard header.program == Program.checkpointIdentity else {
          throw UnusableState(
            "\(path) was written by another program (\(header.program)), "
              + "not by this one (\(Program.checkpointIdentity))"
          )
        }
        var state = ProcessState()
        state.counters = header.counters
        for name in file.sectionNames {
          if name.hasPrefix("numbers.") {
            state.numbers[String(name.dropFirst(8))] = try file.doubles(name)
          } else if name.hasPrefix("vectors.") {
            state.vectors[String(name.dropFirst(8))] = try file.floatVector(name)
          }
        }
        found.usable.append((header.number, state))
      } catch {
        found.notices.append(Self.reason(error))
      }
    }
    found.usable.sort { $0.number > $1.number }
    return found
  }

  /// Removes the checkpoints of a run.
  public func removeCheckpoints(of identity: String) {
    for slot in Self.slots {
      let path = checkpointPath(identity, slot)
      // What cannot be removed does no harm: the finished run is found first.
      if FilePaths.exists(path) { try? layer.remove(path) }
    }
  }

  /// Whether there is a checkpoint of a run, usable or not.
  public func hasCheckpoint(of identity: String) -> Bool {
    checkpointPaths(identity).contains(where: FilePaths.exists)
  }

  /// Where a run in progress stands, in a form that changes with every step: the counters of its
  /// newest usable checkpoint. `nil` if there is none.
  public func position(of identity: String) -> String? {
    guard hasCheckpoint(of: identity) else { return nil }
    return checkpoints(of: identity).usable.first?.state.counters
      .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }

  /// Removes all finished runs and checkpoints that this store has written.
  ///
  /// - Throws: `FileError` if one cannot be removed.
  public func removeAll() throws {
    for name in FilePaths.names(in: folder)
    where name.hasSuffix(".run") || name.hasSuffix(".checkpoint") {
      try layer.remove(FilePaths.join(folder, name))
    }
  }

  /// Removes what processes that were killed have left: checkpoints of finished runs, and files
  /// that were never complete.
  public func tidy() {
    let names = FilePaths.names(in: folder)
    let finished = Set(names.filter { $0.hasSuffix(".run") }.map { $0.dropLast(4) })
    for name in names {
      if name.hasSuffix(".checkpoint"), finished.contains(name.prefix { $0 != "." }) {
        // What cannot be removed does no harm: the finished run is found first.
        try? layer.remove(FilePaths.join(folder, name))
      } else if name.hasPrefix("."), name.hasSuffix(".partial") {
        let target = name.dropFirst().split(separator: ".").dropLast(3).joined(separator: ".")
        AtomicFile.removeStaleTemporaries(of: FilePaths.join(folder, target), layer: layer)
      }
    }
  }

  // MARK: Shards

  private struct BundleHeader: Codable {
    var experiment: String
    var identities: [String]
  }

  /// Writes the finished runs among `identities` to one file, to be merged elsewhere.
  ///
  /// - Throws: `FileError` if it cannot be written.
  public func writeBundle(of identities: [String], experiment: String, to path: String) throws {
    let records = identities.compactMap { identity in record(of: identity).map { (identity, $0) } }
    var bundle = try SealedFile(
      kind: Self.bundleKind,
      header: BundleHeader(experiment: experiment, identities: records.map(\.0)))
    for (identity, record) in records {
      bundle.append(identity, bytes: try Self.encode(record).encoded())
    }
    try layer.createFolders(FilePaths.folder(of: path))
    try bundle.write(to: path, layer: layer)
  }

  /// Throws unless there is nothing at `path`, or a shard file that may be replaced.
  static func checkReplaceableBundle(_ path: String) throws {
    if FilePaths.exists(path) { _ = try SealedFile(readingFrom: path, kind: bundleKind) }
  }

  /// The identities of the runs in a shard file.
  public static func identities(inBundle path: String) throws -> [String] {
    try SealedFile(readingFrom: path, kind: bundleKind).header(as: BundleHeader.self).identities
  }

  /// Takes the runs of a shard file into this store; returns how many are new.
  ///
  /// - Throws: `SealedFileError` for a file that is not a shard, `MergeError` for one of another
  ///   experiment, `FileError` if a run cannot be written.
  public func merge(bundle path: String, experiment: String) throws -> Int {
    let bundle = try SealedFile(readingFrom: path, kind: Self.bundleKind)
    let header = try bundle.header(as: BundleHeader.self)
    guard header.experiment == experiment else {
      throw MergeError(
        "\(path) holds runs of \(header.experiment), not of \(experiment): merge it there")
    }
    var added = 0
    for identity in header.identities where record(of: identity) == nil {
      let file = try SealedFile(
        decoding: try bundle.bytes(identity), path: path, kind: Self.recordKind)
      try commit(try Self.decode(file))
      added += 1
    }
    return added
  }

  /// The identities of the runs in the folder of a shard.
  static func identities(inFolder path: String) -> [String] {
    FilePaths.names(in: path).filter { $0.hasSuffix(".run") }.map { String($0.dropLast(4)) }
  }

  /// Takes the finished runs in the folder of a shard into this store, and the checkpoints of those
  /// that are not finished; returns how many finished ones are new. Damaged files are told and left
  /// out: their runs are made again.
  ///
  /// - Throws: `MergeError` for a folder of another experiment, `FileError` if a run cannot be
  ///   written.
  public func merge(folder path: String, experiment: String) throws -> Int {
    let shard = RunStore(folder: path, layer: layer, notice: notice)
    var added = 0
    for identity in Self.identities(inFolder: path) where record(of: identity) == nil {
      guard let record = shard.record(of: identity) else { continue }
      guard record.specification.experiment == experiment else {
        throw MergeError(
          "\(path) holds runs of \(record.specification.experiment), not of \(experiment): "
            + "merge it there")
      }
      try commit(record)
      added += 1
    }
    for name in FilePaths.names(in: path) where name.hasSuffix(".checkpoint") {
      let identity = String(name.prefix { $0 != "." })
      if record(of: identity) == nil {
        try takeCheckpoint(FilePaths.join(path, name), of: identity)
      }
    }
    return added
  }

  /// Copies a checkpoint, whichever program it is for, unless its place here has a later one.
  private func takeCheckpoint(_ path: String, of identity: String) throws {
    func read(_ path: String) throws -> (file: SealedFile, header: CheckpointHeader) {
      let file = try SealedFile(readingFrom: path, kind: Self.checkpointKind)
      return (file, try file.header(as: CheckpointHeader.self))
    }
    let found: (file: SealedFile, header: CheckpointHeader)
    do {
      found = try read(path)
      guard found.header.identity == identity else {
        throw UnusableState("\(path) belongs to another run")
      }
    } catch {
      notice("\(Self.reason(error)); that checkpoint is left out")
      return
    }
    let place = checkpointPath(identity, Self.slots[found.header.number % 2])
    if let own = try? read(place), own.header.number >= found.header.number { return }
    try layer.createFolders(folder)
    try found.file.write(to: place, layer: layer)
  }
}

/// A shard file that cannot be merged.
public struct MergeError: UserFacingError {
  /// What is wrong and what to do.
  public let description: String
  /// Always `badData`.
  public var exitStatus: ExitStatus { .badData }

  init(_ description: String) { self.description = description }
}
