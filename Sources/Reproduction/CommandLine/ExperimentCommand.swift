import COneDNN
import Datasets
import Foundation
import Numerics
import Reporting
import ResultStore
import Storage
import Synchronization

/// The command line of one experiment: from the arguments to the result file, figures and verdicts.
public struct ExperimentCommand: Sendable {
  let experiment: Experiment

  /// The command of an experiment.
  public init(_ experiment: Experiment) { self.experiment = experiment }

  /// Runs the command and ends the process with its status.
  public func main() -> Never {
    do {
      exit(try run(CommandLine.arguments).rawValue)
    } catch let error as any UserFacingError {
      complain(error.description)
      exit(error.exitStatus.rawValue)
    } catch {
      complain("unexpected error: \(error)")
      exit(ExitStatus.software.rawValue)
    }
  }

  func complain(_ text: String) {
    Console.tell("\(experiment.name): \(text)\n")
  }

  func say(_ text: String, unless isQuiet: Bool) {
    if !isQuiet { Console.show(text + "\n") }
  }

  /// Runs the command, the program's name first in `arguments`, and returns its status.
  package func run(_ arguments: [String]) throws -> ExitStatus {
    var options = try CommandOptions(arguments, for: experiment)
    switch options.mode {
    case .help:
      let usage = "usage: \(experiment.name) [options]\n\n\(experiment.title) (\(experiment.place))"
      print(CommandOptions.parser(for: experiment).help(usage: usage), terminator: "")
      return .success
    case .version:
      print("\(experiment.name) \(Program.version)")
      return .success
    case .claims:
      print(ClaimList(experiment.claims, of: experiment.name).text, terminator: "")
      return .success
    default:
      break
    }
    try experiment.check(options.request)
    Interruption.handleSignals()
    let data = try chooseData(options)
    options.request.data = data.identityText
    let session = try Session(experiment: experiment, options: options, data: data)
    switch options.mode {
    case .list, .dryRun: return try list(session)
    case .status: return try status(session)
    case .action: return try act(session)
    case .export: return try export(session)
    case .auditable: return try listAuditable(session)
    case .audit: return try audit(session)
    default: return try work(session)
    }
  }

  /// The data that the profile and the options ask for; says loudly if they are generated.
  private func chooseData(_ options: CommandOptions) throws -> DataChoice {
    guard let name = experiment.dataset else { return .none }
    let profile = options.request.profile
    let standIn = DataChoice.standIn(name, experiment.standInSizes[profile])
    if options.forcesStandIn && profile == .paper {
      throw UsageError("profile paper takes real data only; leave out --stand-in")
    }
    if profile == .smoke || options.forcesStandIn { return standIn }
    do {
      return .located(
        try Datasets.locate(name, in: options.location, allowUnknown: options.allowsUnknownData))
    } catch let error as DatasetError
      where profile == .quick && !options.request.isSearch && error.isMissingData
    {
      complain("NO REAL DATA: \(error)")
      complain(
        "generated stand-in data are used instead; the figures say so, and no claim is judged")
      return standIn
    }
  }

  // MARK: Making the runs

  private func work(_ session: Session) throws -> ExitStatus {
    let options = session.options
    try session.refuseForeignOutput()
    try session.layer.createFolders(FilePaths.folder(of: session.lockedPath))
    let lock = try OutputLock(output: session.lockedPath, layer: session.layer)
    defer { withExtendedLifetime(lock) {} }
    try session.adoptOldStore()
    if options.isFresh { try session.store.removeAll() }
    session.store.tidy()
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
    if missing > 0 || !areAll {
      complain(
        missing == 0
          ? "more runs follow once the other shards are merged"
          : "\(areAll ? "" : "at least ")\(missing) runs are missing in \(session.lockedPath)")
    } else if !isWritten {
      say(
        "\(experiment.name): nothing to do, \(options.output) is complete", unless: options.isQuiet)
    }
    return summary.failed.isEmpty ? .success : .failure
  }

