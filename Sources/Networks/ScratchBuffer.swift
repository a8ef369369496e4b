/// Memory that an objective allocates once and works in at every step: 64-byte aligned, zeroed.
final class ScratchBuffer<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(count: Int) {
    self.count = count
    // Whole cache lines, so that vector loads of the last elements stay inside.
    let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) / 64 * 64)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    base = raw.bindMemory(to: Element.self, capacity: bytes / MemoryLayout<Element>.stride)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
