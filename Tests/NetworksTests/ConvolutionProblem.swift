import CFourierConvolution
import COneDNN
import TestSupport

/// A convolution with its gradients in Double, by the definition, and by the libraries.
struct ConvolutionProblem {
  /// What the numbers are like.
  enum Kind: CaseIterable {
    case random, hugePixel, hugeGradient, zeroChannel, constant
  }

  let size: Int
  let channels: Int
  let filters: Int
  let images: Int
  /// `[images, channels, size, size]`, the weights `[filters, channels, 5, 5]`.
  var source: [Float]
  var weights: [Float]
  var bias: [Float]
  var destinationGradient: [Float]

  /// Results, row-major.
  struct Result {
    var destination: [Float]
    var sourceGradient: [Float]
    var weightsGradient: [Float]
    var biasGradient: [Float]
  }

  init(
    size: Int, channels: Int = 32, filters: Int = 48, images: Int, kind: Kind = .random,
    seed: UInt64 = 1
  ) {
    self.size = size
    self.channels = channels
    self.filters = filters
    self.images = images
    var random = TestRandom(seed)
    let area = size * size
    let deviation = (2 / Double(25 * channels)).squareRoot()
    func numbers(_ count: Int, _ scale: Double) -> [Float] {
      (0..<count).map { _ in Float(random.uniform(-scale, scale)) }
    }
    source = numbers(images * channels * area, 1).map { max(0, $0) }
    weights = numbers(filters * channels * 25, 3.squareRoot() * deviation)
    bias = numbers(filters, 0.3)
    destinationGradient = numbers(images * filters * area, 1e-3)
    switch kind {
    case .random: break
    case .constant:
      source = source.map { _ in 1.5 }
      destinationGradient = destinationGradient.map { _ in 1e-3 }
    case .hugePixel:
      for image in 0..<images { source[image * channels * area + area / 3] = 1e4 }
    case .hugeGradient:
      for image in 0..<images { destinationGradient[image * filters * area + area / 5] = 10 }
    case .zeroChannel:
      for image in 0..<images {
        for k in 0..<area {
          source[image * channels * area + k] = 0
          destinationGradient[(image * filters + 1) * area + k] = 0
        }
      }
    }
  }

  /// Calls `body` for each pair of a row or column of the output and one of the input that a tap
  /// connects.
  @inline(never)
  private func forEachTap(_ body: (_ tap: Int, _ shift: Int, _ outputs: Range<Int>) -> Void) {
    for tap in 0..<5 {
      let shift = tap - 2
      body(tap, shift, max(0, -shift)..<min(size, size - shift))
    }
  }

  /// The sums of the definition, in Double.
  func reference() -> (
    destination: [Double], sourceGradient: [Double], weightsGradient: [Double],
    biasGradient: [Double]
  ) {
    let area = size * size
    let x = source.map(Double.init)
    let w = weights.map(Double.init)
    let dy = destinationGradient.map(Double.init)
    var y = [Double](repeating: 0, count: images * filters * area)
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    var db = [Double](repeating: 0, count: filters)
    for image in 0..<images {
      for f in 0..<filters {
        let out = (image * filters + f) * area
        for k in 0..<area {
          y[out + k] = Double(bias[f])
          db[f] += dy[out + k]
        }
        for c in 0..<channels {
          let plane = (image * channels + c) * area
          forEachTap { u, down, rows in
            forEachTap { v, right, columns in
              let tap = ((f * channels + c) * 5 + u) * 5 + v
              let factor = w[tap]
              var sum = 0.0
              for row in rows {
                let o = out + row * size
                let i = plane + (row + down) * size + right
                for column in columns {
                  y[o + column] += factor * x[i + column]
                  dx[i + column] += factor * dy[o + column]
                  sum += dy[o + column] * x[i + column]
                }
              }
              dw[tap] += sum
            }
          }
        }
      }
    }
    return (y.map { max(0, $0) }, dx, dw, db)
  }

  private func packed(_ numbers: [Float], _ channels: Int, _ block: Int) -> AlignedFloats {
    let packed = AlignedFloats(numbers.count)
    forEachPlace(channels, block) { packed.base[$1] = numbers[$0] }
    return packed
  }

