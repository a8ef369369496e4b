import Numerics

/// Which subfunction is evaluated next, and when another one joins.
extension SumOfFunctionsOptimizer {
  /// Chooses a subfunction: one that needs a second evaluation, and so has a curvature at once; one that
  /// has none; else the one whose model is oldest, told by the distance to where it was evaluated.
  package mutating func select() -> Int {
    let active = active
    if let once = active.first(where: { models[$0].evaluations == 1 }) { return once }
    var stream = stream(.selection)
    let fresh = active.filter { models[$0].evaluations < 2 }
    if !fresh.isEmpty { return fresh[stream.next(below: fresh.count)] }
    let inWholeMetric = options.selection == .distance || stream.next(below: 2) == 0
    let distances = inWholeMetric ? wholeDistances(active) : ownDistances(active)
    let known = active.indices.filter { !distances[$0].isNaN }
    guard let farthest = known.max(by: { distances[$0] < distances[$1] }) else {
      return active[stream.next(below: active.count)]
    }
    if distances[farthest] < Self.tiny, inWholeMetric || options.mode == .repaired,
      let joined = activate()
    {
      return joined
    }
    return active[farthest]
  }

  /// The squared distance of each one's last evaluation in the metric of the whole Hessian.
  private func wholeDistances(_ active: [Int]) -> [Double] {
    let steps = Matrix(
      columns: active.map { subtract(position, models[$0].position) }, rows: subspace.capacity)
    let curved = DenseAlgebra.product(hessian, steps)
    return active.indices.map { DenseAlgebra.dot(steps.column($0), curved.column($0)) }
  }

  /// The same in the metric of each one's own.
  private func ownDistances(_ active: [Int]) -> [Double] {
    active.map {
      let step = subtract(position, models[$0].position)
      return DenseAlgebra.dot(step, models[$0].hessian.product(step))
    }
  }

  /// Makes a random subfunction active; nil if all are.
  @discardableResult
  mutating func activate() -> Int? {
    let inactive = models.indices.filter { !models[$0].isActive }
    guard !inactive.isEmpty else { return nil }
    var stream = stream(.activation)
    let joined = inactive[stream.next(below: inactive.count)]
    models[joined].isActive = true
    stepsSinceGrowth = 0
    return joined
  }

  /// Activates a subfunction if the mean gradient of the active ones is no longer than its noise, if a
  /// step has failed, or if it has been long; but only when all active ones have a curvature.
  mutating func grow(failed: Bool, hessian: DenseAlgebra.Factorisation) {
    stepsSinceGrowth += 1
    let active = active
    guard active.count < count, active.allSatisfy({ models[$0].evaluations >= 2 }) else { return }
    if failed || stepsSinceGrowth > active.count || isNoisy(active, hessian) { activate() }
  }

  private func isNoisy(_ active: [Int], _ hessian: DenseAlgebra.Factorisation) -> Bool {
    // A single gradient does not tell its noise.
    guard active.count > 1 else { return true }
    let number = Double(active.count)
    var mean = [Double](repeating: 0, count: subspace.capacity)
    for index in active {
      for place in mean.indices { mean[place] += models[index].gradient[place] / number }
    }
    let deviations = active.map { subtract(models[$0].gradient, mean) } + [mean]
    let vectors = Matrix(columns: deviations, rows: subspace.capacity)
    let solved = hessian.solve(vectors)
    let lengths = deviations.indices.map {
      DenseAlgebra.dot(vectors.column($0), solved.column($0))
    }
    let noise = lengths.dropLast().reduce(0, +) / (number * (number - 1))
    return noise >= options.gradientNoise * lengths[active.count]
  }
}
