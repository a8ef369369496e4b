import Foundation
import ResultStore
import Storage
import Testing

@Suite struct ResultFileTests {
  @Test func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/sample.h5"
      try Data(ResultFile.encode(sampleDocument())).write(to: URL(filePath: path))
      if let keep = ProcessInfo.processInfo.environment["KEEP_SAMPLE"] {
      try Data(ResultFile.encode(sampleDocument())).write(to: URL(filePath: keep))
      }
      let read = try ResultFile.read(path)
      #expect(read.isIdentical(to: sampleDocument()))
      #expect(
        read.root.attributes.map(\.name) == sampleDocument().root.attributes.map(\.name).sorted())
      if let keep = ProcessInfo.processInfo.environment["KEEP_SAMPLE"] {
        try ResultFile.write(sampleDocument(), to: keep)
      }
      #expect(FilePaths.names(in: folder) == ["sample.h5"])
    }
  }
}
