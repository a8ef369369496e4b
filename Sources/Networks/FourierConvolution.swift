import CFourierConvolution

/// A stage's convolution by whole-image Fourier transforms: `CFourierConvolution`.
///
/// Weights are `[channels, rows, columns, filters]`; images are in blocks of 8 or 16 channels, as
/// oneDNN's other primitives like them on a processor with AVX2 or AVX-512.
final class FourierConvolution: StageConvolution {
  let weights: Layout
  private let shape: StageShape
  private let description: fourier_convolution_shape
  private let plan: OpaquePointer

  /// The convolution of minibatches of up to `capacity` images, which whole groups have in the
  /// layout `source`.
  ///
  /// - Throws: `PrimitiveError` if the images are not in blocks of channels, or memory is short.
  init(_ shape: StageShape, source: Layout, capacity: Int) throws {
    let images = [ImageGroup.capacity, shape.channels, shape.height, shape.width]
    guard
      let block = try [16, 8].first(where: {
        source.isEqual(to: try Layout(blocksOf: $0, shape: images))
      })
    else {
      throw PrimitiveError(
        reason: "oneDNN: images are not in blocks of 8 or 16 channels, which fft convolution needs")
    }
    self.shape = shape
    description = shape.fourierShape(capacity: capacity, block: block)
    var description = description
    let code = fourier_code_for(&description)
    guard code != fourier_code_count, let plan = fourier_convolution_make(code, &description) else {
      throw PrimitiveError(reason: "fft convolution: out of memory")
    }
    self.plan = plan
    weights = try Layout(plain: shape.weightsShape, order: [1, 2, 3, 0])
  }

  deinit { fourier_convolution_free(plan) }

  /// Whether convolutions of this shape are served on this processor.
  static func serves(_ shape: StageShape) -> Bool {
    guard shape.height == shape.width, shape.padding == (shape.kernel - 1) / 2 else { return false }
    var description = shape.fourierShape(capacity: 1, block: 8)
    return fourier_code_for(&description) != fourier_code_count
  }

  func prepare(groupsOf size: Int, source: Layout) throws -> (
    destination: Layout, primitives: [Primitive]
  ) {
    let block = Int(description.block)
    let expected = try Layout(
      blocksOf: block, shape: [size, shape.channels, shape.height, shape.width])
    guard source.isEqual(to: expected) else {
      throw PrimitiveError(reason: "oneDNN: layouts depend on the number of images")
    }
    return (
      try Layout(blocksOf: block, shape: [size, shape.filters, shape.height, shape.width]), []
    )
  }

  func beginForward(_ parameters: StageParameters) {
    fourier_convolution_load(plan, parameters.weights)
  }

  func forward(
    _ group: ImageGroup, _ parameters: StageParameters, source: UnsafePointer<Float>,
    destination: UnsafeMutablePointer<Float>
  ) -> Bool {
    fourier_convolution_forward(
      plan, Int32(group.number), Int32(group.count), source, parameters.bias, destination)
  }

  func beginBackward(_ parameters: StageParameters) {
    fourier_convolution_load_transposed(plan, parameters.weights)
  }

  func backward(
    _ group: ImageGroup, _ parameters: StageParameters, destinationGradient: UnsafePointer<Float>,
    sourceGradient: UnsafeMutablePointer<Float>
  ) {
    fourier_convolution_backward(
      plan, Int32(group.number), Int32(group.count), destinationGradient, sourceGradient)
  }

  /// Nothing: the plan keeps the spectra of all groups, whose products are added up at the end.
  func addGradient(
    _ group: ImageGroup, source: UnsafePointer<Float>, destinationGradient: UnsafePointer<Float>,
    to gradient: StageGradient
  ) {}

  func endBackward(count: Int, gradient: StageGradient) {
    fourier_convolution_gradients(plan, Int32(count), gradient.weights, gradient.bias)
  }

  func operations(_ count: Int) -> Double {
    var description = description
    return fourier_convolution_operations(&description, Int32(count))
  }
}

extension StageShape {
  fileprivate func fourierShape(capacity: Int, block: Int) -> fourier_convolution_shape {
    fourier_convolution_shape(
      size: Int32(height), kernel: Int32(kernel), channels: Int32(channels),
      filters: Int32(filters), capacity: Int32(capacity), block: Int32(block))
  }
}
