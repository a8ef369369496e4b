import CVectorKernels
import Glibc
import Numerics

/// An orthonormal basis of the subspace that a `SumOfFunctionsOptimizer` works in: it grows by the
/// part of each gradient that it lacks, and is collapsed to the directions that are still needed.
///
/// The basis is in single precision, as gradients and `theta` are, which halves both its memory and the
/// time of its products, bound by memory alone; coordinates are in double precision. A vector's part in
/// the span is reproduced to about 1e-7 of its length.
package struct SumOfFunctionsSubspace: Sendable {
  /// The number of parameters.
  let dimension: Int
  /// The largest number of basis vectors; that of the coordinates of every vector, those beyond `used`
  /// being 0.
  package let capacity: Int
  /// The number of basis vectors after a collapse.
  package let kept: Int
  /// The number of basis vectors; one of them may not be in the memory of the others yet.
  package var used: Int
  /// The point that coordinates describe, in full.
  var position: [Double]
  /// The same, rounded.
  var theta: FloatVector

  /// The basis, in blocks of rows; empty where the coordinates are the parameters themselves.
  var basis: FloatVector
  /// The vector whose part outside the others becomes the last basis vector when the basis is next
  /// read, with what makes it one.
  var pending: Pending?
  /// A vector that can be overwritten.
  var spare: FloatVector

  struct Pending: Sendable {
    var vector: FloatVector
    /// 1 / |vector|.
    var factor: Float
    var coefficients: [Float]
    /// The length of the part outside, of a vector of length 1.
    var length: Double
  }

  /// A residual that is shorter, of a vector of length 1, is rounding.
  private static let smallestResidual = 1e-6
  /// From this squared length on a residual is orthogonal to working precision after one pass, and its
  /// length follows from the coefficients.
  private static let clearResidual = 0.1
  /// What inner products of basis vectors may differ from 0 or 1 by.
  package static let orthonormality = 1e-5

  /// The subspace spanned by `theta`, by `direction` where that is 0; all of it if `capacity` is the
  /// number of parameters.
  init(theta: FloatVector, capacity: Int, kept: Int, direction: () -> FloatVector) {
    dimension = theta.count
    self.capacity = capacity
    self.kept = kept
    self.theta = theta
    position = theta.array.map(Double.init)
    let spansAll = capacity == dimension
    used = spansAll ? capacity : 0
    let blocks = (dimension + Int(vk_subspace_rows) - 1) / Int(vk_subspace_rows)
    basis = FloatVector(count: spansAll ? 0 : blocks * Int(vk_subspace_rows) * capacity)
    spare = FloatVector(count: spansAll ? 0 : dimension)
    if spansAll { return }
    useLargePages()
    var first = theta
    if norm(of: first) == 0 { first = direction() }
    append(first, factor: Float(1 / norm(of: first)))
  }

  /// The basis is read from end to end at every step.
  func useLargePages() {
    basis.withUnsafeBufferPointer {
      vk_use_large_pages($0.baseAddress, $0.count * MemoryLayout<Float>.stride)
    }
  }

  /// Whether coordinates are the parameters themselves.
  var spansAll: Bool { capacity == dimension }

  /// Whether the next vector might need a place that is not there.
  var isFull: Bool { !spansAll && used >= capacity }

  /// The bytes that it holds.
  var byteCount: Int {
    4 * (basis.count + spare.count + (pending == nil ? 0 : dimension) + dimension) + 8 * dimension
  }

  // MARK: Vectors

  private func norm(of vector: FloatVector) -> Double {
    vector.withUnsafeBufferPointer { vector in
      var sum = 0.0
      for first in stride(from: 0, to: vector.count, by: 512) {
        var part: Float = 0
        for index in first..<min(first + 512, vector.count) {
          part += vector[index] * vector[index]
        }
        sum += Double(part)
      }
      return sum.squareRoot()
    }
  }

  /// The coordinates of the part of `vector` in the span of the vectors in memory.
  private func coefficients(of vector: FloatVector, count: Int) -> [Double] {
    var result = [Double](repeating: 0, count: capacity)
    basis.withUnsafeBufferPointer { basis in
      vector.withUnsafeBufferPointer { vector in
        vk_subspace_coefficients(
          basis.baseAddress, capacity, count, vector.baseAddress, dimension, &result)
      }
    }
    return result
  }

  /// The coordinates of where `theta` is.
  mutating func coordinatesOfTheta() -> [Double] {
    if spansAll { return position }
    materialise()
    return coefficients(of: theta, count: used)
  }

  /// Makes `gradient` part of the span and gives its coordinates; the vector is taken, what is left in
  /// its place is of no use. There must be room for one more basis vector.
  ///
  /// - Returns: `nil` if it is not finite.
  mutating func include(_ gradient: inout FloatVector) -> [Double]? {
    let length = norm(of: gradient)
    guard length.isFinite else { return nil }
    if spansAll { return gradient.array.map(Double.init) }
    materialise()
    precondition(used < capacity)
    guard length >= 1e-12 else { return [Double](repeating: 0, count: capacity) }
    var coordinates = coefficients(of: gradient, count: used)
    let outside = 1 - coordinates.reduce(0) { $0 + $1 * $1 } / (length * length)
    if outside > Self.clearResidual {
      var vector = spare
      swap(&vector, &gradient)
      spare = FloatVector(count: 0)
      pending = Pending(
        vector: vector, factor: Float(1 / length),
        coefficients: coordinates.map { Float($0 / length) }, length: outside.squareRoot())
      coordinates[used] = length * outside.squareRoot()
      used += 1
      return coordinates
    }
    // Nearly in the span: what is outside is made orthogonal again and again, until it stays.
    var rest = length
    scale(&gradient, by: Float(1 / length))
    for round in 0..<3 {
      let part =
        round == 0
        ? coordinates.map { $0 / length } : coefficients(of: gradient, count: used)
      if round > 0 {
        for index in 0..<used { coordinates[index] += rest * part[index] }
      }
      let share = remove(part, from: &gradient)
      rest *= share
      if rest < Self.smallestResidual * length { return coordinates }
      scale(&gradient, by: Float(1 / share))
      if share > 0.1 { break }
    }
    append(gradient, factor: 1)
    coordinates[used - 1] = rest
    return coordinates
  }

  private func scale(_ vector: inout FloatVector, by factor: Float) {
    vector.withUnsafeMutableBufferPointer { vector in
      for index in vector.indices { vector[index] *= factor }
    }
  }

  /// `vector -= basis * coefficients`; the length of what is left.
  private func remove(_ coefficients: [Double], from vector: inout FloatVector) -> Double {
    let coefficients = coefficients.map { Float($0) }
    return basis.withUnsafeBufferPointer { basis in
      vector.withUnsafeMutableBufferPointer { vector in
        vk_subspace_combine(
          basis.baseAddress, capacity, used, dimension, coefficients, 1, vector.baseAddress, nil,
          nil, nil)
      }
    }.squareRoot()
  }

  private mutating func append(_ vector: FloatVector, factor: Float) {
    let column = used
    let (capacity, dimension) = (capacity, dimension)
    basis.withUnsafeMutableBufferPointer { basis in
      vector.withUnsafeBufferPointer { vector in
        vk_subspace_set_column(
          basis.baseAddress, capacity, column, vector.baseAddress, dimension, factor, 0, nil, nil)
      }
    }
    used += 1
  }

  // MARK: Passes over the basis

  /// Adds the vector with the coordinates `step` to the position.
  mutating func move(by step: [Double]) {
    guard spansAll else {
      read(moving: step)
      return
    }
    for index in position.indices {
      position[index] += step[index]
      theta[index] = Float(position[index])
    }
  }

  /// Writes the basis vector that is missing in memory, if one is.
  private mutating func materialise() {
    if pending != nil { read(moving: nil) }
  }

  /// One pass over the basis that completes it, and moves the position.
  private mutating func read(moving step: [Double]?) {
    let completed = pending
    pending = nil
    let inMemory = used - (completed == nil ? 0 : 1)
    var residual = completed?.vector ?? FloatVector(count: 0)
    Self.pass(
      &basis, capacity, inMemory, completed, &residual, step, &position, &theta)
    if completed != nil { spare = residual }
  }

  private static func pass(
    _ basis: inout FloatVector, _ capacity: Int, _ count: Int, _ pending: Pending?,
    _ residual: inout FloatVector, _ step: [Double]?, _ position: inout [Double],
    _ theta: inout FloatVector
  ) {
    let dimension = theta.count
    let moves = step.map { $0.map { Float($0) } }
    basis.withUnsafeMutableBufferPointer { basis in
      theta.withUnsafeMutableBufferPointer { theta in
        position.withUnsafeMutableBufferPointer { position in
          residual.withUnsafeMutableBufferPointer { residual in
            let target = step == nil ? nil : position.baseAddress
            _ = vk_subspace_combine(
              basis.baseAddress, capacity, count, dimension, pending?.coefficients,
              pending?.factor ?? 1, pending == nil ? nil : residual.baseAddress, moves, target,
              theta.baseAddress)
            guard let pending else { return }
            vk_subspace_set_column(
              basis.baseAddress, capacity, count, residual.baseAddress, dimension,
              Float(1 / pending.length), step?[count] ?? 0, target, theta.baseAddress)
          }
        }
      }
    }
  }

  /// A basis vector in full.
  package mutating func vector(_ index: Int) -> [Float] {
    if spansAll { return (0..<dimension).map { $0 == index ? 1 : 0 } }
    materialise()
    let rows = Int(vk_subspace_rows)
    return (0..<dimension).map { row in
      basis[row / rows * rows * capacity + index * rows + row % rows]
    }
  }

  // MARK: Collapse

  /// Replaces the basis, which must be full, by `kept` vectors that span the given directions.
  ///
  /// - Parameter directions: `kept` vectors as columns, in coordinates.
  /// - Returns: what coordinates are multiplied by, `kept` x `capacity`; `nil` if the directions are
  ///   not finite.
  mutating func collapse(to directions: Matrix) -> Matrix? {
    precondition(isFull && directions.columns == kept)
    guard let q = DenseAlgebra.orthonormalBasis(directions) else { return nil }
    materialise()
    let gram = multiply(by: q)
    used = kept
    let isOrthonormal = (0..<kept).allSatisfy { column in
      (0...column).allSatisfy {
        abs(gram[$0, column] - ($0 == column ? 1 : 0)) <= Self.orthonormality
      }
    }
    guard !isOrthonormal, let inverse = DenseAlgebra.inverseOfUpperFactor(gram) else {
      return DenseAlgebra.product(q, transposed: true, .identity(capacity, capacity))
    }
    // P = (P U^-1) U with U the Cholesky factor of P'P.
    _ = multiply(by: inverse)
    guard
      let coordinates = DenseAlgebra.Factorisation(inverse)?
        .solve(DenseAlgebra.product(q, transposed: true, .identity(capacity, capacity)))
    else { return nil }
    return coordinates
  }

  /// Replaces the first vectors of the basis by combinations of them; gives the upper triangle of their
  /// inner products.
  private mutating func multiply(by q: Matrix) -> Matrix {
    let rows = Int(vk_subspace_rows)
    let single = q.elements.map { Float($0) }
    let count = q.columns
    var product = [Float](repeating: 0, count: rows * count)
    var part = [Float](repeating: 0, count: count * count)
    var gram = Matrix(count, count)
    let blockLength = rows * capacity
    basis.withUnsafeMutableBufferPointer { basis in
      guard let base = basis.baseAddress else { return }
      for block in stride(from: 0, to: basis.count, by: blockLength) {
        product.withUnsafeMutableBufferPointer { product in
          guard let product = product.baseAddress else { return }
          DenseAlgebra.blockProduct(
            base + block, rows: rows, single, inner: q.rows, columns: count, to: product)
          (base + block).update(from: product, count: rows * count)
        }
        DenseAlgebra.blockGram(base + block, rows: rows, columns: count, to: &part)
        for index in part.indices { gram.elements[index] += Double(part[index]) }
      }
    }
    return gram
  }
}
