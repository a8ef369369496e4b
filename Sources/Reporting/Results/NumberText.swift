import Glibc

/// How numbers are written for people: never more digits than they carry.
package enum NumberText {
  /// `%.{digits}g`, e.g. `0.0312`, `1.2e-06`.
  package static func significant(_ value: Double, digits: Int = 3) -> String {
    if value.isNaN { return "-" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return format("%.\(digits)g", value)
  }

  /// A fixed number of decimals.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    if value.isNaN { return "-" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let text = format("%.\(decimals)f", value)
    return text.first == "-" && text.allSatisfy { "-0.".contains($0) }
      ? String(text.dropFirst()) : text
  }

  /// A count with its noun: `1 run`, `2 runs`.
  package static func count(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// A ratio as a difference in percent, e.g. `5.2 % lower` for 0.948.
  package static func comparison(ratio: Double) -> String {
    if ratio.isNaN { return "not comparable" }
    let size = Swift.abs(ratio - 1)
    if ratio > 3 { return "\(significant(ratio)) times as high" }
    let percent = significant(100 * size, digits: size < 0.1 ? 2 : 3)
    return ratio == 1 ? "equal" : "\(percent) % \(ratio < 1 ? "lower" : "higher")"
  }

  /// `a, b and c`.
  package static func list(_ items: [String]) -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " and " + last
  }

  /// The shortest text that reads back as the same number.
  package static func exact(_ value: Double) -> String {
    value == value.rounded() && Swift.abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
  }

  private static func format(_ pattern: String, _ value: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 512)
    _ = withVaList([value]) { vsnprintf(&buffer, buffer.count, pattern, $0) }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
