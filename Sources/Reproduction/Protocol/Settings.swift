import Storage

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

/// What an objective or its data can be told: a choice that the paper leaves open, with our value.
///
/// Each is an option of the command line too.
public struct Setting: Sendable {
  /// The name, e.g. `l2`.
  public let name: String
  /// The value when nothing else is said.
  public let standard: SettingValue
  /// What it means, one line.
  public let meaning: String
  /// The settings that are 0 too where the command line gives 0 for this one.
  public private(set) var switchedOff: [String] = []
  /// Whether runs record the value only where it is not the standard one. So a setting that comes later
  /// leaves the identities of the runs before it as they are.
  public private(set) var isImplied = false
  /// The words that it takes, if it is one of them.
  public private(set) var words: [String] = []
  private let check: @Sendable (SettingValue) -> String?

  /// What `--help` calls its value.
  var kind: String {
    if isImplied { return "LIST" }
    if case .number = standard { return "X" }
    return "WORD"
  }

  /// The standard value as people write it.
  var standardText: String {
    if case .number(let number) = standard { return compact(number) }
    return standard.description
  }

  /// A number in a half-open range.
  public init(_ name: String, _ standard: Double, in range: Range<Double>, _ meaning: String) {
    self.init(name, .number(standard), meaning) {
      guard case .number(let number) = $0, range.contains(number) else {
        return "a number of at least \(range.lowerBound) and below \(range.upperBound)"
      }
      return nil
    }
  }

  /// A number in a closed range.
  public init(_ name: String, _ standard: Double, in range: ClosedRange<Double>, _ meaning: String)
  {
    self.init(name, .number(standard), meaning) {
      guard case .number(let number) = $0, range.contains(number) else {
        return "a number from \(range.lowerBound) to \(range.upperBound)"
      }
      return nil
    }
  }

  /// One word of several.
  public init(_ name: String, _ standard: String, oneOf words: [String], _ meaning: String) {
    self.init(name, .text(standard), meaning + " (" + words.joined(separator: ", ") + ")") {
      guard case .text(let word) = $0, words.contains(word) else {
        return "one of " + words.joined(separator: ", ")
      }
      return nil
    }
    self.words = words
  }

  /// One word of several, or as many numbers as `parts` has names, joined by commas.
  public init(
    _ name: String, _ standard: String, oneOf words: [String], orNumbersFor parts: [String],
    in range: ClosedRange<Double>, _ meaning: String
  ) {
    let numbers = "\(parts.count) numbers from \(range.lowerBound) to \(range.upperBound)"
    self.init(
      name, .text(standard),
      meaning + " (" + words.joined(separator: ", ") + ", or a number for each of "
        + parts.joined(separator: ", ") + ")"
    ) {
      if case .text(let text) = $0, words.contains(text) { return nil }
      let values = Settings.numbers(in: $0) ?? []
      guard values.count == parts.count, values.allSatisfy(range.contains) else {
        return "one of " + words.joined(separator: ", ")
          + ", or \(numbers) with commas between them"
      }
      return nil
    }
  }

  /// One of the words of a type.
  public init<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ standard: Choice, _ meaning: String
  ) {
    self.init(name, standard.rawValue, oneOf: Choice.allCases.map(\.rawValue), meaning)
  }

  private init(
    _ name: String, _ standard: SettingValue, _ meaning: String,
    check: @escaping @Sendable (SettingValue) -> String?
  ) {
    self.name = name
    self.standard = standard
    self.meaning = meaning
    self.check = check
  }

  /// The widths of layers, e.g. `1000,1000`: one number a layer. Read by `Settings.widths`.
  ///
  /// - Parameter count: the number of layers, if it is fixed.
  public static func widths(
    _ name: String, _ standard: [Int], count: Int? = nil, _ meaning: String
  ) -> Setting {
    let text = standard.map(String.init).joined(separator: ",")
    var setting = Setting(name, .text(text), meaning) { value in
      guard case .text(let text) = value else { return "widths" }
      let widths = Settings.widths(text)
      guard widths.allSatisfy({ Setting.widthRange.contains($0 ?? 0) }),
        count.map({ $0 == widths.count }) ?? (1...16).contains(widths.count)
      else {
        let layers = count.map { "\($0) widths" } ?? "1 to 16 widths"
        return "\(layers) from 1 to \(Setting.widthRange.upperBound) with commas between, "
          + "e.g. \(standard.map(String.init).joined(separator: ","))"
      }
      return nil
    }
    setting.isImplied = true
    return setting
  }

  private static let widthRange = 1...100_000_000

  /// The setting, with others that are 0 too where the command line gives 0 for this one.
  public func switchingOff(_ names: [String]) -> Setting {
    var copy = self
    copy.switchedOff = names
    return copy
  }

  /// The value that `text` means.
  ///
  /// - Throws: `UsageError` if the setting cannot have it.
  public func value(from text: String) throws -> SettingValue {
    let value: SettingValue
    switch standard {
    case .number:
      guard let number = Double(text), number.isFinite else {
        throw UsageError("--\(name) takes a number, not \"\(text)\"")
      }
      value = .number(number)
    case .text:
      value = .text(text)
    }
    if let expected = check(value) {
      throw UsageError("--\(name) takes \(expected), not \"\(text)\"")
    }
    return value
  }
}

/// The settings of one run, by name.
public struct Settings: Sendable, Hashable, Codable, ExpressibleByDictionaryLiteral {
  /// The values by name.
  public private(set) var values: [String: SettingValue]

  /// Settings with the given values.
  public init(_ values: [String: SettingValue] = [:]) { self.values = values }

  /// Settings with the listed values.
  public init(dictionaryLiteral elements: (String, SettingValue)...) {
    values = Dictionary(uniqueKeysWithValues: elements)
  }

  /// The value of a numeric setting, which must have been declared.
  public func number(_ name: String) -> Double {
    guard case .number(let number)? = values[name] else {
      preconditionFailure("no numeric setting \(name) is declared")
    }
    return number
  }

  /// The value of a setting that is a word, which must have been declared.
  public func text(_ name: String) -> String {
    guard case .text(let text)? = values[name] else {
      preconditionFailure("no setting \(name) with a word is declared")
    }
    return text
  }

  /// The numbers of a setting that is a list of them; `nil` if it is a word, which must have been
  /// declared.
  public func numbers(_ name: String) -> [Double]? { Settings.numbers(in: .text(text(name))) }

  static func numbers(in value: SettingValue) -> [Double]? {
    guard case .text(let text) = value else { return nil }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let numbers = parts.compactMap(\.self)
    return numbers.count == parts.count && numbers.allSatisfy(\.isFinite) ? numbers : nil
  }

  /// The widths that a setting of `Setting.widths` has; those given where it has its standard value.
  public func widths(_ name: String, standard: [Int]) -> [Int] {
    guard case .text(let text)? = values[name] else { return standard }
    return Settings.widths(text).compactMap(\.self)
  }

  fileprivate static func widths(_ text: String) -> [Int?] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
  }

  /// The value of a setting that is one of the words of a type, which must have been declared so.
  public func choice<Choice: RawRepresentable<String>>(_ name: String) -> Choice {
    guard let choice = Choice(rawValue: text(name)) else {
      preconditionFailure("\(text(name)) is no \(Choice.self)")
    }
    return choice
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
