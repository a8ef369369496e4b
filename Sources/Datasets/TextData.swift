import Numerics

/// What reviews are turned into.
public struct TextOptions: Sendable, Hashable, CustomStringConvertible {
  /// The value of a word that a review contains.
  public enum Values: String, Sendable, CaseIterable {
    /// 1, however often it occurs.
    case binary
    /// How often it occurs.
    case counts
  }

  /// How many words there are features for: the most frequent ones of the training reviews.
  public var vocabularySize: Int
  /// The value of a word that a review contains.
  public var values: Values
  /// How a review becomes words.
  public var tokenization: Tokenization

  /// Options; by default 10,000 words (paper, section 6.1) and their presence.
  public init(
    vocabularySize: Int = 10_000, values: Values = .binary, tokenization: Tokenization = .words
  ) {
    self.vocabularySize = vocabularySize
    self.values = values
    self.tokenization = tokenization
  }

  /// One line that names every choice.
  public var description: String {
    "vocabulary=\(vocabularySize) values=\(values.rawValue) tokenization=\(tokenization.rawValue)"
  }
}

/// Labelled reviews as bags of words: label 1 for a positive review, 0 for a negative one.
public struct TextData: Sendable {
  /// The reviews that minibatches are drawn from.
  public let training: SparseExamples
  /// The held-out reviews.
  public let test: SparseExamples
  /// The word of each feature: the most frequent first, equally frequent ones in the order of their
  /// UTF-8 bytes. Frequency counts every occurrence in the training reviews.
  public let vocabulary: [String]
  /// What was chosen.
  public let options: TextOptions
  /// What they are.
  public let identity: DatasetIdentity
  /// What became of the cache.
  public let cache: CacheReport
}

/// Counts of words, before the choice between counts and presence.
struct WordCounts {
  var training: Split
  var test: Split
  var vocabulary: [String]

  struct Split {
    var rowOffsets: [Int32]
    var columns: [Int32]
    var counts: [Float]
    var labels: [UInt8]

    func examples(_ values: TextOptions.Values, featureCount: Int) -> SparseExamples {
      SparseExamples(
        featureCount: featureCount, rowOffsets: rowOffsets, columns: columns,
        values: values == .counts ? counts : [Float](repeating: 1, count: counts.count),
        labels: labels)
    }
  }

  func data(
    _ options: TextOptions, identity: DatasetIdentity, cache: CacheReport
  ) -> TextData {
    TextData(
      training: training.examples(options.values, featureCount: options.vocabularySize),
      test: test.examples(options.values, featureCount: options.vocabularySize),
      vocabulary: vocabulary, options: options, identity: identity, cache: cache)
  }
}

/// Collects reviews as words, then turns them into counts of the most frequent ones.
struct WordCollector: ~Copyable {
  private struct Review {
    var key: Int
    var label: UInt8
    var words: Range<Int>
  }

  private struct Part {
    var reviews: [Review] = []
    var words: [Int32] = []
  }

  private let table = WordTable()
  private var tokenizer: Tokenizer
  private var training = Part()
  private var test = Part()

  init(_ tokenization: Tokenization) {
    tokenizer = Tokenizer(tokenization)
    training.words.reserveCapacity(1 << 23)
    test.words.reserveCapacity(1 << 23)
  }

  /// Adds a review; `key` decides its place in the split, and must be its own there.
  mutating func add(
    _ text: UnsafeBufferPointer<UInt8>, to split: Numerics.Split, key: Int, label: UInt8
  ) {
    switch split {
    case .training: Self.add(text, &tokenizer, table, to: &training, key, label)
    case .test: Self.add(text, &tokenizer, table, to: &test, key, label)
    }
  }

  private static func add(
    _ text: UnsafeBufferPointer<UInt8>, _ tokenizer: inout Tokenizer, _ table: WordTable,
    to part: inout Part, _ key: Int, _ label: UInt8
  ) {
    let start = part.words.count
    tokenizer.forEachWord(of: text) { word, hash in
      part.words.append(table.number(of: word, hash: hash))
    }
    part.reviews.append(Review(key: key, label: label, words: start..<part.words.count))
  }

  /// The first key that two reviews of a split share, if any.
  func repeatedKey() -> (split: Numerics.Split, key: Int)? {
    for (split, part) in [(Numerics.Split.training, training), (.test, test)] {
      let keys = part.reviews.map(\.key).sorted()
      for (key, next) in zip(keys, keys.dropFirst()) where key == next { return (split, key) }
    }
    return nil
  }

  /// How many reviews of a class a split has.
  func count(_ split: Numerics.Split, label: UInt8) -> Int {
    (split == .training ? training : test).reviews.count { $0.label == label }
  }

  /// The counts of the most frequent words.
  func counts(vocabularySize: Int) -> WordCounts {
    var frequencies = [Int](repeating: 0, count: table.count)
    for word in training.words { frequencies[Int(word)] += 1 }
    let ranked = frequencies.indices.filter { frequencies[$0] > 0 }.sorted { left, right in
      frequencies[left] != frequencies[right]
        ? frequencies[left] > frequencies[right]
        : table.bytes(Int32(left)).lexicographicallyPrecedes(table.bytes(Int32(right)))
    }.prefix(vocabularySize)
    var columns = [Int32](repeating: -1, count: table.count)
    for (column, word) in ranked.enumerated() { columns[word] = Int32(column) }
    return WordCounts(
      training: Self.rows(training, columns, vocabularySize),
      test: Self.rows(test, columns, vocabularySize),
      vocabulary: ranked.map { String(decoding: table.bytes(Int32($0)), as: UTF8.self) })
  }

  private static func rows(
    _ part: Part, _ columnOf: [Int32], _ vocabularySize: Int
  ) -> WordCounts.Split {
    let ordered = part.reviews.sorted { $0.key < $1.key }
    var split = WordCounts.Split(
      rowOffsets: [0], columns: [], counts: [], labels: ordered.map(\.label))
    split.rowOffsets.reserveCapacity(ordered.count + 1)
    split.columns.reserveCapacity(ordered.count * 160)
    split.counts.reserveCapacity(ordered.count * 160)
    // A bit for each word of the review gives its columns in ascending order without sorting.
    var present = [UInt64](repeating: 0, count: (vocabularySize + 63) / 64)
    var counts = [Float](repeating: 0, count: vocabularySize)
    for review in ordered {
      for place in review.words {
        let column = Int(columnOf[Int(part.words[place])])
        guard column >= 0 else { continue }
        present[column >> 6] |= 1 << UInt64(column & 63)
        counts[column] += 1
      }
      for group in present.indices where present[group] != 0 {
        var bits = present[group]
        while bits != 0 {
          let column = group << 6 + bits.trailingZeroBitCount
          split.columns.append(Int32(column))
          split.counts.append(counts[column])
          counts[column] = 0
          bits &= bits - 1
        }
        present[group] = 0
      }
      split.rowOffsets.append(Int32(split.columns.count))
    }
    return split
  }
}
