import Datasets
import Foundation
import Numerics
import Reporting
import ResultStore
import Storage
import Synchronization

/// The command line of one experiment: from the arguments to the result file, figures and verdicts.
public struct ExperimentCommand: Sendable {
  private let experiment: Experiment

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

  private func complain(_ text: String) {
    FileHandle.standardError.write(Data("\(experiment.name): \(text)\n".utf8))
  }

  private func say(_ text: String, unless isQuiet: Bool) {
    if !isQuiet { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
  }

  private func run(_ arguments: [String]) throws -> ExitStatus {
    var options = try CommandOptions(arguments, for: experiment)
    switch options.mode {
    case .help:
      let usage = "usage: \(experiment.name) [options]\n\n\(experiment.title) (\(experiment.place))"
      print(CommandOptions.parser(for: experiment).help(usage: usage), terminator: "")
      return .success
    case .version:
      print("\(experiment.name) \(Program.version)")
      return .success
    default:
      break
    }
    Interruption.handleSignals()
    let data = try chooseData(options)
    options.request.data = data.identityText
    let session = try Session(experiment: experiment, options: options, data: data)
    switch options.mode {
    case .list, .dryRun: return try list(session)
    case .status: return try status(session)
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
    } catch let error as DatasetError where profile == .quick && error.isMissingData {
      complain("NO REAL DATA: \(error)")
      complain("generated stand-in data are used instead; the figures say so, and no claim is judged")
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
    if options.isFresh { try session.store.removeAll() }
    if options.mode == .merge {
      for path in options.operands {
        let added = try session.store.merge(bundle: path, experiment: experiment.name)
        say("\(experiment.name): \(added) new runs from \(path)", unless: options.isQuiet)
      }
    }
    let start = ContinuousClock.now
    let summary = options.mode == .merge ? Runner.Summary() : try makeRuns(session)
    if let error = summary.blocker {
      for line in summary.failed { complain("failed: \(line)") }
      throw error
    }
    let isWritten: Bool
    if let shard = options.shard {
      try writeShard(session, shard)
      isWritten = true
    } else if options.mode == .search {
      isWritten = try writeSearch(session)
    } else {
      isWritten = try writeResults(session, start: start)
    }
    let missing = try session.pending().count
    if !isWritten && missing == 0 {
      say(
        "\(experiment.name): nothing to do, \(options.output) is complete", unless: options.isQuiet)
    }
    for line in summary.diverged where !options.isQuiet { complain("diverged: \(line)") }
    for line in summary.failed { complain("failed: \(line)") }
    if summary.wasInterrupted {
      complain("interrupted with \(missing) runs to do; the same command goes on")
      return .temporary
    }
    if options.mode == .merge && missing > 0 {
      say("\(experiment.name): \(missing) runs are still missing", unless: options.isQuiet)
    }
    return summary.failed.isEmpty ? .success : .failure
  }

  /// Plans and runs until nothing is pending.
  private func makeRuns(_ session: Session) throws -> Runner.Summary {
    var total = Runner.Summary()
    var attempted: Set<String> = []
    let options = session.options
    while true {
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
      total.blocker = summary.blocker
      if summary.wasInterrupted || summary.blocker != nil { return total }
    }
  }

  // MARK: Writing

  private func writeShard(_ session: Session, _ shard: CommandOptions.Shard) throws {
    let identities = try session.plannedRuns().map(\.identity).filter(shard.contains)
    try session.store.writeBundle(
      of: identities, experiment: experiment.name, to: session.lockedPath)
    say(
      "\(experiment.name): wrote \(session.lockedPath); combine the shards with "
        + "\(experiment.name) --profile \(session.options.request.profile.rawValue) --merge FILES",
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
      document, paper: experiment.paper, siblings: siblings(session))
    if !outcomes.isEmpty {
      document.root.groups.append(Subgroup("claims", outcomes.encoded()))
    }
    let figures = experiment.figures.map { options.request.isCustom ? $0.ofCustomArm : $0 }
    if !figures.isEmpty {
      document.root.groups.append(
        Subgroup("figures", try figures.encoded(paper: experiment.paper)))
    }
    let content = try contentIdentity(of: document)
    if session.existingContent() == content { return false }
    document.root.attributes.append(Attribute("content_sha256", content))
    session.addVolatile(to: &document, seconds: (ContinuousClock.now - start).seconds)
    try ResultFile.write(document, to: options.output, layer: session.layer)
    say("\(experiment.name): wrote \(options.output)", unless: options.isQuiet)
    if let afterwards = experiment.afterwards {
      let paths = try afterwards(
        options.request, session.lookup, session.resources, FilePaths.folder(of: options.output))
      for path in paths { say("\(experiment.name): wrote \(path)", unless: options.isQuiet) }
    }
    try draw(figures, of: document, session: session)
    if !outcomes.isEmpty { say(ClaimTable.text(outcomes), unless: options.isQuiet) }
    return true
  }

  /// The results of the other experiments that claims compare with; those that cannot be read are as
  /// if they were not there.
  private func siblings(_ session: Session) -> [String: Document] {
    let folder = FilePaths.folder(of: session.options.output)
    var found: [String: Document] = [:]
    for name in experiment.siblings {
      let path = FilePaths.join(folder, name + ".h5")
      if FilePaths.exists(path) { found[name] = try? ResultFile.read(path) }
    }
    return found
  }

  private func draw(_ figures: [Figure], of document: Document, session: Session) throws {
    guard !figures.isEmpty else { return }
    let folder = FilePaths.join(FilePaths.folder(of: session.options.output), "figures")
    do {
      let gnuplot = try Gnuplot()
      try session.layer.createFolders(folder)
      for figure in figures {
        let drawn = try gnuplot.draw(figure, of: document, paper: experiment.paper)
        let path = FilePaths.join(folder, figure.id)
        try AtomicFile.commit(drawn.svg, to: path + ".svg", layer: session.layer)
        try AtomicFile.commit(drawn.png, to: path + ".png", layer: session.layer)
        say("\(experiment.name): drew \(path).svg and .png", unless: session.options.isQuiet)
      }
    } catch let error as ReportError {
      // The numbers are safe in the result file; figures can be drawn from it later.
      complain("no figures: \(error)")
    }
  }

  /// The SHA-256 of everything that repeats: all but `/volatile` and the commit of the program.
  private func contentIdentity(of document: Document) throws -> String {
    var content = document
    content.root.groups.removeAll { $0.name == "volatile" }
    content.root.attributes.removeAll { $0.name.hasPrefix("git_") }
    return SHA256.hexDigest(of: try ResultFile.encode(content))
  }

  // MARK: Looking

  private func list(_ session: Session) throws -> ExitStatus {
    let options = session.options
    let plan = try experiment.plan(options.request, session.lookup)
    let runs = session.selected(plan.runs)
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
    let plan = try experiment.plan(session.options.request, session.lookup)
    let runs = session.selected(plan.runs)
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
