import CZlib
import Datasets
import Foundation
import Storage
import TestSupport

extension TemporaryFolder {
  var location: DataLocation {
    DataLocation(folder: path, environment: ["DATA_DEBIAN_FASHION": path + "/debian"])
  }
}

/// Bytes as `gzip` would pack them.
func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  let bound = Int(deflateBound(&stream, UInt(bytes.count)))
  return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(bound)
      deflate(&stream, Z_FINISH)
    }
    count = Int(stream.total_out)
  }
}

func bigEndian(_ words: [UInt32]) -> [UInt8] {
  words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
}

/// An entry of an archive that a test builds.
struct TarEntry {
  var name: String
  var content: [UInt8] = []
  var kind: UInt8 = UInt8(ascii: "0")
  var link = ""
  /// What the header says about the size, if it lies.
  var claimedSize: Int?

  /// The header's and the content's blocks of 512 bytes, in ustar format.
  var blocks: [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    func octal(_ number: Int, digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(String(name.prefix(100)), at: 0)
    put(octal(0o644, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(claimedSize ?? content.count, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("        ", at: 148)
    header[156] = kind
    put(link, at: 157)
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6), at: 148)
    header[154] = 0
    let padding = (512 - content.count % 512) % 512
    return header + content + [UInt8](repeating: 0, count: padding)
  }
}

/// A `.tar.gz` of the entries.
func tarGzip(_ entries: [TarEntry]) -> [UInt8] {
  gzip(entries.flatMap(\.blocks) + [UInt8](repeating: 0, count: 1024))
}

/// The error that `body` throws, as the data sets' own.
func datasetError(_ body: () throws -> Void) -> DatasetError? {
  do {
    try body()
    return nil
  } catch { return error as? DatasetError }
}

/// The folder of the real data, if the machine has it.
let realData: String? = {
  guard let folder = ProcessInfo.processInfo.environment["ADAM_DATA"], !folder.isEmpty else {
    return nil
  }
  return folder
}()

/// Whether the machine has a data set.
func isReal(_ name: DatasetName) -> Bool {
  (try? Datasets.locate(name, in: DataLocation())) != nil
}
