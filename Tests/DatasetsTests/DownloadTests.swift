import Foundation
import Storage
import TestSupport
import Testing

/// `reproductions/support/get-data.sh`, with files, checksums and servers of the test.
@Suite struct DownloadTests {
  let folder: TemporaryFolder
  static let script = FilePaths.join(
    FilePaths.folder(of: FilePaths.folder(of: FilePaths.folder(of: #filePath))),
    "reproductions/support/get-data.sh")

  init() throws { folder = try TemporaryFolder() }

  struct Outcome {
    var status: Int32
    var lines: [String]
  }

  static func run(
    _ program: String, _ arguments: [String], _ environment: [String: String]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: output, as: UTF8.self)
    return Outcome(
      status: process.terminationStatus, lines: text.split(separator: "\n").map(String.init))
  }

  func get(
    _ names: [String] = ["mnist"], base: String?, into target: String = "data"
  ) throws -> Outcome {
    if !target.contains("/") {
      try FileManager.default.createDirectory(
        atPath: folder.path + "/" + target, withIntermediateDirectories: true)
    }
    var environment = [
      "ADAM_DATA": folder.path + "/" + target, "DATA_CHECKSUMS": folder.path + "/sums",
      "DATA_DEBIAN_FASHION": folder.path + "/none", "DATA_CONNECT_TIMEOUT": "2",
    ]
    environment["DATA_BASE_URL"] = base
    return try Self.run("/bin/sh", [Self.script] + names, environment)
  }

  /// Two files of MNIST on a server's disk, and their checksums.
  func publish() throws -> [[UInt8]] {
    let contents = [[UInt8](repeating: 7, count: 50_000), Array("second".utf8)]
    try folder.write(contents[0], to: "server/mnist/a.gz")
    try folder.write(contents[1], to: "server/mnist/b.gz")
    let sums = contents.map { SHA256.hexDigest(of: $0) }
    try folder.write(
      Array("# a comment\n\(sums[0]) mnist/a.gz\n\(sums[1]) mnist/b.gz\n".utf8), to: "sums")
    return contents
  }

  var fileBase: String { "file://\(folder.path)/server/" }

  func content(_ name: String) throws -> [UInt8] {
    try FileContents.read(folder.path + "/data/" + name)
  }

  @Test func `files are downloaded once, then only verified`() throws {
    let contents = try publish()
    let first = try get(base: fileBase)
    #expect(first.status == 0)
    #expect(
      first.lines == [
        "get-data: mnist/a.gz: downloaded from file://",
        "get-data: mnist/b.gz: downloaded from file://",
      ])
    #expect(try content("mnist/a.gz") == contents[0])
    #expect(try content("mnist/b.gz") == contents[1])
    #expect(FilePaths.names(in: folder.path + "/data/mnist") == ["a.gz", "b.gz"])
    // Again: nothing is fetched, so that the server may be gone.
    let second = try get(base: "file:///nowhere")
    #expect(second.status == 0)
    #expect(
      second.lines == [
        "get-data: mnist/a.gz: there, verified", "get-data: mnist/b.gz: there, verified",
      ])
  }

  @Test func `an unfinished download goes on where it ended`() throws {
    let contents = try publish()
    // What was there is kept: bytes that differ from the server's would show in the checksum.
    try folder.write(Array(contents[0].prefix(20_000)), to: "data/mnist/a.gz.part")
    try folder.write(contents[1], to: "data/mnist/b.gz.part")
    #expect(try get(base: fileBase).status == 0)
    #expect(try content("mnist/a.gz") == contents[0])
    #expect(try content("mnist/b.gz") == contents[1])
    #expect(FilePaths.names(in: folder.path + "/data/mnist") == ["a.gz", "b.gz"])
  }

  @Test func `an unfinished download of something else is begun anew`() throws {
    let contents = try publish()
    try folder.write([UInt8](repeating: 1, count: 20_000), to: "data/mnist/a.gz.part")
    #expect(try get(base: fileBase).status == 0)
    #expect(try content("mnist/a.gz") == contents[0])
  }

  @Test func `wrong content is never left behind`() throws {
    _ = try publish()
    try folder.write(Array("forged".utf8), to: "server/mnist/b.gz")
    let outcome = try get(base: fileBase)
    #expect(outcome.status == 66)
    #expect(outcome.lines.contains { $0.contains("mnist/b.gz: not downloaded (what file://") })
    #expect(FilePaths.names(in: folder.path + "/data/mnist") == ["a.gz"])
  }

  @Test func `a file of the user is not touched`() throws {
    _ = try publish()
    try folder.write(Array("mine".utf8), to: "data/mnist/a.gz")
    let outcome = try get(base: fileBase)
    #expect(outcome.status == 65)
    #expect(outcome.lines[0].contains("mnist/a.gz: there, but not the known file"))
    #expect(try content("mnist/a.gz") == Array("mine".utf8))
  }

