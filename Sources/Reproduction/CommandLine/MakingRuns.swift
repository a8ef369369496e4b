import Reporting
import Storage

// From the plan to finished runs.

extension ExperimentCommand {
  func work(_ session: Session) throws -> ExitStatus {
    let options = session.options
    try session.refuseForeignOutput()
    try session.layer.createFolders(FilePaths.folder(of: session.lockedPath))
    let lock = try OutputLock(output: session.lockedPath, layer: session.layer)
    defer { withExtendedLifetime(lock) {} }
    tellOfData(session)
    try session.adoptOldStore()
    if options.isFresh { try session.store.removeAll() }
    session.store.tidy()
    let session = try session.withKeptArms()
    let start = ContinuousClock.now
    if options.start != nil { try offerKeptRuns(session) }
    let summary = options.mode == .merge ? try merge(session) : try makeRuns(session)
    for line in summary.diverged where !options.isQuiet { complain("diverged: \(line)") }
    for line in summary.failed { complain("failed: \(line)") }
    if let error = summary.error { throw error }
    let (missing, areAll) = try session.missing()
    if summary.wasInterrupted {
      // The result file stays as it is: a complete one is not replaced by one with gaps.
      complain(
        "interrupted with \(areAll ? "" : "at least ")\(missing) runs to do; "
          + "the same command goes on")
      return .temporary
    }
    let isWritten: Bool
    if let shard = options.shard {
      try writeShard(session, shard, areAll: areAll)
      isWritten = true
    } else if options.mode == .search {
      isWritten = try writeSearch(session)
    } else if try session.hasNoRecord() {
      complain("no run has ended, so there is nothing to write")
      isWritten = true
    } else {
      isWritten = try writeResults(session, start: start)
    }
    if options.shard == nil, options.mode != .search { try tellResults(session) }
    if missing > 0 || !areAll {
      complain(
        missing == 0
          ? "more runs follow once the other shards are merged"
          : "\(areAll ? "" : "at least ")\(missing) runs are missing in \(session.lockedPath)")
    } else if !isWritten, summary.ended > 0 {
      say(
        "\(experiment.name): made \(NumberText.count(summary.ended, "run")), with the results that "
          + "\(options.output) has", unless: options.saysNothing)
    } else if !isWritten {
      sayNothingToDo(session)
    }
    return summary.failed.isEmpty ? .success : .failure
  }

  /// Whether the command without `--question` would find nothing to do, and nothing to tell: no run to make, to
  /// rehearse or to take from elsewhere, the result file and its figures as they are to be.
  func question(_ session: Session) throws -> ExitStatus {
    let options = session.options
    // Settings of one's own are told each time.
    guard !options.isFresh, options.start == nil, !options.request.isCustom,
      try session.missing() == (0, true), try unrehearsed(session).isEmpty
    else { return .failure }
    let results = try results(of: session)
    guard !results.isNew, results.undrawn.isEmpty else { return .failure }
    tellOfData(session)
    sayNothingToDo(session)
    return .success
  }

  /// Says how the data differ from the official files.
  private func tellOfData(_ session: Session) {
    if let note = session.data.note, !session.options.isQuiet {
      complain("the data are \(note)")
    }
  }

  private func sayNothingToDo(_ session: Session) {
    say(
      "\(experiment.name): nothing to do, \(session.options.output) is complete",
      unless: session.options.saysNothing)
  }

  /// Takes the runs of the shard files, or of the shards' folders, named as operands.
  private func merge(_ session: Session) throws -> Runner.Summary {
    let options = session.options
    var counts: [Int] = []
    var identities: [Set<String>] = []
    for path in options.operands {
      let records =
        FilePaths.isFolder(path)
        ? try session.store.records(inFolder: path, experiment: experiment.name)
        : try RunStore.records(inBundle: path, experiment: experiment.name)
      counts.append(try session.offer(records, from: path))
      identities.append(Set(records.map(\.specification.identity)))
    }
    let plan = try session.plan()
    let parts = identities.filter { !$0.isEmpty }
    if plan.isFinal, !parts.isEmpty,
      parts.allSatisfy(Set(plan.runs.map(\.identity)).isDisjoint)
    {
      throw MergeError(
        "none of the runs in \(options.operands.joined(separator: ", ")) belongs to this command; give the options by "
          + "which they were made")
    }
    var summary = Runner.Summary()
    guard try rehearseKeptRuns(session) else {
      summary.wasInterrupted = true
      return summary
    }
    _ = try session.takeOffered()
    for path in options.operands where FilePaths.isFolder(path) {
      try session.store.takeCheckpoints(fromFolder: path)
    }
    let planned = Set(try session.plannedRuns().map(\.identity))
    for (path, (count, identities)) in zip(options.operands, zip(counts, identities)) {
      say("\(experiment.name): \(count) new runs from \(path)", unless: options.saysNothing)
      if !identities.isEmpty && planned.isDisjoint(with: identities) {
        complain(
          "no run of \(path) is one of these: were profile, data and options the same?")
      }
    }
    return summary
  }

  /// Plans and runs until nothing is pending.
  private func makeRuns(_ session: Session) throws -> Runner.Summary {
    var total = Runner.Summary()
    var attempted: Set<String> = []
    let options = session.options
    while true {
      guard try rehearseKeptRuns(session) else {
        total.wasInterrupted = true
        return total
      }
      let taken = try session.takeOffered(try session.plannedRuns().map(\.identity))
      if taken > 0 {
        say(
          "\(experiment.name): goes on from \(NumberText.count(taken, "kept run"))",
          unless: options.saysNothing)
      }
      let pending = try session.pending().filter { !attempted.contains($0.identity) }
      if pending.isEmpty {
        if options.shard == nil, try session.missing() == (0, true) { session.store.removeEnds() }
        return total
      }
      attempted.formUnion(pending.map(\.identity))
      let planned = try session.plannedRuns().count
      let progress = Progress(
        prefix: experiment.name, runs: pending, done: planned - pending.count,
        workers: min(options.jobs, pending.count),
        isQuiet: options.isQuiet)
      let resources = session.resources
      let runner = Runner(
        runs: pending, store: session.store,
        options: .init(
          jobs: options.jobs, threads: options.request.threads,
          checkpointInterval: options.checkpointInterval),
        progress: progress, makeProcess: { try experiment.process(for: $0, resources) })
      let summary = runner.run()
      progress.finish()
      total.finished += summary.finished
      total.diverged += summary.diverged
      total.failed += summary.failed
      total.wasInterrupted = summary.wasInterrupted
      total.error = summary.error
      if summary.wasInterrupted || summary.error != nil { return total }
    }
  }
}
