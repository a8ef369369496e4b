import Datasets
import Foundation
import Numerics
import Storage
import TestSupport
import Testing

/// Data sets that are there, in the folders and under the names that others give them.
@Suite struct DataPlacesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The four files, not packed, under names made from the usual ones.
  private func write(to place: String, name: (String) -> String = { $0 }) throws {
    let contents: [[UInt8]] = [
      IDXTests.images(3), IDXTests.labels([1, 9, 0]), IDXTests.images(2), IDXTests.labels([4, 4]),
    ]
    for (role, bytes) in zip(IDXTests.roles, contents) {
      try folder.write(bytes, to: "\(place)/\(name(role))")
    }
  }

  private func locate(_ name: DatasetName = .mnist, _ root: String = "") throws -> LocatedDataset {
    try Datasets.locate(
      name,
      in: DataLocation(
        folder: folder.path + root, environment: ["DATA_DEBIAN_FASHION": folder.path + "/debian"]),
      allowUnknown: true)
  }

  @Test func `names with dots and torchvision's folders hold the same data`() throws {
    try write(to: "mnist")
    let usual = try locate().identity
    for place in ["MNIST/raw", "MNIST", "mnist/raw", "raw", "."] {
      try FileManager.default.removeItem(atPath: folder.path)
      try write(to: place) { $0.replacingOccurrences(of: "-idx", with: ".idx") }
      let found = try locate()
      #expect(found.identity == usual, "\(place)")
      #expect(try found.loadImages().training.labels == [1, 9, 0])
    }
    // Each file in a folder of its name.
    try FileManager.default.removeItem(atPath: folder.path)
    try write(to: "mnist") { "\($0)/\($0)" }
    #expect(try locate().identity == usual)
  }

  @Test func `a folder given one or two levels too deep holds the same data`() throws {
    try write(to: "mnist")
    let usual = try locate().identity
    #expect(try locate(.mnist, "/mnist").identity == usual)
    try write(to: "MNIST/raw")
    #expect(try locate(.mnist, "/MNIST").identity == usual)
    #expect(try locate(.mnist, "/MNIST/raw").identity == usual)
  }

  @Test(arguments: ["FashionMNIST/raw", "fashion_mnist", "Fashion-MNIST", "debian"])
  func `Fashion-MNIST is found under every name that others give its folder`(place: String) throws {
    try write(to: place)
    #expect(try locate(.fashionMNIST).identity.name == .fashionMNIST)
  }

  @Test func `the project's own names come first`() throws {
    try write(to: "mnist")
    try write(to: "MNIST/raw")
    #expect(try locate().paths.allSatisfy { $0.hasPrefix(folder.path + "/mnist/") })
    try folder.write(gzip(IDXTests.images(3)), to: "mnist/\(IDXTests.roles[0]).gz")
    #expect(try locate().paths[0].hasSuffix(".gz"))
  }

  @Test func `a folder with some of the files does not hide a complete one`() throws {
    try write(to: "MNIST/raw")
    try folder.write(IDXTests.images(3), to: "mnist/\(IDXTests.roles[0])")
    #expect(try locate().paths[0].contains("/MNIST/raw/"))
    try FileManager.default.removeItem(atPath: folder.path + "/MNIST")
    #expect(
      datasetError { _ = try locate() }
        == .incomplete(folder.path + "/mnist", missing: "\(IDXTests.roles[1]).gz"))
  }

  // MARK: Folders that are not there

  @Test func `a named folder must be there`() throws {
    let missing = datasetError { _ = try locate(.mnist, "/none") }
    #expect(missing == .noFolder(folder.path + "/none", isFile: false))
    #expect(missing?.exitStatus == .noInput && missing?.isMissingData == false)
    #expect(missing?.description.contains("ADAM_DATA") == true)
    try folder.write([1], to: "file")
    #expect(
      datasetError { _ = try locate(.mnist, "/file") }
        == .noFolder(folder.path + "/file", isFile: true))
    // Debian's package does not make up for a wrong name.
    try write(to: "debian")
    #expect(
      datasetError { _ = try locate(.fashionMNIST, "/none") }
        == .noFolder(folder.path + "/none", isFile: false))
  }

  @Test func `where the data are missing, what lies there is named`() throws {
    for name in ["mnist.npz", "train.csv"] { try folder.write([7], to: "mnist/\(name)") }
    let error = datasetError { _ = try locate() }
    #expect(
      error
        == .notFound(
          .mnist, in: folder.path + "/mnist", there: ["mnist.npz", "train.csv"], isNamed: true))
    #expect(error?.isMissingData == true)
    for part in ["mnist.npz, train.csv", "mnist/train-images-idx3-ubyte.gz", "make data"] {
      #expect(error?.description.contains(part) == true)
    }
    let other = datasetError { _ = try locate(.imdb) }
    #expect(other == .notFound(.imdb, in: folder.path, there: ["mnist"], isNamed: true))
  }

  @Test func `a tilde is the home folder`() {
    let environment = ["HOME": "/home/o'x", "ADAM_DATA": "~/data"]
    #expect(DataLocation(environment: environment).root == "/home/o'x/data")
    #expect(DataLocation(folder: "~", environment: environment).root == "/home/o'x")
    #expect(DataLocation(folder: "~other/x", environment: environment).root == "~other/x")
    #expect(DataLocation(folder: "a/~/b", environment: environment).root == "a/~/b")
    #expect(DataLocation(environment: [:]).isNamed == false)
    #expect(DataLocation(environment: environment).isNamed)
  }

  @Test(.enabled(if: getuid() != 0, "the superuser may read everything"))
  func `a folder that may not be read is told`() throws {
    try write(to: "mnist")
    for path in [folder.path + "/mnist", folder.path] {
      chmod(path, 0)
      defer { chmod(path, 0o755) }
      do {
        _ = try locate()
        Issue.record("\(path) cannot be read")
      } catch let error as FileError {
        #expect(error.code == EACCES && error.path == path)
        #expect(error.exitStatus == .noInput)
      }
    }
  }

  // MARK: Something else under the name

  private static let page = Array("\n<!DOCTYPE html><html><body>Sign in".utf8)

  @Test(arguments: [
    (page, "a web page (HTML)"), (gzip(page), "a web page (HTML), gzipped"),
    (Array("version https://git-lfs.github.com/spec/v1\noid sha256:00".utf8), "Git LFS"),
    (Array("PK\u{3}\u{4}\u{14}".utf8), "a ZIP archive"), ([], "empty"),
    (gzip(gzip(IDXTests.images(3))), "gzipped twice"),
    (gzip(TarEntry(name: "x", content: [1]).blocks), "a tar archive"),
    (Array("<?xml version='1.0'?><Error><Code>AccessDenied".utf8), "a server's message"),
  ])
  func somethingElseUnderTheName(bytes: [UInt8], what: String) throws {
    try write(to: "mnist")
    let path = try folder.write(bytes, to: "mnist/\(IDXTests.roles[0]).gz")
    let error = datasetError { _ = try locate() }
    guard case .otherKind(path, let found, _)? = error else {
      Issue.record("\(what): \(String(describing: error))")
      return
    }
    #expect(found.contains(what))
    #expect(error?.exitStatus == .badData)
  }

  @Test func `another packing beside is named`() throws {
    let path = try folder.write(Array("PK\u{3}\u{4}".utf8), to: "imdb/aclImdb_v1.zip")
    #expect(
      datasetError { _ = try locate(.imdb) }
        == .otherKind(path: path, found: "a ZIP archive", advice: "unpack it"))
    let page = try folder.write(Self.page, to: "cifar-10/cifar-10-binary.tar.gz")
    guard case .otherKind(page, _, _)? = datasetError({ _ = try locate(.cifar10) }) else {
      Issue.record("a page under an archive's name")
      return
    }
  }

  // MARK: Archives packed otherwise

  private func unpack(_ entries: [TarEntry], to place: String) throws {
    for entry in entries { try folder.write(entry.content, to: "\(place)/\(entry.name)") }
  }

  @Test func `unpacked archives hold the same data`() throws {
    try folder.write(tarGzip(CIFAR10Tests.entries()), to: "cifar-10/cifar-10-binary.tar.gz")
    let packed = try locate(.cifar10).loadImages()
    try folder.write(tarGzip(ArchiveTests.good), to: "imdb/aclImdb_v1.tar.gz")
    let reviews = try locate(.imdb).loadText()
    var identities: Set<String> = []
    for place in ["cifar-10", "."] {
      try FileManager.default.removeItem(atPath: folder.path)
      try unpack(CIFAR10Tests.entries(), to: place)
      try unpack(ArchiveTests.good, to: place == "." ? "." : "imdb")
      // What macOS leaves in folders.
      for name in ["._data_batch_1.bin", ".DS_Store"] {
        try folder.write([1], to: "\(place)/cifar-10-batches-bin/\(name)")
      }
      let roots = place == "." ? ["", "/cifar-10-batches-bin"] : ["", "/cifar-10"]
      for root in roots {
        let found = try locate(.cifar10, root)
        identities.insert(found.identity.sha256)
        let data = try found.loadImages()
        #expect(data.training.labels == packed.training.labels)
        #expect(pixels(data.training) == pixels(packed.training))
      }
      let text = try locate(.imdb).loadText()
      #expect(text.vocabulary == reviews.vocabulary)
      #expect(text.training.labels == reviews.training.labels)
      #expect(text.training.columns == reviews.training.columns)
    }
    #expect(identities.count == 1)
    let located = try locate(.cifar10)
    try folder.write(CIFAR10Tests.batch(9), to: "cifar-10-batches-bin/data_batch_2.bin")
    #expect(
      datasetError { _ = try located.loadImages() }
        == .changed(path: folder.path + "/cifar-10-batches-bin"))
  }

  private func pixels(_ examples: DenseExamples) -> [UInt8] {
    guard case .bytes(let pixels) = examples.features else { return [] }
    return pixels
  }

  @Test func `archives without gzip and with what macOS adds hold the same data`() throws {
    let added = [
      TarEntry(name: "./._aclImdb", content: [5]),
      TarEntry(name: "aclImdb/train/pos/._0_9.txt", content: [5]),
      TarEntry(name: "aclImdb/train/pos/.DS_Store", content: [5]),
      TarEntry(name: "__MACOSX/aclImdb/train/pos/._0_9.txt", content: [5]),
    ]
    let plain =
      (added + ArchiveTests.good).flatMap(\.blocks) + [UInt8](repeating: 0, count: 1024)
    for (name, bytes) in [("aclImdb_v1.tar", plain), ("aclImdb_v1.tar.gz", gzip(plain))] {
      try folder.write(bytes, to: "imdb/" + name)
      #expect(try locate(.imdb).loadText().training.labels.sorted() == [0, 1])
    }
  }

  @Test func `unpacked versions for Python are named`() throws {
    try folder.write([1], to: "cifar-10-batches-py/data_batch_1")
    guard case .wrongVersion(let path, let found, _)? = datasetError({ _ = try locate(.cifar10) })
    else {
      Issue.record("the version for Python")
      return
    }
    #expect(path.hasSuffix("cifar-10-batches-py") && found.contains("Python"))
  }

  // MARK: Real data, packed otherwise

  private func run(_ command: String) throws {
    let outcome = try DownloadTests.run("/bin/sh", ["-ec", command], ["HERE": folder.path])
    #expect(outcome.status == 0, "\(outcome.lines)")
  }

  @Test(.enabled(if: isReal(.cifar10)))
  func `the real images are official unpacked, and in another order too`() throws {
    let packed = try Datasets.locate(.cifar10, in: DataLocation())
    try run("mkdir $HERE/cifar-10; tar xzf '\(packed.paths[0])' -C $HERE/cifar-10")
    let unpacked = try Datasets.locate(.cifar10, in: folder.location)
    #expect(unpacked.identity.origin == .official)
    if packed.note != nil { #expect(unpacked.identity == packed.identity) }
    // Two records change places: still the official images, but another order.
    let path = folder.path + "/cifar-10/cifar-10-batches-bin/data_batch_3.bin"
    var bytes = try FileContents.read(path)
    let first = Array(bytes[..<3073])
    bytes.replaceSubrange(..<3073, with: bytes[3073..<6146])
    bytes.replaceSubrange(3073..<6146, with: first)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let reordered = try Datasets.locate(.cifar10, in: folder.location)
    #expect(reordered.identity.origin == .official)
    #expect(reordered.identity.sha256 != unpacked.identity.sha256)
    #expect(reordered.note?.contains("order") == true)
    // One pixel is enough to be unknown.
    bytes[5000] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    guard
      case .unknownContent? = datasetError({
        _ = try Datasets.locate(.cifar10, in: folder.location)
      })
    else {
      Issue.record("a changed pixel")
      return
    }
  }

  @Test(.enabled(if: isReal(.imdb))) func `the real reviews without gzip are official`() throws {
    let packed = try Datasets.locate(.imdb, in: DataLocation())
    try run("mkdir $HERE/imdb; gzip -dc '\(packed.paths[0])' > $HERE/imdb/aclImdb_v1.tar")
    let plain = try Datasets.locate(.imdb, in: folder.location)
    #expect(plain.identity.origin == .official)
    #expect(try plain.loadText().vocabulary == packed.loadText().vocabulary)
  }
}
