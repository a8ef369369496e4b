import Datasets
import Foundation
import ResultStore
import Storage

// The file that a session is to replace.

extension Session {
  /// The identity of the content that the output has now; `nil` if there is none.
  func existingContent() -> String? {
    guard FilePaths.exists(options.output),
      let attributes = try? ResultFile.readAttributes(options.output),
      case .string(let text)? = attributes.first(where: { $0.name == "content_sha256" })?.values
    else { return nil }
    return text.first
  }

  /// Keeps the result file that is there beside itself if another program has added something to it,
  /// which the new one will not have.
  func keepAdditions() throws {
    guard FilePaths.exists(options.output) else { return }
    let additions = try ResultFile.readWithAdditions(options.output).additions
    guard !additions.isEmpty else { return }
    var number = 1
    while FilePaths.exists("\(options.output).old-\(number)") { number += 1 }
    let kept = "\(options.output).old-\(number)"
    try AtomicFile.commit(try FileContents.read(options.output), to: kept, layer: layer)
    let shown = additions.prefix(4).joined(separator: ", ") + (additions.count > 4 ? ", ..." : "")
    Console.tell(
      "\(experiment.name): another program has added \(shown) to \(options.output), which the new file "
        + "does not have; the old one is kept as \(kept)\n")
  }

  /// Never overwrites what is not a result of this experiment.
  func refuseForeignOutput() throws {
    let path = lockedPath
    try AtomicFile.resolvingLink(path)
    guard FilePaths.exists(path) else { return }
    let foreign = ForeignOutput(path: path, experiment: experiment.name)
    if FilePaths.isFolder(path) { throw foreign }
    if options.shard != nil {
      do {
        try RunStore.checkReplaceableBundle(path)
      } catch SealedFileError.notOurs, SealedFileError.otherKind {
        throw foreign
      }
      return
    }
    if options.mode == .search {
      let start = Array("# search of \(experiment.name):".utf8)
      guard try FileContents.readPrefix(path, count: start.count) == start else { throw foreign }
      let remarks = CommittedSearch.remarks(of: try FileContents.read(path)).joined(separator: " ")
      if data.identity?.origin == .standIn,
        [DataOrigin.official, .debian].contains(where: { remarks.contains(" \($0.rawValue) ") })
      {
        throw StandInOverReal(path: path, isAskedFor: asksForStandIn)
      }
      return
    }
    let attributes: [Attribute]
    do {
      attributes = try ResultFile.readAttributes(path)
    } catch ResultFileError.notHDF5, ResultFileError.notOurs {
      throw foreign
    }
    let name = attributes.first { $0.name == "experiment" }?.values
    guard case .string([experiment.name])? = name else { throw foreign }
    let origin = attributes.first { $0.name == "data_origin" }?.values
    if data.identity?.origin == .standIn,
      [.string(["official"]), .string(["debian"])].contains(origin)
    {
      throw StandInOverReal(path: path, isAskedFor: asksForStandIn)
    }
    // A damaged file is written again.
    guard let there = try? ResultFile.read(path) else { return }
    if there.hasOwnSettings != options.request.isCustom {
      throw OtherRuns(path: path, areOwn: there.hasOwnSettings)
    }
  }
}

extension Session {
  /// Whether generated data are what was asked for, rather than what takes the place of real ones.
  private var asksForStandIn: Bool { options.forcesStandIn || options.request.profile == .smoke }
}

/// Results of the protocol that those of settings of one's own would take the place of, or the other way round.
struct OtherRuns: UserFacingError {
  let path: String
  /// Whether the file has runs with settings of one's own.
  let areOwn: Bool

  var description: String {
    "\(path) has \(areOwn ? "runs with settings of your own" : "the declared runs"), and these are "
      + "\(areOwn ? "the declared ones" : "with settings of your own"); choose another --output"
  }

  var exitStatus: ExitStatus { .cannotCreate }
}

/// Results of real data that results of generated data would take the place of.
struct StandInOverReal: UserFacingError {
  let path: String
  let isAskedFor: Bool

  var description: String {
    isAskedFor
      ? "\(path) was made from real data, and these runs are on generated ones; choose another --output"
      : "\(path) was made from real data, which are not there now; say where they are by --data-dir or "
        + "ADAM_DATA, or choose another --output"
  }

  var exitStatus: ExitStatus { .cannotCreate }
}

/// An output path that is taken by a file of somebody else.
struct ForeignOutput: UserFacingError {
  let path: String
  let experiment: String

  var description: String {
    "\(path) exists and is not a result file of \(experiment); "
      + "move it away or choose another --output"
  }

  var exitStatus: ExitStatus { .cannotCreate }
}
