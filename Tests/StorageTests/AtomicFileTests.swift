import Foundation
import Storage
import TestSupport
import Testing

private let old = noise(3000, seed: 7)
private let new = noise(5001, seed: 8)

@Suite struct AtomicFileTests {
  @Test func `a file is created and replaced`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result"
      try AtomicFile.commit(old, to: path)
      #expect(try contents(path) == old)
      try AtomicFile.commit(new, to: path)
      #expect(try contents(path) == new)
      try AtomicFile.commit([], to: path)
      #expect(try contents(path) == [])
      try AtomicFile.commit("a line\n", to: path)
      #expect(try contents(path) == Array("a line\n".utf8))
      #expect(try otherNames(in: folder, than: "result") == [])
    }
  }

  @Test func `a link is followed and kept`() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/disk", withIntermediateDirectories: false)
      try Data(old).write(to: URL(filePath: folder + "/disk/real"))
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/link", withDestinationPath: "disk/real")
      try AtomicFile.commit(new, to: folder + "/link")
      #expect(try contents(folder + "/disk/real") == new)
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == "disk/real")
    }
  }

  @Test func `a link that leads nowhere is told`() throws {
    try withTemporaryFolder { folder in
      let link = folder + "/link"
      try FileManager.default.createSymbolicLink(
        atPath: link, withDestinationPath: "gone/real")
      let error = #expect(throws: DanglingLinkError.self) { try AtomicFile.commit(new, to: link) }
      #expect(error?.exitStatus == .cannotCreate && error?.description.contains(link) == true)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "gone/real")
      #expect(try otherNames(in: folder, than: "link") == [])
    }
  }

  /// Which calls a commit makes is counted, so that a new call is covered by itself.
  private static func callCount() throws -> Int {
    try withTemporaryFolder { folder in
      let layer = FaultInjectingFileLayer()
      try AtomicFile.commit(old, to: folder + "/result", layer: layer)
      return layer.callCount
    }
  }

  /// The legal states after a commit that went wrong or not: the old or the new file, whole.
  private func check(_ folder: String, succeeded: Bool, _ comment: Comment) throws {
    let found = try contents(folder + "/result")
    #expect(found == new || (!succeeded && found == old), comment)
  }

  @Test(arguments: [ENOSPC, EIO, EROFS, EACCES, EDQUOT])
  func `a failure at any call keeps the old content`(code: Int32) throws {
    let callCount = try Self.callCount()
    #expect(callCount >= 6)
    for persistent in [false, true] {
      for number in 1...callCount {
        try withTemporaryFolder { folder in
          let path = folder + "/result"
          try Data(old).write(to: URL(filePath: path))
          let layer = FaultInjectingFileLayer(
            persistent ? .failFromHere(code: code) : .fail(code: code), atCall: number)
          let comment: Comment = "call \(number), persistent \(persistent)"
          let error = #expect(throws: FileError.self, comment) {
            try AtomicFile.commit(new, to: path, layer: layer)
          }
          #expect(error?.path == path, comment)
          #expect(error?.code == code, comment)
          try check(folder, succeeded: false, comment)
          if !persistent { #expect(try otherNames(in: folder, than: "result") == [], comment) }
          // Whatever was left, the next commit removes.
          try AtomicFile.commit(new, to: path)
          #expect(try contents(path) == new, comment)
          #expect(try otherNames(in: folder, than: "result") == [], comment)
        }
      }
    }
  }

  @Test func `short writes are gone on with`() throws {
    for number in 1...(try Self.callCount()) {
      for fault in [FaultInjectingFileLayer.Fault.writeShort, .writeShortFromHere] {
        try withTemporaryFolder { folder in
          let path = folder + "/result"
          let layer = FaultInjectingFileLayer(fault, atCall: number)
          try AtomicFile.commit(new, to: path, layer: layer)
          #expect(try contents(path) == new)
          #expect(try otherNames(in: folder, than: "result") == [])
        }
      }
    }
  }

  @Test func `a kill at any call keeps the old content or the new one`() async throws {
    let callCount = try Self.callCount()
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    let path = folder + "/result"
    for number in 1...callCount {
      try Data(old).write(to: URL(filePath: path))
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, number = number as Int] in
        let layer = FaultInjectingFileLayer(.kill, atCall: number)
        try AtomicFile.commit(noise(5001, seed: 8), to: path, layer: layer)
      }
      try check(folder, succeeded: false, "killed at call \(number)")
      // At most the temporary of this one death: those before have been removed.
      #expect(try otherNames(in: folder, than: "result").count <= 1, "call \(number)")
    }
    try AtomicFile.commit(new, to: path)
    #expect(try otherNames(in: folder, than: "result") == [])
  }

  @Test func `other files are left alone`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result"
      let living = ".result.\(getppid()).0.partial"
      let others = [
        ".result.notes", ".result.12x.0.partial", ".result2.999999999.0.partial", "result.partial",
        living,
      ]
      for name in others { try Data([1]).write(to: URL(filePath: folder + "/" + name)) }
      // A process number beyond any limit, and our own from an earlier life in a container.
      for pid in [999_999_999, getpid()] {
        try Data([1]).write(to: URL(filePath: folder + "/.result.\(pid).123.partial"))
      }
      try AtomicFile.commit(new, to: path)
      #expect(try otherNames(in: folder, than: "result") == others.sorted())
    }
  }

  @Test func `what does not read back is refused`() throws {
    struct Refused: Error {}
    try withTemporaryFolder { folder in
      let path = folder + "/result"
      try AtomicFile.commit(old, to: path)
      #expect(throws: Refused.self) {
        try AtomicFile.commit(new, to: path) { temporary in
          #expect(try contents(temporary) == new)
          throw Refused()
        }
      }
      #expect(try contents(path) == old)
      #expect(try otherNames(in: folder, than: "result") == [])
    }
  }

  @Test func `many threads that write one file leave the whole of one of them`() async throws {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    let path = folder + "/result"
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 0..<16 {
        group.addTask { try AtomicFile.commit(noise(999, seed: UInt64(seed)), to: path) }
      }
      try await group.waitForAll()
    }
    let found = try contents(path)
    #expect((0..<16).contains { noise(999, seed: $0) == found })
    #expect(try otherNames(in: folder, than: "result") == [])
  }

  @Test func `errors say what to do`() throws {
    try withTemporaryFolder { folder in
      let missing = #expect(throws: FileError.self) {
        try AtomicFile.commit(new, to: folder + "/no/result")
      }
      #expect(missing?.exitStatus == .cannotCreate)
      #expect(
        missing?.description == "cannot create \(folder)/no/result: No such file or directory; "
          + "its folder is missing: create it, or choose another folder")
      let occupied = #expect(throws: FileError.self) { try AtomicFile.commit(new, to: folder) }
      #expect(occupied?.exitStatus == .cannotCreate)
      #expect(FilePaths.names(in: folder) == [])

      let path = folder + "/result"
      let full = FaultInjectingFileLayer(.fail(code: ENOSPC), atCall: 2)
      let noSpace = #expect(throws: FileError.self) {
        try AtomicFile.commit(new, to: path, layer: full)
      }
      #expect(noSpace?.exitStatus == .inputOutput)
      #expect(
        noSpace?.description == "cannot write \(path): No space left on device; free some space "
          + "there, then run the same command again (finished runs are kept)")
      let readOnly = FaultInjectingFileLayer(.fail(code: EROFS), atCall: 1)
      let refused = #expect(throws: FileError.self) {
        try AtomicFile.commit(new, to: path, layer: readOnly)
      }
      #expect(refused?.exitStatus == .cannotCreate)
      #expect(refused?.description.contains("Read-only file system") == true)
    }
  }

  @Test func `folders are created with those above them`() throws {
    try withTemporaryFolder { folder in
      try SystemFileLayer.system.createFolders(folder + "/a/b//c/")
      #expect(FilePaths.isFolder(folder + "/a/b/c"))
      try SystemFileLayer.system.createFolders(folder + "/a/b/c")
      try Data([1]).write(to: URL(filePath: folder + "/file"))
      let error = #expect(throws: FileError.self) {
        try SystemFileLayer.system.createFolders(folder + "/file/d")
      }
      #expect(error?.exitStatus == .cannotCreate)
    }
  }

  @Test func `a path has a folder and a name`() {
    #expect(FilePaths.folder(of: "a/b") == "a")
    #expect(FilePaths.folder(of: "b") == ".")
    #expect(FilePaths.folder(of: "/b") == "/")
    #expect(FilePaths.folder(of: "/") == "/")
    #expect(FilePaths.folder(of: "a//b/") == "a")
    #expect(FilePaths.name(of: "/a/b.h5") == "b.h5")
    #expect(FilePaths.join("/", "b") == "/b")
  }
}

