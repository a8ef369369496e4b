import CVectorKernels
import Numerics

/// The convolutional network of the paper's section 6.3, c64-c64-c128-1000 by default.
///
/// Stages of convolution, rectification and 3x3 max pooling with stride 2; a fully connected layer
/// of rectified units; a softmax. The cost is the mean cross-entropy. Dropout, inverted, acts on the
/// input and on the outputs of the fully connected layer.
///
/// All activations stay in the layouts that oneDNN's primitives prefer, from the first convolution
/// to the output, and `theta` holds each weight tensor in the layout that its forward pass prefers,
/// with zeros for padding; so does the gradient. Convolutions are computed by an algorithm of the
/// options; which one it is shows in the rounding, and in the layout of `theta`.
/// `logicalParameters(of:)` and `theta(fromLogical:)` convert.
///
/// Make and use an instance on one thread, after `onednn_set_threads` for that thread.
public final class ConvolutionalNetwork: Objective {
  /// What defines the network besides the data.
  public struct Options: Sendable, Hashable {
    /// The filters of each convolution.
    public var filters: [Int]
    /// The rows and columns of a filter, odd.
    public var kernel: Int
    /// What convolutions see beyond the border.
    public var convolutionBorder: ConvolutionBorder
    /// Where the windows of the poolings lie.
    public var poolingBorder: PoolingBorder
    /// The units of the fully connected layer.
    public var hiddenUnits: Int
    /// The probability that an input is dropped; rounded to a multiple of 1/65536.
    public var inputDropout: Double
    /// The probability that an output of the fully connected layer is dropped; rounded likewise.
    public var hiddenDropout: Double
    /// The coefficient of the penalty `l2 / 2 * |weights|^2`.
    public var l2: Double
    /// The distribution of the initial weights; biases start at 0.
    public var initialisation: Initialisation
    /// How convolutions are computed.
    public var convolution: ConvolutionAlgorithm

    /// Options of a network; the paper's is c64-c64-c128-1000 with 5x5 filters.
    public init(
      filters: [Int] = [64, 64, 128], kernel: Int = 5,
      convolutionBorder: ConvolutionBorder = .same, poolingBorder: PoolingBorder = .same,
      hiddenUnits: Int = 1000, inputDropout: Double = 0, hiddenDropout: Double = 0, l2: Double = 0,
      initialisation: Initialisation = .heNormal, convolution: ConvolutionAlgorithm = .fft
    ) {
      self.filters = filters
      self.kernel = kernel
      self.convolutionBorder = convolutionBorder
      self.poolingBorder = poolingBorder
      self.hiddenUnits = hiddenUnits
      self.inputDropout = inputDropout
      self.hiddenDropout = hiddenDropout
      self.l2 = l2
      self.initialisation = initialisation
      self.convolution = convolution
    }
  }

  /// The parts of `theta`: `conv1.weights` `[filters, channels, rows, columns]`, `conv1.bias`, ...,
  /// `hidden.weights` `[units, channels, rows, columns]`, `hidden.bias`, `output.weights`
  /// `[classes, units]`, `output.bias`.
  public let parameters: [Parameter]
  /// The options.
  public let options: Options
  /// The largest minibatch.
  public let minibatchCapacity: Int

  let training: DenseExamples
  let test: DenseExamples
  let shapes: [StageShape]
  let convolutions: [any StageConvolution]
  /// The primitives for whole groups, then those made for remainders.
  var poolings: [StagePoolings]
  let hiddenLayer: DenseLayer
  let outputLayer: DenseLayer
  /// The primitives for whole minibatches, then those made for remainders.
  var connected: [ConnectedPrimitives] = []
  let buffers: NetworkBuffers
  /// The elements that the layout of each parameter has; what is stored after them is alignment.
  let usedCounts: [Int]
  /// Where each logical element of each parameter is stored, relative to the parameter.
  private lazy var positions: [[Int32]] = parameters.indices.map(findPositions)
  /// Where each logical feature of a pooled image is stored.
  let featurePositions: [Int32]

  package var stopwatch: Stopwatch?

