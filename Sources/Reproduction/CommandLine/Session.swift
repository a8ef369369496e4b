import Datasets
import Foundation
import Reporting
import ResultStore
import Storage
import Synchronization

/// One use of an experiment's command: its options, its data, and what is known of its runs.
final class Session: Sendable {
  let experiment: Experiment
  let options: CommandOptions
  let data: DataChoice
  let layer: any FileLayer
  let store: RunStore
  private let known = Mutex<[String: RunRecord]>([:])
  private let offered = Mutex<[String: OfferedRun]>([:])
  private let checks = Mutex<[Rehearsal.Key: Rehearsal.Check]>([:])

  /// A run from a file, to be taken into the store once it has passed the rehearsal.
  struct OfferedRun {
    var record: RunRecord
    var path: String
  }

  init(experiment: Experiment, options: CommandOptions, data: DataChoice) throws {
    self.experiment = experiment
    self.options = options
    self.data = data
    layer = try Session.fileLayer()
    let main = Session.storeFolder(of: options.output)
    let old = Session.oldStoreFolder(of: options.output)
    let notice: @Sendable (String) -> Void = { Console.tell("\(experiment.name): \($0)\n") }
    if let shard = options.shard {
      // Runs of the search are there once the shards have been merged.
      store = RunStore(
        folder: "\(main).shard-\(shard.index)-of-\(shard.count)",
        alsoReading: options.isFresh ? [] : [main] + (old.map { [$0] } ?? []), layer: layer,
        notice: notice)
    } else {
      store = RunStore(
        folder: main, alsoReading: options.isFresh ? [] : old.map { [$0] } ?? [], layer: layer,
        notice: notice)
    }
  }

  /// The folder of an output's runs, which has the whole name of its file.
  private static func storeFolder(of output: String) -> String {
    let runs = FilePaths.join(FilePaths.folder(of: output), "runs")
    return FilePaths.join(runs, FilePaths.name(of: output))
  }

  /// The folder that earlier versions kept the runs of `x.h5` in, `runs/x`, if it is there and
  /// nothing else can have made it.
  private static func oldStoreFolder(of output: String) -> String? {
    let name = FilePaths.name(of: output)
    guard name.hasSuffix(".h5"), name.count > 3 else { return nil }
    let withoutEnding = FilePaths.join(FilePaths.folder(of: output), String(name.dropLast(3)))
    let old = storeFolder(of: withoutEnding)
    guard FilePaths.isFolder(old), !FilePaths.exists(withoutEnding),
      !FilePaths.exists(storeFolder(of: output))
    else { return nil }
    return old
  }

  /// Gives the runs that earlier versions kept under a shortened name the whole one; also those of
  /// the output `x.h5` before the output `x` could take them for its own.
  func adoptOldStore() throws {
    let output = options.output
    guard options.shard == nil else { return }
    for owner in [output, output + ".h5"] {
      guard let old = Session.oldStoreFolder(of: owner), owner == output || FilePaths.exists(owner)
      else { continue }
      try layer.rename(old, to: Session.storeFolder(of: owner))
      try layer.synchronizeFolder(FilePaths.folder(of: old))
    }
  }

  /// The file that this session writes: the output or the shard file.
  var lockedPath: String {
    guard let shard = options.shard else { return options.output }
    return FilePaths.join(
      FilePaths.folder(of: options.output),
      "\(Session.stem(options.output)).shard-\(shard.index)-of-\(shard.count).runs")
  }

  /// Where figures go: `figures` beside the output; a folder of its own there if the output has not
  /// the experiment's name, so that two outputs do not overwrite each other's figures.
  var figureFolder: String {
    let folder = FilePaths.join(FilePaths.folder(of: options.output), "figures")
    let name = FilePaths.name(of: options.output)
    return name == experiment.name + ".h5" ? folder : FilePaths.join(folder, name)
  }

  /// The name without `.h5`, or with `=` where it has no such ending: `x` and `x.h5` are two outputs.
  private static func stem(_ path: String) -> String {
    let name = FilePaths.name(of: path)
    return name.hasSuffix(".h5") && name.count > 3 ? String(name.dropLast(3)) : name + "="
  }

