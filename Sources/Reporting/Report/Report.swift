import ResultStore
import Storage

/// Making and checking a report in a folder.
public enum Report {
  /// Writes `index.html`, `report.md` and `figures/*.svg, *.png, *.pdf` into a folder, and a seal by
  /// which `isComplete` knows them again. Files of figures that are not drawn are removed.
  ///
  /// - Parameter inputs: the hash of what the report is made from.
  /// - Throws: `FileError` if a file cannot be written.
  public static func write(
    _ content: ReportContent, to folder: String, inputs: String = "",
    layer: any FileLayer = .system
  ) throws {
    try layer.createFolders(folder)
    var seal = OutputSeal(replacing: sealPath(folder))
    func commit(_ name: String, _ bytes: [UInt8]) throws {
      let path = FilePaths.join(folder, name)
      if (try? FileContents.read(path)) != bytes {
        try AtomicFile.commit(bytes, to: path, layer: layer)
      }
      seal.record(name, bytes, from: inputs)
    }
    for entry in content.figures {
      let files = entry.drawn?.files ?? [:]
      if !files.isEmpty { try layer.createFolders(FilePaths.join(folder, "figures")) }
      for ending in [".svg", "-narrow.svg", ".png", ".pdf"] {
        let name = "figures/\(entry.figure.id)\(ending)"
        if let bytes = files[ending] {
          try commit(name, bytes)
        } else if FilePaths.exists(FilePaths.join(folder, name)) {
          try layer.remove(FilePaths.join(folder, name))
        }
      }
    }
    for isNarrow in [false, true] {
      let name = "figures/forest\(isNarrow ? "-narrow" : "").svg"
      if content.hasPictures, content.claims.contains(where: { $0.group == .paper }) {
        try layer.createFolders(FilePaths.join(folder, "figures"))
        try commit(name, Array(ForestPlot(content, isNarrow: isNarrow, for: .file).svg.utf8))
      } else if FilePaths.exists(FilePaths.join(folder, name)) {
        try layer.remove(FilePaths.join(folder, name))
      }
    }
    try commit("report.md", Array(MarkdownReport.text(content).utf8))
    try commit("index.html", Array(HTMLReport.text(content).utf8))
    // One without figures is not complete: they may be drawn next time.
    if content.hasPictures { try seal.write(layer: layer) }
  }

  /// Whether a folder has a report made from these inputs, and all its files are as they were
  /// written.
  public static func isComplete(in folder: String, inputs: String) -> Bool {
    let seal = OutputSeal(at: sealPath(folder))
    return seal.names.contains("index.html")
      && seal.names.allSatisfy {
        seal.isComplete($0, at: FilePaths.join(folder, $0), from: inputs)
      }
  }

  private static func sealPath(_ folder: String) -> String {
    FilePaths.join(folder, "report.sealed")
  }
}

extension DrawnFigure {
  /// The figure's files by the ends of their names.
  var files: [String: [UInt8]] {
    var files = [".svg": svg, "-narrow.svg": narrow, ".png": png]
    files[".pdf"] = pdf
    return files
  }
}

/// The validator of result files and reports.
public enum ReportChecker {
  /// What is wrong with a file; nothing if all is well. A result file (`*.h5`) is checked by itself;
  /// a report (`index.html`, `report.md`, or their folder) is made again from the result files in the
  /// folder above, and compared: so every number in it is in the files.
  ///
  /// - Parameters:
  ///   - sets: what the report was made from; none: the result files in the folder above it.
  ///   - reference: the reference results that the report was made with.
  ///   - known: the list of claims that it was made with.
  ///   - gnuplot: draws the figures again; without it only `report.md` can be compared.
  public static func problems(
    of path: String, from sets: [ResultSet] = [], reference: ResultSet? = nil,
    known: ClaimList = ClaimList(), gnuplot: Gnuplot? = nil
  ) -> [String] {
    do {
      if FilePaths.isFolder(path) || path.hasSuffix(".html") || path.hasSuffix(".md") {
        return try reportProblems(path, sets, reference, known, gnuplot)
      }
      return resultProblems(try ResultSet.Experiment(reading: path))
    } catch {
      return ["\(error)"]
    }
  }

