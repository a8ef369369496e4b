import Storage

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
  public mutating func record(_ quantity: Quantity, at position: [Int] = [], _ value: Double) {
    record(quantity, from: position, [value])
  }

  /// Records the values of a quantity from a position on, which names the leading axes: the others
  /// follow row-major.
  public mutating func record(_ quantity: Quantity, from position: [Int] = [], _ values: [Double]) {
    let name = quantity.name
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
