import Foundation
import ResultStore
import TestSupport
import Testing

/// The results that are kept with the project, under the rules of the program that is run now.
@Suite struct KeptResultsTests {
  private static let reference = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../results/reference").standardized

  /// What a file says of each claim. Its bytes, and so `content_sha256`, depend on the version of HDF5.
  private func verdicts(_ path: String) throws -> [[String]] {
    let claims = try ResultFile.read(path).view.subgroup("claims")
    return try ["id", "arm", "verdict", "finding", "rule_sha256"].map {
      try claims.texts($0).values
    }
  }

  @Test(arguments: ["quick", "paper"])
  func `every kept result is judged by today's rules`(profile: String) throws {
    let folder = try TemporaryFolder()
    let kept = try FileManager.default.contentsOfDirectory(
      at: Self.reference.appending(path: profile), includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "h5" }
    try #require(!kept.isEmpty)
    for file in kept {
      try FileManager.default.copyItem(
        at: file, to: URL(filePath: folder / file.lastPathComponent))
    }
    for file in kept {
      let name = file.lastPathComponent
      let judged = try Program(String(name.dropLast(3))).run([
        "--rejudge", "--profile", profile, "--output", folder / name,
      ])
      #expect(judged.status == 0, "\(name): \(judged.errors)")
      let verdicts = try verdicts(folder / name)
      #expect(try verdicts == self.verdicts(file.path), "\(name)")
      #expect(!verdicts[0].isEmpty)
    }
  }
}
