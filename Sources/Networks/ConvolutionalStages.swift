import COneDNN

/// The shapes of one stage: a convolution, rectified, then 3x3 max pooling with stride 2.
struct StageShape {
  static let window = 3
  static let stride = 2

  let channels: Int
  let height: Int
  let width: Int
  let filters: Int
  let kernel: Int
  let padding: Int
  /// What the windows of the pooling stick out by, before and after the rows and the columns.
  let rowPadding: (before: Int, after: Int)
  let columnPadding: (before: Int, after: Int)

  var convolutionHeight: Int { height + 2 * padding - kernel + 1 }
  var convolutionWidth: Int { width + 2 * padding - kernel + 1 }
  var pooledHeight: Int { Self.pooled(convolutionHeight, rowPadding) }
  var pooledWidth: Int { Self.pooled(convolutionWidth, columnPadding) }
  var weightsShape: [Int] { [filters, channels, kernel, kernel] }

  private static func pooled(_ size: Int, _ padding: (before: Int, after: Int)) -> Int {
    let span = size + padding.before + padding.after - window
    return span < 0 ? 0 : span / stride + 1
  }

  /// Multiplications and additions of one pass over an example, taps in the padding included.
  var operations: Double {
    2 * Double(convolutionHeight * convolutionWidth * filters * channels * kernel * kernel)
  }

  /// The share of them that meet the image, not the padding.
  var insideShare: Double {
    func share(_ size: Int, _ outputs: Int) -> Double {
      let inside = (0..<outputs).reduce(0) { sum, output in
        let first = output - padding
        return sum + min(size, first + kernel) - max(0, first)
      }
      return Double(inside) / Double(outputs * kernel)
    }
    return share(height, convolutionHeight) * share(width, convolutionWidth)
  }
}

/// The primitives that take a group of `size` images through the stages and back.
///
/// Images pass the convolutional part in small groups: a group's activations stay in the cache, one
/// set of primitives serves every minibatch, and what a convolution puts out, the largest tensor of
/// all, need not be kept, for the way back needs only where each maximum was.
final class StageGroup {
  struct Stage {
    let shape: StageShape
    let forward: Primitive
    let pooling: Primitive
    let poolingBackward: Primitive
    let backwardWeights: Primitive
    /// `nil` for the first stage, whose source is data.
    let backwardSource: Primitive?
    /// The layout that `theta` has.
    let weights: Layout
    let convolved: Layout
    let pooled: Layout
    /// The layout that `backwardSource` wants.
    let transposedWeights: Layout?
    /// The bytes in which pooling remembers where the maxima were.
    let workspaceBytes: Int
  }

  let size: Int
  let stages: [Stage]

  /// The elements of one image after stage `i`, padding included.
  func pooledStride(_ i: Int) -> Int { stages[i].pooled.count / size }

  /// Primitives for `size` images; with the layouts of weights of `pattern`, if given, else with
  /// those that the primitives prefer.
  init(size: Int, shapes: [StageShape], matching pattern: StageGroup?) throws {
    self.size = size
    var stages: [Stage] = []
    for (i, shape) in shapes.enumerated() {
      let source =
        try stages.last?.pooled
        ?? Layout(
          plain: [size, shape.channels, shape.height, shape.width])
      // The descriptions refer to the layout without owning it.
      let stage = try withExtendedLifetime(source) {
        try Self.stage(
          shape, size: size, source: source, isFirst: i == 0, matching: pattern?.stages[i])
      }
      stages.append(stage)
    }
    self.stages = stages
    shareScratchpad(
      of: stages.flatMap {
        [$0.forward, $0.pooling, $0.poolingBackward, $0.backwardWeights]
          + ($0.backwardSource.map { [$0] } ?? [])
      })
  }

  private static func stage(
    _ shape: StageShape, size: Int, source: Layout, isFirst: Bool, matching pattern: Stage?
  ) throws -> Stage {
    var convolution = onednn_convolution(
      batch: Int64(size), channels: Int64(shape.channels), height: Int64(shape.height),
      width: Int64(shape.width), filters: Int64(shape.filters), kernel: Int64(shape.kernel),
      padding: Int64(shape.padding), source: source.handle, weights: pattern?.weights.handle,
      destination: nil)
    let forward = try Primitive(onednn_convolution_forward(&convolution, true))
    let weights = try forward.layout(of: onednn_weights)
    let convolved = try forward.layout(of: onednn_destination)
    convolution.weights = weights.handle
    convolution.destination = convolved.handle
    let backwardWeights = try Primitive(onednn_convolution_backward_weights(&convolution))
    var backwardSource: Primitive?
    if !isFirst {
      convolution.weights = pattern?.transposedWeights?.handle
      backwardSource = try Primitive(onednn_convolution_backward_source(&convolution))
    }
    var description = onednn_pooling(
      batch: Int64(size), channels: Int64(shape.filters), height: Int64(shape.convolutionHeight),
      width: Int64(shape.convolutionWidth), window: Int64(StageShape.window),
      stride: Int64(StageShape.stride),
      padding_before: (Int64(shape.rowPadding.before), Int64(shape.columnPadding.before)),
      padding_after: (Int64(shape.rowPadding.after), Int64(shape.columnPadding.after)),
      source: convolved.handle, destination: nil)
    let pooling = try Primitive(onednn_pooling_forward(&description))
    let pooled = try pooling.layout(of: onednn_destination)
    description.destination = pooled.handle
    return Stage(
      shape: shape, forward: forward, pooling: pooling,
      poolingBackward: try Primitive(onednn_pooling_backward(&description)),
      backwardWeights: backwardWeights, backwardSource: backwardSource, weights: weights,
      convolved: convolved, pooled: pooled,
      transposedWeights: try backwardSource?.layout(of: onednn_weights),
      workspaceBytes: try pooling.layout(of: onednn_workspace).bytes)
  }
}
