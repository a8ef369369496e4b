import Glibc

/// The ratio of two methods' costs up to which a search with few stepsizes a decade does not tell them apart.
public struct SearchResolution: Sendable {
  /// E.g. 1.1.
  public let ratio: Double

  /// Stepsizes half a decade apart: in `mnist-mlp` one between two of the search lowers Adam's cost by 7 %.
  public static let halfDecades = SearchResolution(ratio: 1.1)

  /// A ratio above 1.
  public init(ratio: Double) { self.ratio = ratio }

  /// The ratios that it hides, e.g. `1 / 1.1 to 1.1`.
  var text: String { "1 / \(NumberText.exact(ratio)) to \(NumberText.exact(ratio))" }

  /// What a rule says of it that wants a ratio below 1.
  func rule(_ quantity: String) -> String {
    let ratio = NumberText.exact(ratio)
    return
      "the interval of \(quantity) has to lie below 1 / \(ratio) for that, and above \(ratio) against it, as the "
      + "search's stepsizes may hide the rest"
  }

  /// Where the interval that decides lies.
  package enum Side { case below, within, above, open }

  /// Where the interval of a log ratio that decides lies: below 1 / ratio, within both, above, or across an end.
  package func side(of estimate: Estimate) -> Side {
    guard let deciding = estimate.deciding else { return .open }
    let limit = log(ratio)
    if !hides(estimate) { return deciding.upperBound < 0 ? .below : .above }
    return -limit <= deciding.lowerBound && deciding.upperBound <= limit ? .within : .open
  }

  /// Whether the interval that decides does not lie beyond the ratio on either side.
  package func hides(_ estimate: Estimate) -> Bool {
    guard let deciding = estimate.deciding else { return false }
    return deciding.upperBound >= -log(ratio) && deciding.lowerBound <= log(ratio)
  }
}
