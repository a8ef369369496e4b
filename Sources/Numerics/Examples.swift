import CVectorKernels

/// Labelled examples with dense features, immutable and shared by all workers.
public final class DenseExamples: Sendable {
  /// How the features are kept in memory.
  public enum Features: Sendable {
    /// One byte a feature, `count * featureCount` of them, row-major; the value is `byte / 255`.
    case bytes([UInt8])
    /// One `Float` a feature, `count * featureCount` of them, row-major.
    case floats(FloatVector)
  }

  /// The number of examples.
  public let count: Int
  /// The shape of one example, e.g. `[1, 28, 28]` for channels, rows, columns.
  public let shape: [Int]
  /// The features of all examples.
  public let features: Features
  /// One label an example, each in `0..<classCount`.
  public let labels: [UInt8]
  /// The number of classes.
  public let classCount: Int

  /// The number of features of one example.
  public var featureCount: Int { shape.reduce(1, *) }

  /// Examples of the given shape.
  public init(shape: [Int], features: Features, labels: [UInt8], classCount: Int) {
    self.shape = shape
    self.features = features
    self.labels = labels
    self.classCount = classCount
    count = labels.count
    let stored =
      switch features {
      case .bytes(let bytes): bytes.count
      case .floats(let floats): floats.count
      }
    precondition(stored == count * shape.reduce(1, *), "features and labels do not match")
    // Minibatches read rows at random: small pages would make most of them miss the TLB.
    if case .bytes(let bytes) = features {
      bytes.withUnsafeBytes { vk_use_large_pages($0.baseAddress, $0.count) }
    }
  }
}

/// Labelled examples with sparse features in compressed row storage, immutable and shared.
public final class SparseExamples: Sendable {
  /// The number of examples.
  public let count: Int
  /// The number of columns, i.e. of distinct features.
  public let featureCount: Int
  /// `count + 1` offsets: example `i` owns the entries `rowOffsets[i]..<rowOffsets[i + 1]`.
  public let rowOffsets: [Int32]
  /// The column of each entry, ascending within an example.
  public let columns: [Int32]
  /// The value of each entry.
  public let values: [Float]
  /// One label an example.
  public let labels: [UInt8]

  /// Examples from the arrays of compressed row storage.
  public init(
    featureCount: Int, rowOffsets: [Int32], columns: [Int32], values: [Float], labels: [UInt8]
  ) {
    precondition(rowOffsets.count == labels.count + 1, "one offset an example and one more")
    precondition(columns.count == values.count && Int(rowOffsets.last ?? 0) == columns.count)
    count = labels.count
    self.featureCount = featureCount
    self.rowOffsets = rowOffsets
    self.columns = columns
    self.values = values
    self.labels = labels
  }
}

/// Which part of a data set.
public enum Split: String, Sendable, CaseIterable {
  /// The examples that minibatches are drawn from.
  case training
  /// The held-out examples.
  case test
}
