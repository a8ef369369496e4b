import CVectorKernels
import Numerics

/// A perceptron with rectified hidden layers and a softmax output (section 6.2 of the paper).
///
/// `theta` holds, for each layer, weights (`[outputs, inputs]`) and bias (`[outputs]`). The cost is
/// the mean softmax cross-entropy of the minibatch, under dropout if there is any; the penalty is
/// `l2 / 2 * |weights|^2` over the weights of all layers, as the paper's "L2 weight decay" in the
/// cost. The paper gives neither dropout rates nor coefficient nor initialisation.
///
/// Make and use an instance on one thread, after `onednn_set_threads` for that thread.
public final class MultilayerPerceptron: Objective {
  /// What defines the network besides the data.
  public struct Options: Sendable, Hashable {
    /// The units of each hidden layer.
    public var hiddenSizes: [Int]
    /// The probability that an input is dropped; rounded to a multiple of 1/65536.
    public var inputDropout: Double
    /// The probability that a hidden unit is dropped, a value for each hidden layer; rounded to
    /// multiples of 1/65536. Kept units are divided by the probability of keeping them.
    public var hiddenDropout: [Double]
    /// The coefficient of the penalty on the weights.
    public var l2: Double
    /// The distribution of the initial weights; biases start at 0.
    public var initialisation: Initialisation
    /// Whether products skip zeros: those of the hidden layers, whose input is images with blank
    /// pixels or rectified units. The output layer is too narrow to gain.
    public var products: Products

    /// Options of a network; the paper's has two hidden layers of 1000 units.
    public init(
      hiddenSizes: [Int] = [1000, 1000], inputDropout: Double = 0, hiddenDropout: [Double]? = nil,
      l2: Double = 0, initialisation: Initialisation = .heNormal, products: Products = .sparse
    ) {
      self.hiddenSizes = hiddenSizes
      self.inputDropout = inputDropout
      self.hiddenDropout = hiddenDropout ?? hiddenSizes.map { _ in 0 }
      self.l2 = l2
      self.initialisation = initialisation
      self.products = products
    }
  }

  /// Weights and biases, from `hidden1.weights` to `output.bias`.
  public let parameters: [Parameter]
  /// The network's options.
  public let options: Options
  /// The largest minibatch.
  public let minibatchCapacity: Int

  private let training: DenseExamples
  private let test: DenseExamples
  private let layers: DenseLayers
  private let passes: PerceptronPasses

  /// A perceptron on `training`, evaluated on `training` and `test`.
  ///
  /// - Parameters:
  ///   - training: the examples that minibatches are drawn from.
  ///   - test: held-out examples with the same features and classes.
  ///   - options: layers, dropout, penalty, initialisation.
  ///   - minibatchCapacity: the largest minibatch that will be asked for. What this size and the
  ///     remainder of an epoch need is made at once, other sizes when first asked for.
  /// - Throws: `PrimitiveError` if oneDNN cannot do it.
  public init(
    training: DenseExamples, test: DenseExamples, options: Options = Options(),
    minibatchCapacity: Int = 128
  ) throws {
    precondition(
      training.featureCount == test.featureCount && training.classCount == test.classCount,
      "training and test examples differ in features or classes")
    precondition(options.hiddenDropout.count == options.hiddenSizes.count, "a rate for each layer")
    precondition(
      ([options.inputDropout] + options.hiddenDropout).allSatisfy { $0 >= 0 && $0 < 1 },
      "dropout rates are in [0, 1)")
    precondition(minibatchCapacity > 0 && options.l2 >= 0)
    self.training = training
    self.test = test
    self.options = options
    self.minibatchCapacity = minibatchCapacity
    let sizes = [training.featureCount] + options.hiddenSizes + [training.classCount]
    let last = sizes.count - 2
    layers = try DenseLayers(
      (0...last).map {
        DenseLayers.Shape(
          name: $0 == last ? "output" : "hidden\($0 + 1)", inputs: sizes[$0],
          outputs: sizes[$0 + 1],
          isListed: options.products == .sparse && $0 < last
            && ($0 > 0 || ListedProducts.gain(from: training)))
      })
    parameters = layers.parameters
    passes = PerceptronPasses(
      layers.layers, hiddenDropout: options.hiddenDropout, trainingCapacity: minibatchCapacity)
    // A remainder would otherwise make its primitives in the middle of the run.
    for count in [minibatchCapacity, training.count % minibatchCapacity] where count > 0 {
      try passes.prepare(count, training: true)
    }
  }

