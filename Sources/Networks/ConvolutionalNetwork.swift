import COneDNN
import CVectorKernels
import Numerics

/// What a convolution sees beyond the border of an image.
public enum ConvolutionBorder: String, Sendable, CaseIterable {
  /// Zeros, as many as keep the size: `(kernel - 1) / 2` on every side.
  case same
  /// Nothing: the output is smaller by `kernel - 1`.
  case valid
}

/// Where the 3x3 windows of a pooling with stride 2 lie on an image of n rows or columns. What lies
/// outside the image is never the maximum.
public enum PoolingBorder: String, Sendable, CaseIterable {
  /// `ceil(n / 2)` windows that stick out on both sides, by one more at the end if the overhang is
  /// odd (TensorFlow's SAME): 32 -> 16 by one column at the end, 15 -> 8 by one on either side.
  case same
  /// `ceil((n - 3) / 2) + 1` windows from the first column on, the last of which may stick out
  /// (Caffe, cuda-convnet): 32 -> 16, 15 -> 7.
  case ceiling
  /// `floor((n - 3) / 2) + 1` windows that lie inside: 32 -> 15, 15 -> 7.
  case valid

  /// The padding before and after n rows or columns.
  package func padding(_ n: Int) -> (before: Int, after: Int) {
    let window = StageShape.window
    let stride = StageShape.stride
    switch self {
    case .same:
      let windows = (n + stride - 1) / stride
      let total = max(0, (windows - 1) * stride + window - n)
      return (total / 2, total - total / 2)
    case .ceiling: return (0, n < window ? window - n : (stride - (n - window) % stride) % stride)
    case .valid: return (0, 0)
    }
  }
}

