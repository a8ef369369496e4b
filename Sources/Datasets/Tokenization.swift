/// How a review becomes words.
///
/// Common to all: ASCII letters are lower-cased. The mark `<br />` (also `<br>`, `<br/>`) separates
/// words. A word is a run of ASCII letters, digits, and characters beyond U+00BF except the general
/// punctuation U+2000...U+206F; an apostrophe (`'` or U+2019, kept as `'`) between two of these is
/// part of the word, so that `don't` is one. Everything else separates words.
public enum Tokenization: String, Sendable, CaseIterable {
  /// Nothing but that.
  case words
  /// Besides, each `!` and each `?` is a word of its own.
  case wordsAndMarks = "words-and-marks"
  /// As `wordsAndMarks`; besides, a hyphen between two word characters is part of the word, and the
  /// ending `'s` is dropped: near to what the vocabulary of Maas et al. (`imdb.vocab`) shows.
  case published

  fileprivate var hasMarks: Bool { self != .words }
  fileprivate var isPublished: Bool { self == .published }
}

/// Splits the bytes of reviews into words, without an allocation per word.
package struct Tokenizer: ~Copyable {
  private enum Kind {
    static let separator: UInt8 = 0
    static let word: UInt8 = 1
    static let apostrophe: UInt8 = 2
    static let hyphen: UInt8 = 3
    static let mark: UInt8 = 4
    static let less: UInt8 = 5
    /// Begins U+0080...U+00BF: a separator of two bytes.
    static let latinLead: UInt8 = 6
    /// May begin U+2000...U+206F: a separator of three bytes, or an apostrophe.
    static let punctuationLead: UInt8 = 7
  }

  private let kinds: UnsafeMutablePointer<UInt8>
  private let lowered: UnsafeMutablePointer<UInt8>
  private var word = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 12)
  private let dropsPossessive: Bool

  /// A tokenizer for one way of splitting.
  package init(_ tokenization: Tokenization) {
    kinds = .allocate(capacity: 256)
    lowered = .allocate(capacity: 256)
    dropsPossessive = tokenization.isPublished
    for byte in 0..<256 {
      kinds[byte] = byte >= 0x80 ? Kind.word : Kind.separator
      lowered[byte] = UInt8(byte)
    }
    for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { kinds[Int(byte)] = Kind.word }
    for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { kinds[Int(byte)] = Kind.word }
    for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") {
      kinds[Int(byte)] = Kind.word
      lowered[Int(byte)] = byte + 32
    }
    kinds[Int(UInt8(ascii: "'"))] = Kind.apostrophe
    kinds[Int(UInt8(ascii: "<"))] = Kind.less
    kinds[0xc2] = Kind.latinLead
    kinds[0xe2] = Kind.punctuationLead
    if tokenization.hasMarks {
      kinds[Int(UInt8(ascii: "!"))] = Kind.mark
      kinds[Int(UInt8(ascii: "?"))] = Kind.mark
    }
    if tokenization.isPublished { kinds[Int(UInt8(ascii: "-"))] = Kind.hyphen }
  }

  deinit {
    kinds.deallocate()
    lowered.deallocate()
    word.deallocate()
  }

  /// The first value of a word's hash; each byte `b` makes it `(hash ^ b) * hashFactor`.
  static let hashStart: UInt64 = 0xcbf2_9ce4_8422_2325
  static let hashFactor: UInt64 = 0x100_0000_01b3

  /// Calls `body` with each word of `text` in order and the word's hash (FNV-1a).
  @inline(__always)
  package mutating func forEachWord(
    of text: UnsafeBufferPointer<UInt8>,
    _ body: (_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Void
  ) {
    guard let bytes = text.baseAddress else { return }
    if word.count < text.count {
      word.deallocate()
      word = .allocate(capacity: 2 * text.count)
    }
    guard let word = word.baseAddress else { return }
    let end = text.count
    var length = 0
    var hash = Self.hashStart
    var index = 0

    func finish() {
      guard length > 0 else { return }
      if dropsPossessive, length > 2, word[length - 1] == UInt8(ascii: "s"),
        word[length - 2] == UInt8(ascii: "'")
      {
        length -= 2
        hash = Self.hashStart
        for place in 0..<length { hash = (hash ^ UInt64(word[place])) &* Self.hashFactor }
      }
      body(UnsafeBufferPointer(start: word, count: length), hash)
      length = 0
      hash = Self.hashStart
    }

    func put(_ byte: UInt8) {
      word[length] = byte
      length += 1
      hash = (hash ^ UInt64(byte)) &* Self.hashFactor
    }

    /// Whether a character that belongs to words begins at `place`.
    func isWord(_ place: Int) -> Bool {
      guard place < end else { return false }
      switch kinds[Int(bytes[place])] {
      case Kind.word: return true
      case Kind.punctuationLead: return !isPunctuation(place)
      default: return false
      }
    }

    /// Whether U+2000...U+206F begins at `place`, which holds its first byte.
    func isPunctuation(_ place: Int) -> Bool {
      place + 1 < end && (bytes[place + 1] == 0x80 || bytes[place + 1] == 0x81)
    }

    while index < end {
      let byte = bytes[index]
      switch kinds[Int(byte)] {
      case Kind.word:
        put(lowered[Int(byte)])
        index += 1
      case Kind.apostrophe, Kind.hyphen:
        index += 1
        if length > 0, isWord(index) { put(byte) } else { finish() }
      case Kind.mark:
        finish()
        put(byte)
        finish()
        index += 1
      case Kind.less:
        finish()
        index = Self.afterBreak(bytes, index, end)
      case Kind.latinLead:
        finish()
        index += 2
      case Kind.punctuationLead:
        if isPunctuation(index) {
          let isApostrophe = index + 2 < end && bytes[index + 1] == 0x80 && bytes[index + 2] == 0x99
          index += 3
          if isApostrophe, length > 0, isWord(index) { put(UInt8(ascii: "'")) } else { finish() }
        } else {
          put(byte)
          index += 1
        }
      default:
        finish()
        index += 1
      }
    }
    finish()
  }

  /// Where the text goes on after `<br />`, or after the `<` if it begins none.
  private static func afterBreak(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var index = start + 1
    guard index + 1 < end, bytes[index] | 32 == UInt8(ascii: "b"),
      bytes[index + 1] | 32 == UInt8(ascii: "r")
    else { return index }
    index += 2
    while index < end, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "/") {
      index += 1
    }
    return index < end && bytes[index] == UInt8(ascii: ">") ? index + 1 : start + 1
  }
}

