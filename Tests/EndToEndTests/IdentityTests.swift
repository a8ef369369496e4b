import Foundation
import Storage
import Testing

/// Finished runs are known by their identity. Where a change of the code alters the numbers of some
/// experiments, the runs of all others stay known.
@Suite struct IdentityTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func identities(of experiment: String) throws -> [String] {
    var arguments = ["--profile", "smoke", "--list", "--output", folder / "r.h5"]
    if experiment != "algorithm-properties" { arguments.append("--stand-in") }
    let outcome = try Program(experiment).run(arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.output.split(separator: "\n").compactMap { (line: Substring) -> String? in
      let first: Substring = line.prefix { $0 != " " }
      return first.count == 12 && first.allSatisfy(\.isHexDigit) ? String(first) : nil
    }
  }

  @Test(arguments: [
    (
      "mnist-logistic", 96,
      "dda87cefcbfb758fcffc394aac985967d25ffc1ae926c20311e03f9c97ae52ff"
    ),
    (
      "imdb-logistic", 275,
      "ce5f8fb9a2594c3e3b78aebd48b55695d1393c10c4749f56f3be78ca90f2bf2a"
    ),
    (
      "regret", 22,
      "e13bed80e39939debc75b233e3e30786647e70badcaf0dd6f22066f67b479f47"
    ),
    (
      "algorithm-properties", 72,
      "6454b5b4663de53ef90484d87359655866f43cd08a0deab7b1ed71501516c240"
    ),
  ])
  func runsWhoseNumbersHaveNotChangedStayKnown(
    experiment: String, count: Int, digest: String
  ) throws {
    let found = try identities(of: experiment).sorted()
    #expect(found.count == count)
    #expect(SHA256.hexDigest(of: Array(found.joined(separator: " ").utf8)) == digest)
  }

  /// The models of one experiment have versions of their own.
  @Test(arguments: [
    ("adamax", ["8c58ad9c1894", "97555c5560da"], ["550cf8434bbc", "41af0a3e6260"]),
    ("temporal-averaging", ["44c9ce473f8e", "9bf25fe80e54"], ["0da4b8690b06"]),
  ])
  func logisticRegressionIsKeptWhereTheNetworksHaveChanged(
    experiment: String, kept: [String], gone: [String]
  ) throws {
    let found = try identities(of: experiment)
    #expect(Set(kept).isSubset(of: found))
    #expect(Set(gone).isDisjoint(with: found))
  }
}
