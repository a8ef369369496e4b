import Foundation
import LinearAlgebra
import Numerics
import Storage

/// A preprocessing with everything that it estimated.
struct ImageTransform: Sendable {
  private enum Step: Sendable {
    case none
    /// One shift and one factor a channel, on `byte / 255`.
    case channels(mean: [Float], factor: [Float])
    case whitening(Whitening)
  }

  /// The value of a pixel: `factor * byte + offset`, the same for all pixels of an image.
  private struct Scale {
    var factor: Double
    var offset: Double
  }

  /// Images a chunk; fixed, so that results do not depend on the number of threads.
  private static let chunk = 500
  /// Sums of chunks that are kept apart and added at the end; fixed for the same reason.
  private static let lanes = 2

  private let normalizesContrast: Bool
  private let step: Step

  init(
    _ kind: ImagePreprocessing, _ data: ImageData, _ cacheFolder: String?, _ workers: Workers,
    _ report: inout PreprocessingReport
  ) throws {
    normalizesContrast = kind.normalizesContrast
    if let epsilon = kind.epsilon {
      precondition(epsilon > 0 && epsilon.isFinite, "epsilon \(epsilon) of a whitening")
      try LinearAlgebra.load()
      let count = data.training.featureCount
      // Then the matrix is found sooner than it is read.
      let areFew = 4 * data.training.count <= count
      let cache = DecodedCache(
        folder: areFew ? nil : cacheFolder, kind: "whitening",
        key: "1 \(data.identity.sha256) \(kind) features=\(count)")
      var times = report
      let (whitening, outcome) = try DecodedCache.value(
        cache, decode: { try Whitening(sealed: $0, count: count) },
        compute: {
          try areFew
            ? Self.estimateFew(data.training, epsilon, kind.normalizesContrast, &times)
            : Self.estimate(data.training, epsilon, kind.normalizesContrast, workers, &times)
        },
        encode: { $0.seal(in: &$1) })
      report = times
      report.cache = outcome
      report.eigenvalues = (whitening.extremes[0], whitening.extremes[1])
      step = .whitening(whitening)
    } else if kind == .standardize {
      step = Self.channels(data.training)
    } else {
      step = .none
    }
  }

  // MARK: Estimation

  private static func channels(_ examples: DenseExamples) -> Step {
    guard case .bytes(let pixels) = examples.features else { return .none }
    let channelCount = examples.shape[0]
    let size = examples.featureCount / channelCount
    // Integers, so exact.
    var sums = [Int](repeating: 0, count: channelCount)
    var squares = sums
    for image in 0..<examples.count {
      for channel in 0..<channelCount {
        let start = (image * channelCount + channel) * size
        let (sum, square) = Self.sums(pixels[start..<start + size])
        sums[channel] += sum
        squares[channel] += square
      }
    }
    let count = Double(examples.count * size)
    let means = sums.map { Double($0) / count }
    let deviations = zip(means, squares).map { mean, square in
      max(Double(square) / count - mean * mean, 0).squareRoot()
    }
    return .channels(
      mean: means.map { Float($0 / 255) },
      factor: deviations.map { Float(255 / max($0, 1)) })
  }

  private static func sums(_ pixels: ArraySlice<UInt8>) -> (sum: Int, square: Int) {
    pixels.withUnsafeBufferPointer { pixels in
      var sum = 0
      var square = 0
      for pixel in pixels {
        sum &+= Int(pixel)
        square &+= Int(pixel) &* Int(pixel)
      }
      return (sum, square)
    }
  }

  private static func scale(
    _ pixels: ArraySlice<UInt8>, normalizesContrast: Bool, otherwise factor: Double
  ) -> Scale {
    guard normalizesContrast else { return Scale(factor: factor, offset: 0) }
    let (sum, square) = sums(pixels)
    let count = Double(pixels.count)
    let mean = Double(sum) / count
    let variance = Double(pixels.count * square - sum * sum) / (count * count)
    let factor = 1 / max(variance.squareRoot(), 1)
    return Scale(factor: factor, offset: -mean * factor)
  }