@Suite struct OutputLockTests {
  @Test func `a lock has one holder at a time`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/result.h5"
      do {
        let lock = try OutputLock(output: path)
        defer { withExtendedLifetime(lock) {} }
        let error = #expect(throws: OutputLockedError.self) { try OutputLock(output: path) }
        #expect(error?.holder == getpid())
        #expect(error?.exitStatus == .cannotCreate)
        #expect(
          error?.description == "\(path) is being written by process \(getpid()); "
            + "wait until it ends, or choose another --output")
        // Another output is free.
        _ = try OutputLock(output: folder + "/other.h5")
      }
      #expect(FilePaths.names(in: folder) == [])
      _ = try OutputLock(output: path)
    }
  }

  @Test func `a lock vanishes with its process`() async throws {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    let path = folder + "/result.h5"
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let lock = try OutputLock(output: path)
      kill(getpid(), SIGKILL)
      withExtendedLifetime(lock) {}
    }
    #expect(FilePaths.names(in: folder) == [".result.h5.lock"])
    let lock = try OutputLock(output: path)
    #expect(OutputLock.holder(output: path) == getpid())
    withExtendedLifetime(lock) {}
  }

  @Test func `another process is refused`() async throws {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let folder = scratch.path
    let path = folder + "/result.h5"
    let lock = try OutputLock(output: path)
    let holder = getpid()
    await #expect(processExitsWith: .exitCode(73)) {
      [path = path as String, holder = holder as Int32] in
      do {
        _ = try OutputLock(output: path)
      } catch let error as OutputLockedError where error.holder == holder {
        exit(error.exitStatus.rawValue)
      }
    }
    withExtendedLifetime(lock) {}
  }

  @Test func `a lock that cannot be had at any call is told, and can be had later`() throws {
    for number in 1...4 {
      try withTemporaryFolder { folder in
        let layer = FaultInjectingFileLayer(.fail(code: ENOLCK), atCall: number)
        #expect(throws: FileError.self) {
          try OutputLock(output: folder + "/result.h5", layer: layer)
        }
        _ = try OutputLock(output: folder + "/result.h5")
      }
    }
  }
}