  private static let requiredAttributes = [
    "Conventions", "schema", "title", "experiment", "profile", "source", "history", "references",
    "git_commit", "git_dirty", "swift_version", "onednn_version", "hdf5_version", "cpu_model",
    "isa", "threads_per_run", "data_origin", "data_sha256",
  ]

  /// What is wrong with the content of a result file.
  public static func resultProblems(_ experiment: ResultSet.Experiment) -> [String] {
    let document = experiment.document
    let root = document.root
    var problems: [String] = []
    for name in requiredAttributes where !root.attributes.contains(where: { $0.name == name }) {
      problems.append("the attribute \(name) is missing")
    }
    if let origin = root.text("data_origin"),
      !["official", "debian", "stand-in", "none", "unknown"].contains(origin)
    {
      problems.append("data_origin is '\(origin)', not official, debian, stand-in, unknown or none")
    }
    do {
      try document.check()
    } catch {
      problems.append("\(error)")
    }
    for variable in root.variables
    where !variable.attributes.contains(where: { $0.name == "long_name" }) {
      problems.append("\(variable.name) has no long_name")
    }
    if let stated = root.text("content_sha256"),
      root.text("hdf5_version") == HDF5File.libraryVersion,
      let found = try? document.contentIdentity(), found != stated
    {
      problems.append("the content is not that of its content_sha256")
    }
    if let stated = root.text("numbers_sha256"), document.numbersDigest != stated {
      problems.append("the numbers are not those of its numbers_sha256")
    }
    problems += statusProblems(document)
    problems += claimProblems(experiment)
    for (figure, _) in experiment.figures {
      problems += figureProblems(figure, document)
    }
    return problems
  }

  /// A value has to be there where a run finished, and must not be where it was not run; after a
  /// divergence there is none.
  private static func statusProblems(_ document: Document) -> [String] {
    guard let status = Cells(RunState.variable, in: document), let states = RunStatus(document),
      let cost = Cells(.trainingCost, in: document), cost.has("epoch")
    else { return [] }
    var problems: [String] = []
    let diverged = Cells("diverged_epoch", in: document)
    let lengths = Cells("run_epochs", in: document)
    forEachPlace(status) { place in
      let epochs = cost.labels(of: "epoch")
      let values = epochs.map { epoch in
        cost.value(at: place.merging(["epoch": epoch]) { _, new in new }) ?? .nan
      }
      let name = place.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        .joined(separator: ", ")
      switch states.state(at: place) {
      case .finished:
        // How often a run evaluates in between is up to the experiment.
        let last = lengths?.value(at: place).flatMap { length in
          zip(epochs, values).first { Double($0.0) == length }?.1
        }
        if (last ?? values.last)?.isFinite != true {
          problems.append("\(name): finished, but train_cost has no value after the last epoch")
        }
      case .notRun:
        if values.contains(where: { !$0.isNaN }) {
          problems.append("\(name): not run, but train_cost has values")
        }
      case .diverged:
        let epoch = diverged?.value(at: place) ?? .nan
        let late = zip(epochs, values).contains { label, value in
          (Double(label) ?? 0) > epoch && !value.isNaN
        }
        if late { problems.append("\(name): train_cost has values after the divergence") }
        if epoch.isNaN || epoch < 0 {
          problems.append("\(name): diverged, but it is not said when")
        }
      case nil: problems.append("\(name): of an unknown status")
      }
    }
    return problems
  }

