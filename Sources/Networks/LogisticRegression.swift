import CVectorKernels
import Numerics

/// Multinomial logistic regression with an L2 penalty (section 6.1 of the paper, MNIST).
///
/// `theta` is `weights` (`[classCount, featureCount]`) and `bias` (`[classCount]`), both zero before
/// the first step. The cost is the mean softmax cross-entropy of the minibatch, the penalty
/// `l2 / 2 * |weights|^2`; the bias is not penalised. The paper gives neither the coefficient nor the
/// initialisation.
///
/// Both passes are one fused kernel each, which reads the examples where they are, by index.
public final class LogisticRegression: Objective {
  /// `weights` and `bias`; rows of weights are filled up with zeros to a multiple of 16.
  public var parameters: [Parameter] { layout.parameters }
  /// The coefficient of the penalty.
  public let l2: Double
  /// The largest minibatch.
  public let minibatchCapacity: Int

  private let training: LinearRows
  private let test: LinearRows
  private let classCount: Int
  private var layout = ThetaLayout(alignment: 1)
  private let biasOffset: Int
  private let logitStride: Int
  private let logits: AlignedBuffer<Float>
  private let labels: AlignedBuffer<UInt8>
  private let columns: AlignedBuffer<UInt64>

  /// Logistic regression on `training`, evaluated on `training` and `test`.
  ///
  /// - Parameters:
  ///   - training: the examples that minibatches are drawn from.
  ///   - test: held-out examples with the same features and classes.
  ///   - l2: the coefficient of the penalty, at least 0.
  ///   - minibatchCapacity: the largest minibatch that will be asked for.
  public init(
    training: DenseExamples, test: DenseExamples, l2: Double, minibatchCapacity: Int = 128
  ) {
    precondition(
      training.featureCount == test.featureCount && training.classCount == test.classCount,
      "training and test examples differ in features or classes")
    precondition(minibatchCapacity > 0 && l2 >= 0)
    self.l2 = l2
    self.minibatchCapacity = minibatchCapacity
    self.training = LinearRows(training)
    self.test = LinearRows(test)
    classCount = training.classCount
    let stride = self.training.stride
    layout.add("weights", [classCount, training.featureCount], .rows(stride: stride))
    biasOffset = layout.add("bias", [classCount], .rows(stride: classCount)).offset
    logitStride = (classCount + 15) / 16 * 16
    logits = AlignedBuffer(count: max(minibatchCapacity, Self.chunk) * logitStride)
    labels = AlignedBuffer(count: minibatchCapacity)
    let blocks = vk_rows_words(stride) * 64
    columns = AlignedBuffer(count: blocks * ((minibatchCapacity + 63) / 64))
  }

  /// The examples of one pass of an evaluation: their logits stay in the cache.
  private static let chunk = 128

  /// The number of examples of a split.
  public func count(of split: Split) -> Int { rows(of: split).examples.count }

  /// Rows of whole cache lines.
  public func storedPositions(ofPart index: Int) -> [Int32] { layout.positions(ofPart: index) }

  /// Zeros, for any seed.
  public func initialTheta(seed: UInt64) -> FloatVector { FloatVector(count: parameterCount) }

