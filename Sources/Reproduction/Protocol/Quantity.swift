import Reporting
import ResultStore

/// An axis of computations: who records, judges and draws along it names this.
public struct Axis: Hashable, Sendable {
  /// The dimension's name.
  public let name: String
  private let meaning: String
  private let units: String?

  /// An axis.
  public init(_ name: String, _ meaning: String, units: String? = nil) {
    self.name = name
    self.meaning = meaning
    self.units = units
  }

  /// The seeds of runs.
  public static let seed = Axis("seed", "seed")

  /// The dimension with these labels, and with a meaning of its own if one is given.
  public func callAsFunction(_ labels: Values, _ meaning: String? = nil) -> Dimension {
    Dimension(name, labels, meaning ?? self.meaning, units: units)
  }

  /// The dimension with these names.
  public func callAsFunction<Label: RawRepresentable<String> & CaseIterable>(
    _ labels: Label.Type
  ) -> Dimension { self(.string(labels.allCases.map(\.rawValue))) }

  /// The dimension with these whole numbers.
  public func callAsFunction(_ labels: [Int]) -> Dimension { self(.int64(labels.map(Int64.init))) }

  /// The dimension with these seeds, and with a meaning of its own if one is given.
  public func callAsFunction(_ seeds: [UInt64], _ meaning: String? = nil) -> Dimension {
    self(.int64(seeds.map { Int64(bitPattern: $0) }), meaning)
  }
}

/// A quantity that computations record: who records, judges and draws it names this.
public struct Quantity: Sendable {
  /// The variable's name.
  public let name: String
  /// Its axes, of the computation's own.
  public let axes: [Axis]
  /// What it is, for `long_name`.
  public let meaning: String
  /// Its unit; `1` for pure numbers.
  public let units: String

  /// A quantity.
  public init(_ name: String, _ axes: [Axis] = [], _ meaning: String, units: String = "1") {
    self.name = name
    self.axes = axes
    self.meaning = meaning
    self.units = units
  }

  /// The quantity before anything has been computed.
  func empty(in known: [Dimension]) -> Series {
    let shape = axes.map { axis in
      guard let dimension = known.first(where: { $0.name == axis.name }) else {
        preconditionFailure("\(name): no axis \(axis.name) is declared")
      }
      return dimension.length
    }
    let count = shape.reduce(1, *)
    return Series(
      name, axes: axes.map(\.name), shape: shape, values: [Double](repeating: .nan, count: count))
  }
}

/// A quantity of one computation, for who reads it.
public struct Computed: Recorded {
  /// Its variable's path in a result file.
  public let variable: String

  /// What a computation records.
  public init(_ computation: some RawRepresentable<String>, _ quantity: Quantity) {
    variable = "\(computation.rawValue)/\(quantity.name)"
  }
}

extension Claim {
  /// The claim, with what it reads of a computation: a program stops at its start if it records no such.
  public func reading(
    _ computation: some RawRepresentable<String>, _ first: Quantity, _ others: Quantity...
  ) -> Claim {
    ([first] + others).reduce(self) { $0.reading(Computed(computation, $1)) }
  }
}

extension ClaimContext {
  /// A computation that has come to its end.
  ///
  /// - Throws: `NotRun` if it has not.
  public func finished(_ computation: some RawRepresentable<String>) throws -> DocumentView {
    let group = try document.view.subgroup(computation.rawValue)
    guard try group.allFinished() else {
      throw NotRun("\(computation.rawValue) has not been computed to its end")
    }
    return group
  }
}

extension DocumentView {
  /// The labels of an axis.
  public func labels(_ axis: Axis) throws -> [String] { try labels(axis.name) }

  /// A quantity, or the part of it at these labels, row-major.
  public func values(_ quantity: Quantity, _ labels: [Axis: String] = [:]) throws -> [Double] {
    try array(quantity.name, labels.byName).values
  }

  /// One number of a quantity.
  public func number(_ quantity: Quantity, _ labels: [Axis: String] = [:]) throws -> Double {
    try number(quantity.name, labels.byName)
  }
}

extension [Axis: String] {
  /// The labels by the names of dimensions.
  public var byName: [String: String] {
    reduce(into: [:]) { $0[$1.key.name] = $1.value }
  }
}
