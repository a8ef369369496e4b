import CVectorKernels
import Numerics

/// A matrix of one row an example in panels of 64 columns, see `vk_products.h`.
final class Panels {
  let width: Int
  private let buffer: AlignedBuffer<Float>

  /// Panels for up to `capacity` examples.
  init(width: Int, capacity: Int) {
    self.width = width
    buffer = AlignedBuffer(count: (width + 63) / 64 * 64 * capacity)
    vk_use_large_pages(buffer.base, buffer.count * MemoryLayout<Float>.stride)
  }

  var base: UnsafeMutablePointer<Float> { buffer.base }

  /// The elements from one panel to the next when there are `count` examples.
  static func stride(_ count: Int) -> Int { ThetaLayout.panel * count }
}

/// Room for what is not 0 in a matrix of up to so many rows and columns: 8 bytes an element.
private final class Lists {
  private let chunk: Int
  private let offsets: AlignedBuffer<UInt32>
  private let values: AlignedBuffer<Float>
  private let counts: AlignedBuffer<UInt16>
  private let order: AlignedBuffer<UInt16>

  init(rows: Int, columns: Int, chunk: Int) {
    self.chunk = chunk
    let chunks = (columns + chunk - 1) / chunk
    offsets = AlignedBuffer(count: rows * chunks * Self.capacity(chunk))
    values = AlignedBuffer(count: rows * chunks * Self.capacity(chunk))
    counts = AlignedBuffer(count: rows * chunks)
    order = AlignedBuffer(count: rows * chunks)
  }

  /// Lists are not a power of two apart, or they would share a few sets of the cache.
  private static func capacity(_ chunk: Int) -> Int { chunk + 16 }

  /// The lists of a matrix that is no larger than there is room for.
  func lists(rows: Int, columns: Int) -> vk_lists {
    vk_lists(
      rows: rows, columns: columns, chunks: (columns + chunk - 1) / chunk,
      capacity: Self.capacity(chunk), chunk: chunk, offsets: offsets.base, values: values.base,
      counts: counts.base, order: order.base)
  }

  /// The entries of a matrix that was listed.
  func entries(rows: Int, columns: Int) -> Int {
    let chunks = (columns + chunk - 1) / chunk
    return (0..<rows * chunks).reduce(0) { $0 + Int(counts.base[$1]) }
  }
}

/// The products of a layer that skip its input's zeros: lists of what is not 0, made once a
/// minibatch, serve the forward product and the gradients of weights and input.
///
/// A weight of an input that is 0 in the whole minibatch is not read, so that an infinity or NaN there
/// does not reach the cost by itself: `isSound` looks for them.
final class ListedProducts {
  /// The columns that a product takes at once: their rows of weights stay in the cache.
  private static let chunk = 128
  /// The same for the products that give the gradient of the input, of two panels each.
  private static let liveChunk = 96
  /// The steps within which all weights have been looked at.
  static let soundnessPeriod = 16

  let layer: DenseLayer
  private let rows: Lists
  private let columns: Lists?
  private var live: vk_live?
  private var liveBuffers: [AlignedBuffer<UInt32>] = []
  private var count = 0

  /// The products of `layer`.
  ///
  /// - Parameters:
  ///   - capacity: the most examples.
  ///   - trainingCapacity: the most examples that gradients are wanted for.
  ///   - givesInputGradient: whether that of the input is wanted too.
  init(_ layer: DenseLayer, capacity: Int, trainingCapacity: Int, givesInputGradient: Bool) {
    precondition(layer.isListed && capacity < 1 << 16 && layer.inputs < 1 << 16)
    self.layer = layer
    rows = Lists(rows: capacity, columns: layer.inputs, chunk: Self.chunk)
    columns =
      trainingCapacity > 0
      ? Lists(rows: layer.inputs, columns: trainingCapacity, chunk: Self.chunk) : nil
    guard trainingCapacity > 0, givesInputGradient else { return }
    let entries = (layer.inputs + 15) / 16 * 16 + 16
    let chunks = (layer.inputs + Self.liveChunk - 1) / Self.liveChunk
    let offsets = AlignedBuffer<UInt32>(count: trainingCapacity * entries)
    let counts = AlignedBuffer<UInt32>(count: trainingCapacity)
    let bounds = AlignedBuffer<UInt32>(count: (trainingCapacity * (chunks + 1) + 1) / 2)
    let numbers = AlignedBuffer<UInt32>(count: trainingCapacity * entries)
    liveBuffers = [offsets, counts, bounds, numbers]
    live = vk_live(
      rows: 0, columns: layer.inputs, chunks: chunks, capacity: entries, chunk: Self.liveChunk,
      offsets: offsets.base, counts: counts.base,
      bounds: UnsafeMutableRawPointer(bounds.base).assumingMemoryBound(to: UInt16.self),
      numbers: UnsafeMutableRawPointer(numbers.base).assumingMemoryBound(to: Float.self))
  }

