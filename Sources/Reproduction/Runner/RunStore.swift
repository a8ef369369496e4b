import Foundation
import Numerics
import Storage
import Synchronization

/// The finished runs and the checkpoints of one experiment, each a sealed file of its own.
///
/// `<folder>/<identity>.run` holds a finished run, `<identity>.a.checkpoint` and
/// `<identity>.b.checkpoint` the last two states of one in progress, written in turn; `rehearsals`
/// tells which runs of other programs have been compared with this one.
public final class RunStore: Sendable {
  /// Where new files go.
  public let folder: String
  private let readFolders: [String]
  let layer: any FileLayer
  let notice: @Sendable (String) -> Void
  private let noticed = Mutex<Set<String>>([])
  private let firstUnreadable = Mutex<(any UserFacingError)?>(nil)

  static let checkpointKind = "adam-reproduction checkpoint"

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
  static func reason(_ error: any Error) -> String {
    let text = "\(error)"
    return text.firstRange(of: "; ").map { String(text[..<$0.lowerBound]) } ?? text
  }

  // MARK: Finished runs

  /// The record of a finished run; `nil` if there is none that can be trusted.
  ///
  /// A file that is there and cannot be read (another user's, a failing disk) is no reason to make
  /// the run again and replace the file: `unreadable` tells it.
  public func record(of identity: String) -> RunRecord? {
    for folder in readFolders {
      let path = FilePaths.join(folder, identity + ".run")
      do {
        let record = try RunRecord(SealedFile(readingFrom: path, kind: RunRecord.fileKind))
        guard record.specification.identity == identity else {
          throw UnusableState("\(path) holds another run")
        }
        return record
      } catch let error as FileError {
        if !error.isAbsence { firstUnreadable.withLock { $0 = $0 ?? error } }
      } catch SealedFileError.newerVersion(let path, let version) {
        firstUnreadable.withLock {
          $0 = $0 ?? SealedFileError.newerVersion(path: path, version: version)
        }
      } catch {
        if noticed.withLock({ $0.insert(path).inserted }) {
          notice("\(Self.reason(error)); that run is made again")
        }
      }
    }
    return nil
  }

  /// Why a finished run that is there could not be read; `nil` if all could that were asked for.
  public var unreadable: (any UserFacingError)? { firstUnreadable.withLock { $0 } }

  /// Keeps a finished run, for good once this returns.
  ///
  /// - Throws: `FileError` if it cannot be written.
  public func commit(_ record: RunRecord) throws {
    try layer.createFolders(folder)
    let identity = record.specification.identity
    try record.sealed().write(to: FilePaths.join(folder, identity + ".run"), layer: layer)
    removeCheckpoints(of: identity)
  }

  /// All finished runs of this store that can be trusted, in the order of their identities.
  public func allRecords() -> [RunRecord] {
    FilePaths.names(in: folder).filter { $0.hasSuffix(".run") }
      .compactMap { record(of: String($0.dropLast(4))) }
  }

