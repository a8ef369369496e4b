import LinearAlgebra

/// A matrix in double precision, column by column.
package struct Matrix: Sendable, Equatable {
  package var rows: Int
  package var columns: Int
  package var elements: [Double]

  /// A matrix of zeros.
  init(_ rows: Int, _ columns: Int) {
    self.init(rows, columns, [Double](repeating: 0, count: rows * columns))
  }

  init(_ rows: Int, _ columns: Int, _ elements: [Double]) {
    precondition(elements.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// The vectors as columns, `rows` elements of each.
  init(columns vectors: [[Double]], rows: Int) {
    var elements: [Double] = []
    elements.reserveCapacity(rows * vectors.count)
    for vector in vectors { elements += vector.prefix(rows) }
    self.init(rows, vectors.count, elements)
  }

  /// The identity with so many columns.
  static func identity(_ rows: Int, _ columns: Int) -> Matrix {
    var matrix = Matrix(rows, columns)
    for index in 0..<min(rows, columns) { matrix[index, index] = 1 }
    return matrix
  }

  package subscript(row: Int, column: Int) -> Double {
    get { elements[column * rows + row] }
    set { elements[column * rows + row] = newValue }
  }

  /// Whether all elements are finite: LAPACK may go round for ever on others.
  var isFinite: Bool { elements.allSatisfy(\.isFinite) }

  func column(_ index: Int) -> [Double] {
    Array(elements[index * rows..<(index + 1) * rows])
  }

  mutating func scaleColumn(_ index: Int, by factor: Double) {
    for place in index * rows..<(index + 1) * rows { elements[place] *= factor }
  }
}

/// The dense algebra of a subspace, all in double precision: CBLAS and LAPACK on one thread.
package enum DenseAlgebra {
  /// `target += factor * a b`, either matrix transposed where said.
  static func addProduct(
    _ a: Matrix, transposed aIsTransposed: Bool = false, _ b: Matrix,
    otherTransposed bIsTransposed: Bool = false, factor: Double = 1, to target: inout Matrix
  ) {
    let inner = aIsTransposed ? a.rows : a.columns
    precondition(inner == (bIsTransposed ? b.columns : b.rows))
    precondition(target.rows == (aIsTransposed ? a.columns : a.rows))
    precondition(target.columns == (bIsTransposed ? b.rows : b.columns))
    guard inner > 0, target.rows > 0, target.columns > 0 else { return }
    let (rows, columns) = (Int32(target.rows), Int32(target.columns))
    cblas_dgemm(
      CblasColMajor, aIsTransposed ? CblasTrans : CblasNoTrans,
      bIsTransposed ? CblasTrans : CblasNoTrans, rows, columns, Int32(inner), factor,
      a.elements, Int32(a.rows), b.elements, Int32(b.rows), 1, &target.elements, rows)
  }

  /// `a b`, either matrix transposed where said.
  static func product(
    _ a: Matrix, transposed aIsTransposed: Bool = false, _ b: Matrix,
    otherTransposed bIsTransposed: Bool = false
  ) -> Matrix {
    var target = Matrix(
      aIsTransposed ? a.columns : a.rows, bIsTransposed ? b.rows : b.columns)
    addProduct(a, transposed: aIsTransposed, b, otherTransposed: bIsTransposed, to: &target)
    return target
  }

  /// `a x`, or `a' x`.
  static func product(_ a: Matrix, transposed: Bool = false, _ x: [Double]) -> [Double] {
    product(a, transposed: transposed, Matrix(x.count, 1, x)).elements
  }

  /// An orthonormal basis, min(rows, columns) vectors, whose span holds that of the columns; `nil` if
  /// there is a number that is not finite.
  static func orthonormalBasis(_ matrix: Matrix) -> Matrix? {
    var q = matrix
    let count = min(q.rows, q.columns)
    guard count > 0 else { return Matrix(q.rows, 0) }
    var scales = [Double](repeating: 0, count: count)
    let rows = Int32(q.rows)
    guard matrix.isFinite,
      clapack_dgeqrf(rows, Int32(q.columns), &q.elements, rows, &scales) == 0
    else { return nil }
    q = Matrix(q.rows, count, Array(q.elements.prefix(q.rows * count)))
    guard clapack_dorgqr(rows, Int32(count), Int32(count), &q.elements, rows, scales) == 0 else {
      return nil
    }
    return q
  }

  /// Eigenvalues in ascending order, and the eigenvectors as columns where they are wanted; `nil` if
  /// there are none, e.g. of numbers that are not finite.
  package static func eigen(_ symmetric: Matrix, vectors: Bool = true) -> (
    values: [Double], vectors: Matrix
  )? {
    var matrix = symmetric
    var values = [Double](repeating: 0, count: matrix.rows)
    let size = Int32(matrix.rows)
    guard symmetric.isFinite,
      clapack_dsyevd(
        CChar(UInt8(ascii: vectors ? "V" : "N")), CChar(UInt8(ascii: "L")), size,
        &matrix.elements, size, &values) == 0
    else { return nil }
    return (values, matrix)
  }

  /// Singular values in descending order, and the right singular vectors as columns; `nil` if there
  /// are none.
  static func singular(_ matrix: Matrix) -> (values: [Double], right: Matrix)? {
    let count = min(matrix.rows, matrix.columns)
    var a = matrix.elements
    var values = [Double](repeating: 0, count: count)
    var left = [Double](repeating: 0, count: matrix.rows * count)
    var right = Matrix(count, matrix.columns)
    guard matrix.isFinite,
      clapack_dgesdd(
        Int32(matrix.rows), Int32(matrix.columns), &a, Int32(matrix.rows), &values, &left,
        Int32(matrix.rows), &right.elements, Int32(count)) == 0
    else { return nil }
    return (values, product(right, transposed: true, .identity(count, count)))
  }

  /// A factorisation of a square matrix, for solving with many right-hand sides.
  struct Factorisation {
    private let factors: Matrix
    private let pivots: [Int32]

    /// `nil` if the matrix is singular or not finite.
    init?(_ matrix: Matrix) {
      var factors = matrix
      var pivots = [Int32](repeating: 0, count: matrix.rows)
      let size = Int32(matrix.rows)
      guard matrix.isFinite, clapack_dgetrf(size, &factors.elements, size, &pivots) == 0 else {
        return nil
      }
      self.factors = factors
      self.pivots = pivots
    }

    /// The solutions, one a column.
    func solve(_ rightHandSides: Matrix) -> Matrix {
      var solution = rightHandSides
      let size = Int32(factors.rows)
      guard solution.columns > 0 else { return solution }
      let code =
        rightHandSides.isFinite
        ? clapack_dgetrs(
          size, Int32(solution.columns), factors.elements, size, pivots, &solution.elements, size)
        : 1
      // Numbers that are not finite have no solution; the caller sees them.
      if code != 0 {
        solution.elements = solution.elements.map { _ in .nan }
      }
      return solution
    }
  }

  /// The inverse of the upper Cholesky factor; `nil` if the matrix is not positive definite.
  static func inverseOfUpperFactor(_ symmetric: Matrix) -> Matrix? {
    var factor = symmetric
    let size = Int32(factor.rows)
    let upper = CChar(UInt8(ascii: "U"))
    guard symmetric.isFinite, clapack_dpotrf(upper, size, &factor.elements, size) == 0,
      clapack_dtrtri(upper, size, &factor.elements, size) == 0
    else { return nil }
    for column in 0..<factor.columns {
      for row in column + 1..<max(factor.rows, column + 1) { factor[row, column] = 0 }
    }
    return factor
  }

  /// `<a, b>`.
  package static func dot(_ a: [Double], _ b: [Double]) -> Double {
    cblas_ddot(Int32(a.count), a, 1, b, 1)
  }

  /// The Euclidean norm.
  package static func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }

  // MARK: Single precision, for the rows of a basis

  /// `product = block q` for a block of `rows` rows, all column by column.
  static func blockProduct(
    _ block: UnsafePointer<Float>, rows: Int, _ q: [Float], inner: Int, columns: Int,
    to product: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(
      CblasColMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), 1,
      block, Int32(rows), q, Int32(inner), 0, product, Int32(rows))
  }

  /// The upper triangle of `block' block`.
  static func blockGram(
    _ block: UnsafePointer<Float>, rows: Int, columns: Int, to gram: inout [Float]
  ) {
    cblas_ssyrk(
      CblasColMajor, CblasUpper, CblasTrans, Int32(columns), Int32(rows), 1, block, Int32(rows), 0,
      &gram, Int32(columns))
  }
}
