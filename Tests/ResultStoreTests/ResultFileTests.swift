import Foundation
import ResultStore
import Storage
import TestSupport
import Testing

/// Small, so that it can be read thousands of times.
private func smallDocument(cost: Double = 0.5) -> Document {
  var root = Group()
  root.attributes = [Attribute("schema", ResultFile.schema), Attribute("title", "small")]
  root.dimensions = [
    Dimension("optimizer", .string(["adam", "sgd"])), Dimension("epoch", .int32([0, 1, 2])),
  ]
  root.variables = [
    Variable("train_cost", ["optimizer", "epoch"], .double([cost, 2, 3, 4, 5, .nan])),
    Variable("status", ["optimizer"], .uint8([1, 2])),
  ]
  var claims = Group()
  claims.variables = [Variable("verdict", ["optimizer"], .string(["reproduced", "not"]))]
  root.groups = [Subgroup("claims", claims)]
  return Document(root: root)
}

/// A new file each time: ext4 brings a file that is overwritten in place to the disk at once.
private func write(_ bytes: [UInt8], _ path: String) throws {
  unlink(path)
  try Data(bytes).write(to: URL(filePath: path))
}

@Suite struct ResultFileTests {
  @Test func `what was written is read again, and writes the same bytes`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/sample.h5"
      let sample = sampleDocument()
      try ResultFile.write(sample, to: path)
      let read = try ResultFile.read(path)
      #expect(read.isIdentical(to: sample))
      #expect(read.root.attributes.map(\.name) == sample.root.attributes.map(\.name).sorted())
      #expect(read.root.dimensions.map(\.name) == sample.root.dimensions.map(\.name))
      #expect(read.root.variables.map(\.name) == sample.root.variables.map(\.name))
      #expect(FilePaths.names(in: folder) == ["sample.h5"])
      // Writing what was read changes no byte.
      #expect(try ResultFile.encode(read) == FileContents.read(path))
    }
  }

  @Test func `a difference in any part is noticed`() {
    let changes: [(inout Document) -> Void] = [
      { $0.root.attributes[1] = Attribute("title", "else") },
      { $0.root.attributes.removeLast() },
      { $0.root.dimensions[1].labels = .int32([0, 1, 3]) },
      { $0.root.dimensions[1].labels = .int64([0, 1, 2]) },
      { $0.root.dimensions[0].attributes = [Attribute("units", "1")] },
      { $0.root.dimensions.swapAt(0, 1) },
      { $0.root.variables.swapAt(0, 1) },
      { $0.root.variables[0].name = "test_cost" },
      { $0.root.variables[0].values = .double([0.5, 2, 3, 4, 5, 6]) },
      { $0.root.variables[0].attributes = [Attribute("units", "1")] },
      { $0.root.variables[1].dimensions = ["epoch"] },
      { $0.root.groups[0].name = "search" },
      { $0.root.groups[0].group.variables = [] },
    ]
    for (index, change) in changes.enumerated() {
      var document = smallDocument()
      change(&document)
      #expect(!document.isIdentical(to: smallDocument()), "change \(index)")
    }
    var reordered = smallDocument()
    reordered.root.attributes.reverse()
    #expect(reordered.isIdentical(to: smallDocument()))
  }

  /// Memory that the library forgets to clear differs between the two processes, and so does the
  /// time in seconds.
  @Test func `another process writes the same bytes`() async throws {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    setenv("MALLOC_PERTURB_", "165", 1)
    await #expect(processExitsWith: .success) { [folder = folder as String] in
      try ResultFile.write(sampleDocument(), to: folder + "/there.h5")
    }
    unsetenv("MALLOC_PERTURB_")
    try await Task.sleep(for: .milliseconds(1001))
    let there = try FileContents.read(folder + "/there.h5")
    #expect(try ResultFile.encode(sampleDocument()) == there)
    #expect(try ResultFile.encode(sampleDocument()) == there)
  }

  /// Version 2 of the superblock is the newest that HDF5 1.8 reads.
  @Test func `older libraries read the format`() throws {
    let bytes = try ResultFile.encode(smallDocument())
    #expect(
      bytes.starts(with: Array("\u{89}HDF\r\n\u{1a}\n".unicodeScalars.map { UInt8($0.value) })))
    #expect(bytes[8] == 2)
  }

  @Test func `the order of attributes does not change the bytes`() throws {
    var reordered = smallDocument()
    reordered.root.attributes.reverse()
    #expect(try ResultFile.encode(reordered) == ResultFile.encode(smallDocument()))
  }

  @Test func `attributes and single variables are read without the rest`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      try ResultFile.write(smallDocument(), to: path)
      #expect(try ResultFile.readAttributes(path).text("title") == "small")
      let part = try ResultFile.read(path, variables: ["status", "unknown"])
      #expect(part.root.dimensions == smallDocument().root.dimensions)
      #expect(part.root.variables == [smallDocument().root.variables[1]])
      #expect(part.root.groups == [])
      #expect(try part.view.number("status", ["optimizer": "sgd"]) == 2)
    }
  }

  @Test func `large arrays are cut into chunks`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/large.h5"
      var document = smallDocument()
      document.root.dimensions += [
        Dimension("seed", .int64(Array(0..<7))), Dimension("step", .int64(Array(0..<70_001))),
      ]
      let values = (0..<7 * 70_001).map { (index: Int) -> Double in Double(index) * 0.5 }
      document.root.variables.append(Variable("trace", ["seed", "step"], .double(values)))
      try ResultFile.write(document, to: path)
      #expect(try ResultFile.read(path).isIdentical(to: document))
      #expect(
        try HDF5File.readArray(path: path, dataset: "trace", as: Double.self).values == values)
    }
  }

  @Test func `several threads write and read at once`() async throws {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<8 {
        group.addTask {
          let path = folder + "/\(index).h5"
          try ResultFile.write(smallDocument(cost: Double(index)), to: path)
          let missing = try? HDF5File.readArray(path: path, dataset: "no", as: Double.self)
          return try ResultFile.read(path).isIdentical(to: smallDocument(cost: Double(index)))
            && missing == nil
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }

  // MARK: What cannot be stored

  @Test func `documents whose parts do not fit together are refused`() throws {
    let changes: [(inout Group) -> Void] = [
      { $0.attributes = [] },
      { $0.attributes[0] = Attribute("schema", "adam-reproduction/0") },
      { $0.variables[0].values = .double([1]) },
      { $0.variables[0].dimensions = ["optimizer", "seed"] },
      { $0.variables[0].dimensions = ["epoch", "epoch"] },
      { $0.variables[0].name = "epoch" },
      { $0.variables[0].name = "a/b" },
      { $0.variables[0].name = "" },
      { $0.variables[0].name = "." },
      { $0.groups[0].name = "status" },
      { $0.attributes.append(Attribute("title", "twice")) },
      { $0.attributes.append(Attribute("DIMENSION_LIST", "reserved")) },
      { $0.attributes.append(Attribute("empty", values: .double([]))) },
      { $0.attributes.append(Attribute("text", "a zero \0 byte")) },
      { $0.groups[0].group.variables[0].values = .string(["a", "b\0"]) },
      { $0.groups[0].group.variables[0].dimensions = ["unknown"] },
    ]
    for (index, change) in changes.enumerated() {
      var document = smallDocument()
      change(&document.root)
      #expect(throws: DocumentError.self, "change \(index)") { try ResultFile.encode(document) }
    }
  }

  // MARK: Files that are not what they should be

  @Test func `missing folders and foreign files are told`() throws {
    try withTemporaryFolder { folder in
      let missing = #expect(throws: FileError.self) { try ResultFile.read(folder + "/no.h5") }
      #expect(missing?.exitStatus == .noInput)
      let isFolder = #expect(throws: FileError.self) { try ResultFile.read(folder) }
      #expect(isFolder?.exitStatus == .noInput)
      let cannotCreate = #expect(throws: FileError.self) {
        try ResultFile.write(smallDocument(), to: folder + "/no/small.h5")
      }
      #expect(cannotCreate?.exitStatus == .cannotCreate)

      for (name, bytes) in [("empty", ""), ("text", "not HDF5 at all\n")] {
        let path = folder + "/" + name
        try write(Array(bytes.utf8), path)
        #expect(throws: ResultFileError.notHDF5(path: path)) { try ResultFile.read(path) }
        #expect(throws: ResultFileError.notHDF5(path: path)) {
          try ResultFile.write(smallDocument(), to: path)
        }
        #expect(try FileContents.read(path) == Array(bytes.utf8))
      }
    }
  }

  /// The file without the checksum behind its end, which HDF5 does not need.
  private func unsealed(_ document: Document) throws -> [UInt8] {
    Array(try ResultFile.encode(document).dropLast(40))
  }

  @Test func `a newer schema is told apart from one that is not ours`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      let bytes = try unsealed(smallDocument())
      // HDF5 stores text as it is and without a checksum, so it can be changed in place.
      func write(schema: String) throws {
        let old = Array(ResultFile.schema.utf8)
        let start = try #require(
          (0..<bytes.count - old.count).first { bytes[$0..<$0 + old.count].elementsEqual(old) })
        var changed = bytes
        changed.replaceSubrange(start..<start + old.count, with: Array(schema.utf8))
        try ResultStoreTests.write(changed, path)
      }
      try write(schema: "adam-reproduction/2")
      #expect(throws: ResultFileError.newerSchema(path: path, schema: "adam-reproduction/2")) {
        try ResultFile.read(path)
      }
      #expect(throws: ResultFileError.self) { try ResultFile.write(smallDocument(), to: path) }
      try write(schema: "other-reproduction1")
      #expect(throws: ResultFileError.notOurs(path: path)) { try ResultFile.readAttributes(path) }
      #expect(throws: ResultFileError.notOurs(path: path)) { try ResultFile.checkReplaceable(path) }
      try write(schema: ResultFile.schema)
      try ResultFile.checkReplaceable(path)
      try ResultFile.checkReplaceable(folder + "/new.h5")
    }
  }

  @Test func `every truncation is told`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      let bytes = try unsealed(smallDocument())
      let counts = Array(0..<128) + Array(stride(from: 128, to: bytes.count, by: 97))
      for count in counts + [bytes.count - 1] {
        try write(Array(bytes[..<count]), path)
        let error = #expect(throws: ResultFileError.self, "\(count) of \(bytes.count) bytes") {
          try ResultFile.read(path)
        }
        // Before that there is not even the length that the file should have.
        guard count >= 48 else { continue }
        guard case .truncated = error else {
          Issue.record("\(count) of \(bytes.count) bytes are not told to be truncated")
          continue
        }
      }
      // Nothing is lost if only the seal is cut off.
      try write(bytes, path)
      #expect(try ResultFile.read(path).isIdentical(to: smallDocument()))
    }
  }

  @Test func `every flipped bit is told`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      let bytes = try ResultFile.encode(smallDocument())
      for (number, position) in stride(from: 0, to: bytes.count - 40, by: 61).enumerated() {
        var flipped = bytes
        flipped[position] ^= 1 << UInt8(number % 8)
        try write(flipped, path)
        #expect(throws: ResultFileError.damaged(path: path)) { try ResultFile.read(path) }
      }
      var flipped = bytes
      flipped[bytes.count - 1] ^= 1
      try write(flipped, path)
      #expect(throws: ResultFileError.damaged(path: path)) { try ResultFile.readAttributes(path) }
    }
  }

  // MARK: Faults while writing

  @Test func `a failure at any call keeps the old file`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      let counting = FaultInjectingFileLayer()
      try ResultFile.write(smallDocument(cost: 1), to: path, layer: counting)
      for number in 1...counting.callCount {
        try ResultFile.write(smallDocument(cost: 1), to: path)
        let layer = FaultInjectingFileLayer(.fail(code: ENOSPC), atCall: number)
        #expect(throws: FileError.self) {
          try ResultFile.write(smallDocument(cost: 2), to: path, layer: layer)
        }
        let found = try ResultFile.read(path)
        #expect(
          found.isIdentical(to: smallDocument(cost: 1))
            || found.isIdentical(to: smallDocument(cost: 2)))
        #expect(FilePaths.names(in: folder) == ["small.h5"])
      }
    }
  }

  @Test func `a kill at any call keeps the old file or the new one`() async throws {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    let path = folder + "/small.h5"
    let counting = FaultInjectingFileLayer()
    try ResultFile.write(smallDocument(cost: 1), to: path, layer: counting)
    for number in 1...counting.callCount {
      try ResultFile.write(smallDocument(cost: 1), to: path)
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, number = number as Int] in
        try ResultFile.write(
          smallDocument(cost: 2), to: path,
          layer: FaultInjectingFileLayer(.kill, atCall: number))
      }
      let found = try ResultFile.read(path)
      #expect(
        found.isIdentical(to: smallDocument(cost: 1))
          || found.isIdentical(to: smallDocument(cost: 2)))
    }
  }

  @Test func `errors are one line with the path`() {
    let errors: [ResultFileError] = [
      .notHDF5(path: "/p"), .notOurs(path: "/p"), .newerSchema(path: "/p", schema: "s/2"),
      .truncated(path: "/p", detail: "d"), .damaged(path: "/p"),
      .inconsistent(path: "/p", detail: "d"),
      .unsupported(path: "/p", object: "/o", detail: "d"), .missing(path: "/p", object: "/o"),
      .library(path: "/p", action: "open it", detail: "d"),
    ]
    for error in errors {
      #expect(error.exitStatus == .badData)
      #expect(error.description.contains("/p"))
      #expect(!error.description.contains("\n"))
    }
  }
}
