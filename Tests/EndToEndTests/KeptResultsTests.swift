import Foundation
import ResultStore
import TestSupport
import Testing

/// The results that are kept with the project, under the rules of the program that is run now.
@Suite struct KeptResultsTests {
  private static let reference = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../results/reference").standardized

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
    for name in kept.map(\.lastPathComponent).sorted() {
      let judged = try Program(String(name.dropLast(3))).run([
        "--rejudge", "--profile", profile, "--output", folder / name,
      ])
      #expect(
        judged.status == 0 && judged.output.contains("is judged by these rules"),
        "\(name): \(judged.output) \(judged.errors)")
    }
  }
}
