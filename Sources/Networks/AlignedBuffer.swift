/// Scratch memory that an objective owns: 64-byte aligned, zero at first, freed with its owner.
final class AlignedBuffer<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(count: Int) {
    self.count = count
    let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) / 64 * 64)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    base = raw.bindMemory(to: Element.self, capacity: bytes / MemoryLayout<Element>.stride)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
