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

/// The poolings between a group's convolutions, for groups of `size` images.
///
/// Images pass the convolutional part in small groups: a group's activations stay in the cache, one
/// set of primitives serves every minibatch, and what a convolution puts out, the largest tensor of
/// all, need not be kept, for the way back needs only where each maximum was.
final class StagePoolings {
  let size: Int
  let stages: [MaxPooling]

  /// The elements of one image after stage `i`, padding included.
  func pooledStride(_ i: Int) -> Int { stages[i].pooled.count / size }

  /// Poolings, and what the convolutions need, for groups of `size` images. `convolution` gives, or
  /// makes, the convolution of a stage whose source has the layout that it is told.
  init(
    size: Int, shapes: [StageShape],
    convolution: (_ stage: Int, _ source: Layout) throws -> any StageConvolution
  ) throws {
    self.size = size
    var stages: [MaxPooling] = []
    var primitives: [Primitive] = []
    for (i, shape) in shapes.enumerated() {
      let source =
        try stages.last?.pooled
        ?? Layout(plain: [size, shape.channels, shape.height, shape.width])
      let prepared = try convolution(i, source).prepare(groupsOf: size, source: source)
      let pooling = try MaxPooling(shape, size: size, convolved: prepared.destination)
      stages.append(pooling)
      primitives += prepared.primitives + pooling.primitives
    }
    self.stages = stages
    shareScratchpad(of: primitives)
  }
}
