/// Newton's method with projection, for smooth convex functions on a box: parameters that stand at
/// a side of the box with the gradient pointing outwards are held there (Bertsekas 1982).
struct BoxMinimizer {
  /// Value, gradient and Hessian matrix at a point.
  struct Evaluation {
    var value: Double
    var gradient: [Double]
    var hessian: [Double]
  }

  let dimension: Int
  let radius: Double

  /// Moves `point` to the minimum and returns the value there.
  ///
  /// - Parameter evaluate: the function; gradient and Hessian matrix are only read where the
  ///   second argument is true.
  func minimize(from point: inout [Double], _ evaluate: ([Double], Bool) -> Evaluation) -> Double {
    var current = evaluate(point, true)
    for _ in 0..<50 {
      let free = (0..<dimension).filter { i in
        !(point[i] <= -radius && current.gradient[i] > 0)
          && !(point[i] >= radius && current.gradient[i] < 0)
      }
      let direction = newtonDirection(current, free)
      let slope = zip(direction, current.gradient).reduce(0) { $0 + $1.0 * $1.1 }
      // What is left to gain, half the squared Newton decrement, is below rounding.
      if -slope <= 1e-13 * (abs(current.value) + 1e-9) { break }
      var length = 1.0
      var next = current
      var moved = point
      repeat {
        moved = point.indices.map { i in
          min(radius, max(-radius, point[i] + length * direction[i]))
        }
        next = evaluate(moved, false)
        length /= 2
      } while next.value > current.value && length > 1e-10
      if next.value >= current.value { break }
      point = moved
      current = evaluate(point, true)
    }
    return current.value
  }

  /// Solves with the free part of the Hessian matrix by Cholesky's decomposition; a little is added
  /// to its diagonal, so that a singular one does no harm.
  private func newtonDirection(_ current: Evaluation, _ free: [Int]) -> [Double] {
    let n = free.count
    var direction = [Double](repeating: 0, count: dimension)
    guard n > 0 else { return direction }
    let trace = free.reduce(0.0) { $0 + current.hessian[$1 * dimension + $1] }
    let ridge = 1e-12 * trace / Double(n) + 1e-300
    var factor = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        var sum = current.hessian[free[i] * dimension + free[j]] + (i == j ? ridge : 0)
        for k in 0..<j { sum -= factor[i * n + k] * factor[j * n + k] }
        factor[i * n + j] =
          i == j ? max(sum, ridge).squareRoot() : sum / factor[j * n + j]
      }
    }
    var solution = free.map { -current.gradient[$0] }
    for i in 0..<n {
      for k in 0..<i { solution[i] -= factor[i * n + k] * solution[k] }
      solution[i] /= factor[i * n + i]
    }
    for i in (0..<n).reversed() {
      for k in i + 1..<n { solution[i] -= factor[k * n + i] * solution[k] }
      solution[i] /= factor[i * n + i]
    }
    for (index, i) in free.enumerated() { direction[i] = solution[index] }
    return direction
  }
}