  /// Takes the runs of the shard files named as operands.
  private func merge(_ session: Session) throws -> Runner.Summary {
    let options = session.options
    var counts: [Int] = []
    var identities: [Set<String>] = []
    for path in options.operands {
      let records = try RunStore.records(inBundle: path, experiment: experiment.name)
      counts.append(try session.offer(records, from: path))
      identities.append(Set(records.map(\.specification.identity)))
    }
    var summary = Runner.Summary()
    guard try rehearseKeptRuns(session) else {
      summary.wasInterrupted = true
      return summary
    }
    _ = try session.takeOffered()
    let planned = Set(try session.plannedRuns().map(\.identity))
    for (path, (count, identities)) in zip(options.operands, zip(counts, identities)) {
      say("\(experiment.name): \(count) new runs from \(path)", unless: options.isQuiet)
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
          "\(experiment.name): goes on from \(countText(taken, "kept run"))",
          unless: options.isQuiet)
      }
      let pending = try session.pending().filter { !attempted.contains($0.identity) }
      if pending.isEmpty { return total }
      attempted.formUnion(pending.map(\.identity))
      let progress = Progress(
        prefix: experiment.name, total: pending.count, workers: min(options.jobs, pending.count),
        isQuiet: options.isQuiet)
      let resources = session.resources
      let makeProcess = experiment.makeProcess
      let runner = Runner(
        runs: pending, store: session.store,
        options: .init(
          jobs: options.jobs, threads: options.threads,
          checkpointInterval: options.checkpointInterval),
        progress: progress, makeProcess: { try makeProcess($0, resources) })
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

  // MARK: Writing

  private func writeShard(
    _ session: Session, _ shard: CommandOptions.Shard, areAll: Bool
  ) throws {
    try session.store.writeBundle(
      of: try session.plannedRuns().map(\.identity), experiment: experiment.name,
      to: session.lockedPath)
    let merge =
      "\(experiment.name) --profile \(session.options.request.profile.rawValue) --merge FILES"
    say(
      "\(experiment.name): wrote \(session.lockedPath); combine the shards with \(merge)"
        + (areAll ? "" : ", then run them again: the runs with what the search chose follow"),
      unless: session.options.isQuiet)
  }

  private func writeSearch(_ session: Session) throws -> Bool {
    guard let table = try experiment.searchTable(session.options.request, session.lookup) else {
      return false
    }
    let bytes = Array(table.text.utf8)
    if let old = try? FileContents.read(session.options.output), old == bytes { return false }
    try AtomicFile.commit(bytes, to: session.options.output, layer: session.layer)
    say("\(experiment.name): wrote \(session.options.output)", unless: session.options.isQuiet)
    return true
  }

  /// Writes the result file unless the same content is there already; returns whether it did.
  private func writeResults(_ session: Session, start: ContinuousClock.Instant) throws -> Bool {
    let options = session.options
    var document = try session.document()
    let outcomes = experiment.claims.judge(
      document, paper: experiment.paper,
      siblings: try siblings(in: FilePaths.folder(of: options.output)))
    if !outcomes.isEmpty {
      document.root.groups.append(Subgroup("claims", outcomes.encoded()))
    }
    let requested = try experiment.requestedFigures?(options.request) ?? experiment.figures
    let figures = requested.map { options.request.isCustom ? $0.ofCustomArm : $0 }
    if !figures.isEmpty {
      document.root.groups.append(
        Subgroup("figures", try figures.encoded(paper: experiment.paper)))
    }
    let content = try document.contentIdentity()
    let isNew = session.existingContent() != content
    let undrawn =
      isNew
      ? figures
      : figures.filter { figure in
        figurePaths(figure, session).contains { !FilePaths.exists($0) }
      }
    guard isNew || !undrawn.isEmpty else { return false }
    document.root.attributes += [
      Attribute("content_sha256", content), Attribute("numbers_sha256", document.numbersDigest),
    ]
    if isNew, let mixture = document.root.text("mixed") {
      complain("the runs do not come from the same arithmetic: \(mixture)")
    }
    session.addVolatile(to: &document, seconds: (ContinuousClock.now - start).seconds)
    // The result file comes last: if the power fails before, the figures are drawn again as well.
    let areDrawn = try draw(undrawn, of: document, session: session)
    guard isNew else { return areDrawn }
    if !areDrawn {
      // Figures of the old content would pass for those of the new one.
      for path in figures.flatMap({ figurePaths($0, session) }) where FilePaths.exists(path) {
        try session.layer.remove(path)
      }
    }
    try session.keepAdditions()
    try ResultFile.write(document, to: options.output, layer: session.layer)
    say("\(experiment.name): wrote \(options.output)", unless: options.isQuiet)
    if !outcomes.isEmpty { say(ClaimTable.text(outcomes), unless: options.isQuiet) }
    return true
  }

  /// The results of the other experiments that claims compare with; those that are not there or are
  /// damaged are left out.
  ///
  /// - Throws: `FileError` if one is there and cannot be read.
  func siblings(in folder: String) throws -> [String: Document] {
    var found: [String: Document] = [:]
    for name in experiment.siblings {
      let path = FilePaths.join(folder, name + ".h5")
      do {
        found[name] = try ResultFile.read(path)
      } catch let error as FileError where !error.isAbsence {
        throw error
      } catch let error as ResultFileError {
        complain("\(error); no claim compares with it")
      } catch {}
    }
    return found
  }

