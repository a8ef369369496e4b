import Dispatch
import Foundation
import Numerics
import Storage

/// What is done to images before they are trained on. Everything is estimated on the training
/// images alone and applied to both parts alike.
///
/// The paper (section 6.3) says that the input images "are whitened", not how.
public enum ImagePreprocessing: Sendable, Hashable, CustomStringConvertible {
  /// Nothing: a pixel's value is `byte / 255`.
  case none
  /// From each pixel the mean of its channel, divided by the channel's standard deviation.
  case standardize
  /// From each pixel the mean of its image, divided by the image's standard deviation, which counts
  /// as one grey level (1/255) at least.
  case contrast
  /// ZCA: `y = (x - mean) C'`, `C' = (C + epsilon I)^(-1/2)`, where `C` is the covariance of the
  /// features, pixels being `byte / 255`. `epsilon` must be positive.
  case zca(epsilon: Double)
  /// `contrast`, then ZCA of its result.
  case contrastZCA(epsilon: Double)

  /// One word and its parameter, as it enters identities.
  public var description: String {
    switch self {
    case .none: "none"
    case .standardize: "standardize"
    case .contrast: "contrast"
    case .zca(let epsilon): "zca(epsilon=\(epsilon))"
    case .contrastZCA(let epsilon): "contrast-zca(epsilon=\(epsilon))"
    }
  }

  var epsilon: Double? {
    switch self {
    case .none, .standardize, .contrast: nil
    case .zca(let epsilon), .contrastZCA(let epsilon): epsilon
    }
  }

  var normalizesContrast: Bool {
    switch self {
    case .contrast, .contrastZCA: true
    case .none, .standardize, .zca: false
    }
  }
}

/// What a preprocessing took.
public struct PreprocessingReport: Sendable {
  /// Seconds for the covariance; 0 if it was not needed.
  public var covarianceSeconds = 0.0
  /// Seconds for the eigenproblem and the whitening matrix; 0 if they were not needed.
  public var eigenproblemSeconds = 0.0
  /// Seconds for transforming all images.
  public var applicationSeconds = 0.0
  /// The most memory that this process has held so far, in bytes.
  public var peakResidentBytes = 0
  /// The smallest and the largest eigenvalue of the covariance.
  public var eigenvalues: (least: Double, most: Double)?
  /// What became of the whitening matrix's cache.
  public var cache = CacheReport.unused
}

extension ImageData {
  /// The images after a preprocessing, as `Float` features.
  ///
  /// The transformed images take 4 bytes a feature (CIFAR-10: 737 MB) beside the bytes of `self`, so do
  /// not keep `self`. Any number of threads gives the same bytes: work is divided into the
  /// same chunks whatever their number, and OpenBLAS itself has one thread.
  ///
  /// - Parameters:
  ///   - kind: what to do; `.none` returns the images as they are.
  ///   - cacheFolder: where the whitening matrix is kept for the next time (CIFAR-10: 38 MB).
  ///   - threads: how many to use.
  ///   - wanted: the training images that are needed, of which the features are the same bits as among
  ///     all; those of the others, and of the test images, are then 0. `nil`: all images.
  /// Throws `DatasetError.eigenproblem` if LAPACK gives up, `LibraryError` if a whitening finds no
  /// OpenBLAS.
  public func preprocessed(
    _ kind: ImagePreprocessing, cacheFolder: String? = nil,
    threads: Int = AvailableProcessors.count, only wanted: [Int]? = nil
  ) throws -> (images: ImageData, report: PreprocessingReport) {
    var report = PreprocessingReport()
    guard kind != .none, case .bytes = training.features else { return (self, report) }
    let workers = Workers(count: threads)
    let transform = try ImageTransform(kind, self, cacheFolder, workers, &report)
    let clock = ContinuousClock()
    let start = clock.now
    let images = ImageData(
      training: transform.apply(to: training, only: wanted, workers),
      test: transform.apply(to: test, only: wanted.map { _ in [] }, workers),
      identity: identity)
    report.applicationSeconds = seconds(clock.now - start)
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    report.peakResidentBytes = usage.ru_maxrss * 1024
    return (images, report)
  }
}

func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + 1e-18 * Double(duration.components.attoseconds)
}

/// Threads that divide numbered pieces of work among them.
struct Workers: Sendable {
  let count: Int

  init(count: Int) { self.count = max(1, count) }

  /// Calls `body` for each piece, several at once; a worker takes every `count`-th piece.
  func forEach(_ pieceCount: Int, _ body: @Sendable (Int) -> Void) {
    let count = min(count, pieceCount)
    guard count > 1 else {
      for piece in 0..<pieceCount { body(piece) }
      return
    }
    DispatchQueue.concurrentPerform(iterations: count) { worker in
      for piece in stride(from: worker, to: pieceCount, by: count) { body(piece) }
    }
  }
}

/// A whitening that was estimated: `y = (x - mean) matrix`.
struct Whitening: Sendable {
  /// The mean of each of the d features.
  let mean: FloatVector
  /// d x d, symmetric.
  let matrix: FloatVector
  /// The smallest and the largest eigenvalue of the covariance.
  let extremes: [Double]

  init(mean: FloatVector, matrix: FloatVector, extremes: [Double]) {
    self.mean = mean
    self.matrix = matrix
    self.extremes = extremes
  }

  /// What was sealed; `nil` if it is no whitening of `count` features.
  init?(sealed file: SealedFile, count: Int) throws {
    mean = try file.floatVector("mean")
    matrix = try file.floatVector("matrix")
    extremes = try file.doubles("eigenvalues")
    guard mean.count == count, matrix.count == count * count, extremes.count == 2,
      extremes[0] <= extremes[1], Self.isSymmetric(matrix, count),
      mean.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) })
    else { return nil }
  }

  func seal(in file: inout SealedFile) {
    file.append("mean", mean)
    file.append("matrix", matrix)
    file.append("eigenvalues", extremes)
  }

  private static func isSymmetric(_ matrix: FloatVector, _ count: Int) -> Bool {
    matrix.withUnsafeBufferPointer { matrix in
      for row in 0..<count {
        for column in 0...row {
          let value = matrix[row * count + column]
          guard value == matrix[column * count + row], value.isFinite else { return false }
        }
      }
      return true
    }
  }
}
