import Datasets
import Foundation
import Reporting
import ResultStore
import Storage
import Synchronization

/// One use of an experiment's command: its options, its data, and what is known of its runs.
final class Session: Sendable {
  let experiment: any Experiment
  let options: CommandOptions
  let data: DataChoice
  let layer: any FileLayer
  let store: RunStore
  private let known = Mutex<[String: RunRecord]>([:])
  private let offered = Mutex<[String: OfferedRun]>([:])
  private let checks = Mutex<[Rehearsal.Key: Rehearsal.Check]>([:])
  /// The whole plan, once every run of it is known: nothing that comes later changes it.
  private let completePlan = Mutex<Plan?>(nil)

  /// A run from a file, to be taken into the store once it has passed the rehearsal.
  struct OfferedRun {
    var record: RunRecord
    var path: String
  }

  init(experiment: any Experiment, options: CommandOptions, data: DataChoice) throws {
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

  /// The session with the arms that its result file has so far; whoever writes the file holds its lock.
  ///
  /// - Throws: `UsageError` if the label is taken, or the file is about other data.
  func withKeptArms() throws -> Session {
    guard options.request.isCustom, options.shard == nil,
      let arm = experiment.options.customArm?(options.request)
    else {
      return self
    }
    var options = options
    let old = options.isFresh ? nil : try CustomArms.read(armsPath)
    var arms = old ?? CustomArms(data: options.request.data, arms: [])
    if arms.data != options.request.data {
      // Nobody misses what was made from generated data.
      guard arms.data.contains(" \(DataOrigin.standIn.rawValue) ") else {
        throw UsageError(
          "\(options.output) keeps runs on other data; choose another --output for these")
      }
      if options.mode == .run, !options.isQuiet, !arms.arms.isEmpty {
        let names = arms.arms.map(\.label).joined(separator: ", ")
        Console.tell(
          "\(experiment.name): what \(options.output) has from generated data makes room for real data: "
            + "\(names)\n")
      }
      arms = CustomArms(data: options.request.data, arms: [])
    }
    try arms.add(arm, output: options.output)
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

  /// The record of a run, read once.
  var lookup: RecordLookup {
    { run in
      let identity = run.identity
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
    if let complete = completePlan.withLock({ $0 }) { return complete }
    var plan = try experiment.session(options.request, lookup).plan()
    plan.runs = selected(plan.runs)
    let areKnown = plan.runs.map { lookup($0) != nil }
    if let unreadable = store.unreadable { throw unreadable }
    if plan.isFinal, areKnown.allSatisfy({ $0 }) { completePlan.withLock { $0 = plan } }
    return plan
  }

  func selected(_ runs: [RunSpecification]) -> [RunSpecification] {
    var seen: Set<String> = []
    return runs.filter { run in
      if let contenders = options.request.contenders, let name = run.label("optimizer"),
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

  func check(of record: RunRecord) -> Rehearsal.Check {
    if let maker = record.maker, maker.isSameProgram(as: .current) { return .sameProgram }
    return rehearsed[Rehearsal.Candidate(record).key] ?? .unlike
  }
}
