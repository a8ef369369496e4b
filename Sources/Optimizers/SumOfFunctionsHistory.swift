/// What is known of one subfunction: where it was evaluated, and the quadratic model of it.
///
/// All vectors are coordinates in the subspace.
package struct SubfunctionModel: Sendable, Equatable {
  /// A difference of positions, and that of the gradients there.
  package struct Difference: Sendable, Equatable {
    package var position: [Double]
    package var gradient: [Double]
  }

  /// Whether the model is part of the sum.
  package var isActive = false
  /// How often it has been evaluated.
  package var evaluations = 0
  /// The value at the last evaluation that was kept.
  package var value: Double?
  /// Where that was.
  package var position: [Double]
  /// The gradient there.
  package var gradient: [Double]
  /// The differences between evaluations that followed each other, newest first.
  package var differences: [Difference] = []
  /// The model's Hessian.
  package var hessian: HessianModel

  /// A subfunction that has never been evaluated.
  init(position: [Double]) {
    self.position = position
    gradient = [Double](repeating: 0, count: position.count)
    hessian = HessianModel(dimension: position.count)
  }

  private static let tiny = 1e-12
  /// Evaluations happen at parameters in single precision: shorter differences of positions, relative to
  /// the position, are of the size of that rounding, and what they say of the curvature is noise.
  private static let resolution = 0x1p-26

  /// Keeps an evaluation: its difference from the last one becomes the newest of at most `limit`, unless
  /// it tells nothing about the curvature.
  mutating func keep(
    value: Double, position newPosition: [Double], gradient newGradient: [Double],
    withDifference: Bool, limit: Int
  ) {
    if withDifference {
      let difference = Difference(
        position: subtract(newPosition, position), gradient: subtract(newGradient, gradient))
      let lengths = (
        DenseAlgebra.norm(difference.position), DenseAlgebra.norm(difference.gradient)
      )
      let product = DenseAlgebra.dot(difference.position, difference.gradient)
      let shortest = max(Self.tiny, Self.resolution * DenseAlgebra.norm(newPosition))
      if lengths.0 >= shortest, lengths.1 >= Self.tiny,
        abs(product) >= Self.tiny * lengths.0 * lengths.1
      {
        differences.insert(difference, at: 0)
        if differences.count > limit { differences.removeLast() }
      }
    }
    self.value = value
    position = newPosition
    gradient = newGradient
  }

  /// The model's gradient at a point.
  func gradient(at point: [Double]) -> [Double] {
    var result = hessian.product(subtract(point, position))
    for index in result.indices { result[index] += gradient[index] }
    return result
  }

  /// The model's value at a point; `nil` before the first evaluation.
  func value(at point: [Double]) -> Double? {
    guard let value else { return nil }
    let step = subtract(point, position)
    return value + DenseAlgebra.dot(gradient, step)
      + 0.5 * DenseAlgebra.dot(step, hessian.product(step))
  }

  /// The same in other coordinates, those of before multiplied by `transform`.
  mutating func transform(by transform: Matrix, capacity: Int) {
    func moved(_ vector: [Double]) -> [Double] {
      padded(DenseAlgebra.product(transform, vector), capacity)
    }
    position = moved(position)
    gradient = moved(gradient)
    for index in differences.indices {
      differences[index].position = moved(differences[index].position)
      differences[index].gradient = moved(differences[index].gradient)
    }
    hessian.transform(by: transform, capacity: capacity)
  }
}

/// `a - b`.
func subtract(_ a: [Double], _ b: [Double]) -> [Double] {
  var result = a
  for index in result.indices { result[index] -= b[index] }
  return result
}

/// A vector with zeros after it.
func padded(_ vector: [Double], _ count: Int) -> [Double] {
  vector + [Double](repeating: 0, count: count - vector.count)
}
