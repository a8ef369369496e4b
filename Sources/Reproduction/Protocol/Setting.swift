import Reporting
import ResultStore
import Storage

/// What an objective or its data can be told: a choice that the paper leaves open, with our value.
///
/// Each is an option of the command line too.
public struct Setting<Value: Sendable>: AnySetting, Recorded {
  /// What is known of it without the type of its value.
  public fileprivate(set) var declared: DeclaredSetting
  /// Nil for what is no value of it.
  fileprivate let read: @Sendable (SettingValue) -> Value?
  private let write: @Sendable (Value) -> SettingValue

  /// - Parameter expected: what its values are, for those who give another.
  private init(
    _ name: String, _ standard: Value, _ meaning: String, expected: String,
    read: @escaping @Sendable (SettingValue) -> Value?,
    write: @escaping @Sendable (Value) -> SettingValue
  ) {
    declared = DeclaredSetting(
      name: name, standard: write(standard), meaning: meaning, expected: expected
    ) { read($0).map(write) }
    self.read = read
    self.write = write
  }

  /// Its variable's path in a result file.
  public var variable: String { DeclaredSetting.variable(declared.name) }

  /// This setting with a value.
  public func at(_ value: Value) -> Settings.Entry { (declared.name, write(value)) }

  /// The setting, refused on the command line where another has none of these values: it would have no effect.
  public func counting<Other>(with other: Setting<Other>, at values: Other...) -> Setting {
    var copy = self
    copy.declared.condition = (other.declared.name, values.map(other.write))
    return copy
  }

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
    self.init(
      name, standard, meaning,
      expected: "a number of at least \(range.lowerBound) and below \(range.upperBound)",
      accepting: range.contains)
  }

  /// A number in a closed range.
  public init(_ name: String, _ standard: Double, in range: ClosedRange<Double>, _ meaning: String)
  {
    self.init(
      name, standard, meaning,
      expected: "a number from \(range.lowerBound) to \(range.upperBound)",
      accepting: range.contains)
  }

  private init(
    _ name: String, _ standard: Double, _ meaning: String, expected: String,
    accepting: @escaping @Sendable (Double) -> Bool
  ) {
    self.init(
      name, standard, meaning, expected: expected,
      read: { if case .number(let number) = $0, accepting(number) { number } else { nil } },
      write: { .number($0) })
  }
}

extension Setting where Value: RawRepresentable<String> & CaseIterable {
  /// One of the words of a type.
  public init(_ name: String, _ standard: Value, _ meaning: String) {
    let words = Value.allCases.map(\.rawValue)
    let list = words.joined(separator: ", ")
    self.init(
      name, standard, "\(meaning) (\(list))", expected: "one of \(list)",
      read: { if case .text(let word) = $0 { Value(rawValue: word) } else { nil } },
      write: { .text($0.rawValue) })
    declared.words = words
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
    self.init(
      name, .word(standard),
      "\(meaning) (\(words), or a number for each of \(parts.joined(separator: ", ")))",
      expected: "one of \(words), or \(parts.count) numbers from \(range.lowerBound) to "
        + "\(range.upperBound) with commas between them",
      read: { value in
        guard case .text(let text) = value else { return nil }
        if let word = Word(rawValue: text) { return .word(word) }
        let numbers = listed(text) { Double($0) }
        guard numbers.count == parts.count, numbers.allSatisfy({ range.contains($0 ?? .nan) })
        else { return nil }
        return .numbers(numbers.compactMap(\.self))
      },
      write: { value in
        switch value {
        case .word(let word): .text(word.rawValue)
        case .numbers(let numbers): .text(numbers.map(shortest).joined(separator: ","))
        }
      })
  }
}

/// The parts of a list with commas.
private func listed<Part>(_ text: String, _ read: (Substring) -> Part?) -> [Part?] {
  text.split(separator: ",", omittingEmptySubsequences: false).map(read)
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
    let layers = count.map { "\($0) widths" } ?? "1 to 16 widths"
    var setting = Setting(
      name, standard, meaning,
      expected:
        "\(layers) from 1 to \(range.upperBound) with commas between, e.g. \(text(standard))",
      read: { value in
        guard case .text(let text) = value else { return nil }
        let widths = listed(text) { Int($0) }
        guard widths.allSatisfy({ range.contains($0 ?? 0) }),
          count.map({ $0 == widths.count }) ?? (1...16).contains(widths.count)
        else { return nil }
        return widths.compactMap(\.self)
      },
      write: { .text(text($0)) })
    setting.declared.isImplied = true
    return setting
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
  /// Another setting, and the values of it with which this one has an effect; nil: with all.
  fileprivate(set) var condition: (name: String, values: [SettingValue])?
  /// Whether runs record the value only where it is not the standard one. So a setting that comes later
  /// leaves the identities of the runs before it as they are.
  public fileprivate(set) var isImplied = false
  /// The words that it takes, if it is one of them.
  public fileprivate(set) var words: [String] = []
  /// What its values are, for those who give another.
  private let expected: String
  /// A value in the one form in which runs record it; nil if the setting cannot have it.
  private let accepted: @Sendable (SettingValue) -> SettingValue?

  fileprivate init(
    name: String, standard: SettingValue, meaning: String, expected: String,
    accepted: @escaping @Sendable (SettingValue) -> SettingValue?
  ) {
    self.name = name
    self.standard = standard
    self.meaning = meaning
    self.expected = expected
    self.accepted = accepted
  }

  /// The variable that results have for a setting of a name.
  static func variable(_ name: String) -> String { "setting_" + name.replacing("-", with: "_") }

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

  /// The value that `text` means, in the form in which runs record it.
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
    guard let accepted = accepted(value) else {
      throw UsageError("--\(name) takes \(expected), not \"\(text)\"")
    }
    return accepted
  }
}

extension [DeclaredSetting] {
  /// Settings that somebody gives, with those that they switch off.
  ///
  /// - Throws: `UsageError` where one contradicts another, or has no effect beside it.
  func consistent(_ given: Settings) throws -> Settings {
    var settings = given
    for setting in self where settings[setting.name] == 0 {
      for name in setting.switchedOff {
        guard settings[name] ?? 0 == 0 else {
          throw UsageError("--\(setting.name) 0 switches --\(name) off; leave that out")
        }
        settings = settings.replacing(with: Settings([name: 0]))
      }
    }
    for setting in self where settings[setting.name] != nil {
      guard let condition = setting.condition,
        let other = first(where: { $0.name == condition.name })
      else { continue }
      let value = settings[other.name] ?? other.standard
      guard condition.values.contains(value) else {
        throw UsageError(
          "--\(setting.name) has no effect with --\(other.name) \(value); it counts with "
            + NumberText.list(condition.values.map(\.description)))
      }
    }
    return settings
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
