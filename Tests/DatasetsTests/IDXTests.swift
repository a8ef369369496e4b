import Datasets
import Foundation
import Numerics
import Storage
import TestSupport
import Testing

/// MNIST's format, with files made here.
@Suite struct IDXTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let roles = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
  ]

  static func images(_ count: Int, magic: UInt32 = 2051, side: UInt32 = 28) -> [UInt8] {
    bigEndian([magic, UInt32(count), side, side])
      + (0..<count * Int(side * side)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 2) }
  }

  static func labels(_ labels: [UInt8], magic: UInt32 = 2049) -> [UInt8] {
    bigEndian([magic, UInt32(labels.count)]) + labels
  }

  /// Writes four good files of 3 and 2 examples, some replaced.
  func write(_ replaced: [String: [UInt8]] = [:], to name: String = "mnist") throws {
    let good: [[UInt8]] = [
      gzip(Self.images(3)), gzip(Self.labels([1, 9, 0])), gzip(Self.images(2)),
      gzip(Self.labels([4, 4])),
    ]
    for (role, bytes) in zip(Self.roles, good) {
      try folder.write(replaced[role] ?? bytes, to: "\(name)/\(role).gz")
    }
  }

  func load() throws -> ImageData {
    try Datasets.locate(.mnist, in: folder.location, allowUnknown: true).loadImages()
  }

  func reason(_ body: () throws -> Void) -> (path: String, reason: String)? {
    guard case .damaged(let path, let reason)? = datasetError(body) else { return nil }
    return (FilePaths.name(of: path), reason)
  }

  @Test func `every byte is read in its place`() throws {
    try write()
    let data = try load()
    #expect(data.identity.origin == .unknown)
    #expect(data.training.labels == [1, 9, 0])
    #expect(data.test.labels == [4, 4])
    #expect(data.training.shape == [1, 28, 28])
    #expect(data.training.classCount == 10)
    guard case .bytes(let pixels) = data.training.features else {
      Issue.record("images are kept as bytes")
      return
    }
    #expect(pixels == Array(Self.images(3).dropFirst(16)))
  }

  @Test func `the identity is that of the uncompressed files`() throws {
    try write()
    let first = try Datasets.locate(.mnist, in: folder.location, allowUnknown: true).identity
    // Packed otherwise, and not packed at all: the same data.
    try write([Self.roles[0]: gzip(Self.images(3), level: 1)])
    #expect(
      try Datasets.locate(.mnist, in: folder.location, allowUnknown: true).identity == first)
    try FileManager.default.removeItem(atPath: folder.path + "/mnist/\(Self.roles[0]).gz")
    try folder.write(Self.images(3), to: "mnist/\(Self.roles[0])")
    let plain = try Datasets.locate(.mnist, in: folder.location, allowUnknown: true)
    #expect(plain.identity == first)
    #expect(try plain.loadImages().training.count == 3)
    try write([Self.roles[1]: gzip(Self.labels([1, 9, 1]))])
    #expect(
      try Datasets.locate(.mnist, in: folder.location, allowUnknown: true).identity != first)
    let lines = [Self.images(3), Self.labels([1, 9, 0]), Self.images(2), Self.labels([4, 4])]
    let text = zip(lines, Self.roles).map { "\(SHA256.hexDigest(of: $0))  \($1)\n" }.joined()
    #expect(first.sha256 == SHA256.hexDigest(of: text))
  }

  @Test func `a missing folder is told with the file that is looked for`() throws {
    let error = datasetError { _ = try Datasets.locate(.mnist, in: folder.location) }
    #expect(error == .notFound(.mnist, in: folder.path, there: [], isNamed: true))
    #expect(error?.exitStatus == .noInput)
    let clothes = datasetError { _ = try Datasets.locate(.fashionMNIST, in: folder.location) }
    #expect(clothes?.description.contains("fashion-mnist/train-images-idx3-ubyte.gz") == true)
  }

  @Test func `a missing file is named`() throws {
    try write()
    try FileManager.default.removeItem(atPath: folder.path + "/mnist/\(Self.roles[3]).gz")
    #expect(
      datasetError { _ = try load() }
        == .incomplete(folder.path + "/mnist", missing: "\(Self.roles[3]).gz"))
  }

  @Test func `unknown content is refused unless allowed`() throws {
    try write()
    let error = datasetError { _ = try Datasets.locate(.mnist, in: folder.location) }
    #expect(
      error
        == .unknownContent(
          path: folder.path + "/mnist/\(Self.roles[0]).gz",
          sha256: SHA256.hexDigest(of: Self.images(3))))
    #expect(error?.exitStatus == .badData)
    #expect(error?.description.contains("--allow-unknown-data") == true)
  }

  @Test func `a gzip file that is cut off is told, wherever the cut is`() throws {
    for size in [11, 200, 0] {
      let whole = gzip(Self.images(3), level: 0)
      try write([Self.roles[0]: Array(whole.prefix(size == 0 ? whole.count - 4 : size))])
      let fault = reason { _ = try load() }
      #expect(fault?.path == Self.roles[0] + ".gz")
      #expect(fault?.reason.contains("cut off") == true)
    }
  }

  @Test func `a damaged gzip file is told in zlib's words`() throws {
    var bytes = gzip(Self.images(3), level: 0)
    bytes[1000] ^= 0x40
    try write([Self.roles[0]: bytes])
    #expect(reason { _ = try load() }?.reason.contains("zlib: ") == true)
  }

  @Test func `content shorter or longer than the header says is refused`() throws {
    try write([Self.roles[0]: gzip(Array(Self.images(3).dropLast(5)))])
    #expect(
      reason { _ = try load() }?.reason
        == "the header announces 3 x 784 bytes, but only 2347 follow")
    try write([Self.roles[0]: gzip(Self.images(3) + [0])])
    #expect(reason { _ = try load() }?.reason.contains("bytes follow the 3 x 784") == true)
    // A count that would need 3 TB is no reason to ask for them.
    try write([Self.roles[0]: gzip(bigEndian([2051, .max, 28, 28]))])
    guard case .tooLarge? = datasetError({ _ = try load() }) else {
      Issue.record("an impossible count is refused")
      return
    }
  }

  @Test(arguments: [(2050, 28), (2049, 28), (0x0803_0000, 28), (2051, 27)])
  func `a header that is not that of the images is refused`(magic: Int, side: Int) throws {
    try write([Self.roles[0]: gzip(Self.images(3, magic: UInt32(magic), side: UInt32(side)))])
    #expect(
      reason { _ = try load() }?.reason
        == "the header is not that of 28x28 images (magic 2051)")
  }

  @Test func `images in place of labels are refused`() throws {
    try write([Self.roles[1]: gzip(Self.images(3))])
    let fault = reason { _ = try load() }
    #expect(fault?.path == Self.roles[1] + ".gz")
    #expect(fault?.reason == "the header is not that of labels (magic 2049)")
  }

  @Test func `numbers of images and labels that differ are told`() throws {
    try write([Self.roles[1]: gzip(Self.labels([1, 2]))])
    #expect(reason { _ = try load() }?.reason.hasPrefix("3 images, but 2 labels in ") == true)
  }

  @Test func `a label above nine is told with its example`() throws {
    try write([Self.roles[3]: gzip(Self.labels([4, 10]))])
    let fault = reason { _ = try load() }
    #expect(fault?.path == Self.roles[3] + ".gz")
    #expect(fault?.reason == "label 10 of example 1 is not in 0...9")
  }

  @Test func `a file that changes after its identification is refused`() throws {
    try write()
    let located = try Datasets.locate(.mnist, in: folder.location, allowUnknown: true)
    try write([Self.roles[1]: gzip(Self.labels([1, 9, 1]))])
    #expect(
      datasetError { _ = try located.loadImages() }
        == .changed(path: folder.path + "/mnist/\(Self.roles[1]).gz"))
  }

  @Test func `every message is one line`() throws {
    let errors: [DatasetError] = [
      .notFound(.imdb, in: "a", there: ["\n\u{1b}"], isNamed: true),
      .notFound(.fashionMNIST, in: "a", there: [], isNamed: false), .noFolder("", isFile: false),
      .incomplete("a", missing: "b"), .otherKind(path: "a", found: "b", advice: "c"),
      .damaged(path: "a", reason: "b"),
      .unsafeEntry(path: "a", entry: "x\n\u{1b}[31m\u{7f}y", reason: "is a link"),
      .tooLarge(path: "a", limit: 3), .changed(path: "a"),
      .unknownContent(path: "a", sha256: "b"), .misplaced(path: "a", found: "b", wanted: "c"),
      .wrongVersion(path: "a", found: "b", wanted: "c"), .wrongKind(.imdb, wanted: "images"),
      .eigenproblem(3),
    ]
    for error in errors {
      #expect(!error.description.contains { $0.isNewline || $0 == "\u{1b}" })
    }
  }
}

