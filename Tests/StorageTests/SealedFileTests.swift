import Foundation
import Numerics
import Storage
import TestSupport
import Testing

private struct Header: Codable, Equatable {
  var run = "0123"
  var epoch = 7
  var alpha = 0.1
  var worst = -Double.infinity
  var parts: [String: Int] = ["z": 1, "a": 2, "m": 3]
}

private func sample() throws -> SealedFile {
  var file = try SealedFile(kind: "checkpoint", header: Header())
  file.append("theta", FloatVector([1.5, -0.0, .nan, .infinity]))
  file.append("curve", [0.1, 0.2, Double.leastNonzeroMagnitude])
  file.append("seen", [Float](repeating: 3, count: 5))
  file.append("flags", bytes: [1, 2, 3])
  file.append("none", [Float]())
  return file
}

private func refusal(_ bytes: [UInt8]) -> SealedFileError? {
  do {
    _ = try SealedFile(decoding: bytes, path: "x", kind: "checkpoint")
    return nil
  } catch {
    return error as? SealedFileError
  }
}

@Suite struct SealedFileTests {
  @Test func `what was written is read again`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.checkpoint"
      try sample().write(to: path)
      let file = try SealedFile(readingFrom: path, kind: "checkpoint")
      #expect(try file.header(as: Header.self) == Header())
      #expect(file.sectionNames == ["theta", "curve", "seen", "flags", "none"])
      let bits = try file.floatVector("theta").array.map(\.bitPattern)
      #expect(bits == [Float(1.5), -0.0, .nan, .infinity].map(\.bitPattern))
      #expect(try file.floats("theta").map(\.bitPattern) == bits)
      #expect(try file.doubles("curve") == [0.1, 0.2, .leastNonzeroMagnitude])
      #expect(try file.floats("seen") == [3, 3, 3, 3, 3])
      #expect(try file.bytes("flags") == [1, 2, 3])
      #expect(try file.floats("none") == [])
      // Reading and writing again changes no byte.
      #expect(try file.encoded() == contents(path))
      #expect(try sample().encoded() == contents(path))
    }
  }

  @Test func `another process writes the same bytes`() async throws {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    await #expect(processExitsWith: .success) { [folder = folder as String] in
      try sample().write(to: folder + "/there")
    }
    #expect(try sample().encoded() == contents(folder + "/there"))
  }

  @Test func `every truncation is told`() throws {
    let bytes = try sample().encoded()
    for count in 0..<bytes.count {
      guard case .truncated(_, let found, _) = refusal(Array(bytes[..<count])) else {
        Issue.record("\(count) bytes were not told to be truncated")
        continue
      }
      #expect(found == count)
    }
    #expect(refusal(bytes + [0]) == .corrupt(path: "x", reason: "its checksum is wrong"))
  }

  @Test func `every flipped bit is told`() throws {
    let bytes = try sample().encoded()
    for position in bytes.indices {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[position] ^= 1 << bit
        #expect(refusal(flipped) != nil, "byte \(position), bit \(bit)")
      }
    }
  }

  @Test func `foreign files, newer versions and other kinds are refused`() throws {
    #expect(refusal(Array("\u{89}HDF\r\n\u{1a}\n something else".utf8)) == .notOurs(path: "x"))
    #expect(refusal(Array("{}".utf8)) == .notOurs(path: "x"))
    var newer = try sample().encoded()
    newer[8] = 2
    #expect(refusal(newer) == .newerVersion(path: "x", version: 2))
    let bytes = try sample().encoded()
    #expect(
      throws: SealedFileError.otherKind(path: "x", found: "checkpoint", expected: "finished run")
    ) { try SealedFile(decoding: bytes, path: "x", kind: "finished run") }
  }

  @Test func `sections that are not there or of another kind are refused`() throws {
    let file = try SealedFile(decoding: try sample().encoded(), path: "x", kind: "checkpoint")
    #expect(throws: SealedFileError.self) { try file.floats("nothing") }
    #expect(throws: SealedFileError.self) { try file.floats("curve") }
    #expect(throws: SealedFileError.self) { try file.doubles("theta") }
    #expect(throws: SealedFileError.self) { try file.header(as: [Int].self) }
  }

  @Test func `errors are one line with the path`() {
    let errors: [SealedFileError] = [
      .notOurs(path: "/p"), .otherKind(path: "/p", found: "a", expected: "b"),
      .truncated(path: "/p", found: 1, expected: 2),
      .truncated(path: "/p", found: 1, expected: nil),
      .corrupt(path: "/p", reason: "r"), .newerVersion(path: "/p", version: 9),
    ]
    for error in errors {
      #expect(error.exitStatus == .badData)
      #expect(error.description.contains("/p"))
      #expect(!error.description.contains("\n"))
    }
  }

  @Test func `a missing file is told`() throws {
    let error = #expect(throws: FileError.self) {
      try SealedFile(readingFrom: "/nowhere/at/all", kind: "checkpoint")
    }
    #expect(error?.exitStatus == .noInput)
  }

  /// Three vectors of 1.8 million floats (theta and Adam's state of the MLP): generous bounds, for
  /// a copy element by element would take seconds.
  @Test func `large vectors are fast`() throws {
    let vector = FloatVector(repeating: 0.25, count: 1_800_000)
    var file = try SealedFile(kind: "checkpoint", header: Header())
    for name in ["theta", "m", "v"] { file.append(name, vector) }
    let clock = ContinuousClock()
    var bytes: [UInt8] = []
    let encoding = try clock.measure { bytes = try file.encoded() }
    var read: [FloatVector] = []
    let decoding = try clock.measure {
      let file = try SealedFile(decoding: bytes, path: "x", kind: "checkpoint")
      read = try ["theta", "m", "v"].map { try file.floatVector($0) }
    }
    #expect(read.allSatisfy { $0 == vector })
    #expect(encoding < .milliseconds(400))
    #expect(decoding < .milliseconds(400))
    print("sealed file of \(bytes.count) bytes: encoded in \(encoding), decoded in \(decoding)")
  }
}
