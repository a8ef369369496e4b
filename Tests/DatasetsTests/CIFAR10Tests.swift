import Datasets
import Foundation
import Numerics
import Storage
import TestSupport
import Testing

@Suite struct CIFAR10Tests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Records whose pixels tell batch, record and place.
  static func batch(_ number: Int, records: Int = 2, label: UInt8 = 3) -> [UInt8] {
    var bytes: [UInt8] = []
    for record in 0..<records {
      bytes.append(label)
      for place in 0..<3072 {
        bytes.append(UInt8(truncatingIfNeeded: 7 * place + 50 * number + 11 * record))
      }
    }
    return bytes
  }

  static func entry(_ name: String, _ content: [UInt8]) -> TarEntry {
    TarEntry(name: "cifar-10-batches-bin/" + name, content: content)
  }

  static func entries(labels: (Int) -> UInt8 = { UInt8($0) }) -> [TarEntry] {
    (1...5).map { entry("data_batch_\($0).bin", batch($0, label: labels($0))) }
      + [entry("test_batch.bin", batch(6, records: 1, label: 9)), entry("readme.html", [60])]
  }

  static func archive() -> [UInt8] { tarGzip(entries()) }

  func load(_ entries: [TarEntry]) throws -> ImageData {
    try folder.write(tarGzip(entries), to: "cifar-10/cifar-10-binary.tar.gz")
    return try Datasets.locate(.cifar10, in: folder.location, allowUnknown: true).loadImages()
  }

  func reason(_ entries: [TarEntry]) -> String? {
    guard case .damaged(_, let reason)? = datasetError({ _ = try load(entries) }) else {
      return nil
    }
    return reason
  }

  @Test func `every byte is read in its place, in whatever order the batches lie`() throws {
    let expected = (1...5).flatMap { number in
      (0..<2).flatMap { Self.batch(number)[($0 * 3073 + 1)..<(($0 + 1) * 3073)] }
    }
    // In order, and in the order of the official archive.
    let inOrder = Self.entries()
    for entries in [inOrder, [5, 0, 2, 3, 6, 4, 1].map { inOrder[$0] }] {
      let data = try load(entries)
      #expect(data.training.shape == [3, 32, 32])
      #expect(data.training.labels == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
      #expect(data.test.labels == [9])
      guard case .bytes(let pixels) = data.training.features else { return }
      #expect(pixels == expected)
    }
  }

  @Test func `a batch that is no number of whole records is named`() {
    var entries = Self.entries()
    entries[2].content.removeLast()
    #expect(
      reason(entries)
        == "data_batch_3.bin holds 6145 bytes, not a number of records of 3073")
    entries[2].content = []
    #expect(reason(entries) == "data_batch_3.bin is empty")
  }

  @Test func `a label above nine is told with its record`() {
    #expect(
      reason(Self.entries { $0 == 4 ? 10 : 0 })
        == "data_batch_4.bin: label 10 of record 0 is not in 0...9")
  }

  @Test func `missing and repeated batches are named`() {
    var entries = Self.entries()
    entries.remove(at: 3)
    #expect(reason(entries) == "data_batch_4.bin missing in it")
    entries.remove(at: 4)
    #expect(reason(entries) == "data_batch_4.bin, test_batch.bin missing in it")
    for repeated in [0, 4, 5] {
      let all = Self.entries()
      #expect(reason(all + [all[repeated]])?.hasSuffix("is in the archive twice") == true)
    }
  }

  @Test func `another data set in the archive is told`() {
    #expect(
      reason(ArchiveTests.good)
        == "no file of CIFAR-10's binary version is in it (is it another data set?)")
  }

  @Test func `the version for Python is recognised, by its content and by its name`() throws {
    let wanted = DatasetError.wrongVersion(
      path: folder.path + "/cifar-10/cifar-10-binary.tar.gz",
      found: "CIFAR-10's version for Python", wanted: "cifar-10-binary.tar.gz")
    let entry = TarEntry(name: "cifar-10-batches-py/data_batch_4", content: [0x80, 2])
    #expect(datasetError { _ = try load([entry]) } == wanted)
    #expect(wanted.description.contains("get cifar-10-binary.tar.gz instead"))
    try FileManager.default.removeItem(atPath: folder.path + "/cifar-10")
    try folder.write([1], to: "cifar-10/cifar-10-python.tar.gz")
    guard
      case .wrongVersion(let path, _, _)? = datasetError({
        _ = try Datasets.locate(.cifar10, in: folder.location)
      })
    else {
      Issue.record("the version for Python under its own name")
      return
    }
    #expect(path.hasSuffix("cifar-10-python.tar.gz"))
  }

  @Test(.enabled(if: isReal(.cifar10)))
  func `the real CIFAR-10 has its published counts of every class`() throws {
    let located = try Datasets.locate(.cifar10, in: DataLocation())
    #expect(located.identity.origin == .official)
    let data = try located.loadImages()
    #expect(data.training.count == 50_000)
    #expect(data.test.count == 10_000)
    for label in 0..<10 {
      #expect(data.training.labels.count { Int($0) == label } == 5_000)
      #expect(data.test.labels.count { Int($0) == label } == 1_000)
    }
    // The published means and standard deviations of the channels, which do not depend on the order.
    guard case .bytes(let pixels) = data.training.features else { return }
    let published = [
      (0.49139968, 0.24703223), (0.48215841, 0.24348513), (0.44653091, 0.26158784),
    ]
    for (channel, expected) in published.enumerated() {
      var sum = 0
      var squares = 0
      for image in 0..<50_000 {
        for place in image * 3072 + channel * 1024..<image * 3072 + (channel + 1) * 1024 {
          let value = Int(pixels[place])
          sum += value
          squares += value * value
        }
      }
      let count = 50_000.0 * 1024
      let mean = Double(sum) / count
      #expect(abs(mean / 255 - expected.0) < 1e-7)
      #expect(abs((Double(squares) / count - mean * mean).squareRoot() / 255 - expected.1) < 1e-7)
    }
  }
}
