/// What gnuplot writes as SVG, made small and fit for the place where it stands.
///
/// gnuplot opens a group at every change of style, most of them empty, and repeats SVG's defaults in each.
/// Without these, and with coordinates to a tenth of a pixel, about half of the bytes are left. All is done
/// on bytes: a report has megabytes of this.
package struct GnuplotSVG {
  private let bytes: [UInt8]

  /// What one of gnuplot's terminals wrote.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The picture as a file, with a title and a description of its own.
  package func file(title: String, description: String) -> [UInt8] {
    let own = [
      ("<title>Gnuplot</title>", "<title>\(Gnuplot.escaped(title))</title>"),
      ("<svg ", "<svg \(Self.font) "),
    ]
    return Self.lines(
      of: Self.replacing(
        Self.defaults + own,
        spans: Self.unused + [
          ("<desc>", "</desc>", "<desc>\(Gnuplot.escaped(description))</desc>")
        ],
        in: bytes[...]))
  }

  /// The picture as an element of a page: ids of its own, the page's colours, no ground.
  package func inline(id: String, title: String, description: String) -> String {
    let start = Self.first("<svg", in: bytes[...]) ?? 0
    let head = Self.first(">", in: bytes[start...]) ?? start
    let size =
      Self.first("viewBox=\"", in: bytes[start..<head]).map { from in
        String(decoding: bytes[(from + 9)...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
      } ?? "0 0 520 360"
    let own = [
      ("<title>Gnuplot</title>", "<title id=\"\(id)-title\">\(Gnuplot.escaped(title))</title>"),
      ("id='gp", "id='\(id)-gp"), ("'#gp", "'#\(id)-gp"), ("id=\"gnuplot", "id=\"\(id)-gnuplot"),
    ]
    let spans = [
      (
        "<desc>", "</desc>",
        "<desc id=\"\(id)-desc\">\(Gnuplot.escaped(description))</desc>"
      ),
      ("<rect x=\"0\" y=\"0\" width=", "/>", ""),
    ]
    let body = Self.lines(
      of: Self.replacing(
        Self.defaults + Self.pageColours + own, spans: Self.unused + spans,
        in: bytes[Swift.min(head, bytes.count)...]))
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
      + " viewBox=\"\(size)\" \(Self.font) role=\"img\""
      + " aria-labelledby=\"\(id)-title \(id)-desc\"" + String(decoding: body, as: UTF8.self)
  }

  // MARK: What is replaced

  private static let font = "font-family=\"DejaVu Sans\" font-size=\"12\""

  /// What an element has anyway, from SVG itself or from the root.
  private static let defaults = [
    (" stroke-width=\"1.00\"", ""), (" stroke-linecap=\"butt\"", ""),
    (" stroke-linejoin=\"miter\"", ""), (" font-family=\"DejaVu Sans\"", ""),
    (" font-size=\"12.00\"", ""),
  ]

  /// What nothing refers to.
  private static let unused = [
    ("<title>gnuplot_plot_", "</title>", ""), ("<filter id='", "</filter>", ""),
  ]

  /// Ink becomes the colour of the page's words, every other colour the one that the page has for it.
  private static let pageColours: [(String, String)] = {
    var pairs = [
      (" color=\"black\"", ""), (" color=\"white\"", ""), (" color=\"#FFFFFF\"", ""),
      ("fill=\"black\"", "fill=\"currentColor\""), ("stroke='black'", "stroke='currentColor'"),
      ("stroke=\"black\"", "stroke=\"currentColor\""), ("rgb(187, 187, 187)", "#8888"),
    ]
    let ink = [("#000000", "currentColor"), ("#222222", "currentColor")]
    for (colour, name) in ink + Palette.pageColours.map({ ($0.rgb, "var(--\($0.name))") }) {
      let digits = colour.dropFirst().compactMap(\.hexDigitValue)
      let parts = stride(from: 0, to: digits.count, by: 2).map { 16 * digits[$0] + digits[$0 + 1] }
      let padded = parts.map { String(repeating: " ", count: 3 - "\($0)".count) + "\($0)" }
      pairs.append(("rgb(\(parts.map(String.init).joined(separator: ",")))", name))
      pairs.append(("rgb(\(padded.joined(separator: ", ")))", name))
    }
    return pairs
  }()

  // MARK: How it is replaced

  /// One pass from left to right.
  ///
  /// - Parameters:
  ///   - pairs: words with what stands in their place.
  ///   - spans: first and last words with what stands in the place of all from the one to the other.
  private static func replacing(
    _ pairs: [(String, String)], spans: [(String, String, String)], in bytes: ArraySlice<UInt8>
  ) -> [UInt8] {
    struct Rule {
      let word: [UInt8]
      let end: [UInt8]
      let new: [UInt8]
      /// Whether coordinates follow, up to the next quote or parenthesis.
      var isBeforeCoordinates = false
    }
    var rules = [[Rule]](repeating: [], count: 256)
    for (word, end, new) in pairs.map({ ($0.0, "", $0.1) }) + spans {
      let rule = Rule(word: Array(word.utf8), end: Array(end.utf8), new: Array(new.utf8))
      rules[Int(rule.word[0])].append(rule)
    }
    for word in [" d='", "points = '", "points='", "translate("].map({ Array($0.utf8) }) {
      rules[Int(word[0])].append(Rule(word: word, end: [], new: word, isBeforeCoordinates: true))
    }
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    scan: while index < bytes.endIndex {
      for rule in rules[Int(bytes[index])] where bytes[index...].starts(with: rule.word) {
        var next = index + rule.word.count
        if !rule.end.isEmpty {
          guard let end = first(rule.end, in: bytes[next...]) else { continue }
          next = end + rule.end.count
        }
        out += rule.new
        if rule.isBeforeCoordinates {
          let numbers = bytes[next...].prefix {
            $0 != UInt8(ascii: "'") && $0 != UInt8(ascii: ")")
          }
          round(numbers, into: &out)
          next = numbers.endIndex
        }
        index = next
        continue scan
      }
      out.append(bytes[index])
      index += 1
    }
    return out
  }

  /// Numbers with two decimals get one; none if it would be 0.
  private static func round(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) {
    func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    var index = bytes.startIndex
    while index < bytes.endIndex {
      guard isDigit(bytes[index]) else {
        out.append(bytes[index])
        index += 1
        continue
      }
      var hundredths = 0
      let whole: ArraySlice<UInt8> = bytes[index...].prefix(while: isDigit)
      for digit in whole { hundredths = 10 * hundredths + Int(digit - 48) }
      let point = whole.endIndex
      let decimals: ArraySlice<UInt8> =
        point < bytes.endIndex && bytes[point] == UInt8(ascii: ".")
        ? bytes[(point + 1)...].prefix(while: isDigit) : []
      if decimals.count == 2 {
        for digit in decimals { hundredths = 10 * hundredths + Int(digit - 48) }
        let tenths = (hundredths + 5) / 10
        out += "\(tenths / 10)".utf8
        if tenths % 10 != 0 { out += ".\(tenths % 10)".utf8 }
        index = decimals.endIndex
      } else {
        out += bytes[index..<(decimals.isEmpty ? point : decimals.endIndex)]
        index = decimals.isEmpty ? point : decimals.endIndex
      }
    }
  }

  /// Without empty lines, indentation and groups that have nothing inside.
  private static func lines(of bytes: [UInt8]) -> [UInt8] {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    func opensGroup(_ line: ArraySlice<UInt8>) -> Bool {
      line.starts(with: "<g ".utf8) && line.last == UInt8(ascii: ">")
        && !line.dropFirst().contains(UInt8(ascii: "<"))
    }
    var kept: [ArraySlice<UInt8>] = []
    for whole in bytes.split(separator: UInt8(ascii: "\n")) {
      var line = whole.drop(while: isBlank)
      while let last = line.last, isBlank(last) { line.removeLast() }
      if line.isEmpty { continue }
      if line.elementsEqual("</g>".utf8), let last = kept.last, opensGroup(last) {
        kept.removeLast()
      } else {
        kept.append(line)
      }
    }
    return Array(kept.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
  }

  private static func first(_ word: String, in bytes: ArraySlice<UInt8>) -> Int? {
    first(Array(word.utf8), in: bytes)
  }

  /// Where a word begins.
  private static func first(_ word: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    guard let initial = word.first else { return nil }
    var rest = bytes
    while let place = rest.firstIndex(of: initial) {
      if rest[place...].starts(with: word) { return place }
      rest = rest[(place + 1)...]
    }
    return nil
  }
}