  private func unpacked(_ packed: AlignedFloats, _ channels: Int, _ block: Int) -> [Float] {
    var numbers = [Float](repeating: 0, count: packed.count)
    forEachPlace(channels, block) { numbers[$0] = packed.base[$1] }
    return numbers
  }

  /// Calls `body` with the row-major place of each number of an image, and that in blocks.
  @inline(never)
  private func forEachPlace(_ channels: Int, _ block: Int, _ body: (Int, Int) -> Void) {
    let area = size * size
    for image in 0..<images {
      for c in 0..<channels {
        for k in 0..<area {
          let first = (image * channels + c / block * block) * area
          body((image * channels + c) * area + k, first + k * block + c % block)
        }
      }
    }
  }

  /// By Fourier transforms; `nil` if the code does not run here. `steps` times in the same plan.
  func fourier(
    _ code: fourier_code, block: Int, capacity: Int? = nil, steps: Int = 1
  ) -> (result: Result, isFinite: Bool, allocated: Int)? {
    var shape = fourier_convolution_shape(
      size: Int32(size), kernel: 5, channels: Int32(channels), filters: Int32(filters),
      capacity: Int32(capacity ?? images), block: Int32(block))
    guard let plan = fourier_convolution_make(code, &shape) else { return nil }
    defer { fourier_convolution_free(plan) }
    let x = packed(source, channels, block)
    let dy = packed(destinationGradient, filters, block)
    let (y, dx) = (AlignedFloats(dy.count), AlignedFloats(x.count))
    let (w, dw) = (AlignedFloats(weights.count), AlignedFloats(weights.count))
    let (b, db) = (AlignedFloats(filters), AlignedFloats(filters))
    for f in 0..<filters {
      b.base[f] = bias[f]
      for k in 0..<channels * 25 { w.base[k * filters + f] = weights[f * channels * 25 + k] }
    }
    let group = fourier_group
    func forEachGroup(_ body: (_ number: Int32, _ count: Int32, _ x: Int, _ y: Int) -> Void) {
      for first in stride(from: 0, to: images, by: group) {
        body(
          Int32(first / group), Int32(min(group, images - first)), first * channels * size * size,
          first * filters * size * size)
      }
    }
    var isFinite = true
    let allocated = allocations {
      for _ in 0..<steps {
        fourier_convolution_load(plan, w.base)
        forEachGroup {
          isFinite =
            fourier_convolution_forward(plan, $0, $1, x.base + $2, b.base, y.base + $3) && isFinite
        }
        fourier_convolution_load_transposed(plan, w.base)
        forEachGroup { fourier_convolution_backward(plan, $0, $1, dy.base + $3, dx.base + $2) }
        fourier_convolution_gradients(plan, Int32(images), dw.base, db.base)
      }
    }
    var weightsGradient = [Float](repeating: 0, count: weights.count)
    for f in 0..<filters {
      for k in 0..<channels * 25 {
        weightsGradient[f * channels * 25 + k] = dw.base[k * filters + f]
      }
    }
    return (
      Result(
        destination: unpacked(y, filters, block), sourceGradient: unpacked(dx, channels, block),
        weightsGradient: weightsGradient,
        biasGradient: Array(UnsafeBufferPointer(start: db.base, count: filters))), isFinite,
      Int(allocated.count)
    )
  }