  /// The operating system, or, for tests of crash safety, a layer that fails where
  /// `ADAM_REPRODUCTION_FAULT` says: `kill:17`, `short:17`, `once:17:28` (call, errno), or
  /// `fail:17:28`, in which all later calls fail too.
  private static func fileLayer() throws -> any FileLayer {
    guard let text = ProcessInfo.processInfo.environment["ADAM_REPRODUCTION_FAULT"] else {
      return .system
    }
    let parts = text.split(separator: ":").map(String.init)
    let call = parts.count > 1 ? Int(parts[1]) : nil
    let code = parts.count > 2 ? Int32(parts[2]) ?? EIO : EIO
    switch (parts.first, call) {
    case ("kill", let call?): return FaultInjectingFileLayer(.kill, atCall: call)
    case ("short", let call?): return FaultInjectingFileLayer(.writeShort, atCall: call)
    case ("once", let call?): return FaultInjectingFileLayer(.fail(code: code), atCall: call)
    case ("fail", let call?):
      return FaultInjectingFileLayer(.failFromHere(code: code), atCall: call)
    default:
      throw UsageError(
        "ADAM_REPRODUCTION_FAULT is \"\(text)\", not kill:N, short:N, once:N:ERRNO or fail:N:ERRNO")
    }
  }

  var resources: RunResources {
    let name = experiment.name
    let isQuiet = options.isQuiet
    return RunResources(
      data: data, cacheFolder: FilePaths.join(FilePaths.folder(of: options.output), "cache"),
      profile: options.request.profile, request: options.request,
      tell: { text in
        if !isQuiet { Console.tell("\(name): \(text)\n") }
      })
  }

  /// The file that keeps which arms the command line has made.
  private var armsPath: String { FilePaths.join(store.folder, CustomArms.fileName) }

  /// The session with the arms that its result file has so far; the lock must be held.
  ///
  /// - Throws: `UsageError` if the label is taken, or the file is about other data.
  func withKeptArms() throws -> Session {
    guard options.request.isCustom, options.shard == nil, let arm = experiment.customArm else {
      return self
    }
    var options = options
    var arms = try CustomArms.read(armsPath) ?? CustomArms(data: options.request.data, arms: [])
    if arms.data != options.request.data {
      // Nobody misses what was made from generated data.
      guard arms.data.contains(" \(DataOrigin.standIn.rawValue) ") else {
        throw UsageError(
          "\(options.output) keeps runs on other data; choose another --output for these")
      }
      arms = CustomArms(data: options.request.data, arms: [])
    }
    try arms.add(arm(options.request), output: options.output)
    options.request.kept = arms.arms
    return try Session(experiment: experiment, options: options, data: data)
  }

  /// Keeps which arms the result file has.
  func rememberArms() throws {
    guard !options.request.kept.isEmpty else { return }
    try CustomArms(data: options.request.data, arms: options.request.kept)
      .write(to: armsPath, layer: layer)
  }

  // MARK: Runs

  /// A run as this session makes it.
  private func threaded(_ run: RunSpecification) -> RunSpecification {
    guard options.threads > 1 else { return run }
    var run = run
    run.threads = options.threads
    return run
  }

  /// The record of a run, read once.
  var lookup: RecordLookup {
    { run in
      let identity = self.threaded(run).identity
      if let record = self.known.withLock({ $0[identity] }) { return record }
      guard
        let record = self.store.record(of: identity)
          ?? self.offered.withLock({ $0[identity]?.record })
      else { return nil }
      self.known.withLock { $0[identity] = record }
      return record
    }
  }

  /// Every run of the plan so far that the options select, each once.
  ///
  /// - Throws: `FileError` if a finished run is there and cannot be read.
  func plannedRuns() throws -> [RunSpecification] {
    try plan().runs
  }

  /// The plan so far, with every run that the options select once.
  ///
  /// - Throws: `FileError` if a finished run is there and cannot be read.
  func plan() throws -> Plan {
    var plan = try experiment.plan(options.request, lookup)
    plan.runs = selected(plan.runs)
    for run in plan.runs { _ = lookup(run) }
    if let unreadable = store.unreadable { throw unreadable }
    return plan
  }