  /// What an estimation begins with: the images' bytes, their numbers of images and features, the time.
  private static func beginning(_ examples: DenseExamples) -> (
    pixels: [UInt8], count: Int, width: Int, start: ContinuousClock.Instant
  ) {
    guard case .bytes(let pixels) = examples.features else {
      preconditionFailure("only bytes are whitened")
    }
    return (pixels, examples.count, examples.featureCount, .now)
  }

  /// Mean and whitening matrix of the training images.
  private static func estimate(
    _ examples: DenseExamples, _ epsilon: Double, _ normalizesContrast: Bool, _ workers: Workers,
    _ report: inout PreprocessingReport
  ) throws -> Whitening {
    let (pixels, count, width, start) = beginning(examples)
    let sums = LaneSums(lanes: lanes, width: width)
    let chunkCount = (count + chunk - 1) / chunk
    // Without contrast normalization the values are the bytes themselves: integers whose products
    // and sums are exact in double precision, so that not even their order matters.
    Workers(count: min(workers.count, lanes)).forEach(lanes) { lane in
      let values = UnsafeMutablePointer<Double>.allocate(capacity: chunk * width)
      defer { values.deallocate() }
      let sum = sums.means[lane]
      for first in stride(from: lane, to: chunkCount, by: lanes).map({ $0 * chunk }) {
        let rows = min(chunk, count - first)
        for row in 0..<rows {
          let image = pixels[(first + row) * width..<(first + row + 1) * width]
          let scale = scale(image, normalizesContrast: normalizesContrast, otherwise: 1)
          image.withUnsafeBufferPointer { image in
            let target = values + row * width
            for place in 0..<width {
              let value = scale.factor * Double(image[place]) + scale.offset
              target[place] = value
              sum[place] += value
            }
          }
        }
        cblas_dsyrk(
          CblasRowMajor, CblasUpper, CblasTrans, Int32(width), Int32(rows), 1, values,
          Int32(width), 1, sums.products[lane], Int32(width))
      }
    }
    // To the unit of the transformed values: byte / 255, or what contrast normalization gives.
    let unit = normalizesContrast ? 1 : 1.0 / 255
    let (mean, covariance) = sums.finish(count: count, unit: unit)
    let middle = ContinuousClock.now
    report.covarianceSeconds = seconds(middle - start)
    let (matrix, extremes) = try inverseRoot(covariance, width, epsilon)
    report.eigenproblemSeconds = seconds(.now - middle)
    return Whitening(mean: mean, matrix: matrix, extremes: extremes)
  }