  private static func forEachPlace(_ cells: Cells, _ body: ([String: String]) -> Void) {
    func visit(_ axis: Int, _ place: [String: String]) {
      guard axis < cells.dimensions.count else { return body(place) }
      for label in cells.labels[axis] {
        visit(axis + 1, place.merging([cells.dimensions[axis].name: label]) { _, new in new })
      }
    }
    visit(0, [:])
  }

  private static func claimProblems(_ experiment: ResultSet.Experiment) -> [String] {
    var problems: [String] = []
    let arms = experiment.document.root.labels(of: "arm")
    let figures = experiment.figures.map(\.figure.id)
    var keys: Set<String> = []
    for outcome in experiment.outcomes {
      if !keys.insert(outcome.key).inserted {
        problems.append("claim \(outcome.key) is there twice")
      }
      let isJudged = outcome.verdict != .notRun
      if isJudged && !experiment.document.hasRealData {
        problems.append("claim \(outcome.key) is judged on data that are not the paper's")
      }
      if outcome.detail.isEmpty { problems.append("claim \(outcome.key) has no numbers or reason") }
      if outcome.low > outcome.effect || outcome.high < outcome.effect {
        problems.append("claim \(outcome.key): the effect is outside of its interval")
      }
      if isJudged, !outcome.arm.isEmpty, !arms.contains(outcome.arm) {
        problems.append("claim \(outcome.key) is judged in an arm that the file does not have")
      }
      if !outcome.figure.isEmpty, !figures.isEmpty, !figures.contains(outcome.figure) {
        problems.append(
          "claim \(outcome.key) refers to a figure \(outcome.figure) that is not there")
      }
    }
    return problems
  }

  private static func figureProblems(_ figure: Figure, _ document: Document) -> [String] {
    let variables = figure.panels.flatMap(\.lines).map(\.variable)
    var missing: [String] = []
    for name in variables where Cells(name, in: document) == nil && !missing.contains(name) {
      missing.append(name)
    }
    return missing.map { "figure \(figure.id) shows \($0), which is not there" }
  }

  private static let noFigures = "- No figures: "

  private static func reportProblems(
    _ path: String, _ sets: [ResultSet], _ reference: ResultSet?, _ known: ClaimList,
    _ gnuplot: Gnuplot?
  ) throws -> [String] {
    let folder = FilePaths.isFolder(path) ? path : FilePaths.folder(of: path)
    let results = try sets.first ?? ResultSet(readingFolder: FilePaths.join(folder, ".."))
    // A report that was made without gnuplot says why; that is the one thing not in the files.
    let made = String(
      decoding: try FileContents.read(FilePaths.join(folder, "report.md")), as: UTF8.self)
    let excuse = made.split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix(noFigures) && $0.hasSuffix(".") }
      .map { String($0.dropFirst(noFigures.count).dropLast()) }
    let content = try ReportContent(
      results, with: Array(sets.dropFirst()), reference: reference, known: known,
      gnuplot: excuse == nil ? gnuplot : nil,
      figureProblem: excuse)
    if let error = content.figureError { throw error }
    var problems: [String] = []
    let checkPage = (gnuplot != nil || excuse != nil) && !path.hasSuffix(".md")
    let checkText = !path.hasSuffix(".html")
    for (name, text, isChecked) in [
      ("report.md", MarkdownReport.text(content), checkText),
      ("index.html", HTMLReport.text(content), checkPage),
    ] where isChecked {
      let bytes = try FileContents.read(FilePaths.join(folder, name))
      if bytes != Array(text.utf8) {
        problems.append(
          "\(name) does not follow from the result files\(firstDifference(bytes, text)); make it "
            + "again with 'make report'")
      }
    }
    return problems
  }

  private static func firstDifference(_ bytes: [UInt8], _ text: String) -> String {
    let mine = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let theirs = text.split(separator: "\n", omittingEmptySubsequences: false)
    let line = zip(mine, theirs).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    return " (line \((line ?? Swift.min(mine.count, theirs.count)) + 1))"
  }
}
