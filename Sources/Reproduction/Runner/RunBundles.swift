import Foundation
import Storage

// Runs that travel: shard files and folders, and what is taken from them.

extension RunStore {
  private static let bundleKind = "adam-reproduction shard"

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
      bundle.append(identity, bytes: try record.sealed().encoded())
    }
    try layer.createFolders(FilePaths.folder(of: path))
    try bundle.write(to: path, layer: layer)
  }

  /// Throws unless there is nothing at `path`, or a shard file that may be replaced.
  static func checkReplaceableBundle(_ path: String) throws {
    if FilePaths.exists(path) { _ = try SealedFile(readingFrom: path, kind: bundleKind) }
  }

  /// The runs in a shard file.
  ///
  /// - Throws: `SealedFileError` for a file that is not a shard, `MergeError` for one of another
  ///   experiment.
  public static func records(inBundle path: String, experiment: String) throws -> [RunRecord] {
    let bundle = try SealedFile(readingFrom: path, kind: Self.bundleKind)
    let header = try bundle.header(as: BundleHeader.self)
    guard header.experiment == experiment else {
      throw MergeError(
        "\(path) holds runs of \(header.experiment), not of \(experiment): merge it there")
    }
    return try header.identities.map { identity in
      let file = try SealedFile(
        decoding: try bundle.bytes(identity), path: path, kind: RunRecord.fileKind)
      do {
        return try RunRecord(file)
      } catch let error as UnusableState {
        throw SealedFileError.corrupt(path: path, reason: "\(error)")
      }
    }
  }

  /// Those of the runs that this store does not have yet, each once.
  ///
  /// - Throws: `MergeError` if two of one identity differ, in the file or between it and this store.
  public func new(_ records: [RunRecord], from path: String) throws -> [RunRecord] {
    var taken: [String: RunRecord] = [:]
    var found: [RunRecord] = []
    for record in records {
      let identity = record.specification.identity
      if let kept = taken[identity] {
        guard kept.hasSameNumbers(as: record) else {
          throw MergeError(
            "\(path) holds two runs of the same identity with other numbers, "
              + "\(Self.name(record)); make the file again; nothing was taken")
        }
      } else if let kept = self.record(of: identity) {
        try Self.checkEqual(kept, record, from: path, and: folder)
      } else {
        taken[identity] = record
        found.append(record)
      }
    }
    if let unreadable { throw unreadable }
    return found
  }

  /// Throws if two records of one run differ although the same arithmetic made both.
  static func checkEqual(
    _ kept: RunRecord, _ other: RunRecord, from path: String, and place: String
  ) throws {
    if kept.hasSameNumbers(as: other) { return }
    if let first = kept.maker, let second = other.maker, !first.hasSameArithmetic(as: second) {
      return
    }
    throw MergeError(
      "\(path) and \(place) have other numbers for the same run, \(name(other)); "
        + "leave one of them out, or choose another --output; nothing was taken")
  }

  private static func name(_ record: RunRecord) -> String {
    "\(record.specification.summary) (\(record.specification.identity.prefix(12)))"
  }

  /// The finished runs in the folder of a shard. Damaged files are told and left out: their runs are
  /// made again.
  ///
  /// - Throws: `MergeError` for a folder of another experiment, `FileError` if a run is there and cannot
  ///   be read.
  public func records(inFolder path: String, experiment: String) throws -> [RunRecord] {
    let shard = RunStore(folder: path, layer: layer, notice: notice)
    let records = shard.allRecords()
    if let unreadable = shard.unreadable { throw unreadable }
    if let other = records.first(where: { $0.specification.experiment != experiment }) {
      throw MergeError(
        "\(path) holds runs of \(other.specification.experiment), not of \(experiment): merge it there"
      )
    }
    return records
  }

  /// Takes the checkpoints in the folder of a shard whose runs are not finished here.
  ///
  /// - Throws: `FileError` if one cannot be written.
  public func takeCheckpoints(fromFolder path: String) throws {
    for name in FilePaths.names(in: path) where name.hasSuffix(".checkpoint") {
      let identity = String(name.prefix { $0 != "." })
      if record(of: identity) == nil {
        try takeCheckpoint(FilePaths.join(path, name), of: identity)
      }
    }
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

/// Runs of a file that cannot be taken.
public struct MergeError: UserFacingError {
  /// What is wrong and what to do.
  public let description: String
  /// Always `badData`.
  public var exitStatus: ExitStatus { .badData }

  init(_ description: String) { self.description = description }
}
