/// How exact an optimizer's arithmetic is.
enum Precision: Sendable { case double, single }

/// What the changes of one parameter may be off by, step by step.
struct Tolerance {
  private let isDouble: Bool
  private var step = 0
  private var recent = 0.0

  init(_ precision: Precision) { isDouble = precision == .double }

  /// Of the next change. Single precision loses most where frameworks compute beta to the power of t
  /// in it; where gradients cancel in a moment, errors are those of its terms, which the changes of
  /// the last steps measure.
  mutating func next(from old: Double, to new: Double) -> Double {
    step += 1
    let change = abs(new - old)
    recent = max(change, 0.95 * recent)
    let size = max(abs(old), abs(new))
    return isDouble
      ? 0x1p-51 * size + 1e-9 * change + 1e-13 * recent
      : 0x1.4p-23 * size + (2e-5 + 1.2e-4 / Double(step)) * change + 2e-6 * recent
  }
}

/// The part of a trajectory that fits are made on, by parameter, with the error that each change of
/// `theta` may have.
struct Samples {
  let steps: Int
  let parameters: [Int]
  let gradients: [Double]
  let before: [Double]
  let changes: [Double]
  /// What a change may be off by; a residual is in units of it.
  let tolerances: [Double]
  let scales: [Double]

  init(_ trajectory: Trajectory, parameters: [Int], steps: Int, precision: Precision) {
    self.steps = steps
    self.parameters = parameters
    scales = Array(trajectory.scales[..<steps])
    var (gradients, before, changes, tolerances): ([Double], [Double], [Double], [Double]) =
      ([], [], [], [])
    var largest = 0.0
    for parameter in parameters {
      var tolerance = Tolerance(precision)
      for step in 0..<steps {
        let old = trajectory.before(step, parameter)
        let new = trajectory.theta[step * trajectory.count + parameter]
        gradients.append(trajectory.gradients[step * trajectory.count + parameter])
        before.append(old)
        changes.append(new - old)
        largest = max(largest, abs(new - old))
        tolerances.append(tolerance.next(from: old, to: new))
      }
    }
    self.gradients = gradients
    self.before = before
    self.changes = changes
    // Where nothing moves, an update may still be a rounding error of a large one.
    self.tolerances = tolerances.map { max($0, 1e-10 * largest, .leastNormalMagnitude) }
  }

  /// At most `limit` parameters, from those with the smallest gradients to those with the largest.
  static func spread(_ trajectory: Trajectory, limit: Int) -> [Int] {
    let count = trajectory.count
    guard count > limit else { return Array(0..<count) }
    var sizes = [Double](repeating: 0, count: count)
    for step in 0..<min(trajectory.steps, 64) {
      for index in 0..<count {
        sizes[index] = max(sizes[index], abs(trajectory.gradients[step * count + index]))
      }
    }
    let moved = (0..<count).filter { sizes[$0] > 0 }.sorted { sizes[$0] < sizes[$1] }
    guard moved.count > limit else { return moved }
    return (0..<limit).map { moved[$0 * (moved.count - 1) / (limit - 1)] }
  }

  /// The first of `steps` steps.
  func prefix(_ count: Int) -> Samples { Samples(self, count) }

  private init(_ whole: Samples, _ count: Int) {
    func cut(_ values: [Double]) -> [Double] {
      whole.parameters.indices.flatMap {
        values[$0 * whole.steps..<$0 * whole.steps + count]
      }
    }
    steps = count
    parameters = whole.parameters
    scales = Array(whole.scales[..<count])
    gradients = cut(whole.gradients)
    before = cut(whole.before)
    changes = cut(whole.changes)
    tolerances = cut(whole.tolerances)
  }
}
