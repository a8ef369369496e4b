import Foundation
import Reporting
import ResultStore
import Storage
import Synchronization

/// Making kept runs again from nothing, and comparing.
extension ExperimentCommand {
  /// The kept results of an experiment: its runs or, where they were not kept, the result file.
  private enum Kept {
    case runs([String: RunRecord])
    case file(Document)

    /// The document that the experiment makes of them.
    func document(_ session: Session) throws -> Document {
      switch self {
      case .runs(let records): try session.document(of: { records[$0.identity] })
      case .file(let document): document
      }
    }
  }

  private func kept(_ session: Session) throws -> Kept? {
    guard let folder = session.options.start else { return nil }
    let runs = KeptRuns.path(of: experiment.name, in: folder)
    if FilePaths.exists(runs) {
      let records = try keptRuns(runs, session)
      return .runs(
        Dictionary(records.map { ($0.specification.identity, $0) }) { first, _ in first })
    }
    let file = FilePaths.join(folder, experiment.name + ".h5")
    guard FilePaths.exists(file) else {
      // A folder may have kept runs of other experiments alone.
      if !FilePaths.isFolder(folder) { throw FileError(.open, folder, code: ENOENT) }
      return nil
    }
    let document = try ResultFile.read(file)
    guard document.root.text("data_sha256") == session.data.identity?.sha256 ?? "none" else {
      throw MergeError(
        "\(file) was made from other data than these; say where those are by --data-dir")
    }
    return .file(document)
  }

  /// Lists the kept runs that can be made again: identity, seconds that they took (`?` if that is not
  /// known), and what they are, with tabs between.
  func listAuditable(_ session: Session) throws -> ExitStatus {
    guard let kept = try kept(session) else { return .success }
    for (run, seconds) in try auditable(kept, session) {
      let time = seconds.map { String(format: "%.3f", $0) } ?? "?"
      Console.show("\(run.identity)\t\(time)\t\(run.summary)\n")
    }
    return .success
  }

  private func auditable(
    _ kept: Kept, _ session: Session
  ) throws -> [(run: RunSpecification, seconds: Double?)] {
    switch kept {
    case .runs(let records):
      let plan = try experiment.session(session.options.request) {
        records[$0.identity]
      }.plan()
      return session.selected(plan.runs).compactMap { run in
        records[run.identity].map { (run, $0.elapsedSeconds.last) }
      }
    case .file(let document):
      let plan = try experiment.session(session.options.request) { _ in nil }.plan()
      return try session.selected(plan.runs).compactMap { run in
        // A record without numbers shows which cell of the arrays is the run's.
        let record = RunRecord(
          specification: run, outcome: .finished, series: [], elapsedSeconds: [])
        let identity = run.identity
        let own = try session.document(of: { $0.identity == identity ? record : nil })
        guard let cell = AuditedCells(own).first, cell.isThere(in: document) else { return nil }
        return (run, cell.seconds(in: document))
      }
    }
  }

  /// Makes runs again and says for each whether it is the one that was kept.
  func audit(_ session: Session) throws -> ExitStatus {
    let options = session.options
    guard let kept = try kept(session) else {
      complain("there are no kept results of \(experiment.name) in \(options.start ?? "")")
      return .noInput
    }
    let all = try auditable(kept, session)
    let runs = try options.audited.map { name in
      guard let found = all.first(where: { $0.run.identity.hasPrefix(name) }) else {
        throw UsageError(
          "no kept run of \(experiment.name) is called \(name); --auditable lists them")
      }
      return found.run
    }
    try session.layer.createFolders(FilePaths.folder(of: options.output))
    let lock = try OutputLock(output: options.output, layer: session.layer)
    defer { withExtendedLifetime(lock) {} }
    let store = RunStore(folder: session.store.folder + ".audit", layer: session.layer)
    try store.removeAll()
    defer { try? store.removeFolder() }
    let progress = Progress(
      prefix: experiment.name, runs: runs, workers: min(options.jobs, runs.count),
      isQuiet: true)
    let resources = session.resources
    let summary = Runner(
      runs: runs, store: store,
      options: .init(
        jobs: options.jobs, threads: options.request.threads,
        checkpointInterval: options.checkpointInterval),
      progress: progress, makeProcess: { try experiment.process(for: $0, resources) }
    ).run()
    if let error = summary.error { throw error }
    for line in summary.failed { complain("failed: \(line)") }
    if summary.wasInterrupted { return .temporary }
    var agree = summary.failed.isEmpty
    for run in runs {
      guard let record = store.record(of: run.identity) else { continue }
      let finding = try compare(record, with: kept, session)
      agree = agree && finding.agrees
      let seconds = String(format: "%.1f s", record.elapsedSeconds.last ?? 0)
      Console.show(
        [
          experiment.name.padding(toLength: 22, withPad: " ", startingAt: 0),
          String(repeating: " ", count: max(0, 8 - seconds.count)) + seconds, finding.text,
          run.summary,
        ].joined(separator: "  ") + "\n")
    }
    return agree ? .success : .failure
  }