/// Which folder is taken.
@Suite struct DataLocationTests {
  @Test func `the folder that is named comes before the variable, and that before the default`() {
    #expect(DataLocation(folder: "x", environment: ["ADAM_DATA": "y"]).root == "x")
    #expect(DataLocation(environment: ["ADAM_DATA": "y"]).root == "y")
    #expect(DataLocation(environment: ["ADAM_DATA": ""]).root == "data")
    #expect(DataLocation(environment: [:]).root == "data")
  }

  @Test(.enabled(if: isReal(.mnist))) func `the real MNIST has its published counts and mean`()
    throws
  {
    let located = try Datasets.locate(.mnist, in: DataLocation())
    #expect(located.identity.origin == .official)
    let data = try located.loadImages()
    #expect(data.training.count == 60_000)
    #expect(data.test.count == 10_000)
    #expect(Array(data.training.labels.prefix(8)) == [5, 0, 4, 1, 9, 2, 1, 3])
    guard case .bytes(let pixels) = data.training.features else { return }
    // The published mean of the training pixels.
    let mean = Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count) / 255
    #expect(abs(mean - 0.1307) < 5e-5)
  }

  @Test(.enabled(if: isReal(.fashionMNIST)))
  func `the real Fashion-MNIST has its published counts and mean`() throws {
    let located = try Datasets.locate(.fashionMNIST, in: DataLocation())
    #expect([.official, .debian].contains(located.identity.origin))
    let data = try located.loadImages()
    #expect(data.training.count == 60_000)
    #expect(Array(data.training.labels.prefix(5)) == [9, 0, 0, 3, 0])
    guard case .bytes(let pixels) = data.training.features else { return }
    let mean = Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count) / 255
    #expect(abs(mean - 0.2860) < 5e-5)
  }

  @Test(.enabled(if: isReal(.mnist))) func `a file under another file's name is told as misplaced`()
    throws
  {
    let folder = try TemporaryFolder()
    let location = DataLocation()
    for role in IDXTests.roles {
      let other = role.replacingOccurrences(of: "t10k", with: "train")
      let bytes = try FileContents.read("\(location.root)/mnist/\(other).gz")
      try folder.write(bytes, to: "mnist/\(role).gz")
    }
    guard
      case .misplaced(_, let found, let wanted)? = datasetError({
        _ = try Datasets.locate(.mnist, in: folder.location, allowUnknown: true)
      })
    else {
      Issue.record("training images under the name of the test images")
      return
    }
    #expect(found == "MNIST's train-images-idx3-ubyte")
    #expect(wanted == "MNIST's t10k-images-idx3-ubyte")
  }
}
