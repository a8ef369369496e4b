import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

/// Notes each call, and the temporary's length when it is renamed.
private final class RecordingFileLayer: FileLayer {
  private let base = SystemFileLayer()
  private let flipsBits: Bool
  private let log = Mutex<[String]>([])

  init(flipsBits: Bool = false) { self.flipsBits = flipsBits }

  var calls: [String] { log.withLock { $0 } }

  private func note(_ call: String) { log.withLock { $0.append(call) } }

  func create(_ path: String) throws -> OpenFile {
    note("create")
    return try base.create(path)
  }
  func openForLocking(_ path: String) throws -> OpenFile {
    note("open for locking")
    return try base.openForLocking(path)
  }
  func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws -> Int {
    note("write")
    guard flipsBits else { return try base.write(bytes, to: file) }
    return try bytes.map { $0 ^ 1 }.withUnsafeBytes { try base.write($0, to: file) }
  }
  func truncate(_ file: OpenFile) throws {
    note("truncate")
    try base.truncate(file)
  }
  func synchronize(_ file: OpenFile) throws {
    note("synchronize")
    try base.synchronize(file)
  }
  func close(_ file: OpenFile) throws {
    note("close")
    try base.close(file)
  }
  func lock(_ file: OpenFile) throws -> Bool {
    note("lock")
    return try base.lock(file)
  }
  func rename(_ source: String, to target: String) throws {
    let folder = FilePaths.folder(of: source) == FilePaths.folder(of: target)
    note("rename \(try contents(source).count) bytes, \(folder ? "same" : "other") folder")
    try base.rename(source, to: target)
  }
  func remove(_ path: String) throws {
    note("remove")
    try base.remove(path)
  }
  func createFolder(_ path: String) throws {
    note("create folder")
    try base.createFolder(path)
  }
  func synchronizeFolder(_ path: String) throws {
    note("synchronize folder \(FilePaths.name(of: path))")
    try base.synchronizeFolder(path)
  }
}

@Suite struct CommitOrderTests {
  /// A power failure cannot be tested here; that the disk is asked in the right order can.
  @Test func `everything is on the disk before it is renamed`() throws {
    try withTemporaryFolder { folder in
      let layer = RecordingFileLayer()
      try AtomicFile.commit(noise(77), to: folder + "/result", layer: layer) { _ in
        #expect(layer.calls.contains("synchronize"))
      }
      #expect(
        layer.calls == [
          "create", "write", "synchronize", "close", "rename 77 bytes, same folder",
          "synchronize folder \(FilePaths.name(of: folder))",
        ])
    }
  }

  @Test func `new folders are on the disk`() throws {
    try withTemporaryFolder { folder in
      let layer = RecordingFileLayer()
      try layer.createFolders(folder + "/a/b")
      #expect(
        layer.calls == [
          "create folder", "synchronize folder \(FilePaths.name(of: folder))",
          "create folder", "synchronize folder a",
        ])
    }
  }

  /// A disk that says "written" and is wrong.
  @Test func `what is written wrong is not kept`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result"
      try AtomicFile.commit(noise(10), to: path)
      let layer = RecordingFileLayer(flipsBits: true)
      #expect(throws: VerificationError(path: path)) {
        try AtomicFile.commit(noise(77), to: path, layer: layer)
      }
      #expect(try contents(path) == noise(10))
      #expect(layer.calls == ["create", "write", "synchronize", "close", "remove"])
      #expect(FilePaths.names(in: folder) == ["result"])
    }
  }
}
