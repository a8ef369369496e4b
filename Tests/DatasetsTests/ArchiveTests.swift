import Datasets
import Foundation
import Numerics
import Storage
import TestSupport
import Testing

/// Archives that are refused, built here; the same for both data sets that come as archives.
@Suite struct ArchiveTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func text(_ entries: [TarEntry], _ options: TextOptions = TextOptions()) throws -> TextData {
    try text(tarGzip(entries), options)
  }

  func text(_ bytes: [UInt8], _ options: TextOptions = TextOptions()) throws -> TextData {
    try folder.write(bytes, to: "imdb/aclImdb_v1.tar.gz")
    return try Datasets.locate(.imdb, in: folder.location, allowUnknown: true).loadText(options)
  }

  func reason(_ body: () throws -> Void) -> String? {
    guard case .damaged(_, let reason)? = datasetError(body) else { return nil }
    return reason
  }

  static func review(_ name: String, _ text: String) -> TarEntry {
    TarEntry(name: "aclImdb/" + name, content: Array(text.utf8))
  }

  static let good = [
    review("train/pos/0_9.txt", "good film"), review("train/neg/0_2.txt", "bad film"),
    review("test/pos/0_10.txt", "good good"), review("test/neg/0_1.txt", "bad"),
  ]

  @Test func `an archive that is cut off is told, wherever the cut is`() throws {
    // Content that does not compress, so that the cut falls into it.
    var stream = RandomStream(seed: 1, purpose: .test)
    let noise = (0..<200_000).map { _ in UInt8(97 + stream.next(below: 26)) }
    let whole = tarGzip(Self.good + [TarEntry(name: "aclImdb/README", content: noise)])
    for size in [whole.count / 2, whole.count - 9, whole.count - 4] {
      let fault = reason { _ = try text(Array(whole.prefix(size))) }
      #expect(
        fault?.contains("cut off") == true, "\(size) of \(whole.count) bytes: \(fault ?? "-")")
    }
  }

  @Test func `a file that is no archive, or an empty one, is refused`() throws {
    for bytes in [Array("plain text, long enough to be read".utf8), gzip([1, 2, 3])] {
      let fault = reason { _ = try text(bytes) }
      #expect(
        fault?.contains("not a .tar.gz archive") == true || fault?.contains("no reviews") == true)
    }
    let fault = reason { _ = try text(Array("plain text, long enough to be read".utf8)) }
    #expect(fault?.contains("libarchive: ") == true)
  }

  @Test(arguments: [
    (TarEntry(name: "/aclImdb/train/pos/1_9.txt"), "has an absolute path"),
    (TarEntry(name: "aclImdb/../../etc/passwd"), "leads outside by '..'"),
    (TarEntry(name: ".."), "leads outside by '..'"),
    (TarEntry(name: "aclImdb/x", kind: UInt8(ascii: "2"), link: "/etc/passwd"), "is a link"),
    (
      TarEntry(name: "aclImdb/x", kind: UInt8(ascii: "1"), link: "aclImdb/train/pos/0_9.txt"),
      "is a link"
    ),
    (TarEntry(name: "aclImdb/x", kind: UInt8(ascii: "3")), "is a special file"),
    (TarEntry(name: "aclImdb/x", kind: UInt8(ascii: "6")), "is a special file"),
    (TarEntry(name: "aclImdb/a\nb"), "has a name with a control character or backslash"),
  ])
  func unsafeEntry(entry: TarEntry, fault: String) throws {
    let error = datasetError { _ = try text(Self.good + [entry]) }
    guard case .unsafeEntry(_, let name, let reason)? = error else {
      Issue.record("\(entry.name) is refused: \(String(describing: error))")
      return
    }
    #expect(name == entry.name)
    #expect(reason == fault)
    #expect(error?.exitStatus == .badData)
    // Nothing is written: the data's folder holds the archive alone.
    #expect(FilePaths.names(in: folder.path + "/imdb") == ["aclImdb_v1.tar.gz"])
  }

  @Test func `an entry that lies about its size is refused`() throws {
    var entry = Self.review("train/pos/7_9.txt", "short")
    entry.claimedSize = 900_000
    #expect(reason { _ = try text(Self.good + [entry]) }?.contains("libarchive") == true)
    entry.claimedSize = 6_000_000_000
    guard case .tooLarge? = datasetError({ _ = try text(Self.good + [entry]) }) else {
      Issue.record("a size beyond every limit is refused")
      return
    }
    // Smaller than the content: what follows is then no header.
    entry = Self.review("train/pos/7_9.txt", String(repeating: "film ", count: 1000))
    entry.claimedSize = 5
    #expect(reason { _ = try text(Self.good + [entry]) } != nil)
  }

  @Test func `a review of 1.5 MB is no review`() throws {
    let entry = Self.review("train/pos/7_9.txt", String(repeating: "film ", count: 300_000))
    #expect(reason { _ = try text(Self.good + [entry]) }?.contains("are no review") == true)
  }

  /// Over 2 GB of zeros in 10 MB end at the limit, in bounded memory; in a process of its own, so
  /// that no other test's memory counts.
  @Test func `a decompression bomb ends at the limit, in bounded memory`() async {
    await #expect(processExitsWith: .success) {
      let tests = try ArchiveTests()
      // Many members, as gzip allows: the same packed block again and again.
      let piece = 8 << 20
      let block = gzip([UInt8](repeating: 0, count: piece), level: 1)
      let announced = 255 * piece
      var bytes: [UInt8] = []
      for entry in ArchiveTests.good { bytes += gzip(entry.blocks) }
      // Neither entry alone announces too much.
      for _ in 0..<2 {
        bytes += gzip(TarEntry(name: "aclImdb/README", claimedSize: announced).blocks)
        for _ in 0..<255 { bytes += block }
      }
      guard case .tooLarge? = datasetError({ _ = try tests.text(bytes) }) else {
        Issue.record("a bomb is refused")
        return
      }
      // getrusage would count the memory of the process that started this one.
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      let peak = try #require(line.split(separator: " ").compactMap { Int($0) }.first)
      #expect(peak < 250 << 10, "KiB at most: \(peak)")
    }
  }

  @Test func `an unknown archive is refused unless allowed`() throws {
    let bytes = tarGzip(Self.good)
    try folder.write(bytes, to: "imdb/aclImdb_v1.tar.gz")
    #expect(
      datasetError { _ = try Datasets.locate(.imdb, in: folder.location) }
        == .unknownContent(
          path: folder.path + "/imdb/aclImdb_v1.tar.gz", sha256: SHA256.hexDigest(of: bytes)))
  }

  @Test func `an archive that changes after its identification is refused`() throws {
    try folder.write(tarGzip(Self.good), to: "imdb/aclImdb_v1.tar.gz")
    let located = try Datasets.locate(.imdb, in: folder.location, allowUnknown: true)
    let path = try folder.write(
      tarGzip(Self.good + [Self.review("README", "x")]), to: "imdb/aclImdb_v1.tar.gz")
    #expect(datasetError { _ = try located.loadText() } == .changed(path: path))
  }

  @Test func `reviews cannot be loaded as images`() throws {
    try folder.write(tarGzip(Self.good), to: "imdb/aclImdb_v1.tar.gz")
    let located = try Datasets.locate(.imdb, in: folder.location, allowUnknown: true)
    #expect(datasetError { _ = try located.loadImages() } == .wrongKind(.imdb, wanted: "images"))
  }

  // MARK: IMDB

  @Test func `a review's name has an identifier and a rating that fits its folder`() throws {
    for name in ["5.txt", "5_.txt", "_7.txt", "5_x.txt", "5_7.text", "5_7_1.txt", "+5_7.txt"] {
      let fault = reason { _ = try text(Self.good + [Self.review("train/pos/" + name, "x")]) }
      #expect(fault == "aclImdb/train/pos/\(name): its name is not <id>_<rating>.txt")
    }
    for (name, rating) in [
      ("train/pos/5_4.txt", 4), ("test/neg/5_7.txt", 7), ("test/neg/5_0.txt", 0),
    ] {
      let fault = reason { _ = try text(Self.good + [Self.review(name, "x")]) }
      #expect(fault == "aclImdb/\(name): its rating \(rating) contradicts its folder")
    }
  }

  @Test func `folders without reviews are named`() throws {
    #expect(
      reason { _ = try text(Array(Self.good.dropFirst())) } == "no reviews in aclImdb/train/pos")
    #expect(
      reason { _ = try text(Array(Self.good.prefix(2))) }
        == "no reviews in aclImdb/test/pos, aclImdb/test/neg")
  }

  @Test func `two reviews of one identifier are refused`() throws {
    #expect(
      reason { _ = try text(Self.good + [Self.review("train/pos/0_7.txt", "x")]) }
        == "two training reviews of class pos have the id 0")
  }

  @Test func `another data set in the archive is told`() throws {
    let images = CIFAR10Tests.archive()
    #expect(
      reason { _ = try text(images) } == "no reviews are in it (is it another data set?)")
  }

  @Test func `the vocabulary is that of the training reviews, most frequent first`() throws {
    let entries = [
      Self.review("train/neg/3_2.txt", "bad bad film"),
      Self.review("test/pos/12_10.txt", "good unseen <br /><br /> film good"),
      Self.review("train/pos/3_9.txt", "good film, apt film"),
      Self.review("train/unsup/1_0.txt", "ignored words"),
      TarEntry(name: "aclImdb/", kind: UInt8(ascii: "5")),
      Self.review("train/labeledBow.feat", "9 0:9"),
      Self.review("train/pos/20_7.txt", ""),
      Self.review("test/neg/1_1.txt", "unseen"),
    ]
    let options = TextOptions(vocabularySize: 3, values: .counts)
    let data = try text(entries, options)
    // film 3, bad 2, then apt and good once each: in the order of their bytes.
    #expect(data.vocabulary == ["film", "bad", "apt"])
    // By id, the negative review first.
    #expect(data.training.labels == [0, 1, 1])
    #expect(data.training.rowOffsets == [0, 2, 4, 4])
    #expect(data.training.columns == [0, 1, 0, 2])
    #expect(data.training.values == [1, 2, 2, 1])
    #expect(data.test.labels == [0, 1])
    #expect(data.test.rowOffsets == [0, 0, 1])
    #expect(data.test.columns == [0])
    #expect(data.training.featureCount == 3)
    // Another order of the archive, `./` in front: the same data.
    let turned = try text(
      entries.reversed().map { TarEntry(name: "./" + $0.name, content: $0.content, kind: $0.kind) },
      options)
    #expect(turned.vocabulary == data.vocabulary)
    #expect(turned.training.columns == data.training.columns)
    #expect(turned.test.labels == data.test.labels)
    let present = try text(entries, TextOptions(vocabularySize: 3))
    #expect(present.training.values == [1, 1, 1, 1])
    #expect(present.training.columns == data.training.columns)
  }

  @Test func `the cache is checked and never trusted`() throws {
    let cacheFolder = folder.path + "/results/cache"
    try folder.write(tarGzip(Self.good), to: "imdb/aclImdb_v1.tar.gz")
    let located = try Datasets.locate(.imdb, in: folder.location, allowUnknown: true)
    func load(_ options: TextOptions = TextOptions()) throws -> TextData {
      try located.loadText(options, cacheFolder: cacheFolder)
    }

    let first = try load()
    #expect(first.cache.outcome == .written)
    let path = try #require(first.cache.path)
    let again = try load()
    #expect(again.cache.outcome == .read)
    #expect(again.vocabulary == first.vocabulary)
    #expect(again.training.columns == first.training.columns)
    #expect(again.training.rowOffsets == first.training.rowOffsets)
    #expect(again.test.values == first.test.values)
    #expect(again.test.labels == first.test.labels)
    // Counts and presence share a cache, other options do not.
    #expect(try load(TextOptions(values: .counts)).cache.outcome == .read)
    #expect(try load(TextOptions(values: .counts)).test.values == [1, 2])
    #expect(try load(TextOptions(vocabularySize: 2)).cache.outcome == .written)
    #expect(try load(TextOptions(tokenization: .published)).cache.outcome == .written)

    let whole = try FileContents.read(path)
    var flipped = whole
    flipped[whole.count / 2] ^= 1
    for bytes in [flipped, Array(whole.dropLast(100)), [], Array("nonsense".utf8)] {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let data = try load()
      #expect(data.cache.outcome == .written)
      #expect(data.cache.rejected?.contains(path) == true)
      #expect(data.training.columns == first.training.columns)
      #expect(try FileContents.read(path) == whole)
    }

    // Sealed properly, but with a column that does not exist, or for another archive.
    struct Header: Codable { var key: String }
    let sealed = try SealedFile(readingFrom: path, kind: "imdb-words")
    let header = try sealed.header(as: Header.self)
    for (key, replaced) in [(header.key, "training/columns"), (header.key + "x", "")] {
      var forged = try SealedFile(kind: "imdb-words", header: Header(key: key))
      for name in sealed.sectionNames {
        if name.hasSuffix("counts") {
          forged.append(name, try sealed.floats(name))
        } else {
          var bytes = try sealed.bytes(name)
          if name == replaced { bytes[1] = 0x7f }
          forged.append(name, bytes: bytes)
        }
      }
      try forged.write(to: path)
      let data = try load()
      #expect(data.cache.outcome == .written)
      #expect(data.cache.rejected != nil)
      #expect(data.training.columns == first.training.columns)
    }

    // A folder that cannot be made costs time, not the result.
    let blocked = try folder.write([], to: "file")
    let data = try located.loadText(cacheFolder: blocked + "/cache")
    guard case .notWritten = data.cache.outcome else {
      Issue.record("\(data.cache.outcome)")
      return
    }
    #expect(data.training.columns == first.training.columns)
  }

  @Test(.enabled(if: isReal(.imdb)))
  func `the real reviews have their published counts and vocabulary`() throws {
    let located = try Datasets.locate(.imdb, in: DataLocation())
    #expect(located.identity.origin == .official)
    let data = try located.loadText()
    for split in [data.training, data.test] {
      #expect(split.count == 25_000)
      #expect(split.labels.count { $0 == 1 } == 12_500)
    }
    #expect(data.vocabulary.count == 10_000)
    #expect(Array(data.vocabulary.prefix(5)) == ["the", "and", "a", "of", "to"])
    let tar = Process()
    let pipe = Pipe()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "-xOf", located.paths[0], "aclImdb/imdb.vocab"]
    tar.standardOutput = pipe
    try tar.run()
    let listed = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    tar.waitUntilExit()
    let published = Set(listed.split(separator: "\n").prefix(10_000).map(String.init))
    let overlap = data.vocabulary.count(where: published.contains)
    print("vocabulary: \(overlap) of 10,000 words are among the first 10,000 of imdb.vocab")
    #expect(overlap > 9_500)
  }
}

