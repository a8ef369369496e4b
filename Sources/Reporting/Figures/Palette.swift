import Glibc

/// The colours of the project: one an optimizer, in every figure, and the same on the page.
///
/// Safe for colour-blind readers (after Okabe & Ito 2008), and dark enough that a line has a contrast of
/// at least 3 to a white ground. Words are never in these colours.
package enum Palette {
  private static let optimizers: [String: Figure.Colour] = [
    "adam": .red, "adagrad": .blue, "sgdnesterov": .green, "sgd": .grey, "momentum": .green,
    "rmsprop": .orange, "adadelta": .magenta, "sfo": .cyan, "adamax": .magenta, "amsgrad": .cyan,
  ]

  /// The colour of an optimizer by the name of a line, e.g. `Adam+dropout` or `SFO frozen masks`; nil
  /// if it begins with none.
  package static func colour(of name: String) -> Figure.Colour? {
    optimizers[String(name.lowercased().prefix { $0.isLetter })]
  }

  /// The colours of the lines of a panel: each optimizer's own, unless two lines that are not with and
  /// without dropout would share it; those after the first keep the colour that was declared, or one
  /// that is free. A line without a name belongs to the one that was declared in its colour. Grey is for
  /// references, of which there may be many.
  package static func colours(of lines: [Figure.Line]) -> [Figure.Colour] {
    var owners: [Figure.Colour: String] = [:]
    var given: [Figure.Colour: Figure.Colour] = [:]
    return lines.map { line in
      if line.name.isEmpty { return given[line.colour] ?? line.colour }
      if line.colour == .grey && colour(of: line.name) == nil { return .grey }
      let base = withoutDropout(line.name)
      var candidates = [colour(of: line.name), line.colour].compactMap(\.self)
      candidates += Figure.Colour.allCases
      let chosen = candidates.first { owners[$0] == nil || owners[$0] == base } ?? line.colour
      owners[chosen] = base
      given[line.colour] = given[line.colour] ?? chosen
      return chosen
    }
  }

  /// Whether a line is one with dropout, which has open markers.
  package static func hasDropout(_ name: String) -> Bool { name.hasSuffix("+dropout") }

  private static func withoutDropout(_ name: String) -> String {
    hasDropout(name) ? String(name.dropLast(8)) : name
  }

  /// A colour on a light ground, `#rrggbb`.
  package static func rgb(_ colour: Figure.Colour) -> String {
    switch colour {
    case .blue: "#0067a5"
    case .green: "#00805e"
    case .red: "#cc4c00"
    case .cyan: "#2486bf"
    case .magenta: "#b04a86"
    case .orange: "#a87000"
    case .black: "#222222"
    case .grey: "#757575"
    }
  }

  /// The colour on a dark ground.
  package static func dark(_ colour: Figure.Colour) -> String {
    switch colour {
    case .blue: "#4a9fe0"
    case .green: "#2cc39a"
    case .red: "#f07f35"
    case .cyan: "#9ad8fb"
    case .magenta: "#dd9cc0"
    case .orange: "#f0b732"
    case .black: "#e6edf3"
    case .grey: "#a0a0a0"
    }
  }

  /// Words that warn, and words that explain.
  package static let warning = "#a00000"
  package static let quiet = "#555555"

  /// What SVG has as numbers, and by what a page, light or dark, sets it.
  static let pageColours: [(rgb: String, name: String)] =
    Figure.Colour.allCases.filter { $0 != .black }.map { (rgb($0), "c-\($0.rawValue)") }
    + [(warning, "no"), (quiet, "quiet")]

  /// The custom properties of a style sheet, for a light or a dark ground.
  static func properties(isDark: Bool) -> String {
    Figure.Colour.allCases.map { colour in
      "--c-\(colour.rawValue): \(isDark ? dark(colour) : rgb(colour));"
    }.joined(separator: " ")
  }

  /// The classes of a style sheet, one a colour.
  static let classes = Figure.Colour.allCases
    .map { ".\($0.rawValue) { color: var(--c-\($0.rawValue)); }" }.joined(separator: " ")

  /// The contrast of two colours, `#rrggbb`, as WCAG 2 defines it.
  package static func contrast(_ a: String, _ b: String) -> Double {
    let values = [a, b].map(luminance)
    return ((values.max() ?? 0) + 0.05) / ((values.min() ?? 0) + 0.05)
  }

  private static func luminance(_ rgb: String) -> Double {
    let digits = rgb.dropFirst().compactMap { $0.hexDigitValue }
    let parts = stride(from: 0, to: digits.count - 1, by: 2).map { index -> Double in
      let share = Double(16 * digits[index] + digits[index + 1]) / 255
      return share <= 0.04045 ? share / 12.92 : power((share + 0.055) / 1.055)
    }
    guard parts.count == 3 else { return 0 }
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
  }

  private static func power(_ base: Double) -> Double { pow(base, 2.4) }
}
