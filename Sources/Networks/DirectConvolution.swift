import COneDNN
import CVectorKernels

/// A stage's convolution by oneDNN's direct sums.
///
/// oneDNN chooses the layouts. Where its backward pass wants the weights in another layout than the
/// forward pass, they are reordered once a step.
final class DirectConvolution: StageConvolution {
  let weights: Layout
  private let shape: StageShape
  private let isFirst: Bool
  private let transposition: Transposition?
  /// What a group adds to the gradient.
  private let weightsGradient: AlignedBuffer<Float>
  private let biasGradient: AlignedBuffer<Float>
  /// For whole groups, then for remainders.
  private var groups: [Primitives]

  private struct Primitives {
    let size: Int
    let forward: Primitive
    let backwardWeights: Primitive
    /// `nil` for the first stage, whose source is data.
    let backwardSource: Primitive?
    let destination: Layout

    var all: [Primitive] { [forward, backwardWeights] + [backwardSource].compactMap { $0 } }
  }

  /// A convolution of images that whole groups have in the layout `source`.
  init(_ shape: StageShape, source: Layout, isFirst: Bool) throws {
    self.shape = shape
    self.isFirst = isFirst
    let primitives = try Self.primitives(
      shape, size: ImageGroup.capacity, source: source, isFirst: isFirst)
    groups = [primitives]
    weights = try primitives.forward.layout(of: onednn_weights)
    let transposed = try primitives.backwardSource?.layout(of: onednn_weights)
    let weights = weights
    transposition = try transposed.map { try Transposition(from: weights, to: $0) }
    weightsGradient = AlignedBuffer(count: weights.count)
    biasGradient = AlignedBuffer(count: shape.filters)
  }

  /// Primitives for `size` images; with the given layouts of weights, else with those that they
  /// prefer.
  private static func primitives(
    _ shape: StageShape, size: Int, source: Layout, isFirst: Bool, weights: Layout? = nil,
    transposed: Layout? = nil
  ) throws -> Primitives {
    // The descriptions refer to the layouts without owning them.
    try withExtendedLifetime((source, weights, transposed)) {
      var convolution = onednn_convolution(
        batch: Int64(size), channels: Int64(shape.channels), height: Int64(shape.height),
        width: Int64(shape.width), filters: Int64(shape.filters), kernel: Int64(shape.kernel),
        padding: Int64(shape.padding), source: source.handle, weights: weights?.handle,
        destination: nil)
      let forward = try Primitive(onednn_convolution_forward(&convolution, true))
      let weights = try forward.layout(of: onednn_weights)
      let destination = try forward.layout(of: onednn_destination)
      return try withExtendedLifetime((weights, destination)) {
        convolution.weights = weights.handle
        convolution.destination = destination.handle
        let backwardWeights = try Primitive(onednn_convolution_backward_weights(&convolution))
        var backwardSource: Primitive?
        if !isFirst {
          convolution.weights = transposed?.handle
          backwardSource = try Primitive(onednn_convolution_backward_source(&convolution))
        }
        return Primitives(
          size: size, forward: forward, backwardWeights: backwardWeights,
          backwardSource: backwardSource, destination: destination)
      }
    }
  }

  func prepare(groupsOf size: Int, source: Layout) throws -> (
    destination: Layout, primitives: [Primitive]
  ) {
    if let group = groups.first(where: { $0.size == size }) {
      return (group.destination, group.all)
    }
    let group = try Self.primitives(
      shape, size: size, source: source, isFirst: isFirst, weights: weights,
      transposed: groups[0].backwardSource?.layout(of: onednn_weights))
    groups.append(group)
    return (group.destination, group.all)
  }

  @inline(__always)
  private func primitives(_ group: ImageGroup) -> Primitives {
    for primitives in groups where primitives.size == group.count { return primitives }
    preconditionFailure("no primitives for \(group.count) images were made")
  }

  func beginForward(_ parameters: StageParameters) {}

  func forward(
    _ group: ImageGroup, _ parameters: StageParameters, source: UnsafePointer<Float>,
    destination: UnsafeMutablePointer<Float>
  ) -> Bool {
    let forward = primitives(group).forward
    forward.bind(onednn_source, source)
    forward.bind(onednn_weights, parameters.weights)
    forward.bind(onednn_bias, parameters.bias)
    forward.bind(onednn_destination, destination)
    forward.run()
    return true
  }

  func beginBackward(_ parameters: StageParameters) { transposition?.run(parameters.weights) }

  func backward(
    _ group: ImageGroup, _ parameters: StageParameters, destinationGradient: UnsafePointer<Float>,
    sourceGradient: UnsafeMutablePointer<Float>
  ) {
    guard let backward = primitives(group).backwardSource, let transposition else {
      preconditionFailure("the source of a first stage has no gradient")
    }
    backward.bind(onednn_destination_gradient, destinationGradient)
    backward.bind(onednn_weights, transposition.weights(parameters.weights))
    backward.bind(onednn_source_gradient, sourceGradient)
    backward.run()
  }

  func addGradient(
    _ group: ImageGroup, source: UnsafePointer<Float>, destinationGradient: UnsafePointer<Float>,
    to gradient: StageGradient
  ) {
    let isFirst = group.number == 0
    let backward = primitives(group).backwardWeights
    backward.bind(onednn_source, source)
    backward.bind(onednn_destination_gradient, destinationGradient)
    backward.bind(onednn_weights_gradient, isFirst ? gradient.weights : weightsGradient.base)
    backward.bind(onednn_bias_gradient, isFirst ? gradient.bias : biasGradient.base)
    backward.run()
    if !isFirst {
      vk_add_scaled(gradient.weights, weightsGradient.base, 1, weightsGradient.count)
      vk_add_scaled(gradient.bias, biasGradient.base, 1, biasGradient.count)
    }
  }

  func endBackward(count: Int, gradient: StageGradient) {}

  func operations(_ count: Int) -> Double { Double(count) * shape.operations }
}

/// Brings a convolution's weights into the layout that its backward pass wants.
private final class Transposition {
  private let reorder: Primitive?
  private let transposed: AlignedBuffer<Float>

  /// Nothing is to be done if the layouts are the same.
  init(from weights: Layout, to layout: Layout) throws {
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

  func run(_ weights: UnsafePointer<Float>) {
    guard let reorder else { return }
    reorder.bind(onednn_source, weights)
    reorder.run()
  }

  /// The weights as of the last `run`.
  func weights(_ weights: UnsafePointer<Float>) -> UnsafePointer<Float> {
    reorder == nil ? weights : UnsafePointer(transposed.base)
  }
}
