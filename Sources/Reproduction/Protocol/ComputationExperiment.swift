import Reporting
import ResultStore
import Storage

/// An experiment that is not minibatch training: deterministic numerical computations, each with
/// arrays and axes of its own.
///
/// Each computation becomes one group of the result file, with a run for every combination of the
/// labels along its axes. Whether an experiment has a data set is up to it: without one its results
/// have the origin `none`, and its claims are judged.
public struct ComputationExperiment<Data: Sendable>: Experiment {
  /// What it is.
  public let about: About
  /// What it can be asked for.
  public let options: ExperimentOptions
  let computations: @Sendable (PlanRequest) throws -> [Computation<Data>]
  private let cache: DataCache<Data>

  /// Declares an experiment.
  ///
  /// - Parameters:
  ///   - data: the data set; `.noData` if there is none.
  ///   - options: options of the command line that only this experiment has; what they were given
  ///     is in the request's `extra`.
  ///   - computations: what is computed for a request. Throws `UsageError` for an option that makes
  ///     no sense.
  public init(
    name: String, title: String, place: String, data: DataSource<Data>,
    standInSizes: ByProfile<StandInSizes> = .standard, options: [CommandOption] = [],
    figures: [Figure], claims: [Claim], notes: [String] = [],
    computations: @escaping @Sendable (PlanRequest) throws -> [Computation<Data>]
  ) {
    about = About(
      name: name, title: title, place: place, dataset: data.dataset, standInSizes: standInSizes,
      claims: claims, figures: figures, notes: notes)
    var asked = ExperimentOptions()
    asked.extraOptions = options
    asked.trainsInEpochs = false
    self.options = asked
    cache = DataCache(data)
    self.computations = computations
  }

  /// The experiment for a request, with the runs that have been made so far.
  public func session(
    _ request: PlanRequest, _ records: @escaping RecordLookup
  ) -> any ExperimentSession {
    ComputationSession(experiment: self, request: request, records: records)
  }

  /// A process for a run.
  public func process(
    for run: RunSpecification, _ resources: RunResources
  ) throws -> any RunProcess {
    guard
      let computation = try computations(resources.request).first(where: { $0.name == run.method })
    else { preconditionFailure("no computation \(run.method) is declared") }
    let point = ComputationPoint(labels: run.labels, seed: run.seed)
    return ComputationProcess(
      computation.quantities.map { $0.empty(in: computation.ownAxes) },
      work: try computation.work(point) {
        try cache.data(for: run.settings, resources: resources)
      })
  }
}

/// One computation of an experiment: what its runs are, what they record, and how.
public struct Computation<Data: Sendable>: Sendable {
  /// Gets the data set, loading it if no run has yet.
  public typealias LoadData = () throws -> Data

  /// The name, also of the group in the result file.
  public let name: String
  /// What is computed, for `long_name`.
  public let meaning: String
  /// The axes along which the runs stand, one run for each combination of labels; an axis `seed`
  /// gives the runs their seeds. No axes: a single run.
  public let axes: [Dimension]
  /// The axes of what one run records.
  public let ownAxes: [Dimension]
  /// What a run records.
  public let quantities: [Quantity]
  /// Numbers that decide the outcome and are not labels, e.g. a stepsize.
  public let parameters: [String: Double]
  /// Whether the outcome depends on the data set.
  public let usesData: Bool
  /// Prepares a run: gives its units of work.
  public let work: @Sendable (ComputationPoint, LoadData) throws -> UnitsOfWork

  /// A computation.
  public init(
    _ name: some RawRepresentable<String>, _ meaning: String, axes: [Dimension] = [],
    ownAxes: [Dimension] = [],
    quantities: [Quantity], parameters: [String: Double] = [:], usesData: Bool = false,
    work: @escaping @Sendable (ComputationPoint, LoadData) throws -> UnitsOfWork
  ) {
    self.name = name.rawValue
    self.meaning = meaning
    self.axes = axes
    self.ownAxes = ownAxes
    self.quantities = quantities
    self.parameters = parameters
    self.usesData = usesData
    self.work = work
  }

  /// The positions of the runs along the axes, row-major.
  var positions: [[Int]] {
    axes.reduce([[]]) { partial, axis in
      partial.flatMap { position in (0..<axis.length).map { position + [$0] } }
    }
  }

  /// The runs.
  var points: [ComputationPoint] {
    positions.map { position in
      let labels = zip(axes, position).map { axis, index in
        RunSpecification.Label(axis.name, axis.labels.texts[index])
      }
      let seed = labels.first { $0.axis == Axis.seed.name }.flatMap { UInt64($0.label) }
      return ComputationPoint(labels: labels, seed: seed ?? 0)
    }
  }

  /// The SHA-256 of the axes and quantities of a run: other labels, another computation.
  var axesIdentity: String {
    let axes = ownAxes.map { ([$0.name] + $0.labels.texts).joined(separator: "\t") }
    let names = quantities.map { ([$0.name] + $0.axes.map(\.name)).joined(separator: "\t") }
    return SHA256.hexDigest(of: (axes + names).joined(separator: "\n"))
  }
}

/// Where a run stands along the axes of its computation.
public struct ComputationPoint: Sendable {
  /// The labels along the axes, in order.
  public let labels: [RunSpecification.Label]
  /// The seed; 0 if there is no axis of seeds.
  public let seed: UInt64

  /// The label along `axis`, which must be one of the computation's.
  public subscript(axis: Axis) -> String {
    guard let label = labels.first(where: { $0.axis == axis.name })?.label else {
      preconditionFailure("no axis \(axis.name) is declared")
    }
    return label
  }

  /// The label along `axis`, as one of the names that the axis has.
  public func label<Label: RawRepresentable<String>>(_ axis: Axis) -> Label {
    guard let label = Label(rawValue: self[axis]) else {
      preconditionFailure("\(self[axis]) is no \(axis.name)")
    }
    return label
  }
}

/// The data of an experiment that needs none.
public struct NoData: Sendable {}

extension DataSource where Data == NoData {
  /// No data set.
  public static var noData: DataSource { DataSource(dataset: nil) { _, _ in NoData() } }
}
