import COneDNN
import CVectorKernels
import Numerics

/// How a network's products are done.
public enum Products: String, Sendable, CaseIterable {
  /// Those that have a factor which is often exactly 0, rectified units or an image's blank pixels,
  /// skip the zeros; oneDNN does the others.
  case sparse
  /// All by oneDNN, zeros included.
  case dense
}

/// A dense layer's place in `theta`: weights, then the bias.
struct DenseLayer {
  let inputs: Int
  let outputs: Int
  let weights: Parameter
  let bias: Parameter
  private let libraryLayout: Layout?

  /// A layer; `layout` is that of the weights for oneDNN, nil where zeros are skipped: then the weights
  /// are in panels.
  init(inputs: Int, outputs: Int, weights: Parameter, bias: Parameter, layout: Layout?) {
    (self.inputs, self.outputs) = (inputs, outputs)
    (self.weights, self.bias) = (weights, bias)
    libraryLayout = layout
  }

  /// Whether the products skip the input's zeros.
  var isListed: Bool { libraryLayout == nil }

  /// The layout of the weights for oneDNN.
  var layout: Layout {
    guard let libraryLayout else { preconditionFailure("the weights are in panels") }
    return libraryLayout
  }

  /// What the layer's primitives for minibatches of `batch` examples are made of; activations are
  /// row-major.
  func withDescription(
    batch: Int, _ make: (UnsafePointer<onednn_dense>) -> OpaquePointer?
  ) throws -> Primitive {
    let source = try Layout(plain: [batch, inputs])
    let destination = try Layout(plain: [batch, outputs])
    var dense = onednn_dense(
      batch: Int64(batch), inputs: Int64(inputs), outputs: Int64(outputs), source: source.handle,
      weights: layout.handle, destination: destination.handle)
    return try withExtendedLifetime((source, destination)) { try Primitive(make(&dense)) }
  }
}

/// Dense layers side by side in one `theta`.
final class DenseLayers {
  /// A layer to lay out.
  struct Shape {
    var name: String
    var inputs: Int
    var outputs: Int
    /// Whether its products skip the input's zeros.
    var isListed = false
  }

  let layers: [DenseLayer]
  let layout: ThetaLayout

  var parameters: [Parameter] { layout.parameters }

  /// Lays out layers of the given names and sizes.
  init(_ shapes: [Shape]) throws {
    var layout = ThetaLayout()
    layers = try shapes.map { shape in
      let weights = layout.add(
        shape.name + ".weights", [shape.outputs, shape.inputs],
        shape.isListed ? .panels : .transposed)
      // The kernels read and write biases by whole panels too.
      let bias = layout.add(
        shape.name + ".bias", [shape.outputs], .rows(stride: shape.outputs),
        storedCount: shape.isListed
          ? ThetaLayout.filledUp(shape.outputs, to: ThetaLayout.panel) : 0)
      return DenseLayer(
        inputs: shape.inputs, outputs: shape.outputs, weights: weights, bias: bias,
        layout: shape.isListed
          ? nil : try Self.weightsLayout(inputs: shape.inputs, outputs: shape.outputs))
    }
    self.layout = layout
  }

  /// The layout of a layer's weights for oneDNN: input after input.
  ///
  /// The layouts that oneDNN's own choice falls on, in blocks, are as fast when a primitive runs by
  /// itself, but when all passes of a step follow each other this one is: 11.3 ms against 12.5 ms
  /// for 784-1000-1000-10 and 128 examples at 118 GFLOP/s. And it has no padding.
  static func weightsLayout(inputs: Int, outputs: Int) throws -> Layout {
    try Layout(plain: [outputs, inputs], order: [1, 0])
  }

  /// Every part begins on a cache line.
  static func wholeLines(_ count: Int) -> Int { ThetaLayout.filledUp(count, to: 16) }

  /// `theta` before the first step: weights drawn in logical order, so that they do not depend on
  /// the layout, and biases of 0. `adjust` may change the weights of a layer.
  func initialTheta(
    seed: UInt64, _ initialisation: Initialisation,
    adjust: (_ layer: Int, _ weights: inout [Float]) -> Void = { _, _ in }
  ) -> FloatVector {
    layout.stored(
      layers.enumerated().flatMap { number, layer in
        var weights = [Float](repeating: 0, count: layer.inputs * layer.outputs)
        var stream = RandomStream(seed: seed, purpose: .initialisation, lane: number)
        weights.withUnsafeMutableBufferPointer {
          initialisation.fill(
            $0, layer: number, fanIn: layer.inputs, fanOut: layer.outputs, from: &stream)
        }
        adjust(number, &weights)
        return [weights, [Float](repeating: 0, count: layer.outputs)]
      })
  }

