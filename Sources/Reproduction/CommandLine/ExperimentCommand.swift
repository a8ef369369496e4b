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
    CommandLineTool.main(experiment.name) { try run(CommandLine.arguments) }
  }

  func complain(_ text: String) { CommandLineTool.complain(experiment.name, text) }

  func say(_ text: String, unless isQuiet: Bool) {
    if !isQuiet { Console.show(text + "\n") }
  }

  /// Runs the command, the program's name first in `arguments`, and returns its status.
  package func run(_ arguments: [String]) throws -> ExitStatus {
    var options = try CommandOptions(arguments, for: experiment)
    switch options.mode {
    case .help:
      let usage =
        "usage: \(experiment.name) [options]\n\n\(experiment.title) (\(experiment.place))"
      Console.show(CommandOptions.parser(for: experiment).help(usage: usage))
      return .success
    case .version:
      Console.show("\(experiment.name) \(Program.version)\n")
      return .success
    case .completions:
      let parser = CommandOptions.parser(for: experiment)
      Console.show(
        options.shell.map { parser.completions(for: $0, program: experiment.name) } ?? "")
      return .success
    case .manual:
      Console.show(
        CommandOptions.parser(for: experiment).manual(
          of: experiment.name, summary: experiment.title, synopsis: ["[options]"],
          text: ["\(experiment.title) (\(experiment.place) of Kingma & Ba 2015)."]
            + experiment.notes))
      return .success
    case .claims:
      return try listClaims(asJSON: options.isJSON)
    default:
      break
    }
    if options.mode == .rejudge {
      return try rejudge(Session(experiment: experiment, options: options, data: .none))
    }
    try experiment.check(options.request)
    for remark in experiment.remarks(options.request) where !options.isQuiet { complain(remark) }
    Interruption.handleSignals()
    let (data, isMissing) = try chooseData(options)
    options.request.data = data.identityText
    if let other = options.otherData, let name = data.identity?.name {
      options.request.otherData = name == .ownImages ? "images in \(other)" : name.title
    }
    let session = try Session(experiment: experiment, options: options, data: data)
    switch options.mode {
    case .list, .dryRun: return try list(session)
    case .status: return try status(session, isDataMissing: isMissing)
    case .pending: return try pending(session)
    case .action: return try act(session)
    case .export: return try export(session)
    case .auditable: return try listAuditable(session)
    case .audit: return try audit(session)
    default: return try work(session)
    }
  }

  /// The data that the profile and the options ask for, and whether they are not there. Says loudly
  /// if generated ones take their place: only where no folder was named.
  private func chooseData(
    _ options: CommandOptions
  ) throws -> (data: DataChoice, isMissing: Bool) {
    guard let name = experiment.dataset else { return (.none, false) }
    if let other = options.otherData { return (try substitute(other, options), false) }
    let profile = options.request.profile
    let standIn = DataChoice.standIn(name, experiment.standInSizes[profile])
    if options.forcesStandIn && profile == .paper {
      throw UsageError("profile paper takes real data only; leave out --stand-in")
    }
    if options.forcesStandIn { return (standIn, false) }
    if profile == .smoke {
      if options.location.isNamed { try options.location.check() }
      return (standIn, false)
    }
    do {
      let located = try Datasets.locate(
        name, in: options.location, allowUnknown: options.allowsUnknownData)
      return (.located(located), false)
    } catch let error as DatasetError where error.isMissingData {
      if options.mode == .status { return (standIn, true) }
      guard profile == .quick, !options.request.isSearch, !options.location.isNamed else {
        throw error
      }
      complain("NO REAL DATA: \(error)")
      complain(
        "generated stand-in data are used instead; the figures say so, and no claim is judged")
      return (standIn, true)
    }
  }

  /// The data that the command line names in place of the experiment's.
  private func substitute(_ text: String, _ options: CommandOptions) throws -> DataChoice {
    if options.forcesStandIn {
      throw UsageError("--data names real data; leave out --stand-in")
    }
    if let name = DatasetName.substitutes.first(where: { $0.rawValue == text.lowercased() }) {
      return .located(
        try Datasets.locate(name, in: options.location, allowUnknown: options.allowsUnknownData))
    }
    if !text.contains("/"), !FilePaths.exists(text) {
      let names = DatasetName.substitutes.map(\.rawValue)
      let near = names.first { $0.hasPrefix(text) || editDistance(text, $0) <= 2 }
      throw UsageError(
        "there is no data set and no folder \"\(text)\""
          + (near.map { " (did you mean \($0)?)" } ?? "") + "; --data takes "
          + names.joined(separator: ", ") + " or a folder with IDX files")
    }
    return .located(
      try OwnImages.locate(
        FilePaths.expandingHome(text, home: ProcessInfo.processInfo.environment["HOME"])))
  }

  // MARK: Making the runs

  private func work(_ session: Session) throws -> ExitStatus {
    let options = session.options
    try session.refuseForeignOutput()
    try session.layer.createFolders(FilePaths.folder(of: session.lockedPath))
    let lock = try OutputLock(output: session.lockedPath, layer: session.layer)
    defer { withExtendedLifetime(lock) {} }
    if let note = session.data.note, !options.isQuiet {
      complain("the data are \(note)")
    }
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
    } else if !isWritten {
      say(
        "\(experiment.name): nothing to do, \(options.output) is complete",
        unless: options.saysNothing)
    }
    return summary.failed.isEmpty ? .success : .failure
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
          "\(experiment.name): goes on from \(countText(taken, "kept run"))",
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
        prefix: experiment.name, total: planned, done: planned - pending.count,
        workers: min(options.jobs, pending.count),
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
    _ session: Session, _ shard: Shard, areAll: Bool
  ) throws {
    try session.store.writeBundle(
      of: try session.plannedRuns().map(\.identity), experiment: experiment.name,
      to: session.lockedPath)
    let merge =
      "\(experiment.name) --profile \(session.options.request.profile.rawValue) --merge FILES"
    say(
      "\(experiment.name): wrote \(session.lockedPath); combine the shards with \(merge)"
        + (areAll ? "" : ", then run them again: the runs with what the search chose follow"),
      unless: session.options.saysNothing)
  }

  private func writeSearch(_ session: Session) throws -> Bool {
    guard let table = try experiment.searchTable(session.options.request, session.lookup) else {
      return false
    }
    let bytes = Array(table.text.utf8)
    if let old = try? FileContents.read(session.options.output), old == bytes { return false }
    try AtomicFile.commit(bytes, to: session.options.output, layer: session.layer)
    say("\(experiment.name): wrote \(session.options.output)", unless: session.options.saysNothing)
    return true
  }

  /// Writes the result file unless the same content is there already; returns whether it did.
  private func writeResults(_ session: Session, start: ContinuousClock.Instant) throws -> Bool {
    let options = session.options
    var document = try session.document()
    let siblings = try siblings(in: FilePaths.folder(of: options.output))
    func judge(timed: Bool) -> [ClaimOutcome] {
      if options.request.otherData != nil { return [] }
      let outcomes = experiment.claims.filter { $0.isTimed == timed }
        .judge(document, paper: experiment.paper, siblings: siblings)
      // Of settings of one's own most claims say nothing.
      return options.request.isCustom ? outcomes.filter { $0.verdict != .notRun } : outcomes
    }
    let (outcomes, timed) = (judge(timed: false), judge(timed: true))
    if !outcomes.isEmpty {
      document.root.groups.append(Subgroup("claims", outcomes.encoded(of: document)))
    }
    addReadings(to: &document)
    if !timed.isEmpty { session.addTimed(timed, to: &document) }
    let requested = try experiment.requestedFigures?(options.request) ?? experiment.figures
    let keepsPanels = !options.request.isCustom || experiment.customArm != nil
    let figures = requested.filter { !$0.lacksData(of: document, prefix: "readings/") }
      .map { keepsPanels ? $0 : $0.ofCustomArm }
    if !figures.isEmpty {
      document.root.groups.append(
        Subgroup("figures", try figures.encoded(paper: experiment.paper)))
    }
    let content = try document.contentIdentity()
    let isNew = session.existingContent() != content
    // Before the file, which is made again if this is all that was written.
    try session.rememberArms()
    var figureFolder = FigureFolder(session)
    let undrawn = figureFolder.undrawn(figures, of: document)
    guard isNew || !undrawn.isEmpty else { return false }
    if isNew {
      document.root.attributes += [
        Attribute("content_sha256", content),
        Attribute("numbers_sha256", document.numbersDigest),
      ]
      if let mixture = document.root.text("mixed") {
        complain("the runs do not come from the same arithmetic: \(mixture)")
      }
      session.addVolatile(to: &document, seconds: (ContinuousClock.now - start).seconds)
      try session.keepAdditions()
      try ResultFile.write(document, to: options.output, layer: session.layer)
      say("\(experiment.name): wrote \(options.output)", unless: options.saysNothing)
    }
    // Whatever becomes of the figures, the results are there, and their verdicts are told.
    let drawing = Result { try figureFolder.draw(undrawn, of: document) }
    if isNew, let verdicts = verdicts(outcomes + timed, of: session) {
      say(verdicts, unless: options.saysNothing)
    }
    return try drawing.get() || isNew
  }

  /// Prints the claims with their rules.
  private func listClaims(asJSON: Bool) throws -> ExitStatus {
    let list = ClaimList(experiment.claims, of: experiment.name, paper: experiment.paper)
    Console.show(asJSON ? try JSONText.of(list.entries) : list.text)
    for entry in list.undated {
      complain(
        "the rule of \(entry.id) has no date: add the line '\(entry.id) DATE \(entry.ruleDigest)', with "
          + "tabs, to Sources/Reporting/rule-dates.tsv")
    }
    return list.undated.isEmpty ? .success : .failure
  }

  /// Tells what the runs came to; as JSON if that is asked for. Whoever gives settings is told each
  /// time, the protocol's results when they are new.
  private func tellResults(_ session: Session) throws {
    let options = session.options
    guard options.isJSON || (options.request.isCustom && !options.isQuiet) else { return }
    let table = (try? session.document()).flatMap { ResultTable($0) }
    if options.isJSON {
      struct Result: Encodable {
        let experiment, file: String
        let figures: [String]
        let results: ResultTable?
      }
      Console.show(
        try JSONText.of(
          Result(
            experiment: experiment.name, file: options.output,
            figures: try figurePaths(session), results: table)))
      return
    }
    guard let table else { return }
    Console.show(table.text { experiment.defaults(of: $0, in: options.request) })
    let figures = try figurePaths(session).filter(FilePaths.exists)
    Console.show(([options.output] + figures).joined(separator: "\n") + "\n")
  }

  private func figurePaths(_ session: Session) throws -> [String] {
    let request = session.options.request
    return try (experiment.requestedFigures?(request) ?? experiment.figures).map {
      FilePaths.join(session.figureFolder, $0.id + ".svg")
    }
  }

  /// The verdicts as a table; if the data are generated, one line that there are none.
  private func verdicts(_ outcomes: [ClaimOutcome], of session: Session) -> String? {
    if experiment.claims.isEmpty { return nil }
    let request = session.options.request
    if session.data.identity?.origin == .standIn {
      return "\(experiment.name): no verdicts: generated data"
    }
    if let other = request.otherData {
      return "\(experiment.name): no verdicts: the claims are about "
        + "\(experiment.dataset?.title ?? "other data"), these runs about \(other)"
    }
    if outcomes.isEmpty, request.isCustom {
      return "\(experiment.name): no verdicts: no claim is about settings of your own"
    }
    if outcomes.isEmpty { return nil }
    return ClaimTable.text(outcomes)
  }

  /// Judges the claims of the result file again.
  private func rejudge(_ session: Session) throws -> ExitStatus {
    let path = session.options.output
    let lock = try OutputLock(output: session.lockedPath, layer: session.layer)
    defer { withExtendedLifetime(lock) {} }
    let old = try ResultFile.read(path)
    let new = try rejudged(old, path: path, siblings: siblings(in: FilePaths.folder(of: path)))
    if new.isIdentical(to: old) {
      say(
        "\(experiment.name): \(path) is judged by these rules", unless: session.options.saysNothing)
      return .success
    }
    try ResultFile.write(new, to: path, layer: session.layer)
    say("\(experiment.name): judged \(path) again", unless: session.options.saysNothing)
    let outcomes = try new.root.group("claims").map { try [ClaimOutcome](decoding: $0) } ?? []
    say(ClaimTable.text(outcomes), unless: session.options.saysNothing)
    return .success
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
    say("\(experiment.name): wrote \(path)", unless: options.saysNothing)
    return .success
  }

  // MARK: Looking

  private func list(_ session: Session) throws -> ExitStatus {
    let options = session.options
    let plan = try session.plan()
    let runs = plan.runs
    let estimate = session.secondsPerEpoch(runs)
    if options.isJSON { return try listAsJSON(session, plan, estimate) }
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
      Console.show("\(run.identity.prefix(12))  \(run.summary)\(epochs): \(state)\n")
    }
    let toDo = runs.filter { session.lookup($0) == nil }.count
    let more = plan.isFinal ? "" : "; more follow once the search is done"
    Console.show(
      "\(toDo) of \(runs.count) runs to do, \(clockText(left / Double(options.jobs)))\(more)\n")
    return .success
  }

  /// What a script needs to divide the work: a line for each run to do.
  private func pending(_ session: Session) throws -> ExitStatus {
    let plan = try session.plan()
    let runs = plan.runs
    let estimate = session.secondsPerEpoch(runs)
    for run in runs where session.lookup(run) == nil {
      let seconds = estimate(run)
      let fields = [
        run.identity, "\(run.epochs)", seconds.isNaN ? "?" : "\(seconds)",
        session.store.position(of: run.identity) ?? "-", run.summary,
      ]
      Console.show(fields.joined(separator: "\t") + "\n")
    }
    Console.show((plan.isFinal ? "final" : "more") + "\n")
    return .success
  }

  private func status(_ session: Session, isDataMissing: Bool) throws -> ExitStatus {
    let plan = try session.plan()
    let runs = plan.runs
    let records = runs.compactMap(session.lookup)
    let estimate = session.secondsPerEpoch(runs)
    let elapsed = records.reduce(0.0) { $0 + ($1.elapsedSeconds.last ?? 0) }
    let left = runs.filter { session.lookup($0) == nil }.reduce(0.0) { $0 + estimate($1) }
    let isDone = records.count == runs.count && plan.isFinal
    if session.options.isJSON {
      Console.show(
        try JSONText.of(
          StatusEntry(
            experiment: experiment.name, done: records.count, planned: runs.count,
            isPlanFinal: plan.isFinal, elapsedSeconds: elapsed,
            secondsLeft: left.isFinite ? left / Double(session.options.jobs) : nil,
            data: dataText(session.data, isMissing: isDataMissing))))
      return .success
    }
    let columns = [
      experiment.name, "\(records.count) of \(plan.isFinal ? "" : "at least ")\(runs.count)",
      clockText(elapsed),
      isDone
        ? "nothing"
        : left.isFinite ? clockText(left / Double(session.options.jobs)) : "no run timed yet",
    ]
    let padded = zip(columns, [20, 18, 10, 16]).map {
      $0.padding(toLength: max($0.count, $1), withPad: " ", startingAt: 0)
    }
    Console.show(
      (padded + [dataText(session.data, isMissing: isDataMissing)]).joined(separator: "  ") + "\n")
    if !isDone { tellOfOtherData(session) }
    return .success
  }

  private func dataText(_ data: DataChoice, isMissing: Bool) -> String {
    guard let identity = data.identity else { return "none needed" }
    if isMissing { return "\(identity.name.rawValue): not there" }
    return identity.origin == .standIn
      ? "generated" : "\(identity.name.rawValue), \(identity.origin.rawValue)"
  }

  /// Says that there are runs which were made with other data than would be used now.
  private func tellOfOtherData(_ session: Session) {
    let others = session.store.countsByData().filter {
      $0.key != session.data.identityText && !$0.key.contains(" \(DataOrigin.standIn.rawValue) ")
        && $0.key != "none"
    }
    for (data, count) in others.sorted(by: { $0.key < $1.key }) {
      let words = data.split(separator: " ")
      let name = words.prefix(2).joined(separator: ", ")
      complain(
        "\(count) \(count == 1 ? "run is kept that was" : "runs are kept that were") made with other data (\(name), sha256 "
          + "\(words.last?.prefix(12) ?? "unknown")...): name their folder by --data-dir or ADAM_DATA"
      )
    }
  }
}