  /// How many finished runs are kept here for each data set (`RunSpecification.data`); those that cannot
  /// be read are left out.
  func countsByData() -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in FilePaths.names(in: folder) where name.hasSuffix(".run") {
      let path = FilePaths.join(folder, name)
      if let file = try? SealedFile(readingFrom: path, kind: RunRecord.fileKind),
        let header = try? file.header(as: RunRecord.Header.self)
      {
        counts[header.specification.data, default: 0] += 1
      }
    }
    return counts
  }

  // MARK: Checkpoints

  struct CheckpointHeader: Codable {
    var identity: String
    var number: Int
    var program: String
    var counters: [String: Int]
    var maker: RunMaker?
    var fingerprint: Fingerprint?
  }

  static let slots = ["a", "b"]

  func checkpointPath(_ identity: String, _ slot: String) -> String {
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
    let path = checkpointPath(identity, Self.slots[number % 2])
    try save(state, of: identity, number: number, to: path)
  }

  private func save(_ state: ProcessState, of identity: String, number: Int, to path: String) throws
  {
    try layer.createFolders(folder)
    var file = try SealedFile(
      kind: Self.checkpointKind,
      header: CheckpointHeader(
        identity: identity, number: number, program: Program.checkpointIdentity,
        counters: state.counters, maker: .current, fingerprint: state.fingerprint))
    for (name, values) in state.numbers.sorted(by: { $0.key < $1.key }) {
      file.append("numbers." + name, values)
    }
    for (name, values) in state.vectors.sorted(by: { $0.key < $1.key }) {
      file.append("vectors." + name, values)
    }
    try file.write(to: path, layer: layer)
  }

  /// A checkpoint that was found, or the reason why one could not be used.
  public struct Checkpoints: Sendable {
    /// The usable ones, newest first, with their numbers.
    public var usable: [(number: Int, state: ProcessState)] = []
    /// What made the newest usable one.
    public var maker: RunMaker?
    /// One line for each that is there and cannot be used.
    public var notices: [String] = []
  }

  /// The checkpoints of a run, each verified.
  ///
  /// - Throws: `FileError` if one is there and cannot be read.
  public func checkpoints(of identity: String) throws -> Checkpoints {
    var found = Checkpoints()
    for path in checkpointPaths(identity) {
      do {
        let (header, state) = try readState(path, of: identity)
        if found.usable.allSatisfy({ $0.number < header.number }) { found.maker = header.maker }
        found.usable.append((header.number, state))
      } catch let error as FileError {
        guard error.isAbsence else { throw error }
      } catch {
        found.notices.append(Self.reason(error))
      }
    }
    found.usable.sort { $0.number > $1.number }
    return found
  }

  /// The state in a file, of a run that this program has begun.
  private func readState(_ path: String, of identity: String) throws
    -> (header: CheckpointHeader, state: ProcessState)
  {
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
    state.fingerprint = header.fingerprint
    for name in file.sectionNames {
      if name.hasPrefix("numbers.") {
        state.numbers[String(name.dropFirst(8))] = try file.doubles(name)
      } else if name.hasPrefix("vectors.") {
        state.vectors[String(name.dropFirst(8))] = try file.floatVector(name)
      }
    }
    return (header, state)
  }

  // MARK: Ends of runs

  private static let endSuffix = ".end"

  /// Keeps the last state of a run, which a longer one goes on from.
  ///
  /// - Throws: `FileError` if it cannot be written.
  package func saveEnd(_ state: ProcessState, of identity: String) throws {
    try save(state, of: identity, number: 0, to: FilePaths.join(folder, identity + Self.endSuffix))
  }

  /// The last state of a run; `nil` if it is not kept, or of no use to this program: what would have
  /// gone on from it starts again.
  ///
  /// - Throws: `FileError` if it is there and cannot be read.
  package func end(of identity: String) throws -> ProcessState? {
    for folder in readFolders {
      do {
        return try readState(FilePaths.join(folder, identity + Self.endSuffix), of: identity).state
      } catch let error as FileError {
        guard error.isAbsence else { throw error }
      } catch {
        notice("\(Self.reason(error)); what goes on from it starts again")
      }
    }
    return nil
  }

  /// Removes the last state of a run.
  func removeEnd(of identity: String) {
    let path = FilePaths.join(folder, identity + Self.endSuffix)
    // What cannot be removed does no harm but to the disk.
    if FilePaths.exists(path) { try? layer.remove(path) }
  }

  /// Removes the last states of all runs: nothing will go on from them.
  func removeEnds() {
    for name in FilePaths.names(in: folder) where name.hasSuffix(Self.endSuffix) {
      try? layer.remove(FilePaths.join(folder, name))
    }
  }

  /// Removes the checkpoints of a run.
  public func removeCheckpoints(of identity: String) {
    for slot in Self.slots {
      let path = checkpointPath(identity, slot)
      // What cannot be removed does no harm: the finished run is found first.
      if FilePaths.exists(path) { try? layer.remove(path) }
    }
  }

  /// The run in progress that the newest checkpoint of an identity holds, as a candidate for a
  /// rehearsal; `nil` if there is no usable one.
  ///
  /// - Throws: `FileError` if one is there and cannot be read.
  func begun(_ run: RunSpecification, identity: String) throws -> Rehearsal.Candidate? {
    guard hasCheckpoint(of: identity) else { return nil }
    let found = try checkpoints(of: identity)
    return found.usable.first.map {
      Rehearsal.Candidate(
        run: run, maker: found.maker, fingerprint: $0.state.fingerprint, record: nil)
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
    return (try? checkpoints(of: identity))?.usable.first?.state.counters
      .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }

  /// Removes all finished runs and checkpoints that this store has written.
  ///
  /// - Throws: `FileError` if one cannot be removed.
  public func removeAll() throws {
    for name in FilePaths.names(in: folder)
    where name.hasSuffix(".run") || name.hasSuffix(".checkpoint") || name.hasSuffix(Self.endSuffix)
      || name == Self.rehearsalsName || name == CustomArms.fileName
    {
      try layer.remove(FilePaths.join(folder, name))
    }
  }

  /// Removes the store with all that it has written.
  ///
  /// - Throws: `FileError` if something cannot be removed, e.g. because it is somebody else's.
  func removeFolder() throws {
    try removeAll()
    guard FilePaths.exists(folder) else { return }
    guard rmdir(folder) == 0 else { throw FileError(.remove, folder, code: errno) }
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

  // MARK: Rehearsals

  private static let rehearsalsName = "rehearsals"
  private static let rehearsalsKind = "adam-reproduction rehearsals"

  private struct RehearsedKind: Codable {
    var key: Rehearsal.Key
    var check: Rehearsal.Check
  }

  /// The kinds of runs that have been rehearsed, and what came of it.
  package func rehearsals() -> [Rehearsal.Key: Rehearsal.Check] {
    let path = FilePaths.join(folder, Self.rehearsalsName)
    // What cannot be read is rehearsed again.
    guard let file = try? SealedFile(readingFrom: path, kind: Self.rehearsalsKind),
      let found = try? file.header(as: [RehearsedKind].self)
    else { return [:] }
    return Dictionary(found.map { ($0.key, $0.check) }) { max($0, $1) }
  }

  /// Adds to the kinds that have been rehearsed.
  ///
  /// - Throws: `FileError` if it cannot be written.
  package func remember(_ rehearsed: [Rehearsal.Key: Rehearsal.Check]) throws {
    let all = rehearsals().merging(rehearsed) { $1 }
      .map { RehearsedKind(key: $0.key, check: $0.value) }
      .sorted {
        ($0.key.program, $0.key.maker, $0.key.kind) < ($1.key.program, $1.key.maker, $1.key.kind)
      }
    try layer.createFolders(folder)
    try SealedFile(kind: Self.rehearsalsKind, header: all)
      .write(to: FilePaths.join(folder, Self.rehearsalsName), layer: layer)
  }
}
