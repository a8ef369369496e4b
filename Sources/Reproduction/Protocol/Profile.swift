/// How much of the protocol is run.
public enum Profile: String, Sendable, CaseIterable, Codable {
  /// Everything once, tiny, on stand-in data: for CI and first contact.
  case smoke
  /// Real data, the paper's models and minibatch size; shortened where the full protocol is long.
  case quick
  /// The paper's protocol in full.
  case paper
}

/// One value a profile.
public struct ByProfile<Value: Sendable>: Sendable {
  private let smoke: Value
  private let quick: Value
  private let paper: Value

  /// A value for each profile.
  public init(smoke: Value, quick: Value, paper: Value) {
    self.smoke = smoke
    self.quick = quick
    self.paper = paper
  }

  /// What `transform` makes of each.
  func map<Other>(_ transform: (Value) -> Other) -> ByProfile<Other> {
    ByProfile<Other>(smoke: transform(smoke), quick: transform(quick), paper: transform(paper))
  }

  /// The profile's value.
  public subscript(profile: Profile) -> Value {
    switch profile {
    case .smoke: smoke
    case .quick: quick
    case .paper: paper
    }
  }
}
