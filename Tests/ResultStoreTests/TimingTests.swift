import Foundation
import ResultStore
import Storage
import TestSupport
import Testing

@Suite struct TimingTests {
  /// As large as the sweep of Figure 4; the bounds are generous, a status check must not take longer
  /// than a blink.
  @Test func `a file of realistic size is written and read quickly`() throws {
    try withTemporaryFolder { (folder: String) throws -> Void in
      var root = Group()
      root.attributes = [Attribute("schema", ResultFile.schema)]
      for index in 0..<25 {
        root.attributes.append(Attribute("attribute\(index)", "text \(index)"))
      }
      root.dimensions = [
        Dimension("arm", .string(["fitted", "tuned"])),
        Dimension("optimizer", .string((0..<5).map { "optimizer\($0)" })),
        Dimension("seed", .int64(Array(0..<10))), Dimension("epoch", .int64(Array(0..<201))),
      ]
      let axes = root.dimensions.map(\.name)
      for index in 0..<6 {
        let values = (0..<2 * 5 * 10 * 201).map { Foundation.sin(Double($0 * (index + 1))) }
        root.variables.append(
          Variable("cost\(index)", axes, .double(values), attributes: [Attribute("units", "1")]))
      }
      for index in 0..<30 {
        root.variables.append(
          Variable(
            "setting\(index)", ["arm", "optimizer"], .double([Double](repeating: 1, count: 10))))
      }
      root.variables.append(
        Variable("status", ["arm", "optimizer", "seed"], .uint8([UInt8](repeating: 1, count: 100))))
      let document = Document(root: root)
      let path = folder + "/large.h5"
      let clock = ContinuousClock()
      var bytes: [UInt8] = []
      let encoding = try clock.measure { bytes = try ResultFile.encode(document) }
      let writing = try clock.measure { try ResultFile.write(document, to: path) }
      let reading = try clock.measure { _ = try ResultFile.read(path) }
      let asking = try clock.measure { _ = try ResultFile.read(path, variables: ["status"]) }
      #expect(writing < .seconds(2))
      #expect(asking < .milliseconds(200))
      print(
        "\(bytes.count) bytes: encoded in \(encoding), written and verified in \(writing), "
          + "read in \(reading), status in \(asking)")
    }
  }
}