/// The convolutional network of the paper's section 6.3, c64-c64-c128-1000 by default.
///
/// Stages of convolution, rectification and 3x3 max pooling with stride 2; a fully connected layer
/// of rectified units; a softmax. The cost is the mean cross-entropy. Dropout, inverted, acts on the
/// input and on the outputs of the fully connected layer.
///
/// All activations stay in the layouts that oneDNN's primitives prefer, from the first convolution
/// to the output, and `theta` holds each weight tensor in the preferred layout of the forward pass,
/// with zeros for padding; so does the gradient. What the library must do per step besides is one
/// reorder of the weights of each convolution but the first, whose backward pass wants them
/// transposed. `logicalParameters(of:)` and `theta(fromLogical:)` convert.
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

    /// Options of a network; the paper's is c64-c64-c128-1000 with 5x5 filters.
    public init(
      filters: [Int] = [64, 64, 128], kernel: Int = 5,
      convolutionBorder: ConvolutionBorder = .same, poolingBorder: PoolingBorder = .same,
      hiddenUnits: Int = 1000, inputDropout: Double = 0, hiddenDropout: Double = 0, l2: Double = 0,
      initialisation: Initialisation = .heNormal
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

  private let training: DenseExamples
  private let test: DenseExamples
  private let shapes: [StageShape]
  /// The primitives for whole groups, then those made for remainders.
  private var groups: [StageGroup]
  private let hiddenLayer: DenseLayer
  private let outputLayer: DenseLayer
  /// The primitives for whole minibatches, then those made for remainders.
  private var connected: [ConnectedPrimitives] = []
  /// From the weights' layout to that of `backwardSource`, for each stage that needs it.
  private let transpositions: [Transposition?]
  private let buffers: NetworkBuffers
  /// The elements that the layout of each parameter has; what is stored after them is alignment.
  private let usedCounts: [Int]
  /// Where each logical element of each parameter is stored, relative to the parameter.
  private lazy var positions: [[Int32]] = parameters.indices.map(findPositions)
  /// Where each logical feature of a pooled image is stored.
  private let featurePositions: [Int32]

  package var stopwatch: Stopwatch?

  /// The images that pass the convolutional stages together.
  package static let groupSize = 16

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
    shapes = Self.stageShapes(image: training.shape, options: options)

    let group = try StageGroup(size: Self.groupSize, shapes: shapes, matching: nil)
    groups = [group]
    featurePositions = try Self.featurePositions(group)
    var parts = Parts()
    for (i, stage) in group.stages.enumerated() {
      parts.add("conv\(i + 1).weights", stage.shape.weightsShape, stored: stage.weights.count)
      parts.add("conv\(i + 1).bias", [stage.shape.filters], stored: stage.shape.filters)
    }
    let offsets = parts.parameters.map(\.offset)
    transpositions = try group.stages.enumerated().map { i, stage in
      try stage.transposedWeights.map {
        try Transposition(from: stage.weights, to: $0, offset: offsets[2 * i])
      }
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
      group: group, capacity: minibatchCapacity, imageCount: training.featureCount,
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
            $0, fanIn: $0.count / shape[0], fanOut: shape[0] * taps, from: &stream)
        }
        return values
      })
  }

  /// The logical elements of each parameter of `theta` or of a vector like it (a gradient, a
  /// moment): row-major, without the padding of the stored layout.
  public func logicalParameters(of theta: FloatVector) -> [[Float]] {
    precondition(theta.count == parameterCount)
    return theta.withUnsafeBufferPointer { theta in
      parameters.indices.map { i in
        positions[i].map { theta[parameters[i].offset + Int($0)] }
      }
    }
  }

  /// Where the elements of a part are, between the padding of its blocks.
  public func storedPositions(ofPart index: Int) -> [Int32] { positions[index] }

  /// `theta` from the logical elements of each parameter; the inverse of `logicalParameters`.
  public func theta(fromLogical logical: [[Float]]) -> FloatVector {
    precondition(logical.count == parameters.count, "one array for each parameter")
    var theta = FloatVector(count: parameterCount)
    theta.withUnsafeMutableBufferPointer { theta in
      for (i, parameter) in parameters.enumerated() {
        precondition(logical[i].count == positions[i].count, "\(parameter.name): wrong size")
        for (value, position) in zip(logical[i], positions[i]) {
          theta[parameter.offset + Int(position)] = value
        }
      }
    }
    return theta
  }

  /// Writes the gradient at `theta` for a minibatch; dropout's masks depend on `noise` and on the
  /// size of the minibatch alone. The cost is NaN as soon as an
  /// element of `theta` is.
  public func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    let count = minibatch.count
    precondition(count > 0 && count <= minibatchCapacity, "minibatch of \(count) examples")
    precondition(theta.count == parameterCount && gradient.count == parameterCount)
    precondition(minibatch.allSatisfy { training.labels.indices.contains(Int($0)) })
    let connected = connectedPrimitives(count)
    return theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let theta = theta.baseAddress, let gradient = gradient.baseAddress else {
          return MinibatchCost(cost: 0, penalty: 0)
        }
        load(minibatch, noise: noise)
        forwardStages(count, theta)
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
          cost: (squares.weights + squares.biases).isFinite ? cost / Double(count) : .nan,
          penalty: options.l2 == 0 ? 0 : options.l2 / 2 * squares.weights)
      }
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
  /// element of `theta` is.
  public func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    precondition(theta.count == parameterCount)
    let data = examples(of: split)
    var total = 0.0
    var wrong = 0
    theta.withUnsafeBufferPointer { theta in
      data.labels.withUnsafeBufferPointer { labels in
        guard let theta = theta.baseAddress, let labels = labels.baseAddress else { return }
        for first in stride(from: 0, to: data.count, by: minibatchCapacity) {
          let count = min(minibatchCapacity, data.count - first)
          data.gather(nil, first: first, count: count, to: buffers.inputs.base)
          forwardStages(count, theta)
          forwardConnected(connectedPrimitives(count), theta, noise: nil)
          var missed = 0
          total += vk_softmax_cross_entropy(
            buffers.logits.base, count, data.classCount, data.classCount, labels + first, 1, nil,
            &missed)
          wrong += missed
        }
      }
    }
    let isSound = squaredNorm(theta, in: 0..<parameterCount).isFinite
    return Evaluation(
      cost: isSound ? total / Double(data.count) : .nan, error: Double(wrong) / Double(data.count))
  }

  private func examples(of split: Split) -> DenseExamples {
    switch split {
    case .training: training
    case .test: test
    }
  }
}

