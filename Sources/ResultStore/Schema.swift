/// Where the settings of a run come from: the labels along the dimension `arm`.
public enum Arm: String, Sendable, CaseIterable {
  /// Inferred so that our curves lie on the paper's own.
  case fitted
  /// What the text states, taken at its word; what it leaves open is searched.
  case literal
  /// Everything that the text leaves open about the optimizer is searched.
  case tuned
  /// Given on the command line.
  case custom

  /// The arms in the order in which they decide: the verdict of the first that a claim is judged in
  /// is its headline. `fitted` never is where there is another.
  public static let byWeight: [Arm] = [.literal, .tuned, .fitted, .custom]

  /// The place of an arm, by name, in the order in which they decide; unknown ones come last.
  public static func rank(_ name: String) -> Int {
    Arm(rawValue: name).flatMap(byWeight.firstIndex) ?? byWeight.count
  }

  /// What several arms are, for the dimension `arm` of a file.
  public static func description(of names: [String]) -> String {
    "arm: "
      + names.map { name in Arm(rawValue: name).map { "\(name): \($0.meaning)" } ?? name }
      .joined(separator: "; ")
  }

  /// What it is, in a few words.
  public var meaning: String {
    switch self {
    case .fitted: "settings inferred from the paper's curves"
    case .literal: "what the text states"
    case .tuned: "the best of a grid"
    case .custom: "settings given on the command line"
    }
  }
}
