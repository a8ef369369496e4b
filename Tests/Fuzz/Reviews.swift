// Feeds bytes to our side of the archives: names of entries, the tokenizer, whole archives.
import Datasets
import Foundation
import Storage

private let folder = Scratch.folder("reviews")
private let location = DataLocation(folder: folder, environment: [:])

/// Writes the inputs to begin with.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer
) -> CInt {
  let names = ["aclImdb/train/pos/12_9.txt", "./aclImdb/test/neg/0_1.txt", "/etc/../passwd"]
  for (number, name) in names.enumerated() { Scratch.seed([0] + name.utf8, "name-\(number)") }
  let text = "Don\u{2019}t!<br /><br />It's a well-made caf\u{e9}\u{2026} 'tis 8/10?"
  for choice in 1...3 { Scratch.seed([UInt8(choice)] + text.utf8, "text-\(choice)") }
  var archive: [UInt8] = []
  for name in ["train/pos/0_9", "train/neg/0_2", "test/pos/0_7", "test/neg/0_4"] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) {
      for (place, byte) in text.utf8.enumerated() { header[offset + place] = byte }
    }
    put("aclImdb/\(name).txt", 0)
    put("0000644", 100)
    put("0000000", 108)
    put("0000000", 116)
    put("00000000004", 124)
    put("00000000000", 136)
    put("        0", 148)
    put("ustar", 257)
    put("00", 263)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum, 148)
    archive += header + Array("good".utf8) + [UInt8](repeating: 0, count: 508)
  }
  Scratch.seed([4] + archive + [UInt8](repeating: 0, count: 1024), "archive")
  return 0
}

/// The first byte says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let rest = UnsafeBufferPointer(start: bytes + 1, count: count - 1)
  switch bytes[0] {
  case 0: name(String(decoding: rest, as: UTF8.self))
  case 1...3: tokenize(rest, Tokenization.allCases[Int(bytes[0]) - 1])
  default: archive(rest)
  }
  return 0
}

private func name(_ name: String) {
  guard let review = try? IMDB.ReviewName(entry: name) else { return }
  let folders = "aclImdb/\(review.split == .training ? "train" : "test")"
  guard name.hasPrefix(folders), (1...10).contains(review.rating), review.id >= 0,
    EntryName.fault(of: name) == nil
  else { fatalError("\(name) is no review") }
}

private func tokenize(_ text: UnsafeBufferPointer<UInt8>, _ tokenization: Tokenization) {
  var tokenizer = Tokenizer(tokenization)
  var total = 0
  tokenizer.forEachWord(of: text) { word, _ in
    total += word.count
    if word.isEmpty || word.contains(where: { $0 >= 0x41 && $0 <= 0x5a || $0 <= 0x20 }) {
      fatalError("an impossible word")
    }
  }
  if total > text.count { fatalError("more words than text") }
}

private func archive(_ bytes: UnsafeBufferPointer<UInt8>) {
  let path = "\(folder)/imdb/aclImdb_v1.tar.gz"
  Scratch.write(UnsafeRawBufferPointer(bytes), to: path)
  do {
    let located = try Datasets.locate(.imdb, in: location, allowUnknown: true)
    let data = try located.loadText(TextOptions(vocabularySize: 50))
    if data.training.count < 2 || data.test.count < 2 { fatalError("a folder is missing") }
  } catch is DatasetError {
  } catch { fatalError("an error that tells the user nothing: \(error)") }
  if FilePaths.names(in: "\(folder)/imdb") != ["aclImdb_v1.tar.gz"] {
    fatalError("an archive wrote a file")
  }
}
