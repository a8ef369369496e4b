import Foundation
import Optimizers
import Reporting
import ResultStore
import Storage

/// Values as JSON for programs: sorted keys, one line feed at the end.
package enum JSONText {
  /// The text of a value.
  package static func of(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}

/// What `--status --json` tells.
struct StatusEntry: Encodable {
  let experiment: String
  let done, planned: Int
  /// Whether no more runs follow once these are done.
  let isPlanFinal: Bool
  let elapsedSeconds: Double
  let secondsLeft: Double?
  let data: String
}

extension ExperimentCommand {
  /// What `--list --json` tells of a run.
  private struct ListEntry: Encodable {
    let run: String
    let labels: [String: String]
    let method: String
    let hyperparameters: [String: Double]
    let schedule: String
    let settings: Settings
    let seed: UInt64
    let epochs, minibatch: Int
    let state: String
    let expectedSeconds: Double?
  }

  func listAsJSON(
    _ session: Session, _ plan: Plan, _ estimate: (RunSpecification) -> Double
  ) throws -> ExitStatus {
    let entries = try plan.runs.compactMap { run -> ListEntry? in
      let record = session.lookup(run)
      if session.options.mode == .dryRun && record != nil { return nil }
      let state =
        switch record?.outcome {
        case .finished: "done"
        case .diverged: "diverged"
        case nil: session.store.hasCheckpoint(of: run.identity) ? "begun" : "to do"
        }
      let seconds = estimate(run)
      return ListEntry(
        run: run.identity,
        labels: Dictionary(run.labels.map { ($0.axis, $0.label) }) { first, _ in first },
        method: run.method,
        // Computations have numbers of their own.
        hyperparameters: experiment.options.trainsInEpochs
          ? try OptimizerRegistry.resolve(run.method, hyperparameters: run.hyperparameters)
          : run.hyperparameters, schedule: run.schedule,
        settings: run.settings, seed: run.seed, epochs: run.epochs, minibatch: run.minibatch,
        state: state, expectedSeconds: seconds.isFinite ? seconds : nil)
    }
    Console.show(try JSONText.of(entries))
    return .success
  }
}

extension Experiment {
  /// Whether a figure of the paper has a curve of one of its optimizers.
  var hasPaperCurves: Bool {
    figures.contains { figure in
      options.contenders.contains { paper.curve($0, of: figure.id) != nil }
    }
  }

  /// The default hyperparameters of the method of an optimizer, by its name in files, and the size of minibatches.
  func defaults(of optimizer: String, in request: PlanRequest) -> [String: Double] {
    let added = (request.kept.flatMap(\.added) + request.added).first { $0.name == optimizer }
    let method =
      added?.method ?? zip(options.contenders, options.methods).first { $0.0 == optimizer }?.1
    var defaults = method.flatMap { try? OptimizerRegistry.resolve($0.name) } ?? [:]
    defaults["minibatch"] = self.options.minibatch.map(Double.init)
    return defaults
  }
}

extension Figure {
  /// The figure with one panel for the arm that the command line made, in place of the protocol's.
  var ofCustomArm: Figure {
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
