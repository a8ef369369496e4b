import COneDNN
import Storage

/// oneDNN cannot make what a network needs.
public struct PrimitiveError: UserFacingError, Hashable {
  /// What oneDNN said.
  public let reason: String

  /// What oneDNN said and what to do.
  public var description: String {
    "\(reason); install oneDNN 2.6 or later (Debian: libdnnl-dev), or change the network's shape"
  }

  /// A library that is needed is missing or lacks something.
  public var exitStatus: ExitStatus { .unavailable }

  /// The last failure on this thread.
  static var last: PrimitiveError { PrimitiveError(reason: String(cString: onednn_error())) }
}

/// How a tensor of floats lies in memory.
final class Layout {
  let handle: OpaquePointer

  private init(owning handle: OpaquePointer?) throws {
    guard let handle else { throw PrimitiveError.last }
    self.handle = handle
  }

  /// Row-major; `order`, if any, lists the dimensions from the slowest to the fastest instead.
  convenience init(plain shape: [Int], order: [Int32]? = nil) throws {
    let dimensions = shape.map { Int64($0) }
    try self.init(owning: onednn_layout_plain(Int32(shape.count), dimensions, order))
  }

  /// Activations `[batch, channels, rows, columns]` with `block` channels side by side:
  /// `[batch, channels / block, rows, columns, block]`; `block` is 8 or 16.
  convenience init(blocksOf block: Int, shape: [Int]) throws {
    try self.init(owning: onednn_layout_blocks(shape.map { Int64($0) }, Int32(block)))
  }

  /// The layout of an argument that the primitive has.
  convenience init(of argument: onednn_argument, in primitive: Primitive) throws {
    guard let layout = onednn_primitive_layout(primitive.handle, argument) else {
      throw PrimitiveError(reason: "oneDNN: a primitive lacks an argument")
    }
    try self.init(owning: onednn_layout_copy(layout))
  }

  deinit { onednn_layout_free(handle) }

  /// The bytes of a buffer, padding included.
  var bytes: Int { onednn_layout_bytes(handle) }

  /// The elements of a buffer of floats, padding included.
  var count: Int { bytes / MemoryLayout<Float>.stride }

  func isEqual(to other: Layout) -> Bool { onednn_layout_equal(handle, other.handle) }

  /// Copies `elements`, row-major with this layout's shape, into this layout; padding is 0.
  func stored(_ elements: [Float], shape: [Int]) throws -> [Float] {
    let source = AlignedBuffer<Float>(count: elements.count)
    source.base.update(from: elements, count: elements.count)
    let destination = AlignedBuffer<Float>(count: count)
    let plain = try Layout(plain: shape)
    let reorder = try withExtendedLifetime(plain) {
      try Primitive(onednn_reorder(plain.handle, handle))
    }
    reorder.bind(onednn_source, source.base)
    reorder.bind(onednn_destination, destination.base)
    reorder.bindScratchpad(AlignedBuffer<UInt8>(count: reorder.scratchpadBytes))
    reorder.run()
    return Array(UnsafeBufferPointer(start: destination.base, count: count))
  }
}

/// One operation of oneDNN on buffers of fixed layouts, made once and run many times.
final class Primitive {
  let handle: OpaquePointer
  private var scratchpad: AlignedBuffer<UInt8>?

  /// Takes over what one of the library's functions made; nil is its failure.
  init(_ handle: OpaquePointer?) throws {
    guard let handle else { throw PrimitiveError.last }
    self.handle = handle
  }

  deinit { onednn_primitive_free(handle) }

  var scratchpadBytes: Int { onednn_primitive_scratchpad_bytes(handle) }

  var implementation: String { String(cString: onednn_primitive_implementation(handle)) }

  func layout(of argument: onednn_argument) throws -> Layout { try Layout(of: argument, in: self) }

  /// Sets the buffer of an argument, which the primitive writes if it is a result.
  @inline(__always)
  func bind(_ argument: onednn_argument, _ buffer: UnsafeRawPointer) {
    check(onednn_primitive_bind(handle, argument, UnsafeMutableRawPointer(mutating: buffer)))
  }

  /// Lends the primitive `buffer`, of at least `scratchpadBytes`, and keeps it alive.
  func bindScratchpad(_ buffer: AlignedBuffer<UInt8>) {
    scratchpad = buffer
    check(onednn_primitive_bind_scratchpad(handle, buffer.base))
  }

  @inline(__always)
  func run() { check(onednn_primitive_run(handle)) }

  /// A primitive that was made does not fail, except out of memory: there is nothing to go on with.
  @inline(__always)
  private func check(_ status: Int32) {
    if status != 0 { stop(String(cString: onednn_error())) }
  }
}

/// Lends one scratch buffer to primitives that never run at the same time.
func shareScratchpad(of primitives: [Primitive]) {
  let buffer = AlignedBuffer<UInt8>(count: primitives.map(\.scratchpadBytes).max() ?? 0)
  for primitive in primitives { primitive.bindScratchpad(buffer) }
}
