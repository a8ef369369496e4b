import Storage

/// Data that is missing, damaged, or not what it should be.
public enum DatasetError: UserFacingError, Equatable {
  /// The data set is in none of the places; `there` is what lies where it should be, and `isNamed`
  /// whether the user said where that is.
  case notFound(DatasetName, in: String, there: [String], isNamed: Bool)
  /// The folder that the user named is not there, or is a file.
  case noFolder(String, isFile: Bool)
  /// Some of the files of a data set are there.
  case incomplete(String, missing: String)
  /// Not a data set's file at all, though it has the name of one.
  case otherKind(path: String, found: String, advice: String)
  /// The data set is there in a form that is not read, e.g. the one for Python.
  case wrongVersion(path: String, found: String, wanted: String)
  /// A file whose sha256 is not in the catalogue.
  case unknownContent(path: String, sha256: String)
  /// A file of the catalogue under the name of another one.
  case misplaced(path: String, found: String, wanted: String)
  /// A file that ends early, has a wrong format, or holds impossible values.
  case damaged(path: String, reason: String)
  /// An archive with an entry that a data set never has: a link, a path that leads outside.
  case unsafeEntry(path: String, entry: String, reason: String)
  /// A file that is larger than any version of the data set.
  case tooLarge(path: String, limit: Int)
  /// A file that changed between its identification and its decoding.
  case changed(path: String)
  /// The user's own data that do not fit the experiment.
  case unfit(path: String, reason: String)
  /// Images were asked of a data set of text, or the other way round.
  case wrongKind(DatasetName, wanted: String)
  /// LAPACK did not solve the eigenproblem of the whitening.
  case eigenproblem(Int32)

  /// What is wrong, where, and what to do; one line.
  public var description: String {
    switch self {
    case .notFound(let name, let folder, let names, let isNamed):
      "\(name.title) is not in \(folder) (\(Self.listing(names))); \(name.wanted), "
        + (isNamed ? name.adviceForNamedFolder : name.advice)
    case .noFolder(let path, let isFile):
      "the data folder \(path.isEmpty ? "''" : path) \(isFile ? "is a file" : "does not exist"); "
        + "correct --data-dir or ADAM_DATA (DATA= of make), or give --stand-in for generated data"
    case .incomplete(let folder, let missing):
      "\(folder): \(missing) is missing beside the other files; get it (run: make data)"
    case .otherKind(let path, let found, let advice):
      "\(path) is \(found); \(advice)"
    case .wrongVersion(let path, let found, let wanted):
      "\(path) is \(found); get \(wanted) instead (run: make data)"
    case .unknownContent(let path, let sha256):
      "\(path) is no known version of the data set (sha256 \(sha256)); "
        + "get the official file (run: make data) or give --allow-unknown-data"
    case .misplaced(let path, let found, let wanted):
      "\(path) holds \(found), not \(wanted); put each file under its own name (or run: make data)"
    case .damaged(let path, let reason):
      "\(path): \(reason); remove it and get it again (run: make data)"
    case .unsafeEntry(let path, let entry, let reason):
      "\(path): entry \(Self.printable(entry)) \(reason), which no version of the data set has; "
        + "remove the archive and get it again (run: make data)"
    case .tooLarge(let path, let limit):
      "\(path) holds more than \(limit) bytes, more than any version of the data set; "
        + "remove it and get it again (run: make data)"
    case .changed(let path):
      "\(path) changed while it was read; run the same command again"
    case .unfit(let path, let reason):
      "\(path): \(reason)"
    case .wrongKind(let name, let wanted):
      "\(name.title) does not hold \(wanted)"
    case .eigenproblem(let code):
      "the eigenproblem of the whitening failed (LAPACK says \(code)); choose a larger epsilon"
    }
  }

  /// Whether the data set is simply not there, so that a stand-in may take its place.
  public var isMissingData: Bool {
    if case .notFound = self { true } else { false }
  }

  /// Whether only some of a data set's files are there.
  var isIncomplete: Bool { if case .incomplete = self { true } else { false } }

  /// Whether this says no more than that a file is of another data set.
  var isOfAnotherSet: Bool { if case .misplaced = self { true } else { false } }

  /// What lies in a folder, in a few words.
  private static func listing(_ names: [String]) -> String {
    if names.isEmpty { return "nothing is there" }
    let shown = names.prefix(6).map(printable)
    return "there: " + shown.joined(separator: ", ") + (names.count > 6 ? ", ..." : "")
  }

  /// 66 for missing data, 70 for a fault of ours, else 65.
  public var exitStatus: ExitStatus {
    switch self {
    case .notFound, .noFolder: .noInput
    case .changed: .inputOutput
    case .wrongKind, .eigenproblem: .software
    default: .badData
    }
  }

  /// `text` with everything that could disturb a terminal shown as `?`, shortened.
  static func printable(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(120).map { scalar -> Character in
      scalar.value >= 0x20 && scalar.value < 0x7f ? Character(scalar) : "?"
    }
    return String(shown) + (text.unicodeScalars.count > 120 ? "..." : "")
  }
}
