import Reporting
import ResultStore
import Storage

// From finished runs to the files, figures and verdicts.

extension ExperimentCommand {
  func writeShard(
    _ session: Session, _ shard: Shard, areAll: Bool
  ) throws {
    try session.store.writeBundle(
      of: try session.plannedRuns().map(\.identity), experiment: experiment.name,
      to: session.lockedPath)
    say(
      "\(experiment.name): wrote \(session.lockedPath); combine the shards by the same command with --merge "
        + "FILES in place of --shard"
        + (areAll ? "" : ", then run them again: the runs with what the search chose follow"),
      unless: session.options.saysNothing)
  }

  func writeSearch(_ session: Session) throws -> Bool {
    guard let table = try experiment.session(session.options.request, session.lookup).searchTable()
    else {
      return false
    }
    let bytes = Array(table.text.utf8)
    if let old = try? FileContents.read(session.options.output), old == bytes { return false }
    try AtomicFile.commit(bytes, to: session.options.output, layer: session.layer)
    say("\(experiment.name): wrote \(session.options.output)", unless: session.options.saysNothing)
    return true
  }

  /// What the finished runs of a session come to, beside what is there.
  struct Results {
    fileprivate let document: Document
    fileprivate let outcomes: [ClaimOutcome]
    fileprivate let content: String
    /// Whether the result file is another one than would be written.
    let isNew: Bool
    fileprivate let folder: FigureFolder
    /// The figures that are not there as they would be drawn.
    let undrawn: [Figure]
  }

  /// Writes the result file and draws its figures, as far as that has not been done; returns whether
  /// anything was written.
  func writeResults(_ session: Session, start: ContinuousClock.Instant) throws -> Bool {
    let options = session.options
    let results = try results(of: session)
    var folder = results.folder
    // Before the file, which is made again if this is all that was written.
    try session.rememberArms()
    guard results.isNew || !results.undrawn.isEmpty else { return false }
    if results.isNew {
      var document = results.document
      document.root.attributes += [
        Attribute("content_sha256", results.content),
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
    let drawing = Result { try folder.draw(results.undrawn, of: results.document) }
    if results.isNew, let verdicts = verdicts(results.outcomes, of: session) {
      say(verdicts, unless: options.saysNothing)
    }
    return try drawing.get() || results.isNew
  }

  /// The document with its verdicts and figures, and how far it is there.
  func results(of session: Session) throws -> Results {
    let options = session.options
    var document = try session.document()
    let siblings = try siblings(in: FilePaths.folder(of: options.output))
    let outcomes = addVerdicts(to: &document, siblings: siblings)
    addReadings(to: &document)
    let requested = try experiment.session(options.request, session.lookup).figures()
    let keepsPanels = !options.request.isCustom || experiment.options.keepsArms
    let figures = requested.filter { !$0.lacksData(of: document, prefix: "readings/") }
      .map { keepsPanels ? $0 : $0.ofCustomArm }
    if !figures.isEmpty {
      document.root.groups.append(
        Subgroup("figures", try figures.encoded(paper: experiment.paper)))
    }
    let content = try document.contentIdentity()
    let folder = FigureFolder(session)
    return Results(
      document: document, outcomes: outcomes, content: content,
      isNew: session.existingContent() != content, folder: folder,
      undrawn: folder.undrawn(figures, of: document))
  }

  /// Tells what the runs came to; as JSON if that is asked for. Whoever gives settings is told each
  /// time, the protocol's results when they are new.
  func tellResults(_ session: Session) throws {
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
    return try experiment.session(request, session.lookup).figures().map {
      FilePaths.join(session.figureFolder, $0.id + ".svg")
    }
  }

  /// The verdicts as a table; if the data are generated, one line that there are none.
  func verdicts(_ outcomes: [ClaimOutcome], of session: Session) -> String? {
    if experiment.claims.isEmpty { return nil }
    let request = session.options.request
    if session.data.identity?.origin == .standIn {
      return "\(experiment.name): no verdicts: generated data"
    }
    if let other = request.otherData {
      return "\(experiment.name): no verdicts: the claims are about "
        + "\(experiment.about.dataset?.title ?? "other data"), these runs about \(other)"
    }
    if outcomes.isEmpty, request.isCustom {
      return "\(experiment.name): no verdicts: no claim is about settings of your own"
    }
    if outcomes.isEmpty { return nil }
    return ClaimTable.text(outcomes)
  }

  /// Judges the claims of the result file again.
  func rejudge(_ session: Session) throws -> ExitStatus {
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
}
