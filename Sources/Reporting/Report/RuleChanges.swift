/// How the rules have changed since they were first written, with date and reason: `rule-changes.md`, the
/// source of that part of docs/rules.md.
public enum RuleChanges {
  /// The changes of one day or occasion.
  package struct Chapter: Equatable {
    package var title: String
    /// What is said before the list, and each item of it.
    package var parts: [Part] = []

    package init(title: String, parts: [Part] = []) {
      self.title = title
      self.parts = parts
    }
  }

  /// A paragraph or an item, in Markdown without line breaks.
  package enum Part: Equatable {
    case paragraph(String)
    case item(String, inner: [String])
  }

  /// The file, in Markdown.
  public static let text = String(decoding: PackageResources.rule_changes_md, as: UTF8.self)

  /// The chapters of a text of headings of the third level, paragraphs and lists of two levels, which is
  /// all that the file has.
  package static func chapters(of text: String) -> [Chapter] {
    var chapters: [Chapter] = []
    var isOpen = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let words = String(line.drop { $0 == " " })
      if line.hasPrefix("### ") {
        chapters.append(Chapter(title: String(line.dropFirst(4))))
      }
      guard !chapters.isEmpty, !line.hasPrefix("### "), !words.isEmpty else {
        isOpen = false
        continue
      }
      chapters[chapters.count - 1].add(words, depth: (line.count - words.count) / 2, isOpen: isOpen)
      isOpen = true
    }
    return chapters
  }

  /// The chapters as the page has them.
  package static func html(_ text: String) -> String {
    chapters(of: text).map { chapter in
      let body = chapter.parts.map { part -> String in
        switch part {
        case .paragraph(let words): return "<p>\(marked(words))</p>"
        case .item(let words, let inner):
          let list = inner.map { "<li>\(marked($0))</li>" }.joined()
          return "<ul><li>\(marked(words))\(inner.isEmpty ? "" : "<ul>\(list)</ul>")</li></ul>"
        }
      }
      return HTML.details(
        marked(chapter.title), body.joined(separator: "\n").replacing("</ul>\n<ul>", with: "\n"))
    }.joined()
  }

  /// Text with its code between backticks.
  private static func marked(_ words: String) -> String {
    words.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
      index % 2 == 1 ? "<code>\(HTML.escaped(String(part)))</code>" : HTML.escaped(String(part))
    }.joined()
  }
}

extension RuleChanges.Chapter {
  /// Adds a line.
  ///
  /// - Parameters:
  ///   - depth: by how many levels it is indented.
  ///   - isOpen: whether it goes on with the last part, where it begins none of its own.
  fileprivate mutating func add(_ words: String, depth: Int, isOpen: Bool) {
    let isItem = words.hasPrefix("- ")
    let text = isItem ? String(words.dropFirst(2)) : words
    let last = isOpen || isItem ? parts.popLast() : nil
    switch last {
    case .item(let outer, var inner) where isItem && depth > 0:
      inner.append(text)
      parts.append(.item(outer, inner: inner))
    case .item(let outer, let inner) where !isItem && inner.isEmpty:
      parts.append(.item("\(outer) \(text)", inner: []))
    case .item(let outer, var inner) where !isItem:
      inner[inner.count - 1] += " \(text)"
      parts.append(.item(outer, inner: inner))
    case .paragraph(let before) where !isItem: parts.append(.paragraph("\(before) \(text)"))
    default:
      if let last { parts.append(last) }
      parts.append(isItem ? .item(text, inner: []) : .paragraph(text))
    }
  }
}