@Suite struct TextStandInTests {
  @Test func `stand-in reviews are the same bytes everywhere`() {
    let data = StandIn.text(
      trainingCount: 100, testCount: 30, options: TextOptions(values: .counts))
    var digest = SHA256()
    for split in [data.training, data.test] {
      split.columns.withUnsafeBytes { digest.update($0) }
      split.values.withUnsafeBytes { digest.update($0) }
      digest.update(split.labels)
    }
    digest.update(data.vocabulary.joined(separator: " "))
    #expect(digest.finalize() == "21f0bbdab8d444421222d8ede9cb3167a82d90784acf4a468f68756e53cfb21d")
    #expect(data.identity.origin == .standIn)
    #expect(data.identity.name == .imdb)
  }

  /// A classifier by the words' log-odds learns much, and not all: real reviews give it 16 % errors.
  @Test func `stand-in reviews can be learnt, but not wholly`() {
    let data = StandIn.text(trainingCount: 2_000, testCount: 500)
    var counts = [[Double]](repeating: [Double](repeating: 1, count: 10_000), count: 2)
    func columns(_ split: SparseExamples, _ row: Int) -> ArraySlice<Int32> {
      split.columns[Int(split.rowOffsets[row])..<Int(split.rowOffsets[row + 1])]
    }
    for row in 0..<2_000 {
      for column in columns(data.training, row) {
        counts[Int(data.training.labels[row])][Int(column)] += 1
      }
    }
    let totals = counts.map { $0.reduce(0, +) }
    var wrong = 0
    for row in 0..<500 {
      let odds = columns(data.test, row).reduce(0.0) { sum, column in
        sum + log(counts[1][Int(column)] / totals[1]) - log(counts[0][Int(column)] / totals[0])
      }
      if (odds > 0) != (data.test.labels[row] == 1) { wrong += 1 }
    }
    #expect((50...200).contains(wrong))
    let entries = data.training.columns.count / 2_000
    #expect((90...180).contains(entries))
  }
}