  /// Cost, penalty and gradient of a minibatch; there is no noise.
  public func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    let count = minibatch.count
    precondition(count > 0 && count <= minibatchCapacity, "minibatch of \(count) examples")
    training.examples.labels.withUnsafeBufferPointer { all in
      for (position, index) in minibatch.enumerated() {
        labels.base[position] = all[Int(index)]
      }
    }
    return training.withRows { rows in
      withElements(of: theta, &gradient) { theta, gradient in
        vk_linear_forward(
          rows, minibatch.baseAddress, 0, count, theta, theta + biasOffset, classCount,
          logitStride, logits.base)
        let cost = vk_softmax_cross_entropy(
          logits.base, count, classCount, logitStride, labels.base, 1 / Float(count),
          logits.base, nil)
        let squares = vk_linear_backward(
          rows, minibatch.baseAddress, count, logits.base, logitStride, theta, Float(l2),
          classCount, columns.base, gradient, gradient + biasOffset)
        // Weights of features that are blank in the whole minibatch do not reach the logits.
        return MinibatchCost(
          cost: squares.isFinite ? cost / Double(count) : .nan, penalty: 0.5 * l2 * squares)
      }
    }
  }

  /// The penalty at `theta`.
  public func penalty(at theta: FloatVector) -> Double {
    0.5 * l2 * squaredNorm(theta, in: 0..<biasOffset)
  }

  /// Cost and error rate of a split; there is no noise.
  public func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    let data = rows(of: split)
    precondition(theta.count == parameterCount)
    return data.withRows { rows in
      theta.withUnsafeBufferPointer { theta in
        guard let base = theta.baseAddress else { return Evaluation(cost: .nan, error: nil) }
        return data.examples.evaluate(
          inChunksOf: Self.chunk, logitStride: logitStride,
          isSound: vk_is_finite(base, biasOffset) != 0
        ) { first, size in
          vk_linear_forward(
            rows, nil, first, size, base, base + biasOffset, classCount, logitStride, logits.base)
          return UnsafePointer(logits.base)
        }
      }
    }
  }

  private func rows(of split: Split) -> LinearRows { split == .training ? training : test }
}

extension LogisticRegression: MeasurableProducts {
  package var productOperations: Double { 2 * 2 * Double(minibatchCapacity * biasOffset) }

  package func runProducts(at theta: FloatVector, gradient: inout FloatVector) {
    let count = minibatchCapacity
    let indices = (0..<Int32(count)).map { $0 }
    training.withRows { rows in
      withElements(of: theta, &gradient) { theta, gradient in
        vk_linear_forward(
          rows, indices, 0, count, theta, theta + biasOffset, classCount, logitStride,
          logits.base)
        _ = vk_linear_backward(
          rows, indices, count, logits.base, logitStride, theta, Float(l2), classCount,
          columns.base, gradient, gradient + biasOffset)
      }
    }
  }
}

/// Examples as the linear kernels read them: rows of whole blocks, and which blocks are not blank.
private final class LinearRows {
  let examples: DenseExamples
  /// The elements from one row to the next, a multiple of 16.
  let stride: Int
  private let features: DenseExamples.Features
  private let occupied: AlignedBuffer<UInt64>

  init(_ examples: DenseExamples) {
    self.examples = examples
    let width = examples.featureCount
    stride = (width + 15) / 16 * 16
    // Rows of whole blocks are read in place, others are copied once.
    features = stride == width ? examples.features : Self.widened(examples, to: stride)
    occupied = AlignedBuffer(count: examples.count * vk_rows_words(stride))
    withRows { vk_rows_occupied($0, examples.count, occupied.base) }
  }

  func withRows<Result>(_ body: (UnsafePointer<vk_rows>) -> Result) -> Result {
    switch features {
    case .bytes(let bytes):
      bytes.withUnsafeBufferPointer { bytes in
        var rows = vk_rows(
          bytes: bytes.baseAddress, floats: nil, occupied: occupied.base, stride: stride,
          scale: 1 / 255)
        return body(&rows)
      }
    case .floats(let floats):
      floats.withUnsafeBufferPointer { floats in
        var rows = vk_rows(
          bytes: nil, floats: floats.baseAddress, occupied: occupied.base, stride: stride,
          scale: 1)
        return body(&rows)
      }
    }
  }

  private static func widened(_ examples: DenseExamples, to stride: Int) -> DenseExamples.Features {
    let width = examples.featureCount
    switch examples.features {
    case .bytes(let bytes):
      var wide = [UInt8](repeating: 0, count: examples.count * stride)
      for row in 0..<examples.count {
        for i in 0..<width { wide[row * stride + i] = bytes[row * width + i] }
      }
      return .bytes(wide)
    case .floats(let floats):
      var wide = FloatVector(count: examples.count * stride)
      floats.withUnsafeBufferPointer { floats in
        wide.withUnsafeMutableBufferPointer { wide in
          for row in 0..<examples.count {
            for i in 0..<width { wide[row * stride + i] = floats[row * width + i] }
          }
        }
      }
      return .floats(wide)
    }
  }
}