// MARK: - Layouts

extension ConvolutionalNetwork {
  private static func stageShapes(image: [Int], options: Options) -> [StageShape] {
    var size = (channels: image[0], height: image[1], width: image[2])
    return options.filters.map { filters in
      let padding = options.convolutionBorder == .same ? (options.kernel - 1) / 2 : 0
      let border = 2 * padding - options.kernel + 1
      precondition(
        size.height + border > 0 && size.width + border > 0, "a kernel is larger than its image")
      let rows = options.poolingBorder.padding(size.height + border)
      let columns = options.poolingBorder.padding(size.width + border)
      let shape = StageShape(
        channels: size.channels, height: size.height, width: size.width, filters: filters,
        kernel: options.kernel, padding: padding, rowPadding: rows, columnPadding: columns)
      precondition(
        shape.pooledHeight > 0 && shape.pooledWidth > 0, "a pooling is larger than its image")
      size = (filters, shape.pooledHeight, shape.pooledWidth)
      return shape
    }
  }

  /// Where each feature of one image is, in the layout of the last pooling.
  private static func featurePositions(_ group: StageGroup) throws -> [Int32] {
    let last = group.stages.count - 1
    let shape = group.stages[last].shape
    let features = shape.filters * shape.pooledHeight * shape.pooledWidth
    let all = try inverse(
      of: try group.stages[last].pooled.stored(
        numbers(group.size * features),
        shape: [group.size, shape.filters, shape.pooledHeight, shape.pooledWidth]),
      count: group.size * features)
    // The fully connected layer takes the pooled images as rows.
    let stride = Int32(group.pooledStride(last))
    for k in all.indices where all[k] != all[k % features] + Int32(k / features) * stride {
      throw PrimitiveError(reason: "oneDNN: pooling interleaves its images")
    }
    return Array(all.prefix(features))
  }

  private func findPositions(_ i: Int) -> [Int32] {
    let parameter = parameters[i]
    let count = parameter.shape.reduce(1, *)
    do {
      if parameter.shape.count == 1 { return (0..<Int32(count)).map { $0 } }
      if i < hiddenIndex {
        let layout = groups[0].stages[i / 2].weights
        return try Self.inverse(
          of: layout.stored(Self.numbers(count), shape: parameter.shape), count: count)
      }
      if i > hiddenIndex {
        let layout = outputLayer.layout
        return try Self.inverse(
          of: layout.stored(Self.numbers(count), shape: parameter.shape), count: count)
      }
      let features = featurePositions.count
      let inputs = groups[0].pooledStride(shapes.count - 1)
      var rows = [Float](repeating: 0, count: options.hiddenUnits * inputs)
      for k in 0..<count {
        rows[k / features * inputs + Int(featurePositions[k % features])] = Float(k + 1)
      }
      return try Self.inverse(
        of: hiddenLayer.layout.stored(rows, shape: [options.hiddenUnits, inputs]),
        count: count)
    } catch {
      fatalError("\(error)")
    }
  }

  /// 1, 2, ..., `count`, all of which a `Float` can tell apart.
  private static func numbers(_ count: Int) -> [Float] {
    precondition(count < 1 << 24, "a tensor of \(count) elements is too large to number")
    return (1...count).map { Float($0) }
  }

  /// Where the numbers 1, 2, ..., `count` are in `stored`.
  private static func inverse(of stored: [Float], count: Int) throws -> [Int32] {
    var positions = [Int32](repeating: -1, count: count)
    for (position, number) in stored.enumerated() where number > 0 {
      positions[Int(number) - 1] = Int32(position)
    }
    guard positions.allSatisfy({ $0 >= 0 }) else {
      throw PrimitiveError(reason: "oneDNN: a reorder lost elements")
    }
    return positions
  }

