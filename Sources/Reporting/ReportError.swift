import Storage

/// What can go wrong between result files and a report.
public enum ReportError: UserFacingError, Equatable {
  /// A group `/claims` that does not follow the schema.
  case malformedClaims(String)
  /// A group `/figures/<id>` that does not follow the schema.
  case malformedFigure(id: String, String)
  /// gnuplot is not installed, or cannot be started.
  case gnuplotMissing(String)
  /// gnuplot ran, and failed.
  case gnuplotFailed(figure: String, message: String)

  /// One line for the user.
  public var description: String {
    switch self {
    case .malformedClaims(let problem):
      "group /claims: \(problem); run the experiment again with this version"
    case .malformedFigure(let id, let problem):
      "group /figures/\(id): \(problem); run the experiment again with this version"
    case .gnuplotMissing(let reason):
      "cannot draw figures: gnuplot \(reason); install it with 'apt-get install gnuplot-nox'"
    case .gnuplotFailed(let figure, let message):
      "gnuplot could not draw \(figure): \(message)"
    }
  }

  /// How the program ends.
  public var exitStatus: ExitStatus {
    switch self {
    case .malformedClaims, .malformedFigure: .badData
    case .gnuplotMissing: .unavailable
    case .gnuplotFailed: .software
    }
  }
}
