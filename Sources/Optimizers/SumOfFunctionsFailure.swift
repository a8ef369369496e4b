import Numerics

/// Steps that fail, and what is done about them.
extension SumOfFunctionsOptimizer {
  /// Whether the last step has led to where a subfunction is worse than it should be: not finite; at its
  /// first evaluation far above the values of the others; or above its last value, and above its own
  /// model by more than the gain that was predicted for all the others.
  func hasFailed(_ subfunction: Int, _ evaluation: Evaluation) -> Bool {
    guard evaluation.isFinite else { return true }
    guard let before = models[subfunction].value,
      let predicted = models[subfunction].value(at: position)
    else { return isOutlier(evaluation.value) }
    guard evaluation.value > before else { return false }
    return evaluation.value - predicted > predictedGain - (before - predicted)
  }

  /// Whether a value is more than three standard deviations above the mean of the others.
  private func isOutlier(_ value: Double) -> Bool {
    let values = models.filter { $0.evaluations > 1 }.compactMap(\.value)
    guard !values.isEmpty else { return false }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance =
      values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return value > mean + 3 * variance.squareRoot()
  }

  /// The evaluations of a failed step, in coordinates, while it is recovered from.
  struct Recovery: Sendable {
    /// Where the step has led, later where that was pulled to.
    var failedPosition: [Double]
    /// The gradient there; nil if it is not finite.
    var failedGradient: [Double]?
    /// The gradient where the step began, once it has been evaluated there again.
    var startGradient: [Double]?

    mutating func transform(_ moved: ([Double]) -> [Double]) {
      failedPosition = moved(failedPosition)
      failedGradient = failedGradient.map(moved)
      startGradient = startGradient.map(moved)
    }
  }

  /// What a collapse during a recovery has to keep besides the position and the newest gradient.
  var recoveryDirections: [[Double]] {
    guard let recovery else { return [] }
    if let startGradient = recovery.startGradient { return [previousPosition, startGradient] }
    return [recovery.failedPosition] + (recovery.failedGradient.map { [$0] } ?? [])
  }

  /// After a failed step: evaluates the subfunction where the step began too, pulls a point that has
  /// exploded back, keeps the worse of both evaluations in the history and goes on from the better one,
  /// which is given back.
  mutating func recover(
    _ subfunction: Int, from evaluation: Evaluation, _ sum: some SumOfSubfunctions
  ) throws -> Evaluation {
    damping = max(damping / 2, Self.smallestDamping)
    let surprise = models[subfunction].value.flatMap { before in
      models[subfunction].value(at: position).map { abs($0 - before) }
    }
    recovery = Recovery(failedPosition: position, failedGradient: evaluation.gradient)
    defer { recovery = nil }
    go(to: previousPosition)
    let start = try evaluate(subfunction, of: sum)
    recovery?.startGradient = start.gradient
    let scale = max(surprise ?? abs(evaluation.value - start.value), Self.tiny)

    var failed = evaluation
    var pulls = 0
    while pulls < 10, !failed.isFinite || failed.value - start.value >= 10 * scale {
      pulls += 1
      go(to: zip(previousPosition, failedPosition).map { 0.99 * $0 + 0.01 * $1 })
      recovery?.failedPosition = position
      failed = try evaluate(subfunction, of: sum)
      recovery?.failedPosition = position
      recovery?.failedGradient = failed.gradient
    }
    let startGradient = recovery?.startGradient
    let failedGradient = recovery?.failedGradient
    if failed.isFinite, !start.isFinite || failed.value < start.value {
      if start.isFinite, let startGradient {
        keep(
          subfunction, value: start.value, position: previousPosition, gradient: startGradient)
      }
      go(to: failedPosition)
      return Evaluation(value: failed.value, gradient: failedGradient)
    }
    if failed.isFinite, let failedGradient {
      keep(
        subfunction, value: failed.value, position: failedPosition, gradient: failedGradient)
    }
    go(to: previousPosition)
    return Evaluation(value: start.value, gradient: startGradient)
  }

  private var failedPosition: [Double] { recovery?.failedPosition ?? position }

  /// Moves to a point of the subspace.
  private mutating func go(to target: [Double]) {
    subspace.move(by: subtract(target, position))
    position = target
  }
}