  private func figurePaths(_ figure: Figure, _ session: Session) -> [String] {
    ["svg", "png"].map { FilePaths.join(session.figureFolder, "\(figure.id).\($0)") }
  }

  /// Draws figures; returns whether it could.
  private func draw(_ figures: [Figure], of document: Document, session: Session) throws -> Bool {
    do {
      let gnuplot = try Gnuplot()
      for figure in figures {
        let drawn = try gnuplot.draw(figure, of: document, paper: experiment.paper)
        for (path, bytes) in zip(figurePaths(figure, session), [drawn.svg, drawn.png]) {
          try session.layer.createFolders(FilePaths.folder(of: path))
          try AtomicFile.commit(bytes, to: path, layer: session.layer)
        }
        say(
          "\(experiment.name): drew \(figurePaths(figure, session).joined(separator: " and "))",
          unless: session.options.isQuiet)
      }
      return true
    } catch let error as ReportError {
      // The numbers are safe; figures can be drawn from them later.
      complain("no figures: \(error)")
      return false
    }
  }

  /// Does what the experiment can do with its results.
  private func act(_ session: Session) throws -> ExitStatus {
    guard let action = experiment.action else { return .success }
    let options = session.options
    onednn_set_threads(Int32(options.threads))
    guard let file = try action.perform(options.request, session.lookup, session.resources) else {
      complain("interrupted; the same command starts again")
      return .temporary
    }
    try session.layer.createFolders(session.figureFolder)
    let path = FilePaths.join(session.figureFolder, file.name)
    try AtomicFile.commit(file.bytes, to: path, layer: session.layer)
    say("\(experiment.name): wrote \(path)", unless: options.isQuiet)
    return .success
  }

  // MARK: Looking

  private func list(_ session: Session) throws -> ExitStatus {
    let options = session.options
    let plan = try session.plan()
    let runs = plan.runs
    let estimate = session.secondsPerEpoch(runs)
    var left = 0.0
    for run in runs {
      let record = session.lookup(run)
      if options.mode == .dryRun && record != nil { continue }
      let seconds = estimate(run)
      if record == nil { left += seconds }
      let state =
        switch record?.outcome {
        case .finished: "done"
        case .diverged(let epoch, _, _): "diverged in epoch \(epoch)"
        case nil where session.store.hasCheckpoint(of: run.identity):
          "begun, \(clockText(seconds)) in all"
        case nil: "to do, \(clockText(seconds))"
        }
      let epochs = experiment.trainsInEpochs ? ", \(run.epochs) epochs" : ""
      print("\(run.identity.prefix(12))  \(run.summary)\(epochs): \(state)")
    }
    let toDo = runs.filter { session.lookup($0) == nil }.count
    let more = plan.isFinal ? "" : "; more follow once the search is done"
    print("\(toDo) of \(runs.count) runs to do, \(clockText(left / Double(options.jobs)))\(more)")
    return .success
  }

  private func status(_ session: Session) throws -> ExitStatus {
    let plan = try session.plan()
    let runs = plan.runs
    let records = runs.compactMap(session.lookup)
    let estimate = session.secondsPerEpoch(runs)
    let elapsed = records.reduce(0.0) { $0 + ($1.elapsedSeconds.last ?? 0) }
    let left = runs.filter { session.lookup($0) == nil }.reduce(0.0) { $0 + estimate($1) }
    let columns = [
      experiment.name.padding(toLength: 24, withPad: " ", startingAt: 0),
      "\(records.count) of \(runs.count)\(plan.isFinal ? "" : "+") runs"
        .padding(toLength: 20, withPad: " ", startingAt: 0),
      "\(clockText(elapsed)) of computation".padding(toLength: 28, withPad: " ", startingAt: 0),
      records.count == runs.count && plan.isFinal
        ? "done" : "\(clockText(left / Double(session.options.jobs))) left",
    ]
    print(columns.joined(separator: "  "))
    return .success
  }
}

extension Figure {
  /// The figure with one panel for the arm that the command line made, in place of the protocol's.
  fileprivate var ofCustomArm: Figure {
    var copy = self
    copy.panels = []
    for var panel in panels {
      if panel.select["arm"] != nil {
        panel.select["arm"] = Arm.custom.rawValue
        panel.title = "custom: settings from the command line"
      }
      if !copy.panels.contains(panel) { copy.panels.append(panel) }
    }
    return copy
  }
}
