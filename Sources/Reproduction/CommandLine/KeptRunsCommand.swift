import Foundation
import Reporting
import Storage

/// What the command does with runs that another program, another machine or an earlier day has made.
extension ExperimentCommand {
  /// Rehearses the planned runs that are there, finished or begun, as far as that has not been done;
  /// returns false if it was interrupted.
  ///
  /// - Throws: `UnlikeRuns` if the program makes others now and `--keep-old-runs` is not given.
  func rehearseKeptRuns(_ session: Session) throws -> Bool {
    let options = session.options
    let candidates = try keptByOthers(session)
    let open = unrehearsed(candidates, session)
    if !open.isEmpty {
      let start = ContinuousClock.now
      var resources = session.resources
      resources.wanted = WantedExamples(open)
      let rehearsed = resources
      let progress = Progress(
        prefix: experiment.name,
        activity: "rehearses \(NumberText.count(open.count, "kind")) of kept runs",
        isQuiet: options.isQuiet)
      defer { progress.finish() }
      let checks = try Rehearsal(jobs: options.jobs, threads: options.request.threads) {
        try experiment.process(for: $0, rehearsed)
      }.check(open)
      progress.finish()
      var found: [Rehearsal.Key: Rehearsal.Check] = [:]
      for (candidate, check) in zip(open, checks) {
        guard let check else { return false }
        found[candidate.key] = check
      }
      let unlike = open.filter { found[$0.key] == .unlike }
      if !unlike.isEmpty {
        let kinds = unlike.map(\.run.summary)
        let path = session.source(of: unlike[0].run.identity) ?? session.store.folder
        let error = UnlikeRuns(path: path, kinds: kinds, count: open.count)
        guard options.keepsOldRuns else { throw error }
        complain(
          "\(unlike.count) of \(open.count) kinds of kept runs have other numbers now and are kept all "
            + "the same: \(error.shown)")
      }
      try session.remember(found)
      let seconds = (ContinuousClock.now - start).seconds
      say(
        "\(experiment.name): " + outcome(open, found, seconds: seconds), unless: options.saysNothing
      )
    }
    for candidate in candidates
    where candidate.record == nil && session.rehearsed[candidate.key] == .unlike {
      // What one program has begun another one must not end.
      session.store.removeCheckpoints(of: candidate.run.identity)
    }
    return true
  }

  /// One kept run of each kind that this program has not rehearsed.
  func unrehearsed(_ session: Session) throws -> [Rehearsal.Candidate] {
    unrehearsed(try keptByOthers(session), session)
  }

  private func unrehearsed(
    _ candidates: [Rehearsal.Candidate], _ session: Session
  ) -> [Rehearsal.Candidate] {
    let known = session.rehearsed
    return Rehearsal.representatives(candidates.filter { known[$0.key] == nil })
  }

  /// The planned runs that are there and not by this program, or not by its arithmetic.
  private func keptByOthers(_ session: Session) throws -> [Rehearsal.Candidate] {
    try session.plannedRuns().compactMap { run in
      let candidate =
        if let record = session.lookup(run) {
          Rehearsal.Candidate(
            run: run, maker: record.maker, fingerprint: record.fingerprint, record: record)
        } else {
          try session.store.begun(run, identity: run.identity)
        }
      return candidate?.maker?.isSameProgram(as: .current) == true ? nil : candidate
    }
  }

  private func outcome(
    _ rehearsed: [Rehearsal.Candidate], _ found: [Rehearsal.Key: Rehearsal.Check], seconds: Double
  ) -> String {
    let others = Set(rehearsed.compactMap(\.maker).map(\.arithmetic))
      .subtracting([RunMaker.current.arithmetic]).sorted()
    let cause =
      others.isEmpty
      ? "the program changed" : "kept runs were made with \(others.joined(separator: " and with "))"
    let count = NumberText.count(rehearsed.count, "kind") + " of runs"
    let near = rehearsed.count { found[$0.key] == .sameCosts }
    let unlike = rehearsed.count { found[$0.key] == .unlike }
    let verdict =
      if near == 0 && unlike == 0 {
        "same numbers, kept"
      } else {
        [
          (rehearsed.count - near - unlike, "with the same numbers"),
          (near, "with costs \(Fingerprint.toleranceText), which the file says"),
          (unlike, "with other numbers"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + ", kept"
      }
    return "\(cause); \(count) rehearsed in \(String(format: "%.1f", seconds)) s: \(verdict)"
  }

  /// Makes the kept runs in the folder of `--start` known to the plan.
  func offerKeptRuns(_ session: Session) throws {
    guard let folder = session.options.start else { return }
    let path = KeptRuns.path(of: experiment.name, in: folder)
    do {
      _ = try session.offer(try keptRuns(path, session), from: path)
    } catch let error as FileError where error.isAbsence {
      guard FilePaths.isFolder(folder) else { throw FileError(.open, folder, code: error.code) }
      complain("there are no kept runs of \(experiment.name) in \(folder), so all are made")
    }
  }

  /// The runs in a file that are of the session's data.
  func keptRuns(_ path: String, _ session: Session) throws -> [RunRecord] {
    let all = try KeptRuns.read(path, of: experiment.name)
    let data = session.options.request.data
    let none = DataChoice.none.identityText
    let fitting = all.filter { [data, none].contains($0.specification.data) }
    guard !fitting.isEmpty || all.isEmpty else {
      let others = Set(all.map(\.specification.data)).sorted().joined(separator: ", ")
      throw MergeError(
        "\(path) holds runs of other data (\(others)), not of these (\(data)); say where those are by "
          + "--data-dir or ADAM_DATA, or do not start from it")
    }
    return fitting
  }

  /// Writes the finished runs of the plan to a file: those of earlier protocols stay in the store.
  func export(_ session: Session) throws -> ExitStatus {
    guard let path = session.options.export else { return .usage }
    let records = try session.plannedRuns().compactMap(session.lookup)
    guard !records.isEmpty else {
      complain("there are no finished runs in \(session.store.folder); make them first")
      return .noInput
    }
    try KeptRuns.write(records, of: experiment.name, to: path, layer: session.layer)
    say(
      "\(experiment.name): wrote \(NumberText.count(records.count, "run")) to \(path)",
      unless: session.options.saysNothing)
    return .success
  }
}
