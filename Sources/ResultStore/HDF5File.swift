import CHDF5
import Storage

/// A number that arrays of any HDF5 file can be read as.
public protocol HDF5Number: AdditiveArithmetic, Sendable {
  /// HDF5's identifier of the type in memory.
  static var memoryTypeIdentifier: HDF5TypeIdentifier { get }
}

/// A type of HDF5's, of no use outside this module.
public struct HDF5TypeIdentifier: Sendable {
  fileprivate let make: @Sendable () -> hid_t
  fileprivate let accepted: [ElementType]
  fileprivate let name: String
}

extension HDF5Number {
  static var memoryType: hid_t { memoryTypeIdentifier.make() }
  static var acceptedTypes: [ElementType] { memoryTypeIdentifier.accepted }
  static var acceptedDescription: String { memoryTypeIdentifier.name }
}

extension Double: HDF5Number {
  /// Reads 32-bit and 64-bit floating point.
  public static var memoryTypeIdentifier: HDF5TypeIdentifier {
    HDF5TypeIdentifier(
      make: { chdf5_native_double() }, accepted: [.double, .float],
      name: "32-bit or 64-bit floating point")
  }
}

extension Float: HDF5Number {
  /// Reads 32-bit floating point only: nothing is rounded silently.
  public static var memoryTypeIdentifier: HDF5TypeIdentifier {
    HDF5TypeIdentifier(
      make: { chdf5_native_float() }, accepted: [.float], name: "32-bit floating point")
  }
}

extension Int64: HDF5Number {
  /// Reads signed 32-bit and 64-bit integers and unsigned bytes.
  public static var memoryTypeIdentifier: HDF5TypeIdentifier {
    HDF5TypeIdentifier(
      make: { chdf5_native_int64() }, accepted: [.int64, .int32, .uint8], name: "integers")
  }
}

/// Reading arrays from any HDF5 file, also one that is not ours.
public enum HDF5File {
  /// The version of the HDF5 library, e.g. `1.10.8`.
  public static var libraryVersion: String {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    HDF5Library.exclusively { _ = H5get_libversion(&major, &minor, &release) }
    return "\(major).\(minor).\(release)"
  }

  /// The dataset `dataset` (a path in the file, e.g. `/layer1/weight`) with its shape, row-major.
  ///
  /// `rank` is the number of axes that it must have, if given; a scalar has none. Throws
  /// `FileError` if there is no such file, and `ResultFileError`: not HDF5, truncated, no such
  /// dataset, another element type, another rank.
  public static func readArray<Number: HDF5Number>(
    path: String, dataset: String, as type: Number.Type = Number.self, rank: Int? = nil
  ) throws -> (shape: [Int], values: [Number]) {
    try ResultFile.withReader(path) { reader in
      let array = try reader.array(dataset, as: type)
      if let rank, array.shape.count != rank {
        throw ResultFileError.unsupported(
          path: path, object: dataset,
          detail: "an array of \(array.shape.count) axes where \(rank) are expected")
      }
      return array
    }
  }

  /// Whether the file has a dataset (or a group) of that name. Throws as `readArray` does.
  public static func contains(path: String, dataset: String) throws -> Bool {
    try ResultFile.withReader(path) { try $0.exists(dataset) }
  }
}
