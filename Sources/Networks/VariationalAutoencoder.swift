import CVectorKernels
import Numerics
import Storage

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
  private var trainingPlans: [VariationalPasses] = []
  private var evaluationPlans: [VariationalPasses] = []

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
      trainingPlans.append(try VariationalPasses(layers, encoder, batch: count, training: true))
    }
  }

  /// The plan for `batch` examples, made when it is first asked for.
  private func plan(_ batch: Int, training: Bool) -> VariationalPasses {
    for plan in training ? trainingPlans : evaluationPlans where plan.batch == batch { return plan }
    do {
      let plan = try VariationalPasses(layers, encoder, batch: batch, training: training)
      if training { trainingPlans.append(plan) } else { evaluationPlans.append(plan) }
      return plan
    } catch {
      // The same layers work for other sizes: only lack of memory gets here.
      stop("\(error)")
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
    precondition(minibatch.allSatisfy { $0 >= 0 && Int($0) < trainingCount })
    let plan = plan(count, training: true)
    return withElements(of: theta, &gradient) { theta, gradient in
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

  /// Draws the plan's noise and, if they are resampled, pixels. Chunk `n` of an evaluation continues
  /// where chunk `n - 1` has ended.
  private func draw(
    _ plan: VariationalPasses, _ noise: NoiseKey, latent: Int, pixels: Int, chunk: Int
  ) {
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
    withElements(of: theta, &gradient) { theta, gradient in
      trainingPlans[0].runProducts(theta, gradient)
    }
  }
}
