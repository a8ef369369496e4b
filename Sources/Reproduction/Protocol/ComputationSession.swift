import Reporting
import ResultStore

/// Computations for a request, with the runs that have been made so far.
struct ComputationSession<Data: Sendable>: ExperimentSession {
  let experiment: ComputationExperiment<Data>
  let request: PlanRequest
  let records: RecordLookup

  func figures() throws -> [Figure] { experiment.figures }

  func plan() throws -> Plan {
    Plan(
      runs: try experiment.computations(request).flatMap { computation in
        computation.points.map { run(computation, $0) }
      }, isFinal: true)
  }

  private func run(
    _ computation: Computation<Data>, _ point: ComputationPoint
  ) -> RunSpecification {
    var settings: [String: SettingValue] = ["axes": .text(computation.axesIdentity)]
    for label in point.labels { settings[label.axis] = .text(label.label) }
    return RunSpecification(
      experiment: experiment.name, method: computation.name,
      hyperparameters: computation.parameters,
      schedule: "", settings: Settings(settings), seed: point.seed, epochs: 1, minibatch: 1,
      data: computation.usesData ? request.data : DataChoice.none.identityText,
      threads: request.threads,
      labels: [.init("computation", computation.name)] + point.labels)
  }

  /// The root group of the result file, without attributes, claims and figures.
  func arrays() throws -> Group {
    var root = Group()
    for computation in try experiment.computations(request) {
      var assembly = Assembly(axes: computation.axes, recordsDivergence: false)
      for axis in computation.ownAxes { assembly.define(axis) }
      for quantity in computation.quantities {
        assembly.describe(quantity.name, longName: quantity.meaning, units: quantity.units)
      }
      for (position, point) in zip(computation.positions, computation.points) {
        assembly.add(records(run(computation, point)), at: position)
      }
      var group = assembly.group(hyperparameterAxes: [])
      group.attributes = .meaning(computation.meaning)
      for (name, value) in computation.parameters.sorted(by: { $0.key < $1.key }) {
        group.attributes.append(Attribute(name, value))
      }
      root.groups.append(Subgroup(computation.name, group))
    }
    return root
  }
}