/// Numbers for words, in the order of their first appearance.
final class WordTable {
  /// Where a word's bytes are.
  private struct Place {
    var hash: UInt64
    var start: Int
    var count: Int
  }

  private var slots: UnsafeMutableBufferPointer<Int32>
  private var places: [Place] = []
  private var arena: [UInt8] = []

  init() {
    slots = .allocate(capacity: 1 << 18)
    slots.initialize(repeating: -1)
    arena.reserveCapacity(1 << 21)
    places.reserveCapacity(1 << 17)
  }

  deinit { slots.deallocate() }

  var count: Int { places.count }

  /// The word's bytes.
  func bytes(_ number: Int32) -> ArraySlice<UInt8> {
    let place = places[Int(number)]
    return arena[place.start..<place.start + place.count]
  }

  /// The word's number; a new one if it is new.
  @inline(__always)
  func number(of word: UnsafeBufferPointer<UInt8>, hash: UInt64) -> Int32 {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash ^ (hash >> 29)) & mask
    while true {
      let number = slots[slot]
      if number < 0 { return insert(word, hash, slot) }
      if isEqual(number, word, hash) { return number }
      slot = (slot + 1) & mask
    }
  }

  @inline(__always)
  private func isEqual(
    _ number: Int32, _ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64
  ) -> Bool {
    let place = places[Int(number)]
    guard place.hash == hash, place.count == word.count else { return false }
    return arena.withUnsafeBufferPointer { arena in
      for index in 0..<word.count where arena[place.start + index] != word[index] { return false }
      return true
    }
  }

  private func insert(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64, _ slot: Int) -> Int32 {
    let number = Int32(places.count)
    places.append(Place(hash: hash, start: arena.count, count: word.count))
    arena.append(contentsOf: word)
    slots[slot] = number
    if 2 * places.count > slots.count { grow() }
    return number
  }

  private func grow() {
    let larger = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 4 * slots.count)
    larger.initialize(repeating: -1)
    let mask = larger.count - 1
    for (number, place) in places.enumerated() {
      var slot = Int(truncatingIfNeeded: place.hash ^ (place.hash >> 29)) & mask
      while larger[slot] >= 0 { slot = (slot + 1) & mask }
      larger[slot] = Int32(number)
    }
    slots.deallocate()
    slots = larger
  }
}
