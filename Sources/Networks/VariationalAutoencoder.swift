import COneDNN
import CVectorKernels
import Numerics

/// A variational auto-encoder of images (section 6.4 of the paper; Kingma and Welling 2013).
///
/// Encoder and decoder have one hidden layer of softplus units each. The encoder gives means and
/// logarithms of variances of a Gaussian with independent components, the decoder the logits of
/// Bernoulli pixels. With one sample an example, the cost is the negative evidence lower bound: the
/// sample's reconstruction cost plus the divergence of that Gaussian from the standard one, in nats,
/// as the mean over the minibatch; for grey pixels the reconstruction cost is the cross-entropy, the
/// expected cost of black and white ones with these probabilities. The penalty is
/// `l2 / 2 * |weights|^2`.
///
/// `theta` holds weights (`[outputs, inputs]`) and bias of `encoder.hidden`, `encoder.latent` (first
/// the means, then the logarithms of variances), `decoder.hidden` and `decoder.output`.
///
/// Make and use an instance on one thread, after `onednn_set_threads` for that thread.
public final class VariationalAutoencoder: Objective {
  /// How grey pixels become what the decoder explains.
  public enum Pixels: String, Sendable, CaseIterable {
    /// The grey levels themselves.
    case grey
    /// Drawn anew for each minibatch and evaluation: 1 with the grey level as probability.
    case resampled
  }

  /// What defines the model besides the data.
  public struct Options: Sendable, Hashable {
    /// The softplus units of encoder and decoder.
    public var hiddenSize: Int
    /// The components of the latent variable.
    public var latentSize: Int
    /// The distribution of the initial weights; biases start at 0.
    public var initialisation: Initialisation
    /// Whether the weights of the logarithms of variances start at 0, i.e. all variances at 1.
    public var startsWithUnitVariance: Bool
    /// What is made of grey pixels.
    public var pixels: Pixels
    /// How many of the training examples are used, from the first on; `nil` means all.
    public var trainingCount: Int?
    /// The coefficient of the penalty on the weights.
    public var l2: Double
    /// Whether the encoder's first products skip blank pixels; nothing else here is ever 0.
    public var products: Products

    /// Options of a model; the defaults put a run on the paper's curves.
    public init(
      hiddenSize: Int = 500, latentSize: Int = 50,
      initialisation: Initialisation = .normal(deviation: 0.01),
      startsWithUnitVariance: Bool = true, pixels: Pixels = .grey,
      trainingCount: Int? = 50_000, l2: Double = 0, products: Products = .sparse
    ) {
      self.hiddenSize = hiddenSize
      self.latentSize = latentSize
      self.initialisation = initialisation
      self.startsWithUnitVariance = startsWithUnitVariance
      self.pixels = pixels
      self.trainingCount = trainingCount
      self.l2 = l2
      self.products = products
    }
  }

  /// Weights and biases, from `encoder.hidden.weights` to `decoder.output.bias`.
  public let parameters: [Parameter]
  /// The model's options.
  public let options: Options
  /// The largest minibatch.
  public let minibatchCapacity: Int

  private let training: DenseExamples
  private let test: DenseExamples
  private let trainingCount: Int
  private let layers: DenseLayers
  private let encoder: ListedEncoder?
  private var trainingPlans: [Plan] = []
  private var evaluationPlans: [Plan] = []

  /// What the random streams of one key are for, besides each other.
  private enum Lane {
    static let latent = 0
    static let pixels = 1
    static let evaluatedLatent = 2
    static let evaluatedPixels = 3
  }

