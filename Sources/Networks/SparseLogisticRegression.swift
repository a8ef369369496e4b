import CVectorKernels
import Numerics

/// Where dropout makes up for the features that it removes while training.
public enum DropoutScaling: String, Sendable, CaseIterable {
  /// Features that stay are divided by the probability of staying; evaluation takes all as they are.
  case inverted
  /// Features that stay are taken as they are; evaluation multiplies all by that probability.
  case atEvaluation = "at-evaluation"
}

/// Binary logistic regression on sparse features, with dropout on them (paper, section 6.1, IMDB).
///
/// `theta` is one weight a column, then the bias. The cost is the mean cross-entropy of labels in
/// {0, 1}; the features are never made dense.
public final class SparseLogisticRegression: Objective {
  /// What the paper leaves open.
  public struct Options: Sendable, Hashable {
    /// The probability that an entry is removed from its example; 0 for no dropout. It is rounded
    /// to a multiple of 2^-16.
    public var inputDropout: Double
    /// Where dropout makes up for the features that it removes.
    public var dropoutScaling: DropoutScaling
    /// The coefficient of the penalty `l2 / 2 * |w|^2`, which leaves out the bias.
    public var l2: Double

    /// A combination of options.
    public init(
      inputDropout: Double = 0.5, dropoutScaling: DropoutScaling = .inverted, l2: Double = 0
    ) {
      self.inputDropout = inputDropout
      self.dropoutScaling = dropoutScaling
      self.l2 = l2
    }
  }

  /// The weights, one a column, and the bias.
  public let parameters: [Parameter]
  /// The options.
  public let options: Options

  private let training: SparseExamples
  private let test: SparseExamples
  private let featureCount: Int
  /// An entry is removed if its 16 random bits, as a number, are below this.
  private let threshold: UInt32
  private let keepProbability: Float

  private let draws: AlignedBuffer<UInt32>
  private let kept: AlignedBuffer<Float>
  private let products: AlignedBuffer<Float>
  private let residuals: AlignedBuffer<Float>

  /// The rows that one pass of `evaluate` takes.
  private static let evaluationRows = 1024

  /// The regression on `training`, for minibatches of up to `minibatchCapacity` examples.
  ///
  /// Both sets must have the same columns, labels 0 and 1, and the dropout rate be in `0..<1`.
  public init(
    training: SparseExamples, test: SparseExamples, minibatchCapacity: Int,
    options: Options = .init()
  ) {
    precondition(
      training.featureCount == test.featureCount, "training and test set differ in columns")
    precondition(
      options.inputDropout >= 0 && options.inputDropout < 1,
      "a dropout rate of \(options.inputDropout) is outside 0..<1")
    // The kernels follow these indices unchecked.
    for set in [training, test] {
      let columns = Int32(set.featureCount)
      precondition(set.columns.allSatisfy { $0 >= 0 && $0 < columns }, "a column is out of range")
      precondition(
        set.rowOffsets.first == 0
          && zip(set.rowOffsets, set.rowOffsets.dropFirst()).allSatisfy { $0 <= $1 },
        "row offsets must start at 0 and never fall")
      precondition(set.labels.allSatisfy { $0 <= 1 }, "a label is neither 0 nor 1")
    }
    self.training = training
    self.test = test
    self.options = options
    featureCount = training.featureCount
    var layout = ThetaLayout(alignment: 1)
    layout.add("weights", [featureCount], .rows(stride: featureCount))
    layout.add("bias", [1], .rows(stride: 1))
    parameters = layout.parameters
    threshold = min(UInt32((options.inputDropout * 65536).rounded()), 65535)
    keepProbability = Float(65536 - threshold) / 65536

    let longestRow =
      zip(training.rowOffsets, training.rowOffsets.dropFirst())
      .map { Int($1 - $0) }.max() ?? 0
    let entries = options.inputDropout > 0 ? minibatchCapacity * longestRow : 0
    draws = AlignedBuffer(count: (entries + 1) / 2)
    kept = AlignedBuffer(count: entries)
    products = AlignedBuffer(count: max(minibatchCapacity, Self.evaluationRows))
    residuals = AlignedBuffer(count: minibatchCapacity)
  }

  /// The number of examples of a split.
  public func count(of split: Split) -> Int { examples(of: split).count }

  /// Zeros, whatever the seed: the cost is convex.
  public func initialTheta(seed: UInt64) -> FloatVector { FloatVector(count: featureCount + 1) }

