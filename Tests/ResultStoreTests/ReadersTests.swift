import Foundation
import ResultStore
import TestSupport
import Testing

/// Debian's Python packages read what we write. Without them there is nothing to test here; the
/// script says which reader is missing.
@Suite struct ReadersTests {
  private static let python = "/usr/bin/python3"

  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "readers/check_readers.py").path

  private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  private static var hasReaders: Bool {
    (try? run(["-c", "import h5py"]))?.status == 0
  }

  @Test(.enabled(if: hasReaders, "python3-h5py is not installed"))
  func `a reader in another language agrees`() throws {
    try withTemporaryFolder { (folder: String) throws -> Void in
      let path = folder + "/sample.h5"
      try ResultFile.write(sampleDocument(), to: path)
      let result = try Self.run([Self.script, path])
      #expect(result.status == 0, "\(result.output)")
      #expect(result.output.contains(" 0 failed"), "\(result.output)")
      print(result.output)
    }
  }

  @Test(.enabled(if: hasReaders, "python3-h5py is not installed"))
  func `the script notices other files`() throws {
    try withTemporaryFolder { (folder: String) throws -> Void in
      let path = folder + "/other.h5"
      let program = """
        import h5py, sys
        with h5py.File(sys.argv[1], "w") as file:
            file["cost"] = [1.0, 2.0]
        """
      #expect(try Self.run(["-c", program, path]).status == 0)
      #expect(try Self.run([Self.script, path]).status == 1)
    }
  }
}