  private func compare(
    _ record: RunRecord, with kept: Kept, _ session: Session
  ) throws -> (agrees: Bool, text: String) {
    let identity = record.specification.identity
    let own = try session.document(of: { $0.identity == identity ? record : nil })
    let difference: AuditDifference
    let isSameArithmetic: Bool
    let changed: Document
    switch kept {
    case .runs(var records):
      guard let old = records[identity] else { return (false, "is not kept") }
      difference = AuditDifference(old, record)
      isSameArithmetic = old.maker.map { $0.hasSameArithmetic(as: .current) } ?? false
      records[identity] = record
      changed = try Kept.runs(records).document(session)
    case .file(let document):
      let cells = AuditedCells(own)
      difference = cells.compare(with: document)
      let root = document.root
      isSameArithmetic =
        root.text("onednn_version") == RunMaker.current.oneDNN
        && root.text("isa") == RunMaker.current.instructionSet
      changed = cells.replaced(in: document)
    }
    if difference.isNone { return (true, "same bits") }
    if isSameArithmetic { return (false, "OTHER NUMBERS: \(difference.text)") }
    guard difference.isOfRounding else { return (false, "OTHER COSTS: \(difference.text)") }
    let verdicts = try verdicts(kept.document(session), session)
    guard try self.verdicts(changed, session) == verdicts else {
      return (false, "OTHER VERDICTS: \(difference.text)")
    }
    return (true, "\(difference.text), same verdicts")
  }

  private func verdicts(_ document: Document, _ session: Session) throws -> [String] {
    let outcomes = experiment.claims.judge(
      document, paper: experiment.paper, siblings: try siblings(in: session.options.start ?? "."))
    return outcomes.map { "\($0.key) \($0.verdict.rawValue)" }
  }
}

/// How far numbers that were made again lie from the kept ones.
package struct AuditDifference {
  /// The relative difference that another instruction set or version of oneDNN may make over a whole run, or, where
  /// the run is so sensitive that rounding errors grow without end, of its first numbers.
  private static let tolerance = 0.01
  /// So many first numbers.
  private static let firstNumbers = 5
  /// By how much the median of all may differ then.
  private static let medianTolerance = 0.25

  /// The numbers of a variable that were compared, in their order.
  private struct Course {
    var kept: [Double] = []
    var again: [Double] = []
    /// The index of the first that is off by more than the tolerance.
    var firstOff: Int?

    /// Whether rounding errors alone may have made the difference.
    var isOfRounding: Bool {
      guard let firstOff else { return true }
      let medians = [kept, again].map { Statistics.median($0.filter(\.isFinite)) }
      return firstOff >= AuditDifference.firstNumbers
        && abs(medians[0] - medians[1]) <= AuditDifference.medianTolerance
          * max(abs(medians[0]), abs(medians[1]))
    }
  }

  /// The largest relative difference; infinite where a number is on one side only.
  private(set) var largest = 0.0
  private(set) var place = ""
  /// How many numbers were compared.
  private(set) var count = 0
  private var courses: [String: Course] = [:]

  package init() {}

  /// The difference of two records of one run.
  init(_ kept: RunRecord, _ again: RunRecord) {
    for series in again.series {
      guard let old = kept.series(series.name), old.shape == series.shape else {
        add(.nan, 0, series.name)
        continue
      }
      for (old, new) in zip(old.values, series.values) { add(old, new, series.name) }
    }
    if kept.outcome != again.outcome { add(.nan, 0, "the outcome") }
  }

  package mutating func add(_ kept: Double, _ again: Double, _ name: String) {
    count += 1
    courses[name, default: Course()].kept.append(kept)
    courses[name]?.again.append(again)
    if kept == again || (kept.isNaN && again.isNaN) { return }
    let difference =
      kept.isNaN || again.isNaN ? .infinity : abs(kept - again) / max(abs(kept), abs(again))
    if difference > Self.tolerance, let course = courses[name], course.firstOff == nil {
      courses[name]?.firstOff = course.kept.count - 1
    }
    if difference > largest {
      largest = difference
      place = name
    }
  }

  /// Whether it may come from rounding alone: all numbers are within the tolerance, or of each variable that has
  /// ten or more, and there is one, the first ones are, and the median of all is about the same.
  package var isOfRounding: Bool {
    if largest <= Self.tolerance { return true }
    let long = courses.values.filter { $0.kept.count >= 2 * Self.firstNumbers }
    return largest.isFinite && !long.isEmpty && long.allSatisfy(\.isOfRounding)
  }

  /// Whether numbers were compared and none differs.
  var isNone: Bool { largest == 0 && count > 0 }

  package var text: String {
    if count == 0 { return "there was nothing to compare" }
    if largest.isInfinite { return "\(place) is there on one side only" }
    let size = "largest difference \(String(format: "%.1e", largest)) of \(place)"
    guard let course = courses[place], let first = course.firstOff, course.kept.count > 1 else {
      return size
    }
    return "\(size), of whose \(course.kept.count) numbers the first \(first) are within 1 %"
  }
}
