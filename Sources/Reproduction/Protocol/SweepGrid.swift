import Glibc
import Optimizers
import ResultStore

/// The variants of a method that a sweep compares at every point: an axis of names.
public struct SweepVariants: Sendable {
  /// One variant.
  public struct Variant: Sendable {
    /// The label along the axis.
    public let name: String
    /// The method.
    public let optimizer: MethodDescription
    /// Hyperparameters that are not swept.
    public let fixed: [String: Double]

    /// A variant.
    public init(_ name: String, optimizer: MethodDescription, fixed: [String: Double] = [:]) {
      self.name = name
      self.optimizer = optimizer
      self.fixed = fixed
    }
  }

  /// The axis, e.g. `bias_correction`.
  public let axis: String
  /// What the axis is, for `long_name`.
  public let meaning: String
  /// The variants, the method itself first.
  public let all: [Variant]

  /// An axis of variants.
  public init(_ axis: String, _ meaning: String, _ all: [Variant]) {
    self.axis = axis
    self.meaning = meaning
    self.all = all
  }
}

/// A hyperparameter that is swept.
public struct SweepAxis: Sendable {
  /// How values become labels.
  public enum Labels: Sendable {
    /// The values themselves; the axis has the hyperparameter's name.
    case values
    /// Their decimal logarithms; the axis is called `log10_` and the hyperparameter's name.
    case logarithms
  }

  /// The hyperparameter, also an option that sets a single value.
  public let hyperparameter: String
  /// The values, ascending.
  public let values: [Double]
  /// What the labels are.
  public let labels: Labels
  /// The option that takes a list of other values.
  public let option: CommandOption?

  /// An axis.
  ///
  /// - Parameter listOption: the name of an option that takes a list of other values.
  public init(
    _ hyperparameter: String, _ values: [Double], labels: Labels = .values,
    listOption: String? = nil
  ) {
    self.hyperparameter = hyperparameter
    self.values = values.sorted()
    self.labels = labels
    option = listOption.map {
      CommandOption($0, "LIST", "sweep these values of \(hyperparameter), e.g. 1e-4,2e-4,5e-4")
    }
  }

  /// The axis' name in the result file.
  public var name: String {
    switch labels {
    case .values: hyperparameter
    case .logarithms: "log10_" + hyperparameter
    }
  }

  func label(_ value: Double) -> Double {
    switch labels {
    case .values: value
    case .logarithms: log10(value)
    }
  }

  /// The values of a list such as `1e-4,2e-4`, ascending.
  package func values(from text: String, optimizer: MethodDescription) throws -> [Double] {
    let name = option?.name ?? hyperparameter
    let range = optimizer.hyperparameter(hyperparameter)?.range
    let values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Double(part), number.isFinite else {
        throw UsageError("--\(name) takes a list of numbers such as 1e-4,2e-4, not \"\(text)\"")
      }
      if let range, !range.contains(number) || (labels == .logarithms && number <= 0) {
        throw UsageError("--\(name) takes \(range.description), above 0, not \(compact(number))")
      }
      return number
    }
    guard Set(values).count == values.count else {
      throw UsageError("--\(name) names a value twice in \"\(text)\"")
    }
    return values.sorted()
  }
}

extension [String: Double] {
  /// The value of a cell along an axis; NaN if it has none.
  public subscript(axis: SweepAxis) -> Double { self[axis.hyperparameter] ?? .nan }
}

/// What part of a sweep is run.
public struct SweepExtent: Sendable {
  /// Passes over the training data.
  public let epochs: Int
  /// The names of the variants.
  public let variants: [String]
  let values: [String: [Double]]

  /// The values along an axis that are run, ascending.
  public func values(of axis: SweepAxis) -> [Double] { values[axis.hyperparameter] ?? [] }
}

/// The grid of a sweep for one request.
struct SweepGrid {
  /// One point of the grid.
  struct Cell {
    /// Where it stands along the variants and the swept axes.
    var position: [Int]
    /// The swept hyperparameters.
    var values: [Double]
    /// Whether it is run.
    var isKept: Bool
  }

  private let axes: [SweepAxis]
  private let variantCount: Int
  private let values: [[Double]]
  private let isKept: [[Bool]]
  /// The axes of the result arrays, without seeds and epochs.
  let dimensions: [Dimension]
  /// The points, row-major.
  let cells: [Cell]

  init(
    variants: SweepVariants, axes: [SweepAxis], kept: [String: [Double]], request: PlanRequest
  ) throws {
    self.axes = axes
    variantCount = variants.all.count
    var values: [[Double]] = []
    var isKept: [[Bool]] = []
    for axis in axes {
      let single = request.hyperparameters[axis.hyperparameter]
      let list = axis.option.flatMap { request.extra[$0.name] }
      if let single {
        guard list == nil else {
          throw UsageError(
            "--\(axis.hyperparameter) and --\(axis.option?.name ?? "") exclude each other")
        }
        guard axis.labels == .values || single > 0 else {
          throw UsageError("--\(axis.hyperparameter) takes a number above 0 in a sweep")
        }
        values.append([single])
      } else if let list {
        values.append(try axis.values(from: list, optimizer: variants.all[0].optimizer))
      } else {
        values.append(axis.values)
      }
      let all = single != nil || list != nil
      let wanted = kept[axis.hyperparameter]
      isKept.append(values[values.count - 1].map { all || wanted?.contains($0) ?? true })
    }
    self.values = values
    self.isKept = isKept
    dimensions =
      [
        Dimension(variants.axis, .string(variants.all.map(\.name)), variants.meaning)
      ]
      + zip(axes, values).map { axis, values in
        let logarithm = axis.labels == .logarithms ? "decimal logarithm of " : ""
        return Dimension(
          axis.name, .double(values.map(axis.label)),
          logarithm + HyperparameterMeaning.of(axis.hyperparameter), units: "1")
      }
    var cells = variants.all.indices.map {
      Cell(position: [$0], values: [], isKept: true)
    }
    for axis in axes.indices {
      cells = cells.flatMap { cell in
        values[axis].indices.map { index in
          Cell(
            position: cell.position + [index], values: cell.values + [values[axis][index]],
            isKept: cell.isKept && isKept[axis][index])
        }
      }
    }
    self.cells = cells
  }

  /// The values that are run, by hyperparameter.
  var keptValues: [String: [Double]] {
    Dictionary(
      uniqueKeysWithValues: axes.indices.map { axis in
        (axes[axis].hyperparameter, zip(values[axis], isKept[axis]).filter(\.1).map(\.0))
      })
  }

  /// How much of the protocol's grid is run, whose values may be others than the request's; empty
  /// if it is all.
  var shortened: String {
    let all = axes.reduce(variantCount) { $0 * $1.values.count }
    let count = cells.count { cell in
      cell.isKept && zip(axes, cell.values).allSatisfy { $0.values.contains($1) }
    }
    return count < all ? "\(count) of \(all) cells" : ""
  }

  /// Which values are left out, in words; empty if none are.
  var leftOut: String {
    let parts = axes.indices.compactMap { axis -> String? in
      let missing = zip(values[axis], isKept[axis]).filter { !$0.1 }.map { compact($0.0) }
      return missing.isEmpty
        ? nil : "\(axes[axis].hyperparameter) = \(missing.joined(separator: ", "))"
    }
    return parts.isEmpty ? "" : "not run in this profile: " + parts.joined(separator: "; ")
  }
}
