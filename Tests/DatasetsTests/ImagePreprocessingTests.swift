import Datasets
import Foundation
import LinearAlgebra
import Numerics
import Storage
import TestSupport
import Testing

@Suite struct ImagePreprocessingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let zca = ImagePreprocessing.zca(epsilon: 1e-3)
  static let width = 48

  /// Small colour images whose pixels depend on each other; 3 channels of 4x4.
  static func images(training: Int = 1_200, test: Int = 70, seed: UInt64 = 0) -> ImageData {
    func examples(_ count: Int, lane: Int) -> DenseExamples {
      var stream = RandomStream(seed: seed, purpose: .test, lane: lane)
      var pixels: [UInt8] = []
      for _ in 0..<count {
        let light = 120 * stream.nextUniform()
        var last: Float = 0
        for place in 0..<width {
          last = 0.7 * last + 30 * stream.nextUniform()
          pixels.append(UInt8(min(light + last + Float(place), 255)))
        }
      }
      return DenseExamples(
        shape: [3, 4, 4], features: .bytes(pixels), labels: [UInt8](repeating: 1, count: count),
        classCount: 10)
    }

    return ImageData(
      training: examples(training, lane: 0), test: examples(test, lane: 1),
      identity: DatasetIdentity(name: .cifar10, origin: .unknown, sha256: "\(seed)-\(training)"))
  }

  func floats(_ examples: DenseExamples) -> [Float] {
    guard case .floats(let features) = examples.features else { return [] }
    return features.array
  }

  func bytes(_ examples: DenseExamples) -> [UInt8] {
    guard case .bytes(let bytes) = examples.features else { return [] }
    return bytes
  }

  /// The covariance in double precision, by its definition.
  func covariance(_ values: [Double], _ width: Int) -> [Double] {
    let count = values.count / width
    var mean = [Double](repeating: 0, count: width)
    for row in 0..<count {
      for place in 0..<width { mean[place] += values[row * width + place] / Double(count) }
    }
    var result = [Double](repeating: 0, count: width * width)
    for row in 0..<count {
      let centred = (0..<width).map { values[row * width + $0] - mean[$0] }
      for left in 0..<width {
        for right in 0..<width {
          result[left * width + right] += centred[left] * centred[right] / Double(count)
        }
      }
    }
    return result
  }

  /// With W = (C + e I)^(-1/2), the covariance of the result is W C W = I - e W W.
  @Test func `whitened training images have the covariance of the definition`() throws {
    let data = Self.images()
    let epsilon = 1e-3
    let cacheFolder = folder.path
    let (white, report) = try data.preprocessed(
      .zca(epsilon: epsilon), cacheFolder: cacheFolder, threads: 1)
    let path = try #require(report.cache.path)
    let matrix = try SealedFile(readingFrom: path, kind: "whitening").floats("matrix").map(
      Double.init)
    let width = Self.width
    let after = covariance(floats(white.training).map(Double.init), width)
    for row in 0..<width {
      for column in 0..<width {
        let square = (0..<width).reduce(0.0) {
          $0 + matrix[row * width + $1] * matrix[$1 * width + column]
        }
        let expected = (row == column ? 1 : 0) - epsilon * square
        #expect(abs(after[row * width + column] - expected) < 2e-5)
      }
    }
    // And W itself solves W (C + e I) W = I, with C by its definition: this fixes the scale.
    var shifted = covariance(bytes(data.training).map { Double($0) / 255 }, width)
    for place in 0..<width { shifted[place * width + place] += epsilon }
    for row in 0..<width {
      let left = (0..<width).map { column in
        (0..<width).reduce(0.0) { $0 + matrix[row * width + $1] * shifted[$1 * width + column] }
      }
      for column in 0..<width {
        let value = (0..<width).reduce(0.0) { $0 + left[$1] * matrix[$1 * width + column] }
        #expect(abs(value - (row == column ? 1 : 0)) < 2e-5)
      }
    }
    #expect(report.eigenvalues.map { $0.least < $0.most } == true)
  }

  /// Far fewer images than features take a short cut, somewhat fewer do not.
  @Test(arguments: [1, 2, 12, 13, 47])
  func `few images are whitened exactly too, by the short cut and without it`(count: Int) throws {
    let data = Self.images(training: count)
    let epsilon = 0.01
    let (white, report) = try data.preprocessed(.zca(epsilon: epsilon), cacheFolder: folder.path)
    #expect(report.cache.outcome == (count <= 12 ? .unused : .written))
    let width = Self.width
    let inputs = bytes(data.training).map { Double($0) / 255 }
    var shifted = covariance(inputs, width)
    for place in 0..<width { shifted[place * width + place] += epsilon }
    // With y = (x - mean) W and W (C + e I) W = I: y (C + e I) y' = (x - mean) (x - mean)'.
    let outputs = floats(white.training).map(Double.init)
    let mean = (0..<width).map { place in
      (0..<count).reduce(0.0) { $0 + inputs[$1 * width + place] } / Double(count)
    }
    for image in 0..<count {
      let y = (0..<width).map { outputs[image * width + $0] }
      let product = (0..<width).map { row in
        (0..<width).reduce(0.0) { $0 + shifted[row * width + $1] * y[$1] }
      }
      let left = zip(y, product).reduce(0.0) { $0 + $1.0 * $1.1 }
      let right = (0..<width).reduce(0.0) { sum, place in
        let value = inputs[image * width + place] - mean[place]
        return sum + value * value
      }
      #expect(abs(left - right) < 1e-4 * max(1, right))
    }
    // Test images leave the span of the training images, where W is I / sqrt(e).
    let test = bytes(data.test).map { Double($0) / 255 }
    let tested = floats(white.test).map(Double.init)
    for image in 0..<70 {
      let y = (0..<width).map { tested[image * width + $0] }
      let product = (0..<width).map { row in
        (0..<width).reduce(0.0) { $0 + shifted[row * width + $1] * y[$1] }
      }
      let left = zip(y, product).reduce(0.0) { $0 + $1.0 * $1.1 }
      let right = (0..<width).reduce(0.0) { sum, place in
        let value = test[image * width + place] - mean[place]
        return sum + value * value
      }
      #expect(abs(left - right) < 1e-4 * max(1, right))
    }
  }

  @Test func `the test images are transformed alike but estimate nothing`() throws {
    let data = Self.images()
    let swapped = ImageData(
      training: data.training, test: data.training, identity: data.identity)
    for kind in [Self.zca, .contrastZCA(epsilon: 0.1), .standardize, .contrast] {
      let (one, _) = try data.preprocessed(kind)
      let (other, _) = try swapped.preprocessed(kind)
      #expect(floats(one.training) == floats(other.training))
      #expect(floats(other.test) == floats(one.training))
      #expect(floats(one.test).count == 70 * Self.width)
      #expect(one.training.labels == data.training.labels)
      #expect(one.training.shape == data.training.shape)
    }
  }

  @Test func `any number of threads gives the same bytes`() throws {
    let data = Self.images()
    for kind in [Self.zca, .contrastZCA(epsilon: 0.1), .standardize, .contrast] {
      let (one, _) = try data.preprocessed(kind, threads: 1)
      for threads in [2, 3, 7] {
        let (several, _) = try data.preprocessed(kind, threads: threads)
        #expect(
          SHA256.hexDigest(of: FloatVector(floats(several.training)))
            == SHA256.hexDigest(of: FloatVector(floats(one.training))))
        #expect(floats(several.test) == floats(one.test))
      }
    }
  }

  @Test func `some images alone have the same bits as among all, and others are 0`() throws {
    let data = Self.images()
    // Of two chunks of 500 and of the last one of 200; in no order.
    let wanted = [700, 3, 499, 500, 1_000, 1_199]
    for kind in [Self.zca, .contrastZCA(epsilon: 0.1), .standardize, .contrast] {
      let all = floats(try data.preprocessed(kind).images.training)
      let some = try data.preprocessed(kind, only: wanted).images
      let few = floats(some.training)
      #expect(few.count == all.count)
      for row in 0..<1_200 {
        let places = row * Self.width..<(row + 1) * Self.width
        if wanted.contains(row) {
          #expect(few[places].map(\.bitPattern) == all[places].map(\.bitPattern))
        } else {
          #expect(few[places].allSatisfy { $0 == 0 })
        }
      }
      #expect(floats(some.test).allSatisfy { $0 == 0 })
      #expect(some.training.labels == data.training.labels)
    }
  }

  /// The last bits depend on OpenBLAS' version and its kernels; where these are known, so are the bits.
  @Test func `the bits are those of earlier versions`() throws {
    try LinearAlgebra.load()
    let pinned = [
      "OpenBLAS 0.3.21 / Zen": [
        "8caaac1231515a2bfd0f60e4cf4f460ce54c1fbe01d2a1f0f69e5cec49366c5d",
        "b30c0ce75c519011cc30f49c194e555b0d6648a5167a3240a08d0d98731ba415",
      ]
    ]
    let words = LinearAlgebra.configuration.split(separator: " ")
    let key = (words.prefix(2) + words.suffix(2)).joined(separator: " ")
    for (index, count) in [1_200, 12].enumerated() {
      let (white, _) = try Self.images(training: count).preprocessed(Self.zca, threads: 1)
      let digest = SHA256.hexDigest(of: FloatVector(floats(white.training) + floats(white.test)))
      if let known = pinned[key] { #expect(digest == known[index], "\(count) images") }
    }
  }

  @Test func `standardized channels have mean 0 and variance 1`() throws {
    let data = Self.images()
    let (result, _) = try data.preprocessed(.standardize)
    let values = floats(result.training)
    for channel in 0..<3 {
      let own = values.indices.filter { $0 / 16 % 3 == channel }.map { Double(values[$0]) }
      let mean = own.reduce(0, +) / Double(own.count)
      let square = own.reduce(0) { $0 + $1 * $1 } / Double(own.count)
      #expect(abs(mean) < 1e-5)
      #expect(abs(square - 1) < 1e-5)
    }
  }

  @Test func `contrast normalisation gives each image mean 0 and variance 1`() throws {
    let data = Self.images()
    let (result, _) = try data.preprocessed(.contrast)
    let values = floats(result.test)
    for image in 0..<70 {
      let own = values[image * Self.width..<(image + 1) * Self.width].map(Double.init)
      let mean = own.reduce(0, +) / Double(own.count)
      let square = own.reduce(0) { $0 + $1 * $1 } / Double(own.count)
      #expect(abs(mean) < 1e-5)
      #expect(abs(square - 1) < 1e-5)
    }
    // An image of one colour becomes zero, not not-a-number.
    let flat = DenseExamples(
      shape: [3, 4, 4], features: .bytes([UInt8](repeating: 77, count: 48)), labels: [0],
      classCount: 10)
    let (gray, _) = try ImageData(training: flat, test: flat, identity: data.identity)
      .preprocessed(.contrast)
    #expect(floats(gray.training).allSatisfy { abs($0) < 1e-4 })
  }

  @Test func `without preprocessing the bytes are returned, and no cache is written`() throws {
    let data = Self.images(training: 5, test: 1)
    let (result, report) = try data.preprocessed(.none, cacheFolder: folder.path)
    #expect(result.training === data.training)
    #expect(report.cache.outcome == .unused)
    #expect(FilePaths.names(in: folder.path).isEmpty)
  }

  @Test func `the cache is checked and never trusted`() throws {
    let data = Self.images()
    let (first, report) = try data.preprocessed(Self.zca, cacheFolder: folder.path)
    #expect(report.cache.outcome == .written)
    let path = try #require(report.cache.path)
    let (again, second) = try data.preprocessed(Self.zca, cacheFolder: folder.path)
    #expect(second.cache.outcome == .read)
    #expect(second.eigenvalues?.most == report.eigenvalues?.most)
    #expect(floats(again.training) == floats(first.training))
    #expect(floats(again.test) == floats(first.test))

    // Another epsilon, another kind, other data: another file.
    for kind in [ImagePreprocessing.zca(epsilon: 2e-3), .contrastZCA(epsilon: 1e-3)] {
      let (_, other) = try data.preprocessed(kind, cacheFolder: folder.path)
      #expect(other.cache.outcome == .written)
      #expect(other.cache.path != path)
    }
    let (_, other) = try Self.images(seed: 1).preprocessed(Self.zca, cacheFolder: folder.path)
    #expect(other.cache.path != path)

    let whole = try FileContents.read(path)
    var flipped = whole
    flipped[whole.count / 2] ^= 1
    let stale = try FileContents.read(try #require(other.cache.path))
    for bytes in [flipped, Array(whole.dropLast(1)), [], stale] {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let (result, report) = try data.preprocessed(Self.zca, cacheFolder: folder.path)
      #expect(report.cache.outcome == .written)
      #expect(report.cache.rejected?.contains(path) == true)
      #expect(floats(result.training) == floats(first.training))
      #expect(try FileContents.read(path) == whole)
    }

    // Sealed properly, with a matrix that is not symmetric or not finite.
    struct Header: Codable { var key: String }
    let sealed = try SealedFile(readingFrom: path, kind: "whitening")
    for value in [Float(3), .nan] {
      var forged = try SealedFile(kind: "whitening", header: sealed.header(as: Header.self))
      forged.append("mean", try sealed.floatVector("mean"))
      var matrix = try sealed.floatVector("matrix")
      matrix[1] = value
      forged.append("matrix", matrix)
      forged.append("eigenvalues", try sealed.doubles("eigenvalues"))
      try forged.write(to: path)
      let (result, report) = try data.preprocessed(Self.zca, cacheFolder: folder.path)
      #expect(report.cache.rejected == "\(path) does not have the right form")
      #expect(floats(result.training) == floats(first.training))
    }
  }

  /// A killed process leaves the old file or none; a folder that is a file costs only time.
  @Test func `a cache that cannot be written is told and costs only time`() throws {
    let blocked = try folder.write([], to: "file")
    let data = Self.images(training: 100, test: 1)
    let (_, report) = try data.preprocessed(Self.zca, cacheFolder: blocked)
    guard case .notWritten(let reason) = report.cache.outcome else {
      Issue.record("\(report.cache.outcome)")
      return
    }
    #expect(reason.contains(blocked))
  }
}