  @Test func `another file with a known sum serves as well`() throws {
    let sums = [Array("one".utf8), Array("two".utf8)].map { SHA256.hexDigest(of: $0) }
    try folder.write(
      Array("\(sums[0]) imdb/a.gz\n= \(sums[1]) imdb/a.gz\n= \(sums[1]) imdb/b.gz\n".utf8),
      to: "sums")
    try folder.write(Array("two".utf8), to: "data/imdb/b.gz")
    let first = try get(["imdb"], base: "file:///nowhere")
    #expect(first.lines == ["get-data: imdb/b.gz: there, verified"])
    #expect(first.status == 0)
    try folder.write(Array("two".utf8), to: "data/imdb/a.gz")
    #expect(
      try get(["imdb"], base: "file:///nowhere").lines == ["get-data: imdb/a.gz: there, verified"])
  }

  @Test func `without a network it fails quickly, and leaves no folder`() throws {
    _ = try publish()
    let clock = ContinuousClock()
    let start = clock.now
    // Nothing listens on this port of this machine.
    let outcome = try get(base: "http://127.0.0.1:9")
    #expect(clock.now - start < .seconds(5))
    #expect(outcome.status == 66)
    #expect(outcome.lines.count == 3)
    #expect(
      outcome.lines[1] == "get-data: mnist/b.gz: not downloaded (its servers cannot be reached)")
    #expect(!FilePaths.exists(folder.path + "/data/mnist"))
  }

  @Test func `wrong usage and impossible folders are refused, and a named folder is made`() throws {
    _ = try publish()
    #expect(try get(["mnist", "cifar-100"], base: fileBase).status == 64)
    #expect(try get(["-x"], base: fileBase).status == 64)
    #expect(try get([folder.path + "/other", "mnist"], base: fileBase).status == 0)
    #expect(FilePaths.names(in: folder.path + "/other/mnist") == ["a.gz", "b.gz"])
    #expect(!FilePaths.exists(folder.path + "/data/mnist"))
    try folder.write([], to: "file")
    let outcome = try get([folder.path + "/file/data", "mnist"], base: fileBase)
    #expect(outcome.status == 73)
    #expect(outcome.lines.count == 1)
    // A variable that names no folder is a mistake, not a wish for a new folder.
    let wrong = try get(base: fileBase, into: "none/data")
    #expect(wrong.status == 66 && wrong.lines.count == 1)
    #expect(!FilePaths.exists(folder.path + "/none"))
  }

  @Test func `the content serves however it is packed`() throws {
    let content = [UInt8](repeating: 9, count: 5_000)
    let packed = gzip(content)
    let sums = [packed, content].map { SHA256.hexDigest(of: $0) }
    try folder.write(Array("\(sums[0]) mnist/a.gz\n= \(sums[1]) mnist/a\n".utf8), to: "sums")
    for (served, name) in [(content, "a"), (gzip(content, level: 1), "a.gz"), (packed, "a.gz")] {
      try folder.write(served, to: "server/mnist/a.gz")
      #expect(try get(base: fileBase).status == 0)
      #expect(FilePaths.names(in: folder.path + "/data/mnist") == [name])
      #expect(try self.content("mnist/\(name)") == served)
      #expect(
        try get(base: "file:///nowhere").lines == ["get-data: mnist/\(name): there, verified"])
      try FileManager.default.removeItem(atPath: folder.path + "/data")
    }
    try folder.write(Array("<!DOCTYPE html><html>".utf8), to: "server/mnist/a.gz")
    #expect(try get(base: fileBase).lines[0].contains("is a web page, not the file"))
  }

  @Test func `what is there unpacked is not downloaded`() throws {
    _ = try publish()
    try folder.write([1], to: "data/aclImdb/README")
    #expect(
      try get(["imdb"], base: "file:///nowhere").lines
        == ["get-data: \(folder.path)/data/aclImdb: there"])
  }

  /// Over HTTP from this machine, from a server that knows no ranges, and one that is not there.
  @Test func `downloads go over HTTP, from a server without ranges and past one that is not there`()
    throws
  {
    let contents = try publish()
    let server = Process()
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = [
      "python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory",
      folder.path + "/server", "0",
    ]
    let pipe = Pipe()
    server.standardOutput = pipe
    server.standardError = FileHandle.nullDevice
    guard (try? server.run()) != nil else { return }
    defer { server.terminate() }
    let greeting = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = greeting.split(separator: " ").compactMap({ Int($0) }).first else { return }
    try folder.write(Array(contents[0].prefix(20_000)), to: "data/mnist/a.gz.part")
    let outcome = try get(base: "http://127.0.0.1:\(port)")
    #expect(outcome.status == 0)
    #expect(outcome.lines.first == "get-data: mnist/a.gz: downloaded from http://127.0.0.1:\(port)")
    #expect(try content("mnist/a.gz") == contents[0])
    try FileManager.default.removeItem(atPath: folder.path + "/server/mnist/b.gz")
    try FileManager.default.removeItem(atPath: folder.path + "/data/mnist/b.gz")
    let missing = try get(base: "http://127.0.0.1:\(port)")
    #expect(missing.status == 66)
    #expect(missing.lines[1].contains("mnist/b.gz: not downloaded (curl: (22) "))
  }

  @Test func `the list names the catalogue's files`() throws {
    let script = String(decoding: try FileContents.read(Self.script), as: UTF8.self)
    let catalogue = String(
      decoding: try FileContents.read(
        FilePaths.join(
          FilePaths.folder(of: FilePaths.folder(of: FilePaths.folder(of: #filePath))),
          "Sources/Datasets/Catalogue.swift")), as: UTF8.self)
    let digests = script.split { !$0.isHexDigit }.filter { $0.count == 64 }
    #expect(digests.count == 24)
    for digest in digests { #expect(catalogue.contains(digest)) }
  }
}
