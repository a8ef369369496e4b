import Reproduction
import Storage
import Testing

extension CommittedSearch {
  /// A search that has tried nothing.
  static let empty = CommittedSearch(rows: [], remarks: [])

  /// One point of Adam's over three epochs.
  static let adamOverThreeEpochs = CommittedSearch(
    rows: [
      .init(
        contender: "Adam", point: .init(hyperparameters: ["alpha": 0.2], schedule: .constant),
        epochs: 3, seed: 7, cost: 0.5)
    ], remarks: [])
}

/// The outcome of a search decides what the arm `tuned` runs: a table that is not as it was written
/// is refused, with the line.
@Suite struct CommittedSearchTests {
  private static let table = CommittedSearch(
    rows: [
      .init(
        contender: "Adam",
        point: .init(hyperparameters: ["alpha": 3e-4, "beta1": 0.9], schedule: .constant),
        epochs: 200, seed: 1_000_000, cost: 0.0123456789),
      .init(
        contender: "Adam", point: .init(hyperparameters: ["alpha": 1], schedule: .constant),
        epochs: 200, seed: 1_000_000, cost: .nan),
    ], remarks: ["a remark", "data: mnist"])

  @Test func `a table keeps its content`() throws {
    let read = try CommittedSearch(Array(Self.table.text.utf8))
    #expect(read.text == Self.table.text)
    #expect(read.remarks == ["a remark", "data: mnist"])
    #expect(read.best("Adam", for: 200)?.point.hyperparameters == ["alpha": 3e-4, "beta1": 0.9])
    #expect(read.best("SGD", for: 200) == nil)
  }

  /// Lines: two remarks, the header, two rows, the checksum.
  @Test(arguments: [
    ("\tconstant\t200\t1000000\tnan", "", 5), ("alpha=1\t", "alpha=one\t", 5),
    ("alpha=1\t", "alpha=1,alpha=2\t", 5), ("alpha=1\t", "\t", 5), ("\t200\t", "\ttwo\t", 4),
    ("0.0123456789", "cheap", 4), ("0.0123456789", "inf", 4), ("1000000", "-1", 4),
    ("contender\t", "optimizer\t", 3), ("0.0123456789", "0.0223456789", 6),
    ("Adam\talpha=1\t", "AdaGrad\talpha=1\t", 6), ("data: mnist", "data: other", 6),
    ("# a remark\n", "", 5), ("# sha256 ", "# ", 6), ("\tconstant\t", "\tconstand\t", 4),
  ])
  func `damage is told with the line`(text: String, replacement: String, line: Int) throws {
    let damaged = Self.table.text.replacing(text, with: replacement, maxReplacements: 1)
    #expect(damaged != Self.table.text)
    let error = #expect(throws: TableError.self) { try CommittedSearch(Array(damaged.utf8)) }
    #expect(error?.line == line, "\(error?.description ?? "")")
    #expect(error?.exitStatus == .badData)
    #expect(error?.description.hasPrefix("search.tsv, line \(line): ") == true)
  }

  @Test func `every shorter table is refused`() throws {
    let bytes = Array(Self.table.text.utf8)
    for count in 0..<bytes.count {
      #expect(throws: TableError.self) { try CommittedSearch(Array(bytes[..<count])) }
    }
  }

  @Test func `every flipped bit is refused or harmless`() throws {
    let bytes = Array(Self.table.text.utf8)
    for place in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[place] ^= 1 << bit
        if let read = try? CommittedSearch(damaged) { #expect(read.text == Self.table.text) }
      }
    }
  }

  @Test(arguments: ["cifar-cnn", "imdb-logistic", "mnist-mlp"])
  func `the project's tables are whole`(experiment: String) throws {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let bytes = try FileContents.read("\(root)/reproductions/\(experiment)/search.tsv")
    let table = try CommittedSearch(bytes)
    #expect(!table.rows.isEmpty && Array(table.text.utf8) == bytes)
  }
}
