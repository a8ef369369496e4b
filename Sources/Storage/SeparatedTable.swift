/// A table of text that the project keeps: a line a row with tabs between the columns, `#` before
/// remarks, a line feed at the end. Whatever is not of this form is refused with its line.
public struct SeparatedTable: Sendable {
  /// A row with the number of its line, from 1.
  public struct Row: Sendable {
    /// The number of the line.
    public let line: Int
    /// The texts between the tabs.
    public let fields: [String]
  }

  /// The rows, in order, without the header.
  public let rows: [Row]
  /// The remarks without their `#` and the blank behind it, in order.
  public let remarks: [String]
  private let name: String
  private let advice: String

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - name: the file, for messages.
  ///   - columns: the columns' names.
  ///   - hasHeader: whether the first row has the columns' names.
  ///   - advice: what to do about a table that is refused.
  /// - Throws: `TableError` for the first line that is not as it should be.
  public init(
    _ bytes: [UInt8], name: String, columns: [String], hasHeader: Bool, advice: String
  ) throws {
    self.name = name
    self.advice = advice
    func refuse(_ line: Int, _ problem: String) -> TableError {
      TableError(name: name, line: line, problem: problem, advice: advice)
    }
    var rows: [Row] = []
    var remarks: [String] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var headerSeen = !hasHeader
    for (index, var line) in lines.enumerated() {
      // Lines may end as Windows ends them.
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw refuse(index + 1, "it is not UTF-8 text")
      }
      if index == lines.count - 1 {
        guard text.isEmpty else { throw refuse(index + 1, "it is cut off") }
        continue
      }
      if text.isEmpty { continue }
      if text.hasPrefix("#") {
        remarks.append(String(text.dropFirst(text.hasPrefix("# ") ? 2 : 1)))
        continue
      }
      let fields = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard headerSeen else {
        guard fields == columns else {
          throw refuse(index + 1, "the header is not '\(columns.joined(separator: " "))'")
        }
        headerSeen = true
        continue
      }
      guard fields.count == columns.count else {
        throw refuse(index + 1, "\(fields.count) columns instead of \(columns.count)")
      }
      rows.append(Row(line: index + 1, fields: fields))
    }
    guard headerSeen else { throw refuse(1, "there is no header line") }
    self.rows = rows
    self.remarks = remarks
  }

  /// The error that a line is not as it should be.
  public func refusal(line: Int, _ problem: String) -> TableError {
    TableError(name: name, line: line, problem: problem, advice: advice)
  }
}

/// A table that is not understood.
public struct TableError: UserFacingError, Equatable {
  /// The file.
  public let name: String
  /// The number of the line, from 1.
  public let line: Int
  /// What is wrong with it.
  public let problem: String
  /// What to do.
  public let advice: String

  /// What is wrong, where, and what to do; one line.
  public var description: String { "\(name), line \(line): \(problem); \(advice)" }
  /// 65: bad data.
  public var exitStatus: ExitStatus { .badData }
}