  /// The network on images `[channels, rows, columns]`, for minibatches of up to
  /// `minibatchCapacity`.
  ///
  /// - Throws: `PrimitiveError` if oneDNN cannot make the layers.
  public init(
    training: DenseExamples, test: DenseExamples, minibatchCapacity: Int = 128,
    options: Options = Options()
  ) throws {
    precondition(training.shape.count == 3, "images have channels, rows and columns")
    precondition(
      training.shape == test.shape && training.classCount == test.classCount,
      "training and test images differ in shape or classes")
    precondition(minibatchCapacity > 0 && options.hiddenUnits > 0 && !options.filters.isEmpty)
    precondition(options.kernel % 2 == 1, "a kernel of \(options.kernel) has no centre")
    precondition(
      [options.inputDropout, options.hiddenDropout].allSatisfy { $0 >= 0 && $0 < 1 },
      "dropout rates are in [0, 1)")
    precondition(options.l2 >= 0)
    self.training = training
    self.test = test
    self.options = options
    self.minibatchCapacity = minibatchCapacity
    let shapes = Self.stageShapes(image: training.shape, options: options)
    self.shapes = shapes

    var convolutions: [any StageConvolution] = []
    let group = try StagePoolings(size: ImageGroup.capacity, shapes: shapes) { i, source in
      let convolution = try Self.convolution(
        shapes[i], source: source, isFirst: i == 0, algorithm: options.convolution,
        capacity: minibatchCapacity)
      convolutions.append(convolution)
      return convolution
    }
    self.convolutions = convolutions
    poolings = [group]
    featurePositions = try Self.featurePositions(group, of: shapes[shapes.count - 1])
    var parts = ThetaParts()
    for (i, (shape, convolution)) in zip(shapes, convolutions).enumerated() {
      parts.add("conv\(i + 1).weights", shape.weightsShape, stored: convolution.weights.count)
      parts.add("conv\(i + 1).bias", [shape.filters], stored: shape.filters)
    }
    let last = shapes[shapes.count - 1]
    hiddenLayer = try parts.addDense(
      "hidden", inputs: group.pooledStride(shapes.count - 1),
      inputShape: [last.filters, last.pooledHeight, last.pooledWidth],
      outputs: options.hiddenUnits)
    outputLayer = try parts.addDense(
      "output", inputs: options.hiddenUnits, inputShape: [options.hiddenUnits],
      outputs: training.classCount)
    parameters = parts.parameters
    usedCounts = parts.usedCounts
    buffers = NetworkBuffers(
      poolings: group, capacity: minibatchCapacity, imageCount: training.featureCount,
      hiddenUnits: options.hiddenUnits, classes: training.classCount)
    // A remainder would otherwise make its primitives in the middle of the run.
    for count in [minibatchCapacity, training.count, test.count] {
      try prepare(count == minibatchCapacity ? count : count % minibatchCapacity)
    }
  }

  /// The number of examples of a split.
  public func count(of split: Split) -> Int { examples(of: split).count }

  /// Weights as the options say, drawn in logical order; biases of 0.
  public func initialTheta(seed: UInt64) -> FloatVector {
    theta(
      fromLogical: parameters.enumerated().map { i, parameter in
        let shape = parameter.shape
        var values = [Float](repeating: 0, count: shape.reduce(1, *))
        guard shape.count > 1 else { return values }
        let taps = i < hiddenIndex ? options.kernel * options.kernel : 1
        var stream = RandomStream(seed: seed, purpose: .initialisation, lane: i / 2)
        values.withUnsafeMutableBufferPointer {
          options.initialisation.fill(
            $0, layer: i / 2, fanIn: $0.count / shape[0], fanOut: shape[0] * taps, from: &stream)
        }
        return values
      })
  }

  /// Where the elements of a part are, between the padding of its blocks.
  public func storedPositions(ofPart index: Int) -> [Int32] { positions[index] }

  /// Writes the gradient at `theta` for a minibatch; dropout's masks depend on `noise` and on the
  /// size of the minibatch alone. The cost is NaN as soon as an
  /// element of `theta` or a result of a convolution by Fourier transforms is not finite.
  public func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    let count = minibatch.count
    precondition(count > 0 && count <= minibatchCapacity, "minibatch of \(count) examples")
    precondition(minibatch.allSatisfy { training.labels.indices.contains(Int($0)) })
    let connected = connectedPrimitives(count)
    return withElements(of: theta, &gradient) { theta, gradient in
      load(minibatch, noise: noise)
      beginForward(theta)
      let isFinite = forwardStages(count, theta, keepsPasses: true)
      forwardConnected(connected, theta, noise: noise)
      let classes = training.classCount
      let cost = vk_softmax_cross_entropy(
        buffers.logits.base, count, classes, classes, buffers.labels.base, 1 / Float(count),
        buffers.logits.base, nil)
      backwardConnected(connected, theta, gradient)
      backwardStages(count, theta, gradient)
      let squares = penalise(theta, gradient)
      // Rectification turns NaN into 0, so that a broken theta may leave the logits finite.
      return MinibatchCost(
        cost: isFinite && (squares.weights + squares.biases).isFinite
          ? cost / Double(count) : .nan,
        penalty: options.l2 == 0 ? 0 : options.l2 / 2 * squares.weights)
    }
  }

  /// `l2 / 2 * |weights|^2` over the weights of all layers.
  public func penalty(at theta: FloatVector) -> Double {
    precondition(theta.count == parameterCount)
    guard options.l2 > 0 else { return 0 }
    return parameters.filter { $0.shape.count > 1 }.reduce(0) {
      $0 + options.l2 / 2 * squaredNorm(theta, in: $1.offset..<$1.offset + $1.storedCount)
    }
  }

  /// Cost and error rate of a split without dropout; there is no noise. The cost is NaN if an
  /// element of `theta` or a result of a convolution by Fourier transforms is not finite.
  public func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    precondition(theta.count == parameterCount)
    let data = examples(of: split)
    var isSound = squaredNorm(theta, in: 0..<parameterCount).isFinite
    return theta.withUnsafeBufferPointer { theta in
      guard let theta = theta.baseAddress else { return Evaluation(cost: .nan, error: nil) }
      beginForward(theta)
      return data.evaluate(
        inChunksOf: minibatchCapacity, logitStride: data.classCount, isSound: isSound
      ) { first, count in
        data.gather(nil, first: first, count: count, to: buffers.inputs.base)
        isSound = forwardStages(count, theta, keepsPasses: false) && isSound
        forwardConnected(connectedPrimitives(count), theta, noise: nil)
        return UnsafePointer(buffers.logits.base)
      }
    }
  }

  private func examples(of split: Split) -> DenseExamples { split == .training ? training : test }
}
