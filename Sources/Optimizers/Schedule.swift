import Glibc

/// How the stepsize depends on time: `alpha_t` from the base `alpha`, with t = 1 at first.
///
/// The text form (`description`, `parse`) is stable: result files and options use it.
public enum Schedule: Sendable, Hashable, CustomStringConvertible {
  /// `alpha_t = alpha`.
  case constant
  /// `alpha_t = alpha / sqrt(t)`, as theorem 4.1 and section 6.1 have it.
  case inverseSquareRoot(of: Unit)
  /// `alpha_t = alpha / t`.
  case inverse(of: Unit)
  /// `alpha_t = alpha factor^(t - 1)`; the factor is in (0, 1].
  case exponential(Double, by: Unit)

  /// What t counts, from 1.
  public enum Unit: String, Sendable {
    /// Updates.
    case step
    /// Passes over the training data.
    case epoch
  }

  /// The stepsize of update `step` (the first is 1) in epoch `epoch` (the first is 1).
  public func alpha(base: Double, step: Int, epoch: Int) -> Double {
    precondition(step >= 1 && epoch >= 1, "steps and epochs count from 1")
    func t(_ unit: Unit) -> Double { Double(unit == .step ? step : epoch) }
    switch self {
    case .constant: return base
    case .inverseSquareRoot(let unit): return base / t(unit).squareRoot()
    case .inverse(let unit): return base / t(unit)
    case .exponential(let factor, let unit): return base * pow(factor, t(unit) - 1)
    }
  }

  /// `constant`, `alpha/sqrt(step)`, `alpha/sqrt(epoch)`, `alpha/step`, `alpha/epoch`,
  /// `exponential(0.999)` by steps, or `exponential(0.95, epoch)`.
  public var description: String {
    switch self {
    case .constant: "constant"
    case .inverseSquareRoot(let unit): "alpha/sqrt(\(unit.rawValue))"
    case .inverse(let unit): "alpha/\(unit.rawValue)"
    case .exponential(let factor, .step): "exponential(\(factor))"
    case .exponential(let factor, .epoch): "exponential(\(factor), epoch)"
    }
  }

  /// The forms of the text, for messages.
  public static let forms = [
    "constant", "alpha/sqrt(step)", "alpha/sqrt(epoch)", "alpha/step", "alpha/epoch",
    "exponential(FACTOR)", "exponential(FACTOR, epoch)",
  ]

  /// The schedule that `text` names; `t` stands for `step`, and spaces do not matter. Throws
  /// `OptimizerError.unknownSchedule`.
  public static func parse(_ text: String) throws -> Schedule {
    let compact = text.filter { $0 != " " }
    func unit(_ name: Substring) -> Unit? { name == "t" ? .step : Unit(rawValue: String(name)) }
    func inside(_ prefix: String) -> Substring? {
      guard compact.hasPrefix(prefix), compact.hasSuffix(")") else { return nil }
      return compact.dropFirst(prefix.count).dropLast()
    }

    if compact == "constant" { return .constant }
    if let name = inside("alpha/sqrt("), let unit = unit(name) {
      return .inverseSquareRoot(of: unit)
    }
    if compact.hasPrefix("alpha/"), let unit = unit(compact.dropFirst("alpha/".count)) {
      return .inverse(of: unit)
    }
    if let arguments = inside("exponential(") {
      let parts = arguments.split(separator: ",", omittingEmptySubsequences: false)
      if let factor = parts.first.flatMap({ Double($0) }), factor > 0, factor <= 1,
        parts.count <= 2, let unit = parts.count == 2 ? unit(parts[1]) : .step
      {
        return .exponential(factor, by: unit)
      }
    }
    throw OptimizerError.unknownSchedule(text)
  }
}

/// Files have the text form.
extension Schedule: Codable {
  /// Reads the text form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let schedule = try? Self.parse(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "no schedule: \(text)")
    }
    self = schedule
  }

  /// Writes the text form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
