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
      group.attributes = [Attribute("long_name", computation.meaning)]
      for (name, value) in computation.parameters.sorted(by: { $0.key < $1.key }) {
        group.attributes.append(Attribute(name, value))
      }
      root.groups.append(Subgroup(computation.name, group))
    }
    return root
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
    _ name: String, _ meaning: String, axes: [Dimension] = [], ownAxes: [Dimension] = [],
    quantities: [Quantity], parameters: [String: Double] = [:], usesData: Bool = false,
    work: @escaping @Sendable (ComputationPoint, LoadData) throws -> UnitsOfWork
  ) {
    self.name = name
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
      let seed = labels.first { $0.axis == "seed" }.flatMap { UInt64($0.label) }
      return ComputationPoint(labels: labels, seed: seed ?? 0)
    }
  }

  /// The SHA-256 of the axes and quantities of a run: other labels, another computation.
  var axesIdentity: String {
    let axes = ownAxes.map { ([$0.name] + $0.labels.texts).joined(separator: "\t") }
    let names = quantities.map { ([$0.name] + $0.axes).joined(separator: "\t") }
    return SHA256.hexDigest(of: (axes + names).joined(separator: "\n"))
  }
}

/// A quantity that a computation records.
public struct Quantity: Sendable {
  /// The variable's name.
  public let name: String
  /// Its axes, of the computation's own.
  public let axes: [String]
  /// What it is, for `long_name`.
  public let meaning: String
  /// Its unit; `1` for pure numbers.
  public let units: String

  /// A quantity.
  public init(_ name: String, _ axes: [String] = [], _ meaning: String, units: String = "1") {
    self.name = name
    self.axes = axes
    self.meaning = meaning
    self.units = units
  }

  /// The quantity before anything has been computed.
  func empty(in known: [Dimension]) -> Series {
    let shape = axes.map { axis in
      guard let dimension = known.first(where: { $0.name == axis }) else {
        preconditionFailure("\(name): no axis \(axis) is declared")
      }
      return dimension.length
    }
    let count = shape.reduce(1, *)
    return Series(
      name, axes: axes, shape: shape, values: [Double](repeating: .nan, count: count))
  }
}

/// Where a run stands along the axes of its computation.
public struct ComputationPoint: Sendable {
  /// The labels along the axes, in order.
  public let labels: [RunSpecification.Label]
  /// The seed; 0 if there is no axis of seeds.
  public let seed: UInt64

  /// The label along `axis`, which must be one of the computation's.
  public subscript(axis: String) -> String {
    guard let label = labels.first(where: { $0.axis == axis })?.label else {
      preconditionFailure("no axis \(axis) is declared")
    }
    return label
  }
}

/// The work of one run in units that follow each other; each takes some tens of milliseconds, and
/// a run can be stopped between any two.
public struct UnitsOfWork {
  /// How many units there are.
  public let count: Int
  /// Does one unit. Whatever later units depend on is kept in the ledger; what `work` prepared is
  /// only read.
  public let perform: (_ unit: Int, _ ledger: inout Ledger) throws -> Void

  /// Units of work.
  public init(count: Int, perform: @escaping (_ unit: Int, _ ledger: inout Ledger) throws -> Void) {
    self.count = count
    self.perform = perform
  }
}

/// What a run has recorded so far, and what its later units of work depend on.
public struct Ledger {
  /// What later units depend on, as plain data; empty before the first.
  public var memory = ProcessState()
  fileprivate(set) var results: [Series]

  /// Records one value of a quantity, at a position along its axes.
  public mutating func record(_ name: String, at position: [Int] = [], _ value: Double) {
    record(name, from: position, [value])
  }

  /// Records the values of a quantity from a position on, which names the leading axes: the others
  /// follow row-major.
  public mutating func record(_ name: String, from position: [Int] = [], _ values: [Double]) {
    guard let index = results.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no quantity \(name) is declared")
    }
    let shape = results[index].shape
    precondition(position.count <= shape.count && zip(position, shape).allSatisfy { $0 < $1 })
    let rest = shape.dropFirst(position.count).reduce(1, *)
    let first = zip(position, shape).reduce(0) { $0 * $1.1 + $1.0 } * rest
    precondition(values.count <= rest, "\(name): \(values.count) values for \(rest) places")
    results[index].values.replaceSubrange(first..<first + values.count, with: values)
  }
}