  /// Sets the padding between the parts of a gradient, which no primitive writes, to 0. Our own
  /// kernels write that of the layers that skip zeros.
  func clearPadding(of gradient: UnsafeMutablePointer<Float>) {
    for layer in layers where !layer.isListed {
      for (parameter, used) in [
        (layer.weights, layer.inputs * layer.outputs), (layer.bias, layer.outputs),
      ] {
        let rest = parameter.storedCount - used
        (gradient + parameter.offset + used).update(repeating: 0, count: rest)
      }
    }
  }
}

extension DenseLayers {
  /// `coefficient / 2` times the sum of the squares of all weights.
  func penalty(at theta: FloatVector, coefficient: Double) -> Double {
    guard coefficient > 0 else { return 0 }
    return layers.reduce(0) { sum, layer in
      let offset = layer.weights.offset
      return sum + 0.5 * coefficient
        * squaredNorm(theta, in: offset..<offset + layer.weights.storedCount)
    }
  }

  /// Adds the penalty's gradient to `gradient`; returns the penalty.
  func addPenalty(
    _ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, coefficient: Double
  ) -> Double {
    guard coefficient > 0 else { return 0 }
    var squares = 0.0
    for layer in layers {
      let weights = layer.weights
      squares += vk_add_scaled_squares(
        gradient + weights.offset, theta + weights.offset, Float(coefficient), weights.storedCount)
    }
    return 0.5 * coefficient * squares
  }

  /// The floating-point operations of the products of one step; the first layer needs no gradient
  /// of its source. Where a layer has a density, this share of its input is not 0 and only that is
  /// multiplied, by whole panels.
  func productOperations(batch: Int, densities: [Double?] = []) -> Double {
    layers.enumerated().reduce(0) { sum, item in
      let (number, layer) = item
      let passes = number == 0 ? 2.0 : 3.0
      var products = Double(batch * layer.inputs)
      if number < densities.count, let density = densities[number] {
        products *= density * Double(ThetaLayout.filledUp(layer.outputs, to: ThetaLayout.panel))
      } else {
        products *= Double(layer.outputs)
      }
      return sum + passes * 2 * products
    }
  }
}

/// One layer's primitives for one minibatch size.
struct DensePrimitives {
  let layer: DenseLayer
  let forward: Primitive
  /// `nil` when only evaluating.
  let backwardWeights: Primitive?
  /// `nil` where the gradient of the source is not wanted.
  let backwardSource: Primitive?

  var all: [Primitive] { [forward] + [backwardWeights, backwardSource].compactMap { $0 } }

  /// The primitives between the given activations and, unless they are nil, their gradients.
  init(
    _ layer: DenseLayer, batch: Int, rectified: Bool, source: UnsafeMutablePointer<Float>,
    destination: UnsafeMutablePointer<Float>,
    destinationGradient: UnsafeMutablePointer<Float>? = nil,
    sourceGradient: UnsafeMutablePointer<Float>? = nil
  ) throws {
    self.layer = layer
    forward = try layer.withDescription(batch: batch) { onednn_dense_forward($0, rectified) }
    forward.bind(onednn_source, source)
    forward.bind(onednn_destination, destination)
    if let destinationGradient {
      let weights = try layer.withDescription(batch: batch) { onednn_dense_backward_weights($0) }
      weights.bind(onednn_source, source)
      weights.bind(onednn_destination_gradient, destinationGradient)
      backwardWeights = weights
    } else {
      backwardWeights = nil
    }
    if let destinationGradient, let sourceGradient {
      let propagate = try layer.withDescription(batch: batch) { onednn_dense_backward_source($0) }
      propagate.bind(onednn_destination_gradient, destinationGradient)
      propagate.bind(onednn_source_gradient, sourceGradient)
      backwardSource = propagate
    } else {
      backwardSource = nil
    }
  }

  /// destination = source weights^T + bias, and the rectifier.
  @inline(__always)
  func runForward(_ theta: UnsafePointer<Float>) {
    forward.bind(onednn_weights, UnsafeRawPointer(theta + layer.weights.offset))
    forward.bind(onednn_bias, UnsafeRawPointer(theta + layer.bias.offset))
    forward.run()
  }

  /// The gradients of weights, bias and, where wanted, source.
  @inline(__always)
  func runBackward(_ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    if let backwardWeights {
      backwardWeights.bind(onednn_weights_gradient, gradient + layer.weights.offset)
      backwardWeights.bind(onednn_bias_gradient, gradient + layer.bias.offset)
      backwardWeights.run()
    }
    if let backwardSource {
      backwardSource.bind(onednn_weights, UnsafeRawPointer(theta + layer.weights.offset))
      backwardSource.run()
    }
  }
}
