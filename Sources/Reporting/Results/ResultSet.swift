import ResultStore
import Storage

/// The result files of one profile.
public struct ResultSet: Sendable {
  /// One experiment's file.
  public struct Experiment: Sendable {
    /// The experiment, e.g. `mnist-logistic`.
    public let name: String
    /// The path of its file.
    public let path: String
    /// The SHA-256 of the file.
    public let sha256: String
    /// The content.
    public let document: Document
    /// The verdicts.
    public let outcomes: [ClaimOutcome]
    /// The verdicts under other readings of what the paper leaves open.
    public let readings: Readings
    /// The figures with the paper's curves that they show.
    public let figures: [(figure: Figure, paper: PaperCurves)]

    /// Reads one file.
    ///
    /// - Throws: `FileError`, `ResultFileError` or `ReportError`.
    public init(reading path: String) throws {
      document = try ResultFile.read(path)
      sha256 = try SHA256.hexDigest(ofFile: path)
      self.path = path
      name = document.root.text("experiment") ?? FilePaths.name(of: path)
      let groups = [document.root, document.root.group("volatile")].compactMap {
        $0?.group("claims")
      }
      outcomes = try groups.flatMap { try [ClaimOutcome](decoding: $0) }
      readings = document.root.group("readings").map { Readings(decoding: $0) } ?? Readings()
      figures = try (document.root.group("figures")?.groups ?? []).map { group in
        let (figure, paper) = try Figure.decode(group.name, group.group)
        return (figure, paper)
      }
    }

    /// The title, e.g. `Logistic regression on MNIST`.
    public var title: String { document.root.text("title") ?? name }
    /// The profile that it was run in; empty if the file does not say.
    public var profile: String { document.root.text("profile") ?? "" }
    /// Where the paper has it; empty if the file does not say.
    public var place: String { document.root.text("place") ?? "" }
  }

  /// A file that cannot be used.
  public struct Problem: Sendable {
    /// The path.
    public let path: String
    /// What is wrong and what to do; one line.
    public let description: String
    /// How a program that stumbles over it ends.
    public let status: ExitStatus
  }

  /// The experiments of the reproduction, in the paper's order.
  public static let experimentNames = [
    "mnist-logistic", "imdb-logistic", "mnist-mlp", "mnist-mlp-deterministic", "cifar-cnn",
    "vae-bias-correction", "algorithm-properties", "regret", "adamax", "temporal-averaging",
    "fashion-mlp", "mnist-four-hidden",
  ]

  /// The folder.
  public let folder: String
  /// The experiments that have a file, in the paper's order; others after them, by name.
  public let experiments: [Experiment]
  /// The files that cannot be used.
  public let problems: [Problem]

  /// All verdicts, in order.
  public var outcomes: [ClaimOutcome] { experiments.flatMap(\.outcomes) }

  /// The profile; that of the first file.
  public var profile: String { experiments.first?.document.root.text("profile") ?? "" }

  /// Reads all `*.h5` files of a folder. A file that cannot be used becomes a problem, and does
  /// not keep the others from being read.
  ///
  /// - Throws: `ReportError.noResults` if there is no such file.
  public init(readingFolder folder: String) throws {
    let names = FilePaths.names(in: folder).filter { $0.hasSuffix(".h5") }
    guard !names.isEmpty else { throw ReportError.noResults(folder: folder) }
    var experiments: [Experiment] = []
    var problems: [Problem] = []
    for name in names {
      let path = FilePaths.join(folder, name)
      do {
        experiments.append(try Experiment(reading: path))
      } catch let error as any UserFacingError {
        let description = "\(error)"
        problems.append(
          Problem(
            path: path,
            description: description.contains(path) ? description : "\(path): \(description)",
            status: error.exitStatus))
      }
    }
    func rank(_ name: String) -> Int {
      Self.experimentNames.firstIndex(of: name) ?? Self.experimentNames.count
    }
    self.folder = folder
    self.experiments = experiments.sorted {
      rank($0.name) == rank($1.name) ? $0.name < $1.name : rank($0.name) < rank($1.name)
    }
    self.problems = problems
  }
}

/// A choice that the paper leaves open: what was taken, what else there is, and what that changes.
public struct OpenChoice: Sendable, Equatable {
  /// What is open, e.g. `tokenisation`.
  public var question: String
  /// What was taken.
  public var taken: String
  /// What else was tried or could be taken.
  public var alternative: String
  /// The measured effect of the alternative in words, with its number; empty: not measured.
  public var effect: String

  /// A choice with its measured effect.
  public init(_ question: String, taken: String, alternative: String = "", effect: String = "") {
    self.question = question
    self.taken = taken
    self.alternative = alternative
    self.effect = effect
  }
}

extension [OpenChoice] {
  /// The choices as the group `/choices` of a document, along the dimension `choice`.
  public func encoded() -> Group {
    var group = Group()
    group.attributes = .meaning("what the paper leaves open, and what was chosen")
    group.dimensions = [
      Dimension("choice", .int64(indices.map(Int64.init)), "row")
    ]
    func column(_ name: String, _ longName: String, _ path: (OpenChoice) -> String) -> Variable {
      Variable(name, ["choice"], .string(map(path)), longName)
    }
    group.variables = [
      column("question", "what is open", \.question), column("taken", "what was taken", \.taken),
      column("alternative", "what else there is", \.alternative),
      column("effect", "what the alternative changes", \.effect),
    ]
    return group
  }

  /// Reads the group `/choices` back; none if it is incomplete.
  public init(decoding group: Group) {
    let columns = ["question", "taken", "alternative", "effect"]
      .compactMap { group.variable($0)?.strings }
    guard columns.count == 4, Set(columns.map(\.count)).count == 1 else {
      self = []
      return
    }
    self = columns[0].indices.map { row in
      OpenChoice(
        columns[0][row], taken: columns[1][row], alternative: columns[2][row],
        effect: columns[3][row])
    }
  }
}
