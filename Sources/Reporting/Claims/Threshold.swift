import Glibc

/// What is measured for a claim, and where it has to lie.
public struct Threshold: Sendable {
  /// As one formula, e.g. `Adam / AdaGrad < 1`.
  public let text: String

  /// A quantity in a region.
  public init(_ quantity: String, _ region: Region) {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: 7) }
    text =
      switch region {
      case .below(let limit): "\(quantity) < \(number(limit))"
      case .atMost(let limit): "\(quantity) <= \(number(limit))"
      case .above(let limit): "\(quantity) > \(number(limit))"
      case .atLeast(let limit): "\(quantity) >= \(number(limit))"
      case .inside(let range) where range.lowerBound == range.upperBound:
        "\(quantity) = \(number(range.lowerBound))"
      case .inside(let range):
        "\(number(range.lowerBound)) <= \(quantity) <= \(number(range.upperBound))"
      }
  }

  private init(text: String) { self.text = text }

  /// A ratio whose logarithm lies in a region.
  public static func ratio(_ quantity: String, _ logarithms: Region) -> Threshold {
    Threshold(quantity, logarithms.exponentiated)
  }

  /// Several, of which each has to hold.
  public static func every(_ all: [Threshold]) -> Threshold {
    Threshold(text: all.map(\.text).joined(separator: " and "))
  }

  /// At most one number to be reproduced; above another not reproduced.
  public static func atMost(
    _ limits: (reproduced: Double, inconclusive: Double), _ quantity: String
  )
    -> Threshold
  {
    let second = NumberText.significant(limits.inconclusive, digits: 7)
    return Threshold(
      text: Threshold(quantity, .atMost(limits.reproduced)).text + ", inconclusive <= \(second)")
  }

  /// Which side of a threshold a formula of this kind claims, of several the first: 1 above it, -1 below; nil
  /// where it does not tell.
  ///
  /// - Parameter limit: the threshold, in the unit of the formula: of a range one of its ends.
  static func side(of limit: Double, in formula: String) -> Double? {
    let words = formula.split(separator: " ")
    if words.count > 4, words[1] == "<=", let low = Double(words[0]), let high = words.last {
      // The formula has seven digits.
      func isNear(_ end: Double) -> Bool { Swift.abs(limit - end) <= 1e-5 * Swift.abs(end) }
      return isNear(low) ? 1 : isNear(Double(high) ?? .nan) ? -1 : nil
    }
    return words.compactMap { sides[$0] }.first
  }

  private static let sides: [Substring: Double] = ["<": -1, "<=": -1, ">": 1, ">=": 1]

  /// Of a claim that is reproduced if each of its parts is.
  public static let everyPart = Threshold(text: "every part reproduced")
}

extension Region {
  /// The region of exp(x) for the x that lie in this one.
  fileprivate var exponentiated: Region {
    switch self {
    case .below(let limit): .below(exp(limit))
    case .atMost(let limit): .atMost(exp(limit))
    case .above(let limit): .above(exp(limit))
    case .atLeast(let limit): .atLeast(exp(limit))
    case .inside(let range): .inside(exp(range.lowerBound)...exp(range.upperBound))
    }
  }
}