  private var outputPanels: Int {
    (layer.outputs + ThetaLayout.panel - 1) / ThetaLayout.panel
  }
  private var rowLists: vk_lists { rows.lists(rows: count, columns: layer.inputs) }
  private var columnLists: vk_lists? { columns?.lists(rows: layer.inputs, columns: count) }

  /// Lists `count` examples given as rows; `training` says whether gradients will be asked for.
  func list(rows source: UnsafePointer<Float>, count: Int, training: Bool) {
    self.count = count
    var lists = rowLists
    vk_list_rows(source, count, layer.inputs, &lists)
    if training { listColumns() }
  }

  /// Rectifies `count` examples in panels, drops those whose bit is not set, and lists the rest.
  func list(
    rectifying units: Panels, count: Int, kept: UnsafePointer<UInt64>?, scale: Float, training: Bool
  ) {
    self.count = count
    var lists = rowLists
    let stride = Panels.stride(count)
    if training, var live {
      live.rows = count
      self.live = live
      vk_rectify_panels(units.base, stride, count, layer.inputs, kept, scale, &lists, &live)
    } else {
      vk_rectify_panels(units.base, stride, count, layer.inputs, kept, scale, &lists, nil)
    }
    if training { listColumns() }
  }

  private func listColumns() {
    guard var target = columnLists else { preconditionFailure("made for evaluations only") }
    var source = rowLists
    vk_list_columns(&source, &target)
  }

  /// output = input weights^T + bias, of the examples that were listed last.
  func runForward(_ theta: UnsafePointer<Float>, to output: Panels) {
    var lists = rowLists
    vk_listed_product(
      &lists, theta + layer.weights.offset, layer.inputs * ThetaLayout.panel,
      theta + layer.bias.offset, output.base, Panels.stride(count), outputPanels)
  }

  /// The gradient of the weights; that of the bias is the sum of `delta`'s columns.
  func runBackwardWeights(_ delta: Panels, _ gradient: UnsafeMutablePointer<Float>) {
    guard var lists = columnLists else { preconditionFailure("made for evaluations only") }
    vk_listed_product(
      &lists, delta.base, Panels.stride(count), nil, gradient + layer.weights.offset,
      layer.inputs * ThetaLayout.panel, outputPanels)
  }

  /// The products that give the input's gradient, where it is not 0.
  func runBackwardSource(_ theta: UnsafePointer<Float>, _ delta: Panels) {
    guard var live else { preconditionFailure("made without the gradient of the input") }
    vk_live_products(
      &live, theta + layer.weights.offset, layer.inputs * ThetaLayout.panel, delta.base,
      Panels.stride(count), outputPanels)
  }

  /// Puts what `runBackwardSource` has found, times `scale`, into panels; `sums`, whole panels, are
  /// those of the columns.
  func spread(scale: Float, to inputGradient: Panels, sums: UnsafeMutablePointer<Float>) {
    guard var live else { preconditionFailure("made without the gradient of the input") }
    vk_spread_live(
      &live, scale, inputGradient.base, Panels.stride(count),
      (layer.inputs + ThetaLayout.panel - 1) / ThetaLayout.panel, sums)
  }

  /// Whether the weights hold no infinity and no NaN: all, or for a `step` the share that is looked
  /// at in it.
  func isSound(_ theta: UnsafePointer<Float>, step: Int? = nil) -> Bool {
    let weights = theta + layer.weights.offset
    guard let step else { return vk_is_finite(weights, layer.weights.storedCount) != 0 }
    let slice = step % Self.soundnessPeriod
    let from = slice * layer.weights.storedCount / Self.soundnessPeriod
    let to = (slice + 1) * layer.weights.storedCount / Self.soundnessPeriod
    return vk_is_finite(weights + from, to - from) != 0
  }

  /// The share of the last input that is not 0.
  var density: Double {
    count == 0
      ? 1
      : Double(rows.entries(rows: count, columns: layer.inputs)) / Double(count * layer.inputs)
  }
}

extension ListedProducts {
  /// Whether skipping zeros gains for the images of a data set: bytes, fewer than two fifths of which
  /// are not 0. Other features, whitened images or words, are not pixels with blanks.
  static func gain(from examples: DenseExamples) -> Bool {
    guard case .bytes(let bytes) = examples.features, examples.featureCount < 1 << 16 else {
      return false
    }
    let occupied = bytes.withUnsafeBufferPointer { bytes in
      bytes.reduce(into: 0) { $0 &+= $1 == 0 ? 0 : 1 }
    }
    return 5 * occupied < 2 * bytes.count
  }
}
