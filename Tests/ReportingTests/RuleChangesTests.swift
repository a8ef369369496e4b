import Reporting
import Testing

@Suite struct RuleChangesTests {
  @Test func `headings, paragraphs and lists of two levels are told apart`() {
    let text = """
      ### One day

      Some words
      of a paragraph.

      - An item
        that goes on:
        - an inner one
          of two lines
        - another.
      - The last.

      ### Another

      - Alone.
      """
    #expect(
      RuleChanges.chapters(of: text) == [
        .init(
          title: "One day",
          parts: [
            .paragraph("Some words of a paragraph."),
            .item("An item that goes on:", inner: ["an inner one of two lines", "another."]),
            .item("The last.", inner: []),
          ]),
        .init(title: "Another", parts: [.item("Alone.", inner: [])]),
      ])
  }

  @Test func `the page has code and escapes the rest`() {
    let page = RuleChanges.html("### 1 < 2\n\n- `a < b` & c\n- d\n")
    #expect(page.contains("<summary>1 &lt; 2</summary>"))
    #expect(page.contains("<ul><li><code>a &lt; b</code> &amp; c</li>\n<li>d</li></ul>"))
  }

  @Test func `all that the project has changed is in the report`() {
    let chapters = RuleChanges.chapters(of: RuleChanges.text)
    #expect(chapters.count >= 6 && chapters.allSatisfy { !$0.parts.isEmpty })
    // Nothing of the file is lost.
    let words = chapters.flatMap { chapter in
      [chapter.title]
        + chapter.parts.flatMap { part -> [String] in
          switch part {
          case .paragraph(let text): [text]
          case .item(let text, let inner): [text] + inner
          }
        }
    }.joined(separator: " ").split(separator: " ").filter { $0 != "-" }
    let file = RuleChanges.text.split { " \n".contains($0) }.filter { $0 != "-" && $0 != "###" }
    #expect(words == file)
  }
}
