import Storage

/// What an objective or its data can be told: a choice that the paper leaves open, with our value.
///
/// Each is an option of the command line too.
public struct Setting<Value: Sendable>: AnySetting {
  /// What is known of it without the type of its value.
  public private(set) var declared: DeclaredSetting
  /// Nil for what is no value of it.
  fileprivate let read: @Sendable (SettingValue) -> Value?
  private let write: @Sendable (Value) -> SettingValue

  private init(
    _ declared: DeclaredSetting, read: @escaping @Sendable (SettingValue) -> Value?,
    write: @escaping @Sendable (Value) -> SettingValue
  ) {
    self.declared = declared
    self.read = read
    self.write = write
  }

  /// This setting with a value.
  public func at(_ value: Value) -> Settings.Entry { (declared.name, write(value)) }

  /// The setting, with another that is 0 too where the command line gives 0 for this one.
  public func switchingOff(_ other: Setting<Double>) -> Setting {
    var copy = self
    copy.declared.switchedOff.append(other.declared.name)
    return copy
  }
}

extension Setting where Value == Double {
  /// A number in a half-open range.
  public init(_ name: String, _ standard: Double, in range: Range<Double>, _ meaning: String) {
    self.init(name, standard, meaning) {
      range.contains($0)
        ? nil : "a number of at least \(range.lowerBound) and below \(range.upperBound)"
    }
  }

  /// A number in a closed range.
  public init(_ name: String, _ standard: Double, in range: ClosedRange<Double>, _ meaning: String)
  {
    self.init(name, standard, meaning) {
      range.contains($0) ? nil : "a number from \(range.lowerBound) to \(range.upperBound)"
    }
  }

  private init(
    _ name: String, _ standard: Double, _ meaning: String,
    expected: @escaping @Sendable (Double) -> String?
  ) {
    let declared = DeclaredSetting(name, .number(standard), meaning) { value in
      if case .number(let number) = value { expected(number) } else { "a number" }
    }
    self.init(
      declared, read: { if case .number(let number) = $0 { number } else { nil } },
      write: { .number($0) })
  }
}

extension Setting where Value: RawRepresentable<String> & CaseIterable {
  /// One of the words of a type.
  public init(_ name: String, _ standard: Value, _ meaning: String) {
    let words = Value.allCases.map(\.rawValue)
    let list = words.joined(separator: ", ")
    var declared = DeclaredSetting(name, .text(standard.rawValue), "\(meaning) (\(list))") {
      if case .text(let word) = $0, words.contains(word) { nil } else { "one of \(list)" }
    }
    declared.words = words
    self.init(
      declared, read: { if case .text(let word) = $0 { Value(rawValue: word) } else { nil } },
      write: { .text($0.rawValue) })
  }
}

/// One of the words of a type, or a number for each of some parts.
public enum WordOrNumbers<Word: Sendable>: Sendable {
  /// The word.
  case word(Word)
  /// The numbers.
  case numbers([Double])
}

extension Setting {
  /// One of the words of a type, or as many numbers as `parts` has names, joined by commas.
  public init<Word: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ standard: Word, orNumbersFor parts: [String], in range: ClosedRange<Double>,
    _ meaning: String
  ) where Value == WordOrNumbers<Word> {
    let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
    @Sendable func read(_ value: SettingValue) -> Value? {
      guard case .text(let text) = value else { return nil }
      if let word = Word(rawValue: text) { return .word(word) }
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      guard numbers.count == parts.count, numbers.allSatisfy({ range.contains($0 ?? .nan) })
      else { return nil }
      return .numbers(numbers.compactMap(\.self))
    }
    let declared = DeclaredSetting(
      name, .text(standard.rawValue),
      "\(meaning) (\(words), or a number for each of \(parts.joined(separator: ", ")))"
    ) {
      guard read($0) == nil else { return nil }
      return "one of \(words), or \(parts.count) numbers from \(range.lowerBound) to "
        + "\(range.upperBound) with commas between them"
    }
    self.init(declared, read: read) { value in
      switch value {
      case .word(let word): .text(word.rawValue)
      case .numbers(let numbers): .text(numbers.map { "\($0)" }.joined(separator: ","))
      }
    }
  }

  /// This setting with a value as it is written on the command line; a program refuses to start if it
  /// means none. Runs know the text: numbers that are written otherwise make another run.
  public func written<Word>(_ text: String) -> Settings.Entry where Value == WordOrNumbers<Word> {
    (declared.name, .text(text))
  }
}

extension Setting where Value == [Int] {
  /// The widths of layers, e.g. `1000,1000`: one number a layer.
  ///
  /// - Parameter count: the number of layers, if it is fixed.
  public static func widths(
    _ name: String, _ standard: [Int], count: Int? = nil, _ meaning: String
  ) -> Setting {
    let range = 1...100_000_000
    @Sendable func text(_ widths: [Int]) -> String {
      widths.map(String.init).joined(separator: ",")
    }
    @Sendable func read(_ value: SettingValue) -> [Int]? {
      guard case .text(let text) = value else { return nil }
      let widths = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard widths.allSatisfy({ range.contains($0 ?? 0) }),
        count.map({ $0 == widths.count }) ?? (1...16).contains(widths.count)
      else { return nil }
      return widths.compactMap(\.self)
    }
    var declared = DeclaredSetting(name, .text(text(standard)), meaning) {
      guard read($0) == nil else { return nil }
      let layers = count.map { "\($0) widths" } ?? "1 to 16 widths"
      return "\(layers) from 1 to \(range.upperBound) with commas between, e.g. \(text(standard))"
    }
    declared.isImplied = true
    return Setting(declared, read: read) { .text(text($0)) }
  }
}

/// A setting with a value of any type.
public protocol AnySetting: Sendable {
  /// What is known of it without the type of its value.
  var declared: DeclaredSetting { get }
}

/// A setting without the type of its value, as the command line and the results know it.
public struct DeclaredSetting: Sendable {
  /// The name, e.g. `l2`.
  public let name: String
  /// The value when nothing else is said.
  public let standard: SettingValue
  /// What it means, one line.
  public let meaning: String
  /// The settings that are 0 too where the command line gives 0 for this one.
  public fileprivate(set) var switchedOff: [String] = []
  /// Whether runs record the value only where it is not the standard one. So a setting that comes later
  /// leaves the identities of the runs before it as they are.
  public fileprivate(set) var isImplied = false
  /// The words that it takes, if it is one of them.
  public fileprivate(set) var words: [String] = []
  /// What is expected in place of a value that it cannot have.
  private let expected: @Sendable (SettingValue) -> String?

  fileprivate init(
    _ name: String, _ standard: SettingValue, _ meaning: String,
    expected: @escaping @Sendable (SettingValue) -> String?
  ) {
    self.name = name
    self.standard = standard
    self.meaning = meaning
    self.expected = expected
  }

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
    if let expected = expected(value) {
      throw UsageError("--\(name) takes \(expected), not \"\(text)\"")
    }
    return value
  }
}

extension Settings {
  /// The value of a setting, which must have been declared.
  public subscript<Value>(setting: Setting<Value>) -> Value {
    let declared = setting.declared
    guard let value = self[declared.name] ?? (declared.isImplied ? declared.standard : nil),
      let typed = setting.read(value)
    else { preconditionFailure("the experiment does not declare the setting \(declared.name)") }
    return typed
  }
}
