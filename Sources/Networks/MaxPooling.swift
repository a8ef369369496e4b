import COneDNN
import CVectorKernels

/// The 3x3 max pooling with stride 2 of one stage, for groups of `size` images, and its gradient.
///
/// Images in blocks of 8 or 16 channels are pooled by `vk_max_pool`, whose time is that of memory; others by
/// oneDNN, several times as long. Both remember where each maximum was, in `taps`, in forms of their own, and
/// give the same bits.
final class MaxPooling {
  let convolved: Layout
  let pooled: Layout
  /// The bytes in which it remembers where the maxima were.
  let tapBytes: Int

  private enum Method {
    case blocks(vk_pooling, count: Int)
    case primitives(forward: Primitive, backward: Primitive)
  }
  private let method: Method

  /// The pooling of images `[size, filters, rows, columns]` in the layout `convolved`.
  init(_ shape: StageShape, size: Int, convolved: Layout) throws {
    self.convolved = convolved
    let images = [size, shape.filters, shape.convolutionHeight, shape.convolutionWidth]
    let block = try [16, 8].first {
      convolved.isEqual(to: try Layout(blocksOf: $0, shape: images))
    }
    guard let block else {
      (method, pooled, tapBytes) = try Self.primitives(shape, size: size, convolved: convolved)
      return
    }
    pooled = try Layout(
      blocksOf: block, shape: [size, shape.filters, shape.pooledHeight, shape.pooledWidth])
    tapBytes = pooled.count
    method = .blocks(
      vk_pooling(
        block: block, rows: shape.convolutionHeight, columns: shape.convolutionWidth,
        pooled_rows: shape.pooledHeight, pooled_columns: shape.pooledWidth,
        above: shape.rowPadding.before, left: shape.columnPadding.before),
      count: pooled.count / (shape.pooledHeight * shape.pooledWidth * block))
  }

  private static func primitives(
    _ shape: StageShape, size: Int, convolved: Layout
  ) throws -> (Method, Layout, Int) {
    var description = onednn_pooling(
      batch: Int64(size), channels: Int64(shape.filters), height: Int64(shape.convolutionHeight),
      width: Int64(shape.convolutionWidth), window: Int64(StageShape.window),
      stride: Int64(StageShape.stride),
      padding_before: (Int64(shape.rowPadding.before), Int64(shape.columnPadding.before)),
      padding_after: (Int64(shape.rowPadding.after), Int64(shape.columnPadding.after)),
      source: convolved.handle, destination: nil)
    // The description refers to the layouts without owning them.
    return try withExtendedLifetime(convolved) {
      let forward = try Primitive(onednn_pooling_forward(&description))
      let pooled = try forward.layout(of: onednn_destination)
      return try withExtendedLifetime(pooled) {
        description.destination = pooled.handle
        let backward = try Primitive(onednn_pooling_backward(&description))
        let tapBytes = try forward.layout(of: onednn_workspace).bytes
        return (.primitives(forward: forward, backward: backward), pooled, tapBytes)
      }
    }
  }

  /// The primitives that want a scratchpad.
  var primitives: [Primitive] {
    if case .primitives(let forward, let backward) = method { [forward, backward] } else { [] }
  }

  /// Writes the maxima and where they are.
  func forward(
    _ source: UnsafeMutablePointer<Float>, to destination: UnsafeMutablePointer<Float>,
    taps: UnsafeMutablePointer<UInt8>
  ) {
    switch method {
    case .blocks(var pooling, let count): vk_max_pool(&pooling, count, source, destination, taps)
    case .primitives(let forward, _):
      forward.bind(onednn_source, source)
      forward.bind(onednn_destination, destination)
      forward.bind(onednn_workspace, taps)
      forward.run()
    }
  }

  /// Writes the gradient of the source.
  func backward(
    _ pooledGradient: UnsafeMutablePointer<Float>, taps: UnsafeMutablePointer<UInt8>,
    to gradient: UnsafeMutablePointer<Float>
  ) {
    switch method {
    case .blocks(var pooling, let count):
      vk_max_pool_backward(&pooling, count, pooledGradient, taps, gradient)
    case .primitives(_, let backward):
      backward.bind(onednn_destination_gradient, pooledGradient)
      backward.bind(onednn_workspace, taps)
      backward.bind(onednn_source_gradient, gradient)
      backward.run()
    }
  }
}