  /// Makes the primitives for `count` examples, unless there are.
  private func prepare(_ count: Int) throws {
    guard count > 0 else { return }
    if !connected.contains(where: { $0.batch == count }) {
      connected.append(
        try ConnectedPrimitives(
          batch: count, hidden: hiddenLayer, output: outputLayer, buffers: buffers))
    }
    let rest = count % Self.groupSize
    if rest > 0, !groups.contains(where: { $0.size == rest }) {
      let group = try StageGroup(size: rest, shapes: shapes, matching: groups[0])
      for i in shapes.indices where group.pooledStride(i) != groups[0].pooledStride(i) {
        throw PrimitiveError(reason: "oneDNN: layouts depend on the number of images")
      }
      groups.append(group)
    }
  }

  private func group(_ size: Int) -> StageGroup {
    for group in groups where group.size == size { return group }
    return made(size) { group(size) }
  }

  private func connectedPrimitives(_ batch: Int) -> ConnectedPrimitives {
    for primitives in connected where primitives.batch == batch { return primitives }
    return made(batch) { connectedPrimitives(batch) }
  }

  /// What `find` finds after primitives for `count` examples were made; a size that was not
  /// foreseen comes up only once.
  private func made<Primitives>(_ count: Int, _ find: () -> Primitives) -> Primitives {
    do {
      try prepare(count)
    } catch {
      fatalError("\(error)")
    }
    return find()
  }
}

// MARK: - The passes

extension ConvolutionalNetwork {
  private func load(_ minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey) {
    measure("input") {
      let count = minibatch.count
      if var dropout = Dropout.kernelMask(rate: options.inputDropout, noise, lane: 0) {
        training.gather(
          minibatch.baseAddress, count: count, dropout: &dropout, to: buffers.inputs.base)
      } else {
        training.gather(minibatch.baseAddress, count: count, to: buffers.inputs.base)
      }
      training.gatherLabels(minibatch, to: buffers.labels.base)
    }
  }

  /// Calls `body` with each group of `count` images: its primitives, its first image, its number.
  @inline(__always)
  private func forEachGroup(_ count: Int, _ body: (StageGroup, Int, Int) -> Void) {
    var first = 0
    var number = 0
    while first < count {
      let group = group(min(Self.groupSize, count - first))
      body(group, first, number)
      first += group.size
      number += 1
    }
  }

  private func forwardStages(_ count: Int, _ theta: UnsafePointer<Float>) {
    forEachGroup(count) { group, first, number in
      var source = UnsafePointer(buffers.inputs.base + first * training.featureCount)
      for i in group.stages.indices {
        let stage = group.stages[i]
        let forward = stage.forward
        forward.bind(onednn_source, source)
        forward.bind(onednn_weights, theta + parameters[2 * i].offset)
        forward.bind(onednn_bias, theta + parameters[2 * i + 1].offset)
        forward.bind(onednn_destination, buffers.convolved.base)
        measure("convolution \(i + 1) forward") { forward.run() }
        let pooled = buffers.pooled[i].base + first * group.pooledStride(i)
        let pooling = stage.pooling
        pooling.bind(onednn_source, buffers.convolved.base)
        pooling.bind(onednn_destination, pooled)
        pooling.bind(onednn_workspace, workspace(i, number))
        measure("pooling \(i + 1) forward") { pooling.run() }
        source = UnsafePointer(pooled)
      }
    }
  }

  /// The fully connected layers; `noise` is that of dropout, if there is to be any.
  private func forwardConnected(
    _ connected: ConnectedPrimitives, _ theta: UnsafePointer<Float>, noise: NoiseKey?
  ) {
    measure("hidden forward") { connected.hidden.runForward(theta) }
    if let noise, var dropout = Dropout.kernelMask(rate: options.hiddenDropout, noise, lane: 1) {
      measure("hidden dropout") {
        vk_drop(buffers.hidden.base, connected.batch * options.hiddenUnits, &dropout)
      }
    }
    measure("output forward") { connected.output.runForward(theta) }
  }

