import Glibc

/// A Hessian as a multiple of the identity and a part of low rank: `diagonal I + U diag(weights) U'`.
package struct HessianModel: Sendable, Equatable {
  /// The multiple of the identity; 0 before there is a model.
  package var diagonal = 0.0
  /// `U`, one row a coordinate.
  package var factors: Matrix
  /// One a column of `factors`; negative where the curvature is below `diagonal`.
  package var weights: [Double] = []

  init(dimension: Int) { factors = Matrix(dimension, 0) }

  init(diagonal: Double, factors: Matrix, weights: [Double]) {
    self.diagonal = diagonal
    self.factors = factors
    self.weights = weights
  }

  /// The Hessian times a vector.
  package func product(_ vector: [Double]) -> [Double] {
    var result = vector.map { diagonal * $0 }
    guard !weights.isEmpty else { return result }
    var inner = DenseAlgebra.product(factors, transposed: true, vector)
    for index in inner.indices { inner[index] *= weights[index] }
    let low = DenseAlgebra.product(factors, inner)
    for index in result.indices { result[index] += low[index] }
    return result
  }

  /// Adds `sign` times the part of low rank to a full matrix.
  func addLowRank(_ sign: Double, to matrix: inout Matrix) {
    guard !weights.isEmpty else { return }
    var scaled = factors
    for index in weights.indices { scaled.scaleColumn(index, by: weights[index]) }
    DenseAlgebra.addProduct(scaled, factors, otherTransposed: true, factor: sign, to: &matrix)
  }

  mutating func transform(by transform: Matrix, capacity: Int) {
    let moved = DenseAlgebra.product(transform, factors)
    factors = Matrix(
      columns: (0..<moved.columns).map { padded(moved.column($0), capacity) }, rows: capacity)
  }

  /// The Hessian that BFGS updates make of differences, positive definite.
  ///
  /// - Parameters:
  ///   - differences: newest first, at least one.
  ///   - fallback: the multiple of the identity where the differences give none.
  ///   - largestRatio: the largest allowed ratio of two eigenvalues.
  ///   - restarts: whether an update that is not finite begins the whole from another multiple of the
  ///     identity; else it changes that of the updates after it only, as published.
  static func bfgs(
    _ differences: [SubfunctionModel.Difference], fallback: Double, largestRatio: Double,
    restarts: Bool
  ) -> HessianModel? {
    let dimension = differences[0].position.count
    let positions = Matrix(columns: differences.map(\.position), rows: dimension)
    let gradients = Matrix(columns: differences.map(\.gradient), rows: dimension)
    let both = Matrix(
      dimension, 2 * differences.count, positions.elements + gradients.elements)
    guard let span = DenseAlgebra.orthonormalBasis(both) else { return nil }
    let x = DenseAlgebra.product(span, transposed: true, positions)
    let y = DenseAlgebra.product(span, transposed: true, gradients)

    let scales = curvatures(x, y)
    var diagonal = scales.last ?? 0
    let largest = scales.first ?? 0
    if !(diagonal > 0 && diagonal.isFinite && largest.isFinite) { diagonal = fallback }
    let ceiling = largest > 0 && largest.isFinite ? largest : diagonal
    diagonal = max(diagonal, ceiling / largestRatio)

    var hessian = updates(x, y, from: &diagonal, ceiling, skipping: [])
    if restarts, !hessian.skipped.isEmpty {
      diagonal = ceiling
      hessian = updates(x, y, from: &diagonal, ceiling, skipping: hessian.skipped)
    }
    guard let (values, vectors) = conditioned(hessian.matrix, ceiling, largestRatio) else {
      return nil
    }
    return HessianModel(
      diagonal: diagonal, factors: DenseAlgebra.product(span, vectors),
      weights: values.map { $0 - diagonal })
  }

  /// The singular values of `y x^+`, descending: curvatures along the differences.
  private static func curvatures(_ x: Matrix, _ y: Matrix) -> [Double] {
    guard let (values, right) = DenseAlgebra.singular(x), let top = values.first else { return [] }
    // y x^+ is y V S^+ U', and U does not change singular values.
    var ratio = DenseAlgebra.product(y, right)
    for index in values.indices {
      ratio.scaleColumn(index, by: values[index] > 1e-15 * top ? 1 / values[index] : 0)
    }
    return DenseAlgebra.singular(ratio)?.values ?? []
  }

  /// BFGS from `diagonal` times the identity, oldest difference first. Updates that are not finite are
  /// left out and change `diagonal` to `ceiling`.
  private static func updates(
    _ x: Matrix, _ y: Matrix, from diagonal: inout Double, _ ceiling: Double,
    skipping: Set<Int>
  ) -> (matrix: Matrix, skipped: Set<Int>) {
    let size = x.rows
    // Without the multiple of the identity, which may change on the way.
    var low = Matrix(size, size)
    var skipped: Set<Int> = []
    for index in (0..<x.columns).reversed() where !skipping.contains(index) {
      var s = x.column(index)
      var g = y.column(index)
      let length = DenseAlgebra.norm(s)
      for place in 0..<size {
        s[place] /= length
        g[place] /= length
      }
      var hs = DenseAlgebra.product(low, s)
      for place in 0..<size { hs[place] += diagonal * s[place] }
      let (gs, shs) = (DenseAlgebra.dot(g, s), DenseAlgebra.dot(s, hs))
      let isFinite =
        g.allSatisfy { ($0 * $0 / gs).isFinite } && hs.allSatisfy { ($0 * $0 / shs).isFinite }
      guard isFinite else {
        skipped.insert(index)
        diagonal = ceiling
        continue
      }
      DenseAlgebra.addProduct(
        Matrix(size, 1, g), Matrix(size, 1, g), otherTransposed: true, factor: 1 / gs, to: &low)
      DenseAlgebra.addProduct(
        Matrix(size, 1, hs), Matrix(size, 1, hs), otherTransposed: true, factor: -1 / shs, to: &low)
    }
    for place in 0..<size { low[place, place] += diagonal }
    return (low, skipped)
  }

  /// Eigenvalues and eigenvectors, the eigenvalues made positive and not too far apart: those below the
  /// largest in magnitude over `largestRatio` become the median of the positive ones.
  private static func conditioned(
    _ matrix: Matrix, _ ceiling: Double, _ largestRatio: Double
  ) -> ([Double], Matrix)? {
    guard let (found, vectors) = DenseAlgebra.eigen(matrix) else { return nil }
    var values = found
    let positive = values.filter { $0 > 0 }
    guard !positive.isEmpty else { return (values.map { _ in ceiling }, vectors) }
    let floor = (values.map(abs).max() ?? 0) / largestRatio
    let middle = median(positive)
    for index in values.indices where values[index] < floor { values[index] = middle }
    return (values, vectors)
  }
}

/// The median; the mean of the middle two of an even number.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
