import COneDNN
import CVectorKernels
import Numerics

/// The encoder's first products where they skip blank pixels, and their panels.
final class ListedEncoder {
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
final class VariationalPasses {
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
