import Storage
import TestSupport
import Testing

@Suite struct FileContentsTests {
  @Test func `a part is what there is of it`() throws {
    let folder = try TemporaryFolder()
    try folder.write([0, 1, 2, 3, 4], to: "file")
    func part(_ range: Range<Int>) throws -> [UInt8] {
      try FileContents.readPart(folder / "file") { size in
        #expect(size == 5)
        return range
      }
    }
    #expect(try part(1..<3) == [1, 2])
    #expect(try part(0..<5) == [0, 1, 2, 3, 4])
    #expect(try part(3..<9) == [3, 4])
    #expect(try part(5..<9) == [] && part(7..<9) == [] && part(2..<2) == [])
    #expect(try FileContents.readSuffix(folder / "file", count: 2) == [3, 4])
    #expect(try FileContents.readSuffix(folder / "file", count: 9) == [0, 1, 2, 3, 4])
    #expect(throws: FileError.self) { try FileContents.readPart(folder / "none") { _ in 0..<1 } }
  }
}
