import Numerics
import Storage

/// The IDX format of MNIST: a big-endian header, then one byte a value.
///
/// Images: magic 2051, count, rows, columns, then the pixels row by row. Labels: magic 2049, count,
/// then the labels. (http://yann.lecun.com/exdb/mnist/)
package enum IDX {
  /// No file of a data set in this format is larger: 1,000,000 images.
  static let byteLimit = 1_000_000 * 784 + 16
  private static let side = 28
  private static let classCount = 10

  /// The header of a file.
  package struct Header: Equatable {
    package let count: Int
    /// Rows and columns; `nil` for labels.
    package let size: (rows: Int, columns: Int)?

    package static func == (left: Header, right: Header) -> Bool {
      left.count == right.count && left.size?.rows == right.size?.rows
        && left.size?.columns == right.size?.columns
    }

    /// Reads a header from a file's first bytes; `nil` if they are none of an IDX file of bytes
    /// with one or three dimensions.
    package init?(_ bytes: UnsafeRawBufferPointer) {
      func word(_ index: Int) -> UInt32? {
        guard bytes.count >= 4 * index + 4 else { return nil }
        return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
      }
      guard let magic = word(0), let count = word(1) else { return nil }
      self.count = Int(count)
      switch magic {
      case 2049: size = nil
      case 2051:
        guard let rows = word(2), let columns = word(3) else { return nil }
        size = (Int(rows), Int(columns))
      default: return nil
      }
    }

    var byteCount: Int { size == nil ? 8 : 16 }
  }

  /// Images and their labels.
  static func examples(
    images: LocatedDataset.File, labels: LocatedDataset.File
  ) throws -> DenseExamples {
    let labelBytes = try content(of: labels, expecting: "labels (magic 2049)") { $0.size == nil }
    let pixels = try content(of: images, expecting: "28x28 images (magic 2051)") {
      $0.size?.rows == side && $0.size?.columns == side
    }
    guard pixels.count == labelBytes.count * side * side else {
      throw DatasetError.damaged(
        path: images.path,
        reason: "\(pixels.count / (side * side)) images, but \(labelBytes.count) labels in "
          + labels.path)
    }
    if let wrong = labelBytes.firstIndex(where: { $0 >= classCount }) {
      throw DatasetError.damaged(
        path: labels.path, reason: "label \(labelBytes[wrong]) of example \(wrong) is not in 0...9")
    }
    return DenseExamples(
      shape: [1, side, side], features: .bytes(pixels), labels: labelBytes, classCount: classCount)
  }

  /// The values behind the header, decoded right into their array.
  private static func content(
    of file: LocatedDataset.File, expecting what: String, _ isExpected: (Header) -> Bool
  ) throws -> [UInt8] {
    let path = file.path
    let reader = try GzipReader(path)
    var digest = SHA256()

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
      let count = try reader.read(into: buffer)
      digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      return count
    }

    var head = [UInt8](repeating: 0, count: 16)
    var headCount = try head.withUnsafeMutableBytes { bytes in
      try read(UnsafeMutableRawBufferPointer(rebasing: bytes[..<8]))
    }
    if head[3] == 3, headCount == 8 {
      headCount += try head.withUnsafeMutableBytes { bytes in
        try read(UnsafeMutableRawBufferPointer(rebasing: bytes[8...]))
      }
    }
    let parsed = head.withUnsafeBytes {
      Header(UnsafeRawBufferPointer(rebasing: $0[..<headCount]))
    }
    guard let header = parsed, isExpected(header) else {
      throw DatasetError.damaged(path: path, reason: "the header is not that of \(what)")
    }
    let width = (header.size?.rows ?? 1) * (header.size?.columns ?? 1)
    let expected = header.count * width
    guard expected <= byteLimit else {
      throw DatasetError.tooLarge(path: path, limit: byteLimit)
    }
    // A header that lies costs address space, not memory: what is not read is never touched.
    let values = try [UInt8](unsafeUninitializedCapacity: expected) { buffer, count in
      while count < expected {
        let end = min(expected, count + (1 << 18))
        let piece = UnsafeMutableBufferPointer(rebasing: buffer[count..<end])
        let got = try read(UnsafeMutableRawBufferPointer(piece))
        if got == 0 { break }
        count += got
      }
    }
    guard values.count == expected else {
      throw DatasetError.damaged(
        path: path,
        reason: "the header announces \(header.count) x \(width) bytes, but only "
          + "\(values.count) follow")
    }
    var rest = [UInt8](repeating: 0, count: 1)
    guard try rest.withUnsafeMutableBytes({ try read($0) }) == 0 else {
      throw DatasetError.damaged(
        path: path, reason: "bytes follow the \(header.count) x \(width) that the header announces")
    }
    guard digest.finalize() == file.sha256 else { throw DatasetError.changed(path: path) }
    return values
  }
}
