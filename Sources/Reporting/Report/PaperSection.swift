/// A part of the paper that has a card in the report.
package struct PaperSection: Sendable, Equatable {
  /// The number, e.g. `6.1`; empty for what others wrote.
  package let number: String
  /// The title.
  package let title: String

  /// The anchor in a page, e.g. `section-6-1`.
  package var anchor: String {
    number.isEmpty ? "write-ups" : "section-" + number.replacing(".", with: "-")
  }

  /// Number and title.
  package var heading: String { number.isEmpty ? title : "\(number) \(title)" }

  /// All that there are: the experiments first, as the paper's readers look for them.
  package static let all = [
    PaperSection(number: "6.1", title: "Logistic regression"),
    PaperSection(number: "6.2", title: "Multi-layer networks"),
    PaperSection(number: "6.3", title: "Convolutional networks"),
    PaperSection(number: "6.4", title: "Bias correction in an auto-encoder"),
    PaperSection(number: "2", title: "Algorithm and step sizes"),
    PaperSection(number: "3", title: "Bias correction"),
    PaperSection(number: "4", title: "Convergence"),
    PaperSection(number: "5", title: "Related methods"),
    PaperSection(number: "7", title: "AdaMax and averaging"),
    PaperSection(number: "", title: "What others wrote about Adam"),
  ]

  /// The part that a place belongs to, e.g. `section 6.1, Figure 1 (left)` or `appendix, lemma 10.3`;
  /// nil if it names none.
  package init?(place: String) {
    let words = place.split { !($0.isLetter || $0.isNumber || $0 == ".") }.map(String.init)
    func section(_ number: String) -> PaperSection? {
      let exact = Self.all.first { $0.number == number }
      return exact ?? Self.all.first { !$0.number.isEmpty && number.hasPrefix($0.number + ".") }
    }
    var found: PaperSection?
    if let index = words.firstIndex(where: { $0 == "section" || $0 == "sections" }) {
      // Of several the last that has a card: `sections 1 and 7` is told with section 7.
      let numbers = words[(index + 1)...].prefix { $0 == "and" || $0.first?.isNumber == true }
      found = numbers.compactMap(section).last
      if found == nil, words[(index + 1)...].first == "8" { found = section("4") }
    }
    if found == nil,
      words.contains(where: { ["appendix", "theorem", "corollary", "lemma"].contains($0) })
    {
      found = section("4")
    }
    if found == nil, words.contains(where: { ["abstract", "algorithm", "section"].contains($0) }) {
      found = section("2")
    }
    if found == nil, let first = words.first, first.first?.isNumber == true {
      found = section(first)
    }
    guard let found else { return nil }
    self = found
  }

  private init(number: String, title: String) {
    self.number = number
    self.title = title
  }

  /// The part for what others wrote.
  package static let writeUps = all[all.count - 1]

  /// The part of a claim.
  package static func of(_ outcome: ClaimOutcome) -> PaperSection {
    if outcome.group == .writeUp { return writeUps }
    return PaperSection(place: outcome.place) ?? all[4]
  }
}