  /// The number of weights and biases of layers of these widths, without padding.
  public static func parameterCount(inputs: Int, hidden: [Int], classes: Int) -> Int {
    zip([inputs] + hidden, hidden + [classes]).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
  }

  /// The number of examples of a split.
  public func count(of split: Split) -> Int { examples(of: split).count }

  /// Weights as the options say, drawn in logical order; biases of 0.
  public func initialTheta(seed: UInt64) -> FloatVector {
    layers.initialTheta(seed: seed, options.initialisation)
  }

  /// Where the elements of a part are, in logical order.
  public func storedPositions(ofPart index: Int) -> [Int32] {
    layers.layout.positions(ofPart: index)
  }

  /// Cost under dropout, penalty and gradient of a minibatch; masks are keyed by `noise`.
  ///
  /// The cost is NaN if a weight that reaches it is no number, or infinite. One that does not since
  /// its input is 0 in the whole minibatch is found within 16 steps: each looks at another share of
  /// the weights, chosen by `noise.step`.
  public func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    let count = minibatch.count
    precondition(count > 0 && count <= minibatchCapacity, "minibatch of \(count) examples")
    precondition(minibatch.allSatisfy { training.labels.indices.contains(Int($0)) })
    return withElements(of: theta, &gradient) { theta, gradient in
      return descend(theta, minibatch, noise, gradient)
    }
  }

  private func descend(
    _ theta: UnsafePointer<Float>, _ minibatch: UnsafeBufferPointer<Int32>, _ noise: NoiseKey,
    _ gradient: UnsafeMutablePointer<Float>
  ) -> MinibatchCost {
    let count = minibatch.count
    if var dropout = Dropout.kernelMask(rate: options.inputDropout, noise, lane: 0) {
      training.gather(
        minibatch.baseAddress, count: count, dropout: &dropout, to: passes.input.base)
    } else {
      training.gather(minibatch.baseAddress, count: count, to: passes.input.base)
    }
    training.gatherLabels(minibatch, to: passes.labels.base)
    passes.runForward(theta, count: count, noise: noise)
    let cost = vk_softmax_cross_entropy(
      passes.output, count, training.classCount, training.classCount, passes.labels.base,
      1 / Float(count), passes.output, nil)
    passes.runBackward(theta, count: count, gradient)
    layers.clearPadding(of: gradient)
    return MinibatchCost(
      cost: passes.isSound(theta, step: noise.step) ? cost / Double(count) : .nan,
      penalty: layers.addPenalty(theta, gradient, coefficient: options.l2))
  }

  /// The penalty at `theta`.
  public func penalty(at theta: FloatVector) -> Double {
    layers.penalty(at: theta, coefficient: options.l2)
  }

  /// Cost and error rate of a split without dropout; there is no noise. The cost is NaN if a weight
  /// is not finite.
  public func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    let data = examples(of: split)
    precondition(theta.count == parameterCount)
    return theta.withUnsafeBufferPointer { theta in
      guard let theta = theta.baseAddress else { return Evaluation(cost: .nan, error: nil) }
      return data.evaluate(
        inChunksOf: passes.evaluationCapacity, logitStride: data.classCount,
        isSound: passes.isSound(theta)
      ) { first, count in
        data.gather(nil, first: first, count: count, to: passes.input.base)
        passes.runForward(theta, count: count, noise: nil)
        return UnsafePointer(passes.output)
      }
    }
  }

  private func examples(of split: Split) -> DenseExamples { split == .training ? training : test }
}

extension MultilayerPerceptron: MeasurableProducts {
  package var productOperations: Double {
    layers.productOperations(batch: minibatchCapacity)
  }

  package var densities: [Double?] { passes.densities }

  package var performedOperations: Double {
    layers.productOperations(batch: minibatchCapacity, densities: densities)
  }

  package func runProducts(at theta: FloatVector, gradient: inout FloatVector) {
    withElements(of: theta, &gradient) { theta, gradient in
      passes.runProducts(theta, count: minibatchCapacity, gradient)
    }
  }
}
