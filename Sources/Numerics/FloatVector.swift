/// A vector of `Float` in one contiguous, 64-byte aligned allocation, with value semantics.
///
/// `theta`, gradients and optimizer state are `FloatVector`s. Copying is O(1); the first write to a
/// shared copy duplicates it, so a loop that owns its vectors never allocates.
public struct FloatVector: @unchecked Sendable {
  private final class Storage {
    let base: UnsafeMutablePointer<Float>

    init(capacity: Int) {
      // Whole cache lines, so that vector loads of the last elements stay inside.
      let bytes = max(64, (capacity * MemoryLayout<Float>.stride + 63) / 64 * 64)
      let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      base = raw.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
  }

  private var storage: Storage

  /// The number of elements.
  public let count: Int

  /// A vector of `count` elements, all equal to `value`.
  public init(repeating value: Float = 0, count: Int) {
    precondition(count >= 0, "a vector cannot have \(count) elements")
    self.count = count
    storage = Storage(capacity: count)
    if value != 0 {
      UnsafeMutableBufferPointer(start: storage.base, count: count).update(repeating: value)
    }
  }

  /// A vector with the elements of `elements`, in order.
  public init(_ elements: some Collection<Float>) {
    self.init(count: elements.count)
    _ = UnsafeMutableBufferPointer(start: storage.base, count: count).update(from: elements)
  }

  /// The element at `index`, which must be in `0..<count`.
  public subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "index \(index) is outside 0..<\(count)")
      return storage.base[index]
    }
    set {
      precondition(index >= 0 && index < count, "index \(index) is outside 0..<\(count)")
      makeUnique()
      storage.base[index] = newValue
    }
  }

  /// Calls `body` with the elements for reading.
  @inline(__always)
  public func withUnsafeBufferPointer<Result>(
    _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.base, count: count))
  }

  /// Calls `body` with the elements for reading and writing.
  @inline(__always)
  public mutating func withUnsafeMutableBufferPointer<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.base, count: count))
  }

  /// The elements as an `Array`.
  public var array: [Float] { withUnsafeBufferPointer { Array($0) } }

  @inline(__always)
  private mutating func makeUnique() {
    guard !isKnownUniquelyReferenced(&storage) else { return }
    let copy = Storage(capacity: count)
    copy.base.update(from: storage.base, count: count)
    storage = copy
  }
}

extension FloatVector: Equatable {
  /// Whether both vectors have the same elements, compared as `Float` compares (NaN differs from NaN).
  public static func == (left: FloatVector, right: FloatVector) -> Bool {
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in left.elementsEqual(right) }
    }
  }
}

extension FloatVector: ExpressibleByArrayLiteral {
  /// A vector with the listed elements.
  public init(arrayLiteral elements: Float...) { self.init(elements) }
}