  /// A model of `training`, evaluated on `training` and `test`, whose features are in [0, 1].
  ///
  /// - Parameters:
  ///   - training: the examples that minibatches are drawn from; labels are not used.
  ///   - test: held-out examples with the same features.
  ///   - options: sizes, initialisation, pixels, penalty.
  ///   - minibatchCapacity: the largest minibatch that will be asked for; the paper's is 100. What
  ///     this size and the remainder of an epoch need is made at once, other sizes when first asked
  ///     for.
  /// - Throws: `PrimitiveError` if oneDNN cannot do it.
  public init(
    training: DenseExamples, test: DenseExamples, options: Options = Options(),
    minibatchCapacity: Int = 100
  ) throws {
    precondition(training.featureCount == test.featureCount, "features differ")
    precondition(minibatchCapacity > 0 && options.l2 >= 0)
    precondition(options.hiddenSize > 0 && options.latentSize > 0)
    self.training = training
    self.test = test
    self.options = options
    self.minibatchCapacity = minibatchCapacity
    trainingCount = min(options.trainingCount ?? training.count, training.count)
    let (pixels, hidden, latent) = (training.featureCount, options.hiddenSize, options.latentSize)
    layers = try DenseLayers(
      [
        .init(
          name: "encoder.hidden", inputs: pixels, outputs: hidden,
          isListed: options.products == .sparse && ListedProducts.gain(from: training)),
        .init(name: "encoder.latent", inputs: hidden, outputs: 2 * latent),
        .init(name: "decoder.hidden", inputs: latent, outputs: hidden),
        .init(name: "decoder.output", inputs: hidden, outputs: pixels),
      ])
    parameters = layers.parameters
    encoder =
      layers.layers[0].isListed
      ? ListedEncoder(
        layers.layers[0], capacity: max(minibatchCapacity, Self.evaluationBatch),
        trainingCapacity: minibatchCapacity) : nil
    for count in [minibatchCapacity, trainingCount % minibatchCapacity] where count > 0 {
      trainingPlans.append(try Plan(layers, encoder, batch: count, training: true))
    }
  }

  /// The plan for `batch` examples, made when it is first asked for.
  private func plan(_ batch: Int, training: Bool) -> Plan {
    for plan in training ? trainingPlans : evaluationPlans where plan.batch == batch { return plan }
    do {
      let plan = try Plan(layers, encoder, batch: batch, training: training)
      if training { trainingPlans.append(plan) } else { evaluationPlans.append(plan) }
      return plan
    } catch {
      // The same layers work for other sizes: only lack of memory gets here.
      fatalError("\(error)")
    }
  }

  /// The examples of one pass of an evaluation.
  private static let evaluationBatch = 500

  /// The number of examples of a split; of the training split, those that are used.
  public func count(of split: Split) -> Int {
    switch split {
    case .training: trainingCount
    case .test: test.count
    }
  }

  /// Weights as the options say, drawn in logical order; biases of 0.
  public func initialTheta(seed: UInt64) -> FloatVector {
    layers.initialTheta(seed: seed, options.initialisation) { layer, weights in
      guard layer == 1, options.startsWithUnitVariance else { return }
      for k in weights.count / 2..<weights.count { weights[k] = 0 }
    }
  }

  /// The logical elements of each parameter of `theta` or of a vector like it (a gradient, a
  /// moment): row-major, without the padding of the stored layout.
  public func logicalParameters(of theta: FloatVector) -> [[Float]] { layers.layout.logical(theta) }

  /// `theta` from the logical elements of each parameter; the inverse of `logicalParameters`.
  public func theta(fromLogical logical: [[Float]]) -> FloatVector { layers.layout.stored(logical) }

  /// Where the elements of a part are, in logical order.
  public func storedPositions(ofPart index: Int) -> [Int32] {
    layers.layout.positions(ofPart: index)
  }

