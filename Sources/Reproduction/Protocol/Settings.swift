/// The value of a setting: a number or a word.
public enum SettingValue: Sendable, Hashable, Codable, CustomStringConvertible {
  /// A number, e.g. an L2 coefficient.
  case number(Double)
  /// A word, e.g. a kind of whitening.
  case text(String)

  /// As it is written on the command line.
  public var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .text(let text): text
    }
  }

  /// Reads a number or a word.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  /// Writes the bare number or word.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    }
  }
}

extension SettingValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringLiteral
{
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A number.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  /// A word.
  public init(stringLiteral value: String) { self = .text(value) }
}

/// The settings of one run, by name.
public struct Settings: Sendable, Hashable, Codable, ExpressibleByDictionaryLiteral,
  ExpressibleByArrayLiteral
{
  /// A setting with its value; see `Setting.at`.
  public typealias Entry = (name: String, value: SettingValue)

  /// The values by name.
  public private(set) var values: [String: SettingValue]

  /// Settings with the given values.
  public init(_ values: [String: SettingValue] = [:]) { self.values = values }

  /// Settings with the listed values.
  public init(dictionaryLiteral elements: (String, SettingValue)...) {
    values = Dictionary(uniqueKeysWithValues: elements)
  }

  /// Settings with the listed values.
  public init(arrayLiteral elements: Entry...) {
    values = Dictionary(uniqueKeysWithValues: elements.map { ($0.name, $0.value) })
  }

  /// These settings, with those of `other` in place of the ones of the same names.
  public func replacing(with other: Settings) -> Settings {
    Settings(values.merging(other.values) { _, new in new })
  }

  /// The names, sorted.
  public var names: [String] { values.keys.sorted() }

  /// The value by name.
  public subscript(name: String) -> SettingValue? { values[name] }

  /// Reads a JSON object.
  public init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([String: SettingValue].self)
  }

  /// Writes a JSON object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }
}
