import Foundation

/// Calls `body` with the path of a new empty folder, removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = makeTemporaryFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

func makeTemporaryFolder() -> String {
  var template = Array("\(NSTemporaryDirectory())/storage-tests-XXXXXX".utf8CString)
  return String(cString: mkdtemp(&template))
}

func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

/// All names in the folder but one.
func otherNames(in folder: String, than name: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != name }.sorted()
}

/// Bytes without a pattern.
func noise(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}
