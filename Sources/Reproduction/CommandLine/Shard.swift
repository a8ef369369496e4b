import Storage

/// One of `count` parts of the run list.
struct Shard: Equatable {
  let index: Int
  let count: Int
  /// The runs that a file gives to this part; `nil`: the checksum decides.
  private let dealt: Set<String>?

  /// The part that `text` (`I/N`) names, with the runs that the file at `table` gives to it: lines of
  /// a part's number and a run's identity, a tab between.
  ///
  /// - Throws: `UsageError` if the text names no part, `DealtTableError` for a line of another form,
  ///   `FileError` if the file cannot be read.
  init(_ text: String, table: String?) throws {
    let parts = text.split(separator: "/").map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count >= 1,
      (1...count).contains(index)
    else {
      throw UsageError("--shard takes I/N with 1 <= I <= N, not \"\(text)\"")
    }
    self.index = index
    self.count = count
    dealt = try table.map { try Self.runs(of: index, count: count, in: $0) }
  }

  private static func runs(of index: Int, count: Int, in path: String) throws -> Set<String> {
    var found: Set<String> = []
    let text = String(decoding: try FileContents.read(path), as: UTF8.self)
    for (number, line) in text.split(separator: "\n").enumerated() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 2, let part = Int(fields[0]), (1...count).contains(part),
        !fields[1].isEmpty
      else { throw DealtTableError(path: path, line: number + 1, count: count) }
      if part == index { found.insert(String(fields[1])) }
    }
    return found
  }

  /// Whether the run is of this part. Without a table a run's identity tells, so that it never
  /// changes.
  func contains(_ identity: String) -> Bool {
    if let dealt { return dealt.contains(identity) }
    let number = UInt64(identity.prefix(15), radix: 16) ?? 0
    return number % UInt64(count) == UInt64(index - 1)
  }
}

/// A file for `--dealt` with a line that gives no run to a part.
struct DealtTableError: UserFacingError {
  let path: String
  let line: Int
  let count: Int

  var description: String {
    "\(path), line \(line): not a part from 1 to \(count), a tab and a run; make the file anew"
  }

  var exitStatus: ExitStatus { .badData }
}
