import Foundation
import Storage
import TestSupport
import Testing

/// Complete is what has the content that was recorded, made from the same inputs.
@Suite struct OutputSealTests {
  private func withSeal(_ body: (_ folder: String, _ seal: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/deeper/outputs.sealed"
      var seal = OutputSeal(replacing: path)
      try AtomicFile.commit("one", to: folder + "/a")
      seal.record("a", Array("one".utf8), from: "inputs")
      try seal.write()
      try body(folder, path)
    }
  }

  @Test func `a seal knows what was recorded, and from which inputs`() throws {
    try withSeal { folder, path in
      let seal = OutputSeal(at: path)
      #expect(seal.names == ["a"])
      #expect(seal.isComplete("a", at: folder + "/a", from: "inputs"))
      #expect(!seal.isComplete("a", at: folder + "/a", from: "others"))
      #expect(!seal.isComplete("b", at: folder + "/a", from: "inputs"))
    }
  }

  @Test func `times of files say nothing`() throws {
    try withSeal { folder, path in
      try FileManager.default.setAttributes(
        [.modificationDate: Date.distantFuture], ofItemAtPath: folder + "/a")
      #expect(OutputSeal(at: path).isComplete("a", at: folder + "/a", from: "inputs"))
    }
  }

  @Test(arguments: ["", "on", "onf", "one\n"]) func `other content is not complete`(content: String)
    throws
  {
    try withSeal { folder, path in
      try AtomicFile.commit(content, to: folder + "/a")
      #expect(!OutputSeal(at: path).isComplete("a", at: folder + "/a", from: "inputs"))
      unlink(folder + "/a")
      #expect(!OutputSeal(at: path).isComplete("a", at: folder + "/a", from: "inputs"))
    }
  }

  @Test func `a damaged seal knows nothing`() throws {
    try withSeal { _, path in
      var bytes = try contents(path)
      bytes[bytes.count / 2] ^= 1
      try AtomicFile.commit(bytes, to: path)
      #expect(OutputSeal(at: path).names.isEmpty)
    }
  }
}
