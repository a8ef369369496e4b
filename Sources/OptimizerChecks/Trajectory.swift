import Optimizers
import Storage

/// What somebody's optimizer did: where it started, the gradients that it was given, and where it was
/// after each step.
public struct Trajectory: Sendable {
  /// The number of steps.
  public let steps: Int
  /// The number of parameters.
  public let count: Int
  /// The start, one element a parameter.
  public let theta0: [Double]
  /// The gradients, steps x parameters, row-major.
  public private(set) var gradients: [Double]
  /// `theta` after each step, steps x parameters, row-major.
  public let theta: [Double]
  /// The stepsize of each step over that of the first, or over the largest where the first is 0.
  public internal(set) var scales: [Double]
  /// Whether stepsizes were given.
  private(set) var hasGivenScales: Bool
  /// Whether every number is one that 32 bits hold.
  public let isSingle: Bool
  /// Whether the numbers were stored in 64 bits.
  public let isStoredInDouble: Bool

  /// Checks what is given; `place` is named in messages. `scales` are the stepsizes of the steps in
  /// any unit; without them the stepsize is constant. `isStoredInDouble` is for what is said of precision.
  /// Throws `TrajectoryError`.
  public init(
    place: String, theta0: [Double], gradients: [Double], gradientsShape: [Int],
    theta: [Double], thetaShape: [Int], scales: [Double]? = nil, isStoredInDouble: Bool = false
  ) throws {
    self.isStoredInDouble = isStoredInDouble
    count = theta0.count
    steps = gradientsShape[0]
    for (name, shape) in [("gradients", gradientsShape), ("theta", thetaShape)] {
      guard shape[1] != count else { continue }
      throw TrajectoryError.columns(
        place, name, shape[1], count, isTransposed: shape[0] == count)
    }
    guard thetaShape[0] == steps else {
      throw TrajectoryError.rows(place, theta: thetaShape[0], gradients: steps)
    }
    guard steps > 0, count > 0 else {
      throw TrajectoryError.empty(place, hasSteps: steps > 0)
    }
    let columns = count
    func check(_ name: String, _ values: [Double]) throws {
      guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
      throw TrajectoryError.notFinite(
        place, name, step: name == "theta0" ? nil : index / columns + 1,
        parameter: index % columns, value: values[index])
    }
    try check("theta0", theta0)
    try check("gradients", gradients)
    try check("theta", theta)
    if let scales {
      guard scales.count == steps else {
        throw TrajectoryError.alphas(place, scales.count, steps)
      }
      guard let relative = Self.relative(scales) else {
        throw TrajectoryError.alphaNotPositive(place)
      }
      self.scales = relative
    } else {
      self.scales = Array(repeating: 1, count: steps)
    }
    hasGivenScales = scales != nil
    self.theta0 = theta0
    self.gradients = gradients
    self.theta = theta
    isSingle = (theta0 + theta).allSatisfy { Double(Float($0)) == $0 }
    guard
      (0..<steps).contains(where: { step in
        (0..<columns).contains { theta[step * columns + $0] != theta0[$0] }
      })
    else { throw TrajectoryError.nothingMoves(place) }
    guard gradients.contains(where: { $0 != 0 }) else {
      throw TrajectoryError.gradientsAreZero(place)
    }
  }

  /// The stepsizes of `steps` steps in any unit, from numbers in a file or from a schedule; nil if there is
  /// neither. Throws `TrajectoryError` if there are both.
  public static func stepsizes(
    place: String, given: [Double]?, schedule: Schedule?, steps: Int
  ) throws -> [Double]? {
    guard let schedule else { return given }
    if schedule == .constant, let given, Set(given).count == 1 { return given }
    guard given == nil else {
      throw TrajectoryError.scheduleBesideAlpha(place, schedule.description)
    }
    return (0..<steps).map { schedule.alpha(base: 1, step: $0 + 1, epoch: 1) }
  }

  /// Stepsizes over that of the first step, or over the largest where the first is 0, as in a warm-up; nil
  /// if one is negative or not finite, or all are 0.
  static func relative(_ stepsizes: [Double]) -> [Double]? {
    guard let first = stepsizes.first, let largest = stepsizes.max(), largest > 0,
      stepsizes.allSatisfy({ $0.isFinite && $0 >= 0 })
    else { return nil }
    let unit = first > 0 ? first : largest
    return stepsizes.map { $0 / unit }
  }

  /// What its numbers may have been computed in, the highest precision first.
  var precisions: [Precision] { isSingle ? [.single] : [.double, .single] }

  /// Takes the stepsize for one that nobody has given.
  mutating func forgetScales() {
    scales = Array(repeating: 1, count: steps)
    hasGivenScales = false
  }

  /// The same with gradients of the other sign.
  var negated: Trajectory {
    var copy = self
    copy.gradients = gradients.map { -$0 }
    return copy
  }

  /// `theta` before a step, from 0.
  @inline(__always)
  func before(_ step: Int, _ parameter: Int) -> Double {
    step == 0 ? theta0[parameter] : theta[(step - 1) * count + parameter]
  }
}

/// What is wrong with a trajectory.
public enum TrajectoryError: UserFacingError, Equatable {
  case columns(String, String, Int, Int, isTransposed: Bool)
  case rows(String, theta: Int, gradients: Int)
  case empty(String, hasSteps: Bool)
  case scheduleBesideAlpha(String, String)
  case notFinite(String, String, step: Int?, parameter: Int, value: Double)
  case alphas(String, Int, Int)
  case alphaNotPositive(String)
  case nothingMoves(String)
  case gradientsAreZero(String)

  /// What is wrong, where, and what to do; one line.
  public var description: String {
    switch self {
    case .columns(let place, let name, let found, let count, let isTransposed):
      "\(place): \(name) has \(found) columns, theta0 \(count) elements; "
        + (isTransposed ? "transpose it, a row is a step" : "they must be equal")
    case .rows(let place, let theta, let gradients):
      "\(place): theta has \(theta) rows, gradients \(gradients); row t of theta is the state after "
        + "the step with row t of gradients"
        + (theta == gradients + 1 ? ", so leave out its first row, which is theta0" : "")
    case .empty(let place, let hasSteps):
      hasSteps
        ? "\(place) holds no parameters; give theta0, gradients and theta of at least one"
        : "\(place) holds no steps; give at least 10"
    case .scheduleBesideAlpha(let place, let schedule):
      "\(place) holds alpha, the stepsize of each step, and --schedule \(schedule) gives it too; leave one "
        + "of them out"
    case .notFinite(let place, let name, let step, let parameter, let value):
      "\(place): \(name)\(step.map { " of step \($0)" } ?? "") has \(value) at parameter "
        + "\(parameter); "
        + (step ?? 1 > 1
          ? "give the steps before it"
          : name == "theta" && step == 1
            ? "if theta0 and its gradient are right, look for 0 / 0: do your bias corrections begin at t = 0?"
            : "begin where all numbers are finite")
    case .alphas(let place, let found, let steps):
      "\(place): alpha has \(found) elements, gradients \(steps) rows; they must be equal"
    case .alphaNotPositive(let place):
      "\(place): alpha must hold numbers from 0 on, the stepsize of each step, not all of them 0"
    case .nothingMoves(let place):
      "\(place): theta never leaves theta0, which tells nothing; record theta after each step"
    case .gradientsAreZero(let place):
      "\(place): all gradients are 0, which tells no method from another"
    }
  }

  /// Bad data, but for an option that does not go with them.
  public var exitStatus: ExitStatus {
    if case .scheduleBesideAlpha = self { return .usage }
    return .badData
  }
}
