import Datasets
import Testing

@Suite struct TokenizerTests {
  func words(_ text: String, _ tokenization: Tokenization = .words) -> [String] {
    var tokenizer = Tokenizer(tokenization)
    var words: [String] = []
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      tokenizer.forEachWord(of: bytes) { word, _ in
        words.append(String(decoding: word, as: UTF8.self))
      }
    }
    return words
  }

  @Test func `case is lowered, and punctuation and breaks separate`() {
    #expect(words("A good, GOOD film.") == ["a", "good", "good", "film"])
    #expect(words("end.<br /><br />Next<br>one<BR/>two") == ["end", "next", "one", "two"])
    // Only a break is taken out; what merely begins like one is text.
    #expect(words("a<brave>b <b>c</b> 1<2") == ["a", "brave", "b", "b", "c", "b", "1", "2"])
    #expect(words("<br") == ["br"])
    #expect(words("x <br /") == ["x", "br"])
    #expect(words("8/10, 1950's") == ["8", "10", "1950's"])
    #expect(words("") == [])
    #expect(words(" .,;!?-'\"") == [])
  }

  @Test func `an apostrophe belongs to a word only between letters`() {
    #expect(words("don't 'quoted' rock'n'roll") == ["don't", "quoted", "rock'n'roll"])
    #expect(words("dogs' it''s 'tis") == ["dogs", "it", "s", "tis"])
    // U+2019 is the same apostrophe; other general punctuation separates.
    #expect(words("don\u{2019}t \u{201c}well\u{201d}\u{2026}\u{2019}x") == ["don't", "well", "x"])
    #expect(words("a\u{2019}") == ["a"])
    #expect(words("a\u{2013}b") == ["a", "b"])
    #expect(words("l'\u{2026}x l'\u{e9}t\u{e9}") == ["l", "x", "l'\u{e9}t\u{e9}"])
  }

  @Test func `letters beyond ASCII belong to words, other characters separate`() {
    #expect(words("caf\u{e9} na\u{ef}ve") == ["caf\u{e9}", "na\u{ef}ve"])
    #expect(words("a\u{a0}b \u{bd} x\u{96}y") == ["a", "b", "x", "y"])
    // U+20AC begins with the same byte as general punctuation, but is none.
    #expect(words("\u{20ac}5") == ["\u{20ac}5"])
  }

  @Test func `marks are words of their own where they are asked for`() {
    #expect(words("Why?! no-one's", .wordsAndMarks) == ["why", "?", "!", "no", "one's"])
    #expect(words("Why?! no-one's", .published) == ["why", "?", "!", "no-one"])
    #expect(
      words("well - no- -x a--b it's 's 's's", .published)
        == ["well", "no", "x", "a", "b", "it", "s", "s"])
  }

  @Test func `bytes that are no text are read without harm`() {
    var tokenizer = Tokenizer(.published)
    for first in 0..<256 {
      for second in [0x00, 0x41, 0x80, 0xc2, 0xe2, 0xff] {
        let bytes: [UInt8] = [UInt8(first), UInt8(second)]
        bytes.withUnsafeBufferPointer {
          tokenizer.forEachWord(of: $0) { word, _ in
            #expect(word.count >= 1 && word.count <= 2)
          }
        }
      }
    }
  }

  @Test func `a hash is that of the word`() {
    var tokenizer = Tokenizer(.published)
    var hashes: [String: UInt64] = [:]
    Array("Dog dog's DOG cat dog".utf8).withUnsafeBufferPointer { bytes in
      tokenizer.forEachWord(of: bytes) { word, hash in
        let text = String(decoding: word, as: UTF8.self)
        #expect(hashes[text] == nil || hashes[text] == hash)
        hashes[text] = hash
      }
    }
    // FNV-1a of "dog" and "cat" by its definition.
    for text in ["dog", "cat"] {
      let expected = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      }
      #expect(hashes[text] == expected)
    }
    #expect(hashes.count == 2)
  }
}