  private func backwardConnected(
    _ connected: ConnectedPrimitives, _ theta: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    let last = shapes.count - 1
    measure("output backward") { connected.output.runBackward(theta, gradient) }
    measure("rectification backward") {
      vk_rectifier_backward(
        buffers.hiddenGradient.base, buffers.hidden.base, connected.batch * options.hiddenUnits,
        Dropout.scale(rate: options.hiddenDropout))
    }
    measure("hidden backward") { connected.hidden.runBackward(theta, gradient) }
    measure("rectification backward") {
      vk_rectifier_backward(
        buffers.pooledGradient[last].base, buffers.pooled[last].base,
        connected.batch * groups[0].pooledStride(last), 1)
    }
  }

  private func backwardStages(
    _ count: Int, _ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
  ) {
    for case .some(let transposition) in transpositions {
      measure("reorder") { transposition.run(theta) }
    }
    forEachGroup(count) { group, first, number in
      for i in group.stages.indices.reversed() {
        let stage = group.stages[i]
        // The gradient of the last pooled images exists for the whole minibatch, others by group.
        let offset = i == shapes.count - 1 ? first * group.pooledStride(i) : 0
        let pooling = stage.poolingBackward
        pooling.bind(onednn_destination_gradient, buffers.pooledGradient[i].base + offset)
        pooling.bind(onednn_workspace, workspace(i, number))
        pooling.bind(onednn_source_gradient, buffers.convolvedGradient.base)
        measure("pooling \(i + 1) backward") { pooling.run() }

        let source =
          i == 0
          ? UnsafePointer(buffers.inputs.base + first * training.featureCount)
          : UnsafePointer(buffers.pooled[i - 1].base + first * group.pooledStride(i - 1))
        gradientOfStage(i, stage, source: source, isFirst: number == 0, gradient)

        guard let backward = stage.backwardSource, let transposition = transpositions[i] else {
          continue
        }
        backward.bind(onednn_destination_gradient, buffers.convolvedGradient.base)
        backward.bind(onednn_weights, transposition.weights(theta))
        backward.bind(onednn_source_gradient, buffers.pooledGradient[i - 1].base)
        measure("convolution \(i + 1) backward") { backward.run() }
        measure("rectification backward") {
          vk_rectifier_backward(
            buffers.pooledGradient[i - 1].base, source, group.size * group.pooledStride(i - 1), 1)
        }
      }
    }
  }

  /// Writes the first group's gradient of a convolution's parameters, adds that of the others.
  private func gradientOfStage(
    _ i: Int, _ stage: StageGroup.Stage, source: UnsafePointer<Float>, isFirst: Bool,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    let weights = gradient + parameters[2 * i].offset
    let bias = gradient + parameters[2 * i + 1].offset
    let backward = stage.backwardWeights
    backward.bind(onednn_source, source)
    backward.bind(onednn_destination_gradient, buffers.convolvedGradient.base)
    backward.bind(onednn_weights_gradient, isFirst ? weights : buffers.weightsGradient.base)
    backward.bind(onednn_bias_gradient, isFirst ? bias : buffers.biasGradient.base)
    measure("convolution \(i + 1) gradient") { backward.run() }
    if !isFirst {
      measure("convolution gradient sum") {
        vk_add_scaled(weights, buffers.weightsGradient.base, 1, stage.weights.count)
        vk_add_scaled(bias, buffers.biasGradient.base, 1, stage.shape.filters)
      }
    }
  }

  /// Adds the gradient of the penalty; returns the sums of the squares.
  private func penalise(
    _ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
  ) -> (weights: Double, biases: Double) {
    var squares = (weights: 0.0, biases: 0.0)
    measure("penalty") {
      for i in parameters.indices {
        let parameter = parameters[i]
        let used = usedCounts[i]
        for k in used..<parameter.storedCount { gradient[parameter.offset + k] = 0 }
        let isBias = i % 2 == 1
        let sum = vk_add_scaled_squares(
          gradient + parameter.offset, theta + parameter.offset, isBias ? 0 : Float(options.l2),
          used)
        if isBias { squares.biases += sum } else { squares.weights += sum }
      }
    }
    return squares
  }

