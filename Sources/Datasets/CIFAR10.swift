import Numerics

/// CIFAR-10's binary version: six files of records of 1 label byte and 3,072 pixels, the red plane,
/// then the green, then the blue, each row by row. (https://www.cs.toronto.edu/~kriz/cifar.html)
enum CIFAR10 {
  static let shape = [3, 32, 32]
  static let pixelCount = 3_072
  static let classCount = 10
  static let recordSize = pixelCount + 1
  /// The official archive holds 0.2 GB.
  static let byteLimit = 1 << 30
  private static let folder = "\(DatasetName.cifar10.unpackedFolder)/"
  private static let trainingBatches = (1...5).map { "data_batch_\($0).bin" }
  static let testBatch = "test_batch.bin"
  /// The files that are read.
  static let batches = trainingBatches + [testBatch]
  /// No batch is larger than ten official ones.
  private static let recordLimit = 100_000

  private struct Batch {
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
  }

  /// Decodes the archive, packed or not; throws `DatasetError` and `FileError`.
  static func load(_ file: LocatedDataset.File, identity: DatasetIdentity) throws -> ImageData {
    let path = file.path
    let archive = try file.content(of: .cifar10, limit: byteLimit)
    var training = Batch()
    var joined = 0
    // The official archive does not hold the batches in order; those that come early wait here.
    var waiting: [String: Batch] = [:]
    var test: Batch?
    while let name = try archive.next() {
      if name.hasPrefix("cifar-10-batches-py/") {
        throw DatasetError.wrongVersion(
          path: path, found: "CIFAR-10's version for Python", wanted: "cifar-10-binary.tar.gz")
      }
      if name.hasPrefix("cifar-10-batches-mat/") {
        throw DatasetError.wrongVersion(
          path: path, found: "CIFAR-10's version for Matlab", wanted: "cifar-10-binary.tar.gz")
      }
      guard name.hasPrefix(folder) else { continue }
      let batchName = String(name.dropFirst(folder.count))
      if batchName == testBatch {
        guard test == nil else { throw repeated(path, batchName) }
        var batch = Batch()
        try append(&batch, from: archive, path, batchName)
        test = batch
      } else if let index = trainingBatches.firstIndex(of: batchName) {
        guard index >= joined, waiting[batchName] == nil else { throw repeated(path, batchName) }
        if index > joined {
          var batch = Batch()
          try append(&batch, from: archive, path, batchName)
          waiting[batchName] = batch
          continue
        }
        try append(&training, from: archive, path, batchName)
        joined += 1
        if joined == 1 {
          training.pixels.reserveCapacity(trainingBatches.count * training.pixels.count)
        }
        while joined < trainingBatches.count,
          let next = waiting.removeValue(forKey: trainingBatches[joined])
        {
          training.pixels += next.pixels
          training.labels += next.labels
          joined += 1
        }
      }
    }
    guard joined == trainingBatches.count, let test else {
      let missing =
        (trainingBatches.dropFirst(joined).filter { waiting[$0] == nil })
        + (test == nil ? [testBatch] : [])
      let isOther = joined == 0 && waiting.isEmpty && test == nil
      throw DatasetError.damaged(
        path: path,
        reason: isOther
          ? "no file of CIFAR-10's binary version is in it (is it another data set?)"
          : "\(missing.joined(separator: ", ")) missing in it")
    }
    try archive.finish(expecting: file.sha256)
    return ImageData(
      training: examples(training), test: examples(test), identity: identity)
  }

  private static func examples(_ batch: Batch) -> DenseExamples {
    DenseExamples(
      shape: shape, features: .bytes(batch.pixels), labels: batch.labels, classCount: classCount)
  }

  private static func repeated(_ path: String, _ name: String) -> DatasetError {
    .damaged(path: path, reason: "\(name) is in the archive twice")
  }

  private static func append(
    _ batch: inout Batch, from archive: any ArchiveContent, _ path: String, _ name: String
  ) throws {
    let piece = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 100 * recordSize, alignment: 64)
    defer { piece.deallocate() }
    var total = 0
    while true {
      let count = try archive.read(into: piece)
      guard count.isMultiple(of: recordSize) else {
        throw DatasetError.damaged(
          path: path,
          reason: "\(name) holds \(total * recordSize + count) bytes, not a number of records of "
            + "\(recordSize)")
      }
      for start in stride(from: 0, to: count, by: recordSize) {
        let label = piece[start]
        guard label < classCount else {
          throw DatasetError.damaged(
            path: path, reason: "\(name): label \(label) of record \(total) is not in 0...9")
        }
        batch.labels.append(label)
        batch.pixels.append(
          contentsOf: UnsafeRawBufferPointer(rebasing: piece[start + 1..<start + recordSize]))
        total += 1
      }
      guard total <= recordLimit else {
        throw DatasetError.damaged(
          path: path, reason: "\(name) has more than \(recordLimit) records")
      }
      if count < piece.count { break }
    }
    guard total > 0 else { throw DatasetError.damaged(path: path, reason: "\(name) is empty") }
  }
}