  /// The negative lower bound, penalty and gradient of a minibatch; samples are keyed by `noise`.
  ///
  /// The cost is NaN if a weight that reaches it is no number, or infinite. One of a pixel that is
  /// blank in the whole minibatch is found within 16 steps: each looks at another share of the
  /// weights, chosen by `noise.step`.
  public func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    let count = minibatch.count
    precondition(count > 0 && count <= minibatchCapacity, "minibatch of \(count) examples")
    precondition(theta.count == parameterCount && gradient.count == parameterCount)
    precondition(minibatch.allSatisfy { $0 >= 0 && Int($0) < trainingCount })
    let plan = plan(count, training: true)
    return theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let theta = theta.baseAddress, let gradient = gradient.baseAddress else {
          return MinibatchCost(cost: 0, penalty: 0)
        }
        training.gather(minibatch.baseAddress, count: count, to: plan.pixels.base)
        draw(plan, noise, latent: Lane.latent, pixels: Lane.pixels, chunk: 0)
        let divergence = plan.encode(theta)
        let reconstruction = plan.decode(theta, factor: 1 / Float(count))
        plan.propagate(theta, gradient)
        layers.clearPadding(of: gradient)
        let isSound = encoder?.products.isSound(theta, step: noise.step) ?? true
        return MinibatchCost(
          cost: isSound ? (divergence + reconstruction) / Double(count) : .nan,
          penalty: layers.addPenalty(theta, gradient, coefficient: options.l2))
      }
    }
  }

  /// Draws the plan's noise and, if they are resampled, pixels. Chunk `n` of an evaluation continues
  /// where chunk `n - 1` has ended.
  private func draw(_ plan: Plan, _ noise: NoiseKey, latent: Int, pixels: Int, chunk: Int) {
    func key(_ lane: Int, _ elements: Int) -> SIMD4<UInt32> {
      let blocks = (elements + 127) / 128 * 32 * chunk
      return noise.stream(.latentNoise, lane: lane)
        .counter(block: UInt32(truncatingIfNeeded: blocks))
    }
    let normals = Self.evaluationBatch * options.latentSize
    plan.drawNoise(seed: noise.seed, counter: key(latent, normals))
    guard options.pixels == .resampled else { return }
    var counter = key(pixels, Self.evaluationBatch * training.featureCount)
    withUnsafeBytes(of: &counter) {
      vk_binarise(
        plan.pixels.base, plan.batch * training.featureCount, noise.seed,
        $0.assumingMemoryBound(to: UInt32.self).baseAddress)
    }
  }

  /// The penalty at `theta`.
  public func penalty(at theta: FloatVector) -> Double {
    layers.penalty(at: theta, coefficient: options.l2)
  }

  /// The negative lower bound of a split with one sample an example; samples are keyed by `noise`
  /// and others than those of a minibatch with the same key.
  public func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    precondition(theta.count == parameterCount)
    let total = count(of: split)
    let examples = split == .training ? training : test
    var cost = 0.0
    theta.withUnsafeBufferPointer { theta in
      guard let theta = theta.baseAddress else { return }
      if encoder?.products.isSound(theta) == false { cost = .nan }
      for first in stride(from: 0, to: total, by: Self.evaluationBatch) {
        let count = min(Self.evaluationBatch, total - first)
        let plan = plan(count, training: false)
        examples.gather(nil, first: first, count: count, to: plan.pixels.base)
        draw(
          plan, noise, latent: Lane.evaluatedLatent, pixels: Lane.evaluatedPixels,
          chunk: first / Self.evaluationBatch)
        cost += plan.encode(theta)
        cost += plan.decode(theta, factor: 0)
      }
    }
    return Evaluation(cost: cost / Double(total), error: nil)
  }

  /// The probabilities of the pixels given latent variables.
  ///
  /// - Parameters:
  ///   - latents: `latentSize` elements for each image.
  ///   - theta: the parameters.
  /// - Returns: `featureCount` elements for each image, in (0, 1).
  public func decode(_ latents: FloatVector, at theta: FloatVector) -> FloatVector {
    let size = options.latentSize
    let count = latents.count / size
    precondition(latents.count == count * size && theta.count == parameterCount)
    guard count > 0 else { return [] }
    let plan = plan(count, training: false)
    latents.withUnsafeBufferPointer { latents in
      guard let latents = latents.baseAddress else { return }
      plan.sample.base.update(from: latents, count: count * size)
    }
    theta.withUnsafeBufferPointer { theta in
      guard let theta = theta.baseAddress else { return }
      plan.runDecoder(theta)
    }
    let features = training.featureCount
    vk_sigmoid(plan.logits.base, count * features)
    return FloatVector(UnsafeBufferPointer(start: plan.logits.base, count: count * features))
  }
}