  func selected(_ runs: [RunSpecification]) -> [RunSpecification] {
    var seen: Set<String> = []
    return runs.map(threaded).filter { run in
      if let contenders = options.contenders, let name = run.label("optimizer"),
        !contenders.contains(name)
      {
        return false
      }
      let identity = run.identity
      if let shard = options.shard, !shard.contains(identity) { return false }
      return seen.insert(identity).inserted
    }
  }

  /// The runs still to make.
  func pending() throws -> [RunSpecification] {
    try plannedRuns().filter { lookup($0) == nil }
  }

  /// How many runs are still to be made, and whether these are all.
  func missing() throws -> (count: Int, areAll: Bool) {
    let plan = try plan()
    return (plan.runs.filter { lookup($0) == nil }.count, plan.isFinal)
  }

  /// Whether no run at all is known.
  func hasNoRecord() throws -> Bool {
    !(try plannedRuns().contains { lookup($0) != nil })
  }

  /// Expected seconds of a run, from the runs that have been made.
  func secondsPerEpoch(_ runs: [RunSpecification]) -> (RunSpecification) -> Double {
    var sums: [String: (seconds: Double, epochs: Double)] = [:]
    for run in runs {
      guard let record = lookup(run), let seconds = record.elapsedSeconds.last else { continue }
      for key in [run.method, ""] {
        let old = sums[key] ?? (0, 0)
        sums[key] = (old.seconds + seconds, old.epochs + Double(record.elapsedSeconds.count - 1))
      }
    }
    return { run in
      guard let sum = sums[run.method] ?? sums[""], sum.epochs > 0 else { return .nan }
      return sum.seconds / sum.epochs * Double(run.epochs)
    }
  }

  // MARK: Runs that others have made

  /// Makes the runs of a file that are new known to the plan, until `takeOffered` keeps them; returns how
  /// many they are.
  ///
  /// - Throws: `MergeError` if two of one identity differ, in the file or between it and those known.
  func offer(_ records: [RunRecord], from path: String) throws -> Int {
    let others = offered.withLock { $0 }
    let new = try store.new(records, from: path).filter { record in
      guard let other = others[record.specification.identity] else { return true }
      try RunStore.checkEqual(other.record, record, from: path, and: other.path)
      return false
    }
    offered.withLock { offered in
      for record in new {
        offered[record.specification.identity] = OfferedRun(record: record, path: path)
      }
    }
    return new.count
  }

  /// The file that a run is from; `nil` for those of the store.
  func source(of identity: String) -> String? { offered.withLock { $0[identity]?.path } }

  /// Keeps runs that were offered: those among `identities`, or all.
  ///
  /// - Throws: `FileError` if one cannot be written.
  func takeOffered(_ identities: [String]? = nil) throws -> Int {
    let all = offered.withLock { $0 }
    let wanted = (identities ?? Array(all.keys)).sorted().compactMap { all[$0] }
    for run in wanted {
      try store.commit(run.record)
      offered.withLock { $0[run.record.specification.identity] = nil }
    }
    return wanted.count
  }

  /// What is known of the kinds of runs that another program has made.
  var rehearsed: [Rehearsal.Key: Rehearsal.Check] {
    checks.withLock { checks in
      if checks.isEmpty { checks = store.rehearsals() }
      return checks
    }
  }

  /// Adds to what is known; what passed is remembered for the next time.
  func remember(_ found: [Rehearsal.Key: Rehearsal.Check]) throws {
    let known = rehearsed
    checks.withLock { $0 = known.merging(found) { $1 } }
    let passed = found.filter { $0.value < .unlike }
    if !passed.isEmpty { try store.remember(passed) }
  }

  private func check(of record: RunRecord) -> Rehearsal.Check {
    if let maker = record.maker, maker.isSameProgram(as: .current) { return .sameProgram }
    return rehearsed[Rehearsal.Candidate(record).key] ?? .unlike
  }

  // MARK: The result file

  func document() throws -> Document { try document(of: lookup) }

