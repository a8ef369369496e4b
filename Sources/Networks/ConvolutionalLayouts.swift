import Numerics
import Storage

extension ConvolutionalNetwork {
  /// How the convolutions of a network are computed if the options ask for `algorithm`: by `direct`
  /// where Fourier transforms serve none of its stages, or not on this processor.
  ///
  /// - Parameter image: the shape of the images, `[channels, rows, columns]`.
  public static func algorithm(image: [Int], options: Options) -> ConvolutionAlgorithm {
    let served = stageShapes(image: image, options: options).dropFirst()
      .contains(where: FourierConvolution.serves)
    return served ? options.convolution : .direct
  }

  static func convolution(
    _ shape: StageShape, source: Layout, isFirst: Bool, algorithm: ConvolutionAlgorithm,
    capacity: Int
  ) throws -> any StageConvolution {
    if algorithm == .fft, !isFirst, FourierConvolution.serves(shape) {
      return try FourierConvolution(shape, source: source, capacity: capacity)
    }
    return try DirectConvolution(shape, source: source, isFirst: isFirst)
  }

  static func stageShapes(image: [Int], options: Options) -> [StageShape] {
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
  static func featurePositions(_ group: StagePoolings, of shape: StageShape) throws -> [Int32] {
    let last = group.stages.count - 1
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

  func findPositions(_ i: Int) -> [Int32] {
    let parameter = parameters[i]
    let count = parameter.shape.reduce(1, *)
    do {
      if parameter.shape.count == 1 { return (0..<Int32(count)).map { $0 } }
      if i < hiddenIndex {
        let layout = convolutions[i / 2].weights
        return try Self.inverse(
          of: layout.stored(Self.numbers(count), shape: parameter.shape), count: count)
      }
      if i > hiddenIndex {
        let layout = outputLayer.layout
        return try Self.inverse(
          of: layout.stored(Self.numbers(count), shape: parameter.shape), count: count)
      }
      let features = featurePositions.count
      let inputs = poolings[0].pooledStride(shapes.count - 1)
      var rows = [Float](repeating: 0, count: options.hiddenUnits * inputs)
      for k in 0..<count {
        rows[k / features * inputs + Int(featurePositions[k % features])] = Float(k + 1)
      }
      return try Self.inverse(
        of: hiddenLayer.layout.stored(rows, shape: [options.hiddenUnits, inputs]),
        count: count)
    } catch {
      stop("\(error)")
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
  func prepare(_ count: Int) throws {
    guard count > 0 else { return }
    if !connected.contains(where: { $0.batch == count }) {
      connected.append(
        try ConnectedPrimitives(
          batch: count, hidden: hiddenLayer, output: outputLayer, buffers: buffers))
    }
    let rest = count % ImageGroup.capacity
    if rest > 0, !poolings.contains(where: { $0.size == rest }) {
      let group = try StagePoolings(size: rest, shapes: shapes) { i, _ in convolutions[i] }
      for i in shapes.indices where group.pooledStride(i) != poolings[0].pooledStride(i) {
        throw PrimitiveError(reason: "oneDNN: layouts depend on the number of images")
      }
      poolings.append(group)
    }
  }

  func poolings(_ size: Int) -> StagePoolings {
    for group in poolings where group.size == size { return group }
    return made(size) { poolings(size) }
  }

  func connectedPrimitives(_ batch: Int) -> ConnectedPrimitives {
    for primitives in connected where primitives.batch == batch { return primitives }
    return made(batch) { connectedPrimitives(batch) }
  }

  /// What `find` finds after primitives for `count` examples were made; a size that was not
  /// foreseen comes up only once.
  private func made<Primitives>(_ count: Int, _ find: () -> Primitives) -> Primitives {
    do {
      try prepare(count)
    } catch {
      stop("\(error)")
    }
    return find()
  }
}
