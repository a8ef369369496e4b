import Numerics

/// Checkpoints: everything but the options as plain data.
extension SumOfFunctionsOptimizer {
  /// Everything that later steps depend on, apart from the options.
  public var state: SumOptimizerState {
    var state = SumOptimizerState()
    state.counters = [
      "evaluations": evaluations, "steps": steps, "failures": failures, "collapses": collapses,
      "distances": distances, "stepsSinceGrowth": stepsSinceGrowth, "count": count,
      "mode": Mode.allCases.firstIndex(of: options.mode) ?? 0,
      "failed": report?.failed == true ? 1 : 0, "subfunction": report?.subfunction ?? -1,
    ]
    state.numbers = [
      "scalars": [damping, predictedGain, totalDistance, report?.value ?? 0],
      "position": position, "previousPosition": previousPosition, "lowRank": lowRank.elements,
      "values": models.map { $0.value ?? 0 },
      "diagonals": models.map(\.hessian.diagonal),
      "positions": models.flatMap(\.position), "gradients": models.flatMap(\.gradient),
      "differences": models.flatMap { $0.differences.flatMap { $0.position + $0.gradient } },
      "factors": models.flatMap(\.hessian.factors.elements),
      "weights": models.flatMap(\.hessian.weights),
      "model": models.flatMap {
        [
          $0.isActive ? 1 : 0, Double($0.evaluations), $0.value == nil ? 0 : 1,
          Double($0.differences.count), Double($0.hessian.weights.count),
        ]
      },
    ]
    subspace.save(to: &state)
    return state
  }

  /// Continues from a state of an optimizer with the same options, number of subfunctions and number
  /// of parameters.
  public mutating func restore(_ state: SumOptimizerState) throws {
    let saved = try state.counter("mode")
    guard Mode.allCases.indices.contains(saved), Mode.allCases[saved] == options.mode else {
      let name = Mode.allCases.indices.contains(saved) ? Mode.allCases[saved].rawValue : "unknown"
      throw SumOptimizerError.otherState(
        "its mode is \(name), this one's \(options.mode.rawValue)")
    }
    guard try state.counter("count") == count else {
      throw SumOptimizerError.otherState("it has another number of subfunctions than \(count)")
    }
    var copy = self
    let capacity = subspace.capacity
    copy.evaluations = try state.counter("evaluations")
    copy.steps = try state.counter("steps")
    copy.failures = try state.counter("failures")
    copy.collapses = try state.counter("collapses")
    copy.distances = try state.counter("distances")
    copy.stepsSinceGrowth = try state.counter("stepsSinceGrowth")
    let scalars = try state.numbers("scalars", count: 4)
    copy.damping = scalars[0]
    copy.predictedGain = scalars[1]
    copy.totalDistance = scalars[2]
    let subfunction = try state.counter("subfunction")
    copy.report =
      try subfunction < 0
      ? nil
      : Report(
        subfunction: subfunction, value: scalars[3], failed: state.counter("failed") == 1)
    copy.position = try state.numbers("position", count: capacity)
    copy.previousPosition = try state.numbers("previousPosition", count: capacity)
    copy.lowRank.elements = try state.numbers("lowRank", count: capacity * capacity)
    copy.models = try restoredModels(state)
    try copy.subspace.restore(state)
    self = copy
  }

  private func restoredModels(_ state: SumOptimizerState) throws -> [SubfunctionModel] {
    let capacity = subspace.capacity
    let table = try state.numbers("model", count: 5 * count)
    let values = try state.numbers("values", count: count)
    let diagonals = try state.numbers("diagonals", count: count)
    let positions = try state.numbers("positions", count: count * capacity)
    let gradients = try state.numbers("gradients", count: count * capacity)
    let rows = (0..<count).map { table[5 * $0..<5 * $0 + 5].map { Int($0) } }
    guard rows.allSatisfy({ $0.allSatisfy { $0 >= 0 } }) else {
      throw SumOptimizerError.otherState("a number of a model is negative")
    }
    let differences = try state.numbers(
      "differences", count: rows.reduce(0) { $0 + 2 * capacity * $1[3] })
    let weights = try state.numbers("weights", count: rows.reduce(0) { $0 + $1[4] })
    let factors = try state.numbers("factors", count: weights.count * capacity)
    var (difference, weight) = (0, 0)
    return rows.enumerated().map { index, row in
      let own = index * capacity..<(index + 1) * capacity
      var model = SubfunctionModel(position: Array(positions[own]))
      model.gradient = Array(gradients[own])
      model.isActive = row[0] == 1
      model.evaluations = row[1]
      model.value = row[2] == 1 ? values[index] : nil
      model.differences = (0..<row[3]).map { _ in
        defer { difference += 2 * capacity }
        return .init(
          position: Array(differences[difference..<difference + capacity]),
          gradient: Array(differences[difference + capacity..<difference + 2 * capacity]))
      }
      model.hessian = HessianModel(
        diagonal: diagonals[index],
        factors: Matrix(
          capacity, row[4], Array(factors[weight * capacity..<(weight + row[4]) * capacity])),
        weights: Array(weights[weight..<weight + row[4]]))
      weight += row[4]
      return model
    }
  }
}

extension SumOfFunctionsSubspace {
  func save(to state: inout SumOptimizerState) {
    state.counters["used"] = used
    state.numbers["fullPosition"] = position
    state.vectors["theta"] = theta
    state.vectors["basis"] = basis
    guard let pending else { return }
    state.vectors["pending"] = pending.vector
    state.numbers["pending"] =
      [Double(pending.factor), pending.length] + pending.coefficients.map(Double.init)
  }

  mutating func restore(_ state: SumOptimizerState) throws {
    let used = try state.counter("used")
    guard (0...capacity).contains(used) else {
      throw SumOptimizerError.otherState("its subspace has \(used) dimensions, at most \(capacity)")
    }
    self.used = used
    position = try state.numbers("fullPosition", count: dimension)
    theta = try state.vector("theta", count: dimension)
    basis = try state.vector("basis", count: basis.count)
    useLargePages()
    pending = nil
    spare = FloatVector(count: spansAll ? 0 : dimension)
    guard state.vectors["pending"] != nil else { return }
    let numbers = try state.numbers("pending", count: 2 + capacity)
    pending = Pending(
      vector: try state.vector("pending", count: dimension), factor: Float(numbers[0]),
      coefficients: numbers.dropFirst(2).map { Float($0) }, length: numbers[1])
    spare = FloatVector(count: 0)
  }
}