  /// The identity of a run as this session makes it.
  func identity(of run: RunSpecification) -> String { threaded(run).identity }

  /// The result file that records make, without verdicts and figures.
  func document(of records: @escaping RecordLookup) throws -> Document {
    let used = Mutex<[RunRecord]>([])
    let seen = Mutex<Set<String>>([])
    var root = try experiment.document(options.request) { run in
      guard let record = records(run) else { return nil }
      if seen.withLock({ $0.insert(record.specification.identity).inserted }) {
        used.withLock { $0.append(record) }
      }
      return record
    }
    let makers = MakerTable(used.withLock { $0 }, check: check)
    let origin = data.identity?.origin.rawValue ?? "none"
    root.attributes =
      [
        Attribute("Conventions", "CF-1.8 ACDD-1.3"),
        Attribute("schema", "adam-reproduction/1"),
        Attribute("title", experiment.title),
        Attribute("experiment", experiment.name),
        Attribute("place", experiment.place),
        Attribute("profile", options.request.profile.rawValue),
        Attribute(
          "source", "training runs of \(experiment.name), a reproduction of Kingma & Ba 2015"),
        Attribute("history", "written by \(experiment.name) \(Program.version)"),
        Attribute(
          "references",
          "D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, "
            + "arXiv:1412.6980v9"),
      ] + makers.attributes + [
        Attribute("program_version", Program.version),
        Attribute(
          "numerics_version", try plannedRuns().compactMap(\.numericsVersion).max() ?? 1),
        Attribute("hdf5_version", HDF5File.libraryVersion),
        Attribute("threads_per_run", options.threads),
        Attribute("data_name", data.identity?.name.rawValue ?? "none"),
        Attribute("data_origin", origin),
        Attribute("data_sha256", data.identity?.sha256 ?? "none"),
      ]
    if !experiment.notes.isEmpty {
      root.attributes.append(Attribute("comment", experiment.notes.joined(separator: " ")))
    }
    if let other = options.request.otherData {
      let name = experiment.dataset?.title ?? "the experiment's data"
      root.attributes.append(Attribute("other_data", "\(other) in place of \(name)"))
    }
    if let note = data.note { root.attributes.append(Attribute("data_note", note)) }
    let shortened = experiment.shortened(options.request)
    if !shortened.isEmpty { root.attributes.append(Attribute("shortened", shortened)) }
    if origin == "stand-in" {
      root.attributes.append(
        Attribute("warning", "made from generated stand-in data; no claim is judged"))
    }
    var volatile = root.group("volatile") ?? Group()
    volatile.groups.append(Subgroup("makers", makers.group))
    root.set(Subgroup("volatile", volatile))
    return Document(root: root)
  }

  /// Adds verdicts that times decide to `/volatile`.
  func addTimed(_ outcomes: [ClaimOutcome], to document: inout Document) {
    let claims = Subgroup("claims", outcomes.encoded(of: document))
    if let index = document.root.groups.firstIndex(where: { $0.name == "volatile" }) {
      document.root.groups[index].group.groups.append(claims)
    } else {
      var group = Group()
      group.groups = [claims]
      document.root.groups.append(Subgroup("volatile", group))
    }
  }

  /// Adds to `/volatile` what differs from one time to the next.
  func addVolatile(to document: inout Document, seconds: Double) {
    let attributes = [
      Attribute("argv", CommandLine.arguments.joined(separator: " ")),
      Attribute("jobs", options.jobs),
      Attribute("host", ProcessInfo.processInfo.hostName),
      Attribute("written_at", ISO8601DateFormatter().string(from: Date())),
      Attribute("seconds_of_this_invocation", seconds),
    ]
    var volatile = document.root.group("volatile") ?? Group()
    volatile.attributes += attributes
    document.root.set(Subgroup("volatile", volatile))
  }

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
        throw StandInOverReal(path: path)
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
      throw StandInOverReal(path: path)
    }
  }
}

/// Results of real data that results of generated data would take the place of.
struct StandInOverReal: UserFacingError {
  let path: String

  var description: String {
    "\(path) was made from real data, which are not there now; say where they are by --data-dir or "
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
