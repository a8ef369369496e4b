import OptimizerChecks
import Optimizers
import ResultStore

/// What `--identify` says about a file.
struct IdentifiedFile {
  private let path: String
  private let identification: Identification
  private let expected: String?

  /// Reads the file and identifies its trajectory. Throws what is wrong with either.
  init(_ options: TraceOptions) throws {
    path = options.input
    expected = options.expected
    let input = try TraceInput(path)
    let (shape, theta) = try TraceInput.read(path, "theta", rank: 2)
    var alphas: [Double]?
    if try HDF5File.contains(path: path, dataset: "alpha") {
      alphas = try TraceInput.read(path, "alpha", rank: 1).values
    }
    let scales = try Trajectory.stepsizes(
      place: path, given: alphas, schedule: options.schedule, steps: input.steps)
    let trajectory = try Trajectory(
      place: path, theta0: input.theta0, gradients: input.gradients,
      gradientsShape: [input.steps, input.columns], theta: theta, thetaShape: shape,
      scales: scales, isStoredInDouble: try TraceInput.isDouble(path, "theta"))
    identification = try Identification(trajectory, given: options.hyperparameters)
  }

  /// Whether there is one answer, the expected one if there is such.
  var isIdentified: Bool {
    expected.map(identification.isAsExpected) ?? identification.isIdentified
  }

  /// The answer, after the file's name.
  var text: String {
    "\(path): \(identification.text)"
      + (expected.map { "\n  \(isIdentified ? "as expected" : "expected, and not found"): \($0)" }
        ?? "")
  }
}