extension VariationalAutoencoder: MeasurableProducts {
  package var productOperations: Double {
    layers.productOperations(batch: minibatchCapacity)
  }

  package var densities: [Double?] { [encoder?.products.density] }

  package var performedOperations: Double {
    layers.productOperations(batch: minibatchCapacity, densities: densities)
  }

  package func runProducts(at theta: FloatVector, gradient: inout FloatVector) {
    theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let theta = theta.baseAddress, let gradient = gradient.baseAddress else { return }
        trainingPlans[0].runProducts(theta, gradient)
      }
    }
  }
}

/// The encoder's first products where they skip blank pixels, and their panels.
private final class ListedEncoder {
  let products: ListedProducts
  let hidden: Panels
  let gradient: Panels

  init(_ layer: DenseLayer, capacity: Int, trainingCapacity: Int) {
    products = ListedProducts(
      layer, capacity: capacity, trainingCapacity: trainingCapacity, givesInputGradient: false)
    hidden = Panels(width: layer.outputs, capacity: capacity)
    gradient = Panels(width: layer.outputs, capacity: trainingCapacity)
  }
}

/// Activations, their gradients and the primitives for one minibatch size.
private final class Plan {
  let batch: Int
  let pixels: AlignedBuffer<Float>
  let sample: AlignedBuffer<Float>
  /// The decoder's logits, then their gradient.
  let logits: AlignedBuffer<Float>

  /// oneDNN's part; the encoder's first layer is `encoder`'s if there is one.
  private let primitives: [DensePrimitives?]
  private let encoder: ListedEncoder?
  private let pixelCount: Int
  private let hiddenSize: Int
  private let latentSize: Int
  private let encoderHidden: AlignedBuffer<Float>
  private let latent: AlignedBuffer<Float>
  private let decoderHidden: AlignedBuffer<Float>
  private let words: AlignedBuffer<UInt32>
  private let noise: AlignedBuffer<Float>
  private let deviation: AlignedBuffer<Float>
  // Derivatives of the softplus units and gradients; empty when only evaluating.
  private let encoderSlope: AlignedBuffer<Float>
  private let decoderSlope: AlignedBuffer<Float>
  private let encoderHiddenGradient: AlignedBuffer<Float>
  private let latentGradient: AlignedBuffer<Float>
  private let sampleGradient: AlignedBuffer<Float>
  private let decoderHiddenGradient: AlignedBuffer<Float>
  private let training: Bool

  init(_ dense: DenseLayers, _ encoder: ListedEncoder?, batch: Int, training: Bool) throws {
    self.batch = batch
    self.encoder = encoder
    self.training = training
    pixelCount = dense.layers[0].inputs
    hiddenSize = dense.layers[0].outputs
    latentSize = dense.layers[2].inputs
    func buffer(_ width: Int, needed: Bool = true) -> AlignedBuffer<Float> {
      AlignedBuffer(count: needed ? batch * width : 0)
    }
    pixels = buffer(pixelCount)
    encoderHidden = buffer(hiddenSize)
    latent = buffer(2 * latentSize)
    sample = buffer(latentSize)
    decoderHidden = buffer(hiddenSize)
    logits = buffer(pixelCount)
    // Normal numbers come in pairs.
    noise = AlignedBuffer(count: batch * latentSize + 1)
    words = AlignedBuffer(count: batch * latentSize + 1)
    deviation = buffer(latentSize)
    encoderSlope = buffer(hiddenSize, needed: training)
    decoderSlope = buffer(hiddenSize, needed: training)
    encoderHiddenGradient = buffer(hiddenSize, needed: training)
    latentGradient = buffer(2 * latentSize, needed: training)
    sampleGradient = buffer(latentSize, needed: training)
    decoderHiddenGradient = buffer(hiddenSize, needed: training)
    let chain = [
      (pixels, encoderHidden, nil, encoderHiddenGradient),
      (encoderHidden, latent, encoderHiddenGradient, latentGradient),
      (sample, decoderHidden, sampleGradient, decoderHiddenGradient),
      (decoderHidden, logits, decoderHiddenGradient, logits),
    ]
    primitives = try zip(dense.layers, chain).map { layer, buffers in
      guard !layer.isListed else { return nil }
      return try DensePrimitives(
        layer, batch: batch, rectified: false, source: buffers.0.base,
        destination: buffers.1.base, destinationGradient: training ? buffers.3.base : nil,
        sourceGradient: training ? buffers.2?.base : nil)
    }
    shareScratchpad(of: primitives.compactMap { $0 }.flatMap(\.all))
  }