  /// By oneDNN's direct sums.
  func direct() -> Result {
    let shape = [images, channels, size, size].map { Int64($0) }
    let outputs = [images, filters, size, size].map { Int64($0) }
    let block = 8
    guard let source = onednn_layout_blocks(shape, Int32(block)),
      let destination = onednn_layout_blocks(outputs, Int32(block)),
      let plain = onednn_layout_plain(
        4, [filters, channels, 5, 5].map { Int64($0) }, nil)
    else { fatalError(String(cString: onednn_error())) }
    defer { for layout in [source, destination, plain] { onednn_layout_free(layout) } }
    var convolution = onednn_convolution(
      batch: Int64(images), channels: Int64(channels), height: Int64(size), width: Int64(size),
      filters: Int64(filters), kernel: 5, padding: 2, source: source, weights: nil,
      destination: destination)
    let x = packed(self.source, channels, block)
    let dy = packed(destinationGradient, filters, block)
    let (y, dx) = (AlignedFloats(dy.count), AlignedFloats(x.count))
    let (b, db) = (AlignedFloats(filters), AlignedFloats(filters))
    for f in 0..<filters { b.base[f] = bias[f] }
    let (w, dw) = (AlignedFloats(weights.count), AlignedFloats(weights.count))
    w.base.update(from: weights, count: weights.count)
    let forward = DirectPass(onednn_convolution_forward(&convolution, true))
    forward.bind(onednn_source, x)
    forward.bind(onednn_weights, forward.reordered(w, plain))
    forward.bind(onednn_bias, b)
    forward.bind(onednn_destination, y)
    forward.run()
    let backward = DirectPass(onednn_convolution_backward_source(&convolution))
    backward.bind(onednn_destination_gradient, dy)
    backward.bind(onednn_weights, backward.reordered(w, plain))
    backward.bind(onednn_source_gradient, dx)
    backward.run()
    convolution.weights = nil
    let gradients = DirectPass(onednn_convolution_backward_weights(&convolution))
    gradients.bind(onednn_source, x)
    gradients.bind(onednn_destination_gradient, dy)
    let blocked = gradients.buffer(onednn_weights_gradient)
    gradients.bind(onednn_weights_gradient, blocked)
    gradients.bind(onednn_bias_gradient, db)
    gradients.run()
    gradients.reorder(onednn_weights_gradient, blocked, to: dw, plain)
    return Result(
      destination: unpacked(y, filters, block), sourceGradient: unpacked(dx, channels, block),
      weightsGradient: Array(UnsafeBufferPointer(start: dw.base, count: dw.count)),
      biasGradient: Array(UnsafeBufferPointer(start: db.base, count: filters)))
  }
}

/// Floats from a whole cache line on, 0 at first.
private final class AlignedFloats {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  init(_ count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: (count * 4 + 63) / 64 * 64, alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: count)
    base.initialize(repeating: 0, count: count)
  }

  deinit { base.deallocate() }
}

/// One of oneDNN's primitives with the buffers that it is given.
private final class DirectPass {
  private let primitive: OpaquePointer
  private var buffers: [AlignedFloats] = []

  init(_ primitive: OpaquePointer?) {
    guard let primitive else { fatalError(String(cString: onednn_error())) }
    self.primitive = primitive
    let scratchpad = AlignedFloats(onednn_primitive_scratchpad_bytes(primitive) / 4 + 16)
    buffers.append(scratchpad)
    onednn_primitive_bind_scratchpad(primitive, scratchpad.base)
  }

  deinit { onednn_primitive_free(primitive) }

  func bind(_ argument: onednn_argument, _ buffer: AlignedFloats) {
    buffers.append(buffer)
    onednn_primitive_bind(primitive, argument, buffer.base)
  }

  func run() {
    guard onednn_primitive_run(primitive) == 0 else { fatalError(String(cString: onednn_error())) }
  }

  /// Room for an argument in its layout.
  func buffer(_ argument: onednn_argument) -> AlignedFloats {
    AlignedFloats(onednn_layout_bytes(onednn_primitive_layout(primitive, argument)) / 4)
  }

  /// `weights`, which have the layout `plain`, in the primitive's.
  func reordered(_ weights: AlignedFloats, _ plain: OpaquePointer) -> AlignedFloats {
    let result = buffer(onednn_weights)
    Self.copy(weights, plain, result, onednn_primitive_layout(primitive, onednn_weights))
    return result
  }

  /// Copies an argument from the primitive's layout to `plain`.
  func reorder(
    _ argument: onednn_argument, _ source: AlignedFloats, to destination: AlignedFloats,
    _ plain: OpaquePointer
  ) {
    Self.copy(source, onednn_primitive_layout(primitive, argument), destination, plain)
  }

  private static func copy(
    _ source: AlignedFloats, _ from: OpaquePointer?, _ destination: AlignedFloats,
    _ to: OpaquePointer?
  ) {
    let pass = DirectPass(onednn_reorder(from, to))
    pass.bind(onednn_source, source)
    pass.bind(onednn_destination, destination)
    pass.run()
  }
}