  /// `estimate` for far fewer images n than features d: an eigenproblem of n x n instead of d x d.
  ///
  /// With X the centred images by rows, X X' / n = U L U' has the eigenvalues of the covariance
  /// X' X / n that are not 0, and
  /// `(C + e I)^(-1/2) = I / sqrt(e) - X' U diag(f) U' X`,
  /// `f = 1 / (n sqrt(e) sqrt(l + e) (sqrt(l + e) + sqrt(e)))`.
  private static func estimateFew(
    _ examples: DenseExamples, _ epsilon: Double, _ normalizesContrast: Bool,
    _ report: inout PreprocessingReport
  ) throws -> Whitening {
    let (pixels, count, width, start) = beginning(examples)
    let (rows, columns) = (Int32(count), Int32(width))
    var values = [Double](repeating: 0, count: count * width)
    var mean = [Double](repeating: 0, count: width)
    for row in 0..<count {
      let image = pixels[row * width..<(row + 1) * width]
      let scale = scale(image, normalizesContrast: normalizesContrast, otherwise: 1.0 / 255)
      for (place, pixel) in image.enumerated() {
        let value = scale.factor * Double(pixel) + scale.offset
        values[row * width + place] = value
        mean[place] += value / Double(count)
      }
    }
    for place in values.indices { values[place] -= mean[place % width] }
    var vectors = [Double](repeating: 0, count: count * count)
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasNoTrans, rows, columns, 1 / Double(count), values, columns,
      0, &vectors, rows)
    let middle = ContinuousClock.now
    report.covarianceSeconds = seconds(middle - start)
    var eigenvalues = [Double](repeating: 0, count: count)
    let code = clapack_dsyevd(
      CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")), rows, &vectors, rows, &eigenvalues)
    guard code == 0 else { throw DatasetError.eigenproblem(code) }
    let root = epsilon.squareRoot()
    for (number, eigenvalue) in eigenvalues.enumerated() {
      let other = (max(eigenvalue, 0) + epsilon).squareRoot()
      // The square root, because each vector enters twice.
      let factor = (1 / (Double(count) * root * other * (other + root))).squareRoot()
      for place in number * count..<(number + 1) * count { vectors[place] *= factor }
    }
    // An eigenvector is a row of `vectors` here.
    var products = [Double](repeating: 0, count: count * width)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, rows, 1, vectors, rows, values,
      columns, 0, &products, columns)
    let square = DoubleMatrix(width)
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasTrans, columns, rows, -1, products, columns, 0, square.base,
      columns)
    for place in 0..<width { square.base[place * width + place] += 1 / root }
    let matrix = symmetric(square, width)
    report.eigenproblemSeconds = seconds(.now - middle)
    return Whitening(
      mean: FloatVector(mean.map { Float($0) }), matrix: matrix,
      extremes: [0, eigenvalues[count - 1]])
  }

  /// `(C + epsilon I)^(-1/2)` from the upper triangle of C, which is overwritten.
  private static func inverseRoot(
    _ covariance: consuming DoubleMatrix, _ width: Int, _ epsilon: Double
  ) throws -> (matrix: FloatVector, extremes: [Double]) {
    let size = Int32(width)
    let vectors = covariance.base
    var eigenvalues = [Double](repeating: 0, count: width)
    // The upper triangle row by row is the lower one column by column.
    let code = clapack_dsyevd(
      CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")), size, vectors, size, &eigenvalues)
    guard code == 0 else { throw DatasetError.eigenproblem(code) }
    for (column, eigenvalue) in eigenvalues.enumerated() {
      // The fourth root, because each vector enters twice; rounding may make eigenvalues of 0
      // slightly negative.
      let factor = 1 / (max(eigenvalue, 0) + epsilon).squareRoot().squareRoot()
      let vector = vectors + column * width
      for place in 0..<width { vector[place] *= factor }
    }
    let product = DoubleMatrix(width)
    cblas_dsyrk(
      CblasColMajor, CblasLower, CblasNoTrans, size, size, 1, vectors, size, 0, product.base, size)
    return (symmetric(product, width), [eigenvalues[0], eigenvalues[width - 1]])
  }

  /// The matrix whose upper triangle, row by row, is given.
  private static func symmetric(_ triangle: DoubleMatrix, _ width: Int) -> FloatVector {
    var matrix = FloatVector(count: width * width)
    matrix.withUnsafeMutableBufferPointer { matrix in
      for row in 0..<width {
        for column in row..<width {
          let value = Float(triangle.base[row * width + column])
          matrix[row * width + column] = value
          matrix[column * width + row] = value
        }
      }
    }
    return matrix
  }

  // MARK: Application

  /// The examples with the features of all, or of some alone: the same bits, and 0 for the others.
  func apply(
    to examples: DenseExamples, only wanted: [Int]? = nil, _ workers: Workers
  ) -> DenseExamples {
    guard case .bytes(let pixels) = examples.features else { return examples }
    let width = examples.featureCount
    let pieces = Self.pieces(of: examples.count, only: wanted)
    var features = FloatVector(count: examples.count * width)
    features.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let target = buffer
      workers.forEach(pieces.count) { number in
        let (size, rows) = pieces[number]
        var gathered = [UInt8](repeating: 0, count: size * width)
        let results = UnsafeMutableBufferPointer<Float>.allocate(capacity: size * width)
        defer { results.deallocate() }
        for row in rows {
          let place = row % Self.chunk * width
          gathered.replaceSubrange(
            place..<place + width, with: pixels[row * width..<(row + 1) * width])
        }
        transform(gathered[...], size, width, into: results)
        for row in rows {
          let place = row % Self.chunk * width
          for column in 0..<width { target[row * width + column] = results[place + column] }
        }
      }
    }
    return DenseExamples(
      shape: examples.shape, features: .floats(features), labels: examples.labels,
      classCount: examples.classCount)
  }

  /// What is transformed together. Each row is at its place among as many as when all are wanted: a
  /// product may round otherwise elsewhere.
  private static func pieces(of count: Int, only wanted: [Int]?) -> [(size: Int, rows: [Int])] {
    let rows = wanted ?? Array(0..<count)
    let last = count / chunk * chunk
    var pieces: [(size: Int, rows: [Int])] = []
    for (rows, size) in [
      (rows.filter { $0 < last }, chunk), (rows.filter { $0 >= last }, count - last),
    ] {
      // Those that share a place come one after the other.
      let byPlace = Dictionary(grouping: rows) { $0 % chunk }.values
      for turn in 0..<(byPlace.map(\.count).max() ?? 0) {
        pieces.append((size, byPlace.compactMap { turn < $0.count ? $0[turn] : nil }))
      }
    }
    return pieces
  }

  private func transform(
    _ pixels: ArraySlice<UInt8>, _ rows: Int, _ width: Int,
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    switch step {
    case .none: convert(pixels, rows, width, shift: nil, into: target)
    case .channels(let mean, let factor):
      convert(pixels, rows, width, shift: nil, into: target)
      let size = width / mean.count
      for start in 0..<rows * mean.count {
        let channel = start % mean.count
        for place in start * size..<(start + 1) * size {
          target[place] = (target[place] - mean[channel]) * factor[channel]
        }
      }
    case .whitening(let whitening):
      let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: rows * width)
      defer { values.deallocate() }
      whitening.mean.withUnsafeBufferPointer { mean in
        convert(pixels, rows, width, shift: mean, into: values)
      }
      whitening.matrix.withUnsafeBufferPointer { matrix in
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(width), Int32(width), 1,
          values.baseAddress, Int32(width), matrix.baseAddress, Int32(width), 0,
          target.baseAddress, Int32(width))
      }
    }
  }

  /// Bytes as values in the unit of this preprocessing, less `shift`.
  private func convert(
    _ pixels: ArraySlice<UInt8>, _ rows: Int, _ width: Int, shift: UnsafeBufferPointer<Float>?,
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    for row in 0..<rows {
      let start = pixels.startIndex + row * width
      let image = pixels[start..<start + width]
      let scale = Self.scale(
        image, normalizesContrast: normalizesContrast, otherwise: 1.0 / 255)
      let factor = Float(scale.factor)
      let offset = Float(scale.offset)
      image.withUnsafeBufferPointer { image in
        for place in 0..<width {
          let value = factor * Float(image[place]) + offset
          target[row * width + place] = value - (shift?[place] ?? 0)
        }
      }
    }
  }
}

