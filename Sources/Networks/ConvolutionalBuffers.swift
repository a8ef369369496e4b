/// The memory that the passes work in, for `capacity` examples.
final class NetworkBuffers {
  let inputs: AlignedBuffer<Float>
  let labels: AlignedBuffer<UInt8>
  /// What a convolution puts out for one group, and its gradient.
  let convolved: AlignedBuffer<Float>
  let convolvedGradient: AlignedBuffer<Float>
  /// Each stage's output, for the whole minibatch.
  let pooled: [AlignedBuffer<Float>]
  /// Its gradient: for the whole minibatch after the last stage, for one group after the others.
  let pooledGradient: [AlignedBuffer<Float>]
  /// Where the maxima of each stage's pooling were, for the whole minibatch.
  let taps: [AlignedBuffer<UInt8>]
  let hidden: AlignedBuffer<Float>
  let hiddenGradient: AlignedBuffer<Float>
  let logits: AlignedBuffer<Float>

  init(
    poolings group: StagePoolings, capacity: Int, imageCount: Int, hiddenUnits: Int, classes: Int
  ) {
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
    taps = stages.map { AlignedBuffer(count: groups * $0.tapBytes) }
    hidden = AlignedBuffer(count: capacity * hiddenUnits)
    hiddenGradient = AlignedBuffer(count: capacity * hiddenUnits)
    logits = AlignedBuffer(count: capacity * classes)
  }
}

/// The fully connected layers' primitives for one batch size.
struct ConnectedPrimitives {
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
struct ThetaParts {
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