  private var hiddenIndex: Int { 2 * shapes.count }

  private func workspace(_ i: Int, _ number: Int) -> UnsafeMutablePointer<UInt8> {
    buffers.workspaces[i].base + number * groups[0].stages[i].workspaceBytes
  }

  @inline(__always)
  private func measure(_ name: @autoclosure () -> String, _ body: () -> Void) {
    guard let stopwatch else { return body() }
    stopwatch.measure(name(), body)
  }
}

// MARK: - Measurement

extension ConvolutionalNetwork: MeasurableProducts {
  package var productOperations: Double { passOperations.values.reduce(0, +) }

  /// The floating-point operations of each pass of a step with a full minibatch, under the names
  /// that the stopwatch has.
  package var passOperations: [String: Double] {
    let batch = Double(minibatchCapacity)
    var operations: [String: Double] = [:]
    for (i, shape) in shapes.enumerated() {
      let passes = i == 0 ? ["forward", "gradient"] : ["forward", "backward", "gradient"]
      for pass in passes {
        operations["convolution \(i + 1) \(pass)"] = batch * shape.operations
      }
    }
    for (name, layer) in [("hidden", hiddenLayer), ("output", outputLayer)] {
      let once = 2 * batch * Double(layer.inputs * layer.outputs)
      operations["\(name) forward"] = once
      operations["\(name) backward"] = 2 * once
    }
    return operations
  }

  /// The share of `productOperations` that multiply the padding of a convolution, which a primitive
  /// may leave out.
  package var paddingShare: Double {
    var inside = 0.0
    for (name, operations) in passOperations {
      let stage = shapes.indices.first { name.hasPrefix("convolution \($0 + 1) ") }
      inside += operations * (stage.map { shapes[$0].insideShare } ?? 1)
    }
    return 1 - inside / productOperations
  }

  /// Runs all primitives of a step, poolings included.
  package func runProducts(at theta: FloatVector, gradient: inout FloatVector) {
    let count = minibatchCapacity
    theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let theta = theta.baseAddress, let gradient = gradient.baseAddress else { return }
        let connected = connectedPrimitives(count)
        forwardStages(count, theta)
        forwardConnected(connected, theta, noise: nil)
        backwardConnected(connected, theta, gradient)
        backwardStages(count, theta, gradient)
      }
    }
  }
}

/// The memory that the passes work in, for `capacity` examples.
private final class NetworkBuffers {
  let inputs: AlignedBuffer<Float>
  let labels: AlignedBuffer<UInt8>
  /// What a convolution puts out for one group, and its gradient.
  let convolved: AlignedBuffer<Float>
  let convolvedGradient: AlignedBuffer<Float>
  /// Each stage's output, for the whole minibatch.
  let pooled: [AlignedBuffer<Float>]
  /// Its gradient: for the whole minibatch after the last stage, for one group after the others.
  let pooledGradient: [AlignedBuffer<Float>]
  let workspaces: [AlignedBuffer<UInt8>]
  let weightsGradient: AlignedBuffer<Float>
  let biasGradient: AlignedBuffer<Float>
  let hidden: AlignedBuffer<Float>
  let hiddenGradient: AlignedBuffer<Float>
  let logits: AlignedBuffer<Float>