  /// Writes the gradient at `theta` for a minibatch; dropout's masks depend on `noise` and on the
  /// minibatch alone.
  public func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    precondition(theta.count == featureCount + 1 && gradient.count == theta.count)
    precondition(minibatch.count > 0 && minibatch.count <= residuals.count)
    let rows = minibatch.baseAddress
    let count = minibatch.count
    return theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        withMatrix(of: training) { matrix in
          let weights = theta.baseAddress
          let bias = theta[featureCount]
          let usesDropout = threshold > 0
          if usesDropout {
            drawMasks(entries: vk_sparse_entry_count(matrix, rows, count), noise: noise)
            let factor = options.dropoutScaling == .inverted ? 1 / keepProbability : 1
            draws.base.withMemoryRebound(to: UInt16.self, capacity: 2 * draws.count) { draws in
              vk_sparse_dropout_products(
                matrix, rows, count, draws, threshold, factor, weights, kept.base, products.base)
            }
          } else {
            vk_sparse_products(matrix, rows, 0, count, weights, products.base)
          }
          let cost = training.labels.withUnsafeBufferPointer { labels in
            vk_logistic_cost(
              products.base, 1, bias, labels.baseAddress, rows, 0, count, 1 / Float(count),
              residuals.base, nil)
          }
          let squares = vk_scaled_copy(
            gradient.baseAddress, weights, Float(options.l2), featureCount)
          vk_sparse_accumulate(
            matrix, rows, count, usesDropout ? kept.base : nil, residuals.base,
            gradient.baseAddress)
          var biasGradient = 0.0
          for i in 0..<count { biasGradient += Double(residuals.base[i]) }
          gradient[featureCount] = Float(biasGradient)
          return MinibatchCost(
            cost: cost / Double(count), penalty: options.l2 / 2 * squares)
        }
      }
    }
  }

  /// `l2 / 2 * |w|^2`, without the bias.
  public func penalty(at theta: FloatVector) -> Double {
    precondition(theta.count == featureCount + 1)
    return options.l2 / 2 * squaredNorm(theta, in: 0..<featureCount)
  }

  /// The mean cost and error rate of a split; a logit of 0 counts as label 0.
  public func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    precondition(theta.count == featureCount + 1)
    let examples = examples(of: split)
    let factor = options.dropoutScaling == .atEvaluation ? keepProbability : 1
    var cost = 0.0
    var errors = 0
    theta.withUnsafeBufferPointer { theta in
      withMatrix(of: examples) { matrix in
        examples.labels.withUnsafeBufferPointer { labels in
          for first in stride(from: 0, to: examples.count, by: Self.evaluationRows) {
            let count = min(Self.evaluationRows, examples.count - first)
            vk_sparse_products(matrix, nil, first, count, theta.baseAddress, products.base)
            cost += vk_logistic_cost(
              products.base, factor, theta[featureCount], labels.baseAddress, nil, first, count, 1,
              nil, &errors)
          }
        }
      }
    }
    let count = Double(examples.count)
    return Evaluation(cost: cost / count, error: Double(errors) / count)
  }

  private func examples(of split: Split) -> SparseExamples { split == .training ? training : test }

  private func drawMasks(entries: Int, noise: NoiseKey) {
    var stream = RandomStream(
      seed: noise.seed, purpose: .dropout, epoch: noise.epoch, step: noise.step)
    stream.fillUInt32(UnsafeMutableBufferPointer(start: draws.base, count: (entries + 1) / 2))
  }

  @inline(__always)
  private func withMatrix<Result>(
    of examples: SparseExamples, _ body: (vk_sparse_matrix) -> Result
  ) -> Result {
    examples.rowOffsets.withUnsafeBufferPointer { offsets in
      examples.columns.withUnsafeBufferPointer { columns in
        examples.values.withUnsafeBufferPointer { values in
          body(
            vk_sparse_matrix(
              offsets: offsets.baseAddress, columns: columns.baseAddress,
              values: values.baseAddress))
        }
      }
    }
  }
}

extension SparseLogisticRegression: MeasurableProducts {
  package var productOperations: Double {
    let entries = Double(training.columns.count) / Double(max(1, training.count))
    return 2 * 2 * entries * Double(residuals.count)
  }

  package func runProducts(at theta: FloatVector, gradient: inout FloatVector) {
    let count = min(residuals.count, training.count)
    let rows = (0..<Int32(count)).map { $0 }
    theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        withMatrix(of: training) { matrix in
          vk_sparse_products(matrix, rows, 0, count, theta.baseAddress, products.base)
          vk_sparse_accumulate(matrix, rows, count, nil, residuals.base, gradient.baseAddress)
        }
      }
    }
  }
}