extension Fingerprint {
  /// Numbers of a computation that are kept for comparison with other instruction sets.
  private static let valuesOfUnit = 8

  /// Adds a unit of work: all that has been recorded, and what later units depend on.
  fileprivate mutating func add(_ ledger: Ledger) {
    var digest = SHA256()
    var recorded: [Double] = []
    func add(_ name: String, _ numbers: [Double]) {
      digest.update("\(name.utf8.count) \(name) \(numbers.count) ")
      numbers.map { $0.isNaN ? .nan : $0 }.withUnsafeBytes { digest.update($0) }
      recorded += numbers.filter(\.isFinite).suffix(Self.valuesOfUnit)
    }
    for series in ledger.results { add(series.name, series.values) }
    for (name, numbers) in ledger.memory.numbers.sorted(by: { $0.key < $1.key }) {
      add(name, numbers)
    }
    for (name, vector) in ledger.memory.vectors.sorted(by: { $0.key < $1.key }) {
      digest.update("\(name.utf8.count) \(name) \(vector.count) ")
      digest.update(vector)
    }
    for (name, counter) in ledger.memory.counters.sorted(by: { $0.key < $1.key }) {
      digest.update("\(name.utf8.count) \(name) \(counter) ")
    }
    digests.append(digest.finalize())
    values += recorded.prefix(Self.valuesOfUnit)
  }
}

/// A run of a computation: unit after unit of work, resumable between any two.
public final class ComputationProcess: RunProcess {
  private let work: UnitsOfWork
  private var ledger: Ledger
  private var unit = 0
  private var secondsBefore = 0.0
  /// The fingerprint of the first unit; `nil` if the run goes on from a state without one.
  public private(set) var fingerprint: Fingerprint? = Fingerprint()

  /// A run that has not started and records the given quantities.
  public init(_ quantities: [Series], work: UnitsOfWork) {
    self.work = work
    ledger = Ledger(results: quantities)
  }

  /// Goes on, unit by unit.
  public func advance(pause: () -> Bool) throws -> Outcome? {
    let start = ContinuousClock.now
    let before = secondsBefore
    while unit < work.count {
      try performUnit()
      secondsBefore = before + (ContinuousClock.now - start).seconds
      if unit < work.count && pause() { return nil }
    }
    return .finished
  }

  private func performUnit() throws {
    try work.perform(unit, &ledger)
    unit += 1
    if unit == 1 { fingerprint?.add(ledger) }
  }

  /// Does the first unit of work.
  public func rehearse() throws -> Fingerprint {
    if work.count > 0 { try performUnit() }
    return fingerprint ?? Fingerprint()
  }

  /// What has been recorded so far.
  public var series: [Series] { ledger.results }

  /// Seconds before the first unit and after the last one made.
  public var elapsedSeconds: [Double] { [0, secondsBefore] }

  /// How far the run is; it has no cost.
  public var progress: RunProgress {
    RunProgress(step: unit, steps: work.count, epoch: nil, cost: .nan)
  }

  private static let resultPrefix = "result."

  /// The ledger and how many units have been done.
  public func save() -> ProcessState {
    var state = ledger.memory
    state.counters["unit"] = unit
    state.numbers["seconds"] = [secondsBefore]
    for series in ledger.results { state.numbers[Self.resultPrefix + series.name] = series.values }
    state.fingerprint = fingerprint
    return state
  }

  /// Continues from a saved state.
  public func restore(_ state: ProcessState) throws {
    let unit = try state.counter("unit")
    guard (0...work.count).contains(unit) else {
      throw UnusableState("unit \(unit) is outside the run")
    }
    let seconds = try state.numbers("seconds", count: 1)
    var restored = Ledger(memory: state, results: ledger.results)
    for index in restored.results.indices {
      restored.results[index].values = try state.numbers(
        Self.resultPrefix + restored.results[index].name,
        count: restored.results[index].values.count)
      restored.memory.numbers[Self.resultPrefix + restored.results[index].name] = nil
    }
    restored.memory.counters["unit"] = nil
    restored.memory.numbers["seconds"] = nil
    restored.memory.fingerprint = nil
    ledger = restored
    fingerprint = state.fingerprint
    self.unit = unit
    secondsBefore = seconds[0]
  }
}

/// The data of an experiment that needs none.
public struct NoData: Sendable {}

extension DataSource where Data == NoData {
  /// No data set.
  public static var noData: DataSource { DataSource(dataset: nil) { _, _ in NoData() } }
}