  init(group: StageGroup, capacity: Int, imageCount: Int, hiddenUnits: Int, classes: Int) {
    let stages = group.stages
    let groups = (capacity + group.size - 1) / group.size
    let images = groups * group.size
    inputs = AlignedBuffer(count: images * imageCount)
    labels = AlignedBuffer(count: capacity)
    convolved = AlignedBuffer(count: stages.map(\.convolved.count).max() ?? 0)
    convolvedGradient = AlignedBuffer(count: stages.map(\.convolved.count).max() ?? 0)
    pooled = stages.indices.map { AlignedBuffer(count: images * group.pooledStride($0)) }
    pooledGradient = stages.indices.map {
      AlignedBuffer(
        count: ($0 == stages.count - 1 ? images : group.size) * group.pooledStride($0))
    }
    workspaces = stages.map { AlignedBuffer(count: groups * $0.workspaceBytes) }
    weightsGradient = AlignedBuffer(count: stages.map(\.weights.count).max() ?? 0)
    biasGradient = AlignedBuffer(count: stages.map(\.shape.filters).max() ?? 0)
    hidden = AlignedBuffer(count: capacity * hiddenUnits)
    hiddenGradient = AlignedBuffer(count: capacity * hiddenUnits)
    logits = AlignedBuffer(count: capacity * classes)
  }
}

/// Brings a convolution's weights into the layout that its backward pass wants.
private final class Transposition {
  private let offset: Int
  private let reorder: Primitive?
  private let transposed: AlignedBuffer<Float>

  /// For the weights at `offset` of `theta`; nothing to do if the layouts are the same.
  init(from weights: Layout, to layout: Layout, offset: Int) throws {
    self.offset = offset
    if weights.isEqual(to: layout) {
      reorder = nil
      transposed = AlignedBuffer(count: 0)
      return
    }
    let reorder = try Primitive(onednn_reorder(weights.handle, layout.handle))
    transposed = AlignedBuffer(count: layout.count)
    reorder.bind(onednn_destination, transposed.base)
    shareScratchpad(of: [reorder])
    self.reorder = reorder
  }

  func run(_ theta: UnsafePointer<Float>) {
    guard let reorder else { return }
    reorder.bind(onednn_source, theta + offset)
    reorder.run()
  }

  /// The weights as of the last `run`.
  func weights(_ theta: UnsafePointer<Float>) -> UnsafePointer<Float> {
    reorder == nil ? theta + offset : UnsafePointer(transposed.base)
  }
}

/// The fully connected layers' primitives for one batch size.
private struct ConnectedPrimitives {
  let batch: Int
  let hidden: DensePrimitives
  let output: DensePrimitives

  init(batch: Int, hidden: DenseLayer, output: DenseLayer, buffers: NetworkBuffers) throws {
    self.batch = batch
    let last = buffers.pooled.count - 1
    self.hidden = try DensePrimitives(
      hidden, batch: batch, rectified: true, source: buffers.pooled[last].base,
      destination: buffers.hidden.base, destinationGradient: buffers.hiddenGradient.base,
      sourceGradient: buffers.pooledGradient[last].base)
    self.output = try DensePrimitives(
      output, batch: batch, rectified: false, source: buffers.hidden.base,
      destination: buffers.logits.base, destinationGradient: buffers.logits.base,
      sourceGradient: buffers.hiddenGradient.base)
    shareScratchpad(of: self.hidden.all + self.output.all)
  }
}

/// The parts of `theta`, laid out one after the other.
private struct Parts {
  var parameters: [Parameter] = []
  /// The elements of each part that are not there for alignment alone.
  var usedCounts: [Int] = []

  @discardableResult
  mutating func add(_ name: String, _ shape: [Int], stored: Int) -> Parameter {
    let offset = parameters.last.map { $0.offset + $0.storedCount } ?? 0
    let parameter = Parameter(
      name: name, shape: shape, offset: offset, storedCount: DenseLayers.wholeLines(stored))
    parameters.append(parameter)
    usedCounts.append(stored)
    return parameter
  }

  /// Adds a fully connected layer, whose `inputs` stored inputs have the logical shape `inputShape`.
  mutating func addDense(
    _ name: String, inputs: Int, inputShape: [Int], outputs: Int
  ) throws -> DenseLayer {
    let layout = try DenseLayers.weightsLayout(inputs: inputs, outputs: outputs)
    let weights = add("\(name).weights", [outputs] + inputShape, stored: layout.count)
    let bias = add("\(name).bias", [outputs], stored: outputs)
    return DenseLayer(
      inputs: inputs, outputs: outputs, weights: weights, bias: bias, layout: layout)
  }
}