  /// Standard normal numbers for the samples, from the words of `RandomStream`.
  func drawNoise(seed: UInt64, counter: SIMD4<UInt32>) {
    let pairs = (batch * latentSize + 1) / 2
    var counter = counter
    withUnsafeBytes(of: &counter) {
      vk_philox_fill(
        words.base, 2 * pairs, seed, $0.assumingMemoryBound(to: UInt32.self).baseAddress)
    }
    vk_normal_pairs(noise.base, words.base, pairs)
  }

  /// From pixels to samples; returns the sum of the divergences.
  func encode(_ theta: UnsafePointer<Float>) -> Double {
    if let encoder {
      encoder.products.list(rows: pixels.base, count: batch, training: training)
      encoder.products.runForward(theta, to: encoder.hidden)
      vk_panels_to_rows(
        encoder.hidden.base, Panels.stride(batch), batch, hiddenSize, encoderHidden.base)
    }
    primitives[0]?.runForward(theta)
    vk_softplus(encoderHidden.base, training ? encoderSlope.base : nil, batch * hiddenSize)
    primitives[1]?.runForward(theta)
    return vk_latent_sample(
      latent.base, noise.base, batch, latentSize, deviation.base, sample.base)
  }

  /// From samples to logits; returns the sum of the reconstruction costs. A `factor` other than 0
  /// turns the logits into `factor` times the gradient.
  func decode(_ theta: UnsafePointer<Float>, factor: Float) -> Double {
    runDecoder(theta)
    return vk_bernoulli(logits.base, pixels.base, batch * pixelCount, factor)
  }

  func runDecoder(_ theta: UnsafePointer<Float>) {
    primitives[2]?.runForward(theta)
    vk_softplus(decoderHidden.base, training ? decoderSlope.base : nil, batch * hiddenSize)
    primitives[3]?.runForward(theta)
  }

  /// From the gradient of the logits to that of theta.
  func propagate(_ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    primitives[3]?.runBackward(theta, gradient)
    vk_multiply(decoderHiddenGradient.base, decoderSlope.base, batch * hiddenSize)
    primitives[2]?.runBackward(theta, gradient)
    vk_latent_backward(
      latent.base, noise.base, deviation.base, sampleGradient.base, batch, latentSize,
      1 / Float(batch), latentGradient.base)
    primitives[1]?.runBackward(theta, gradient)
    vk_multiply(encoderHiddenGradient.base, encoderSlope.base, batch * hiddenSize)
    if let encoder {
      vk_rows_to_panels(
        encoderHiddenGradient.base, batch, hiddenSize, nil, 1, encoder.gradient.base,
        Panels.stride(batch), gradient + encoder.products.layer.bias.offset)
      encoder.products.runBackwardWeights(encoder.gradient, gradient)
    }
    primitives[0]?.runBackward(theta, gradient)
  }

  /// The products of a step alone.
  func runProducts(_ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    if let encoder { encoder.products.runForward(theta, to: encoder.hidden) }
    for primitive in primitives { primitive?.runForward(theta) }
    for primitive in primitives.reversed() { primitive?.runBackward(theta, gradient) }
    if let encoder { encoder.products.runBackwardWeights(encoder.gradient, gradient) }
  }
}
