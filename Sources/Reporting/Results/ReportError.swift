import Storage

/// What can go wrong between result files and a report.
public enum ReportError: UserFacingError, Equatable {
  /// A group `/claims` that does not follow the schema.
  case malformedClaims(String)
  /// A group `/figures/<id>` that does not follow the schema.
  case malformedFigure(id: String, String)
  /// A folder without any result file.
  case noResults(folder: String)
  /// A file lacks the markers between which a generated block goes.
  case noMarkers(path: String, name: String)
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
    case .noResults(let folder):
      "there are no result files (*.h5) in \(folder); make them with 'make reproduce-all', or name "
        + "another folder with --results"
    case .noMarkers(let path, let name):
      "\(path) has no lines '\(GeneratedBlock.begin(name))' and '\(GeneratedBlock.end(name))' between which the "
        + "results go; add them"
    case .gnuplotMissing(let reason):
      "cannot draw figures: gnuplot \(reason); install it with 'apt-get install gnuplot-nox'"
    case .gnuplotFailed(let figure, let message):
      "gnuplot could not draw \(figure): \(message)"
    }
  }

  /// How the program ends.
  public var exitStatus: ExitStatus {
    switch self {
    case .malformedClaims, .malformedFigure, .noMarkers: .badData
    case .noResults: .noInput
    case .gnuplotMissing, .gnuplotFailed: .unavailable
    }
  }
}
