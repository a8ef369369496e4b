import Reporting
import Storage

extension PaperCurves {
  /// The paper's curves that are part of the program; if they are damaged, the program ends with the
  /// line that says where.
  public static func embedded(_ bytes: [UInt8]) -> PaperCurves {
    orEnd { try PaperCurves(bytes) }
  }
}

extension CommittedSearch {
  /// The outcome of a search that is part of the program; if it is damaged, the program ends with the
  /// line that says where.
  public static func embedded(_ bytes: [UInt8]) -> CommittedSearch {
    orEnd { try CommittedSearch(bytes) }
  }
}

private func orEnd<Value>(_ read: () throws -> Value) -> Value {
  switch Result(catching: read) {
  case .success(let value): return value
  case .failure(let error):
    CommandLineTool.main(FilePaths.name(of: CommandLine.arguments[0])) { throw error }
  }
}