/// A square matrix of `Double`, freed with its owner.
private final class DoubleMatrix: @unchecked Sendable {
  let base: UnsafeMutablePointer<Double>

  init(_ width: Int) {
    base = .allocate(capacity: width * width)
    base.initialize(repeating: 0, count: width * width)
  }

  deinit { base.deallocate() }
}

/// Sums of values and of their products, one for each lane; a lane belongs to one thread at a time.
private final class LaneSums: @unchecked Sendable {
  private let width: Int
  private var matrices: [DoubleMatrix]
  let means: [UnsafeMutablePointer<Double>]
  var products: [UnsafeMutablePointer<Double>] { matrices.map(\.base) }

  init(lanes: Int, width: Int) {
    self.width = width
    matrices = (0..<lanes).map { _ in DoubleMatrix(width) }
    means = (0..<lanes).map { _ in
      let sums = UnsafeMutablePointer<Double>.allocate(capacity: width)
      sums.initialize(repeating: 0, count: width)
      return sums
    }
  }

  deinit { for sums in means { sums.deallocate() } }

  /// Mean and covariance (upper triangle) of `count` examples, scaled to `unit`.
  func finish(count: Int, unit: Double) -> (mean: FloatVector, covariance: DoubleMatrix) {
    let total = matrices[0].base
    for lane in means.indices.dropFirst() {
      for place in 0..<width { means[0][place] += means[lane][place] }
      for place in 0..<width * width { total[place] += matrices[lane].base[place] }
    }
    let covariance = matrices[0]
    matrices = []
    let number = Double(count)
    let mean = (0..<width).map { means[0][$0] / number }
    for row in 0..<width {
      for column in row..<width {
        let place = row * width + column
        total[place] = (total[place] / number - mean[row] * mean[column]) * unit * unit
      }
    }
    return (FloatVector(mean.map { Float($0 * unit) }), covariance)
  }
}
