import Numerics
import Storage

/// The Large Movie Review Dataset: one review a file, `aclImdb/{train,test}/{pos,neg}/<id>_<rating>.txt`.
/// (https://ai.stanford.edu/~amaas/data/sentiment/)
package enum IMDB {
  private static let root = "aclImdb/"
  /// The longest real review has 14 KB.
  private static let reviewLimit = 1 << 20
  /// The official archive holds 0.5 GB.
  static let byteLimit = 2 << 30

  /// Which review a file is.
  package struct ReviewName: Equatable, Sendable {
    package let split: Split
    package let isPositive: Bool
    package let id: Int
    package let rating: Int

    /// The review that an entry of this name holds; `nil` for the archive's other files.
    ///
    /// Throws the reason if the entry lies in a folder of reviews, but its name is not of the form
    /// `<id>_<rating>.txt`, or the rating contradicts the folder (7 to 10 in `pos`, 1 to 4 in
    /// `neg`).
    package init?(entry: String) throws(Fault) {
      var parts = entry.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 4, parts[0] == "aclImdb" else { return nil }
      switch parts[1] {
      case "train": split = .training
      case "test": split = .test
      default: return nil
      }
      switch parts[2] {
      case "pos": isPositive = true
      case "neg": isPositive = false
      default: return nil
      }
      guard parts[3].hasSuffix(".txt") else { throw Fault.noRating }
      parts[3].removeLast(4)
      let numbers = parts[3].split(separator: "_", omittingEmptySubsequences: false)
      guard numbers.count == 2, let id = Self.number(numbers[0]),
        let rating = Self.number(numbers[1])
      else { throw Fault.noRating }
      guard isPositive ? (7...10).contains(rating) : (1...4).contains(rating) else {
        throw Fault.wrongRating(rating)
      }
      self.id = id
      self.rating = rating
    }

    /// Why a file in a folder of reviews is refused.
    package enum Fault: Error, Equatable {
      case noRating
      case wrongRating(Int)

      var reason: String {
        switch self {
        case .noRating: "its name is not <id>_<rating>.txt"
        case .wrongRating(let rating): "its rating \(rating) contradicts its folder"
        }
      }
    }

    private static func number(_ text: Substring) -> Int? {
      let digits = text.utf8
      guard (1...9).contains(digits.count) else { return nil }
      var number = 0
      for digit in digits {
        guard digit >= 0x30, digit <= 0x39 else { return nil }
        number = 10 * number + Int(digit - 0x30)
      }
      return number
    }
  }

  /// Counts the words of all reviews; throws `DatasetError` and `FileError`.
  ///
  /// The order within a split is that of the ids, the negative review before the positive one of
  /// the same id, whatever the archive's order.
  static func counts(_ file: LocatedDataset.File, _ options: TextOptions) throws -> WordCounts {
    let path = file.path
    let archive = try file.content(of: .imdb, limit: byteLimit)
    var collector = WordCollector(options.tokenization)
    let text = UnsafeMutableRawBufferPointer.allocate(byteCount: reviewLimit + 1, alignment: 64)
    defer { text.deallocate() }
    while let name = try archive.next() {
      let review: ReviewName?
      do {
        review = try ReviewName(entry: name)
      } catch {
        throw DatasetError.damaged(
          path: path, reason: "\(DatasetError.printable(name)): \(error.reason)")
      }
      guard let review else { continue }
      let count = try archive.read(into: text)
      guard count <= reviewLimit else {
        throw DatasetError.damaged(
          path: path,
          reason: "\(DatasetError.printable(name)): more than \(reviewLimit) bytes are no review")
      }
      collector.add(
        UnsafeBufferPointer(
          start: text.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count),
        to: review.split, key: 2 * review.id + (review.isPositive ? 1 : 0),
        label: review.isPositive ? 1 : 0)
    }
    try checkFolders(collector, path)
    if let repeated = collector.repeatedKey() {
      throw DatasetError.damaged(
        path: path,
        reason: "two \(repeated.split.rawValue) reviews of class "
          + "\(repeated.key.isMultiple(of: 2) ? "neg" : "pos") have the id \(repeated.key / 2)")
    }
    try archive.finish(expecting: file.sha256)
    return collector.counts(vocabularySize: options.vocabularySize)
  }

  private static func checkFolders(_ collector: borrowing WordCollector, _ path: String) throws {
    var missing: [String] = []
    for (split, name) in [(Split.training, "train"), (.test, "test")] {
      for (label, part) in [(UInt8(1), "pos"), (0, "neg")]
      where collector.count(split, label: label) == 0 {
        missing.append("\(root)\(name)/\(part)")
      }
    }
    if missing.count == 4 {
      throw DatasetError.damaged(
        path: path, reason: "no reviews are in it (is it another data set?)")
    }
    if !missing.isEmpty {
      throw DatasetError.damaged(
        path: path, reason: "no reviews in \(missing.joined(separator: ", "))")
    }
  }
}
