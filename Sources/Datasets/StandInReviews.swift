import Numerics

extension StandIn {
  /// Reviews of made-up words with Zipf's frequencies, some of which lean to one side.
  ///
  /// - Parameters:
  ///   - trainingCount: how many reviews to train with; the real set has 25,000.
  ///   - testCount: how many held-out reviews; the real set has 25,000.
  ///   - options: as for the real reviews.
  ///   - seed: of the generator; 0 is a seed like any other.
  public static func text(
    trainingCount: Int, testCount: Int, options: TextOptions = TextOptions(), seed: UInt64 = 0
  ) -> TextData {
    let lexicon = StandInReviews()
    var collector = WordCollector(options.tokenization)
    var text: [UInt8] = []
    for (split, count) in [(Split.training, trainingCount), (.test, testCount)] {
      for index in 0..<count {
        var stream = stream(of: .imdb, split, index, seed)
        let label = stream.next(below: 2)
        text.removeAll(keepingCapacity: true)
        lexicon.write(&stream, isPositive: label == 1, into: &text)
        text.withUnsafeBufferPointer {
          collector.add($0, to: split, key: index, label: UInt8(label))
        }
      }
    }
    return collector.counts(vocabularySize: options.vocabularySize).data(
      options,
      identity: identity(
        .imdb, "training=\(trainingCount) test=\(testCount) seed=\(seed)"), cache: .unused)
  }
}

/// The words of made-up reviews.
struct StandInReviews {
  private static let wordCount = 40_000
  /// Words of these remainders by `sides`, from rank `firstLeaning` on, lean to one side.
  private static let sides = 8
  private static let firstLeaning = 40
  /// The share of leaning words that is drawn again in a review of the other side.
  private static let reluctance: Float = 0.42

  private let words: [[UInt8]]
  /// The words up to each, as a share of all: 2^32 is everything.
  private let shares: [UInt32]

  init() {
    let consonants = Array("bcdfghjklmnpqrstvwxz".utf8)
    let vowels = Array("aeiou".utf8)
    words = (0..<Self.wordCount).map { rank in
      var rest = rank
      var word: [UInt8] = []
      repeat {
        word.append(consonants[rest % 20])
        word.append(vowels[rest / 20 % 5])
        rest /= 100
      } while rest > 0
      return word
    }
    // Zipf's law with Mandelbrot's shift.
    let weights = (0..<Self.wordCount).map { 1 / (Double($0) + 3.5) }
    let total = weights.reduce(0, +)
    var sum = 0.0
    shares = weights.map { weight in
      sum += weight
      return UInt32(min(sum / total * 0x1p32, 0x1p32 - 1))
    }
  }

  /// Appends the review's words and breaks.
  func write(_ stream: inout RandomStream, isPositive: Bool, into text: inout [UInt8]) {
    let size = stream.nextUniform()
    let count = 40 + Int(580 * size * size)
    for place in 0..<count {
      var rank = draw(&stream)
      if rank >= Self.firstLeaning, rank % Self.sides == (isPositive ? 1 : 0),
        stream.nextUniform() < Self.reluctance
      {
        rank = draw(&stream)
      }
      text += words[rank]
      if place % 97 == 96 { text += "<br /><br />".utf8 }
      text.append(UInt8(ascii: " "))
    }
  }

  private func draw(_ stream: inout RandomStream) -> Int {
    let share = stream.nextUInt32()
    var low = 0
    var high = shares.count - 1
    while low < high {
      let middle = (low + high) / 2
      if shares[middle] > share { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
