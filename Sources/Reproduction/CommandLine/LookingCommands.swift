import Datasets
import Foundation
import Storage

// What is told of runs without making any.

extension ExperimentCommand {
  func list(_ session: Session) throws -> ExitStatus {
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
      let epochs = experiment.options.trainsInEpochs ? ", \(run.epochs) epochs" : ""
      Console.show("\(run.identity.prefix(12))  \(run.summary)\(epochs): \(state)\n")
    }
    let toDo = runs.filter { session.lookup($0) == nil }.count
    let more = plan.isFinal ? "" : "; more follow once the search is done"
    Console.show(
      "\(toDo) of \(runs.count) runs to do, \(clockText(left / Double(options.jobs)))\(more)\n")
    return .success
  }

  /// What a script needs to divide the work: a line for each run to do.
  func pending(_ session: Session) throws -> ExitStatus {
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

  func status(_ session: Session, isDataMissing: Bool) throws -> ExitStatus {
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
