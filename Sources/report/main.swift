import Reporting
import Reproduction
import ResultStore
import Storage

let parser = OptionParser(
  [
    CommandOption(
      "results", "FOLDER",
      "a folder with result files (results/quick); of several each claim is told by the longest runs"
    ),
    CommandOption("output", "FOLDER", "where the report goes (report inside the results' folder)"),
    CommandOption(
      "reference", "FOLDER", "results to compare with (results/reference/<profile>, if it is there)"
    ),
    CommandOption("readme", "FILE", "put the results into FILE, between its markers, and end"),
    CommandOption("check-readme", "FILE", "fail if what --readme writes is not there, and end"),
    CommandOption(
      "ledger", "FOLDER", "with --readme: where all verdicts go as README.md and verdicts.csv"),
    CommandOption(
      "experiments", "FOLDER", "with --readme: put verdicts into FOLDER/<experiment>/README.md"),
    CommandOption(
      "errata", "FILE",
      "write the errata of the paper, with their evidence, and end; with --readme or --check-readme: among its files"
    ),
    CommandOption(
      "rules", "FILE", "with --readme: put the changes of the rules into FILE, between its markers"),
    CommandOption("check", nil, "check result files and reports, named as operands, and end"),
    CommandOption(
      "if-changed", nil, "do nothing if the report is there, whole, and made from the same files"),
    CommandOption(
      "inspect", nil, "print the names and shapes in result files, named as operands, and end"),
    CommandOption(
      "compare", nil,
      "compare result files of an experiment, or arms (FILE#ARM), named as operands, paired by seed"
    ),
    CommandOption(
      "variable", "NAME", "with --compare: the quantity, e.g. train_cost_running (test_error)"),
    CommandOption("gnuplot", "PROGRAM", "the gnuplot to draw with"),
    CommandOption("quiet", nil, "print errors only"),
  ] + .aboutItself)

func complain(_ text: String) { CommandLineTool.complain("report", text) }

/// The reference results of the same profile as `results`, unless these are the reference.
func reference(for results: ResultSet, _ options: ParsedOptions) throws -> ResultSet? {
  if let folder = options.value("reference") { return try ResultSet(readingFolder: folder) }
  let above = FilePaths.join(results.folder, "..")
  let folder = FilePaths.join(FilePaths.join(above, "reference"), results.profile)
  guard !results.profile.isEmpty, FilePaths.isFolder(folder) else { return nil }
  return try? ResultSet(readingFolder: folder)
}

/// The claims of experiments that have not been run, from the list beside the reference results.
func knownClaims(for results: ResultSet) throws -> ClaimList {
  let above = FilePaths.join(results.folder, "..")
  let lists = [FilePaths.join(above, "reference/claims.tsv"), FilePaths.join(above, "claims.tsv")]
  guard let path = lists.first(where: FilePaths.exists) else { return ClaimList() }
  return try ClaimList(reading: path)
}

func check(_ options: ParsedOptions) throws -> ExitStatus {
  guard !options.operands.isEmpty else {
    throw UsageError("--check needs files: result files (*.h5) or reports")
  }
  let gnuplot = try? Gnuplot(options.value("gnuplot") ?? "gnuplot")
  let sets = try options.values("results").map { try ResultSet(readingFolder: $0) }
  var count = 0
  for path in options.operands {
    var compared: ResultSet?
    var known = ClaimList()
    let folder = FilePaths.isFolder(path) ? path : FilePaths.folder(of: path)
    if !path.hasSuffix(".h5"),
      let results = try? sets.first ?? ResultSet(readingFolder: FilePaths.join(folder, ".."))
    {
      compared = try reference(for: results, options)
      known = try knownClaims(for: results)
    }
    let problems = ReportChecker.problems(
      of: path, from: sets, reference: compared, known: known, gnuplot: gnuplot)
    for problem in problems {
      complain(problem.hasPrefix(path) ? problem : "\(path): \(problem)")
    }
    if problems.isEmpty && !options.contains("quiet") { Console.show("\(path): all is well\n") }
    count += problems.count
  }
  return count == 0 ? .success : .badData
}

/// Sets runs side by side: a table, and a figure in the folder `--output`.
func compare(_ options: ParsedOptions) throws -> ExitStatus {
  let comparison = try RunComparison(
    options.operands, variable: options.value("variable") ?? Measure.testError.name)
  if !options.contains("quiet") { Console.show(comparison.text) }
  let (figure, document) = comparison.figure
  let folder =
    options.value("output")
    ?? FilePaths.join(FilePaths.folder(of: comparison.firstPath), "comparison")
  let drawn: DrawnFigure
  do {
    drawn = try Gnuplot(options.value("gnuplot") ?? "gnuplot")
      .draw(figure, of: document, paper: PaperCurves())
  } catch ReportError.gnuplotMissing(let reason) {
    complain("no figure: \(ReportError.gnuplotMissing(reason))")
    return .success
  }
  try SystemFileLayer.system.createFolders(folder)
  for (ending, bytes) in [("svg", drawn.svg), ("png", drawn.png)] {
    let path = FilePaths.join(folder, "\(figure.id).\(ending)")
    try AtomicFile.commit(bytes, to: path)
    if !options.contains("quiet") { Console.show(path + "\n") }
  }
  return .success
}

/// Prints what is in result files.
func inspect(_ options: ParsedOptions) throws -> ExitStatus {
  guard !options.operands.isEmpty else { throw UsageError("--inspect needs result files (*.h5)") }
  for (number, path) in options.operands.enumerated() {
    let document = try ResultFile.read(path)
    Console.show("\(number == 0 ? "" : "\n")\(path)\n\(document.outline)\n")
  }
  return .success
}

/// Puts the results into README.md, the ledger and the experiments' READMEs; or only sees whether they
/// are there.
func readme(
  _ path: String, _ content: ReportContent, _ options: ParsedOptions, onlyCheck: Bool
) throws -> ExitStatus {
  func text(_ path: String) throws -> String {
    String(decoding: try FileContents.read(path), as: UTF8.self)
  }
  let ledger = options.value("ledger") ?? "results/reference"
  var files = [
    (
      path: path,
      text: try ReadmeSection.replaced(
        in: try text(path), path: path, by: content, ledger: ledger)
    )
  ]
  if let path = options.value("errata") { files.append((path, Errata.text(content))) }
  if let path = options.value("rules") {
    let block = RuleChanges.text
    files.append(
      (path, try GeneratedBlock.replaced("changes", in: try text(path), path: path, by: block)))
  }
  if options.contains("ledger") {
    files.append((FilePaths.join(ledger, "README.md"), Ledger.text(content)))
    files.append((FilePaths.join(ledger, "verdicts.csv"), VerdictTable.text(content)))
  }
  if let folder = options.value("experiments") {
    for name in ResultSet.experimentNames {
      let path = FilePaths.join(FilePaths.join(folder, name), "README.md")
      let block = ReadmeSection.experiment(name, content, ledger: "../../\(ledger)")
      files.append(
        (path, try GeneratedBlock.replaced("verdicts", in: try text(path), path: path, by: block)))
    }
  }
  var status = ExitStatus.success
  for file in files {
    if (try? FileContents.read(file.path)) == Array(file.text.utf8) { continue }
    if onlyCheck {
      complain("\(file.path) does not show the results; run 'make readme'")
      status = .failure
    } else {
      try AtomicFile.commit(file.text, to: file.path)
    }
  }
  return status
}

func run() throws -> ExitStatus {
  let options = try parser.parse(CommandLine.arguments)
  if options.contains("help") {
    let usage =
      "usage: report [options]\n       report --check FILE...\n"
      + "       report --inspect FILE...\n"
      + "       report --compare FILE... [--variable NAME]\n\n"
      + "Writes a report of all result files of a profile: a page, Markdown, and figures."
    Console.show(parser.help(usage: usage))
    return .success
  }
  if options.contains("version") {
    Console.show("report \(Program.version)\n")
    return .success
  }
  if let shell = options.value("completions") {
    Console.show(parser.completions(for: try Shell(named: shell), program: "report"))
    return .success
  }
  if options.contains("man") {
    Console.show(
      parser.manual(
        of: "report", summary: "writes reports of result files, checks and compares them",
        synopsis: ["[options]", "--check FILE...", "--inspect FILE...", "--compare FILE..."]))
    return .success
  }
  if options.contains("compare") { return try compare(options) }
  if options.contains("check") { return try check(options) }
  if options.contains("inspect") { return try inspect(options) }
  if let stray = options.operands.first {
    throw UsageError("'\(stray)' is not an option; name a folder with --results")
  }
  let folders = options.contains("results") ? options.values("results") : ["results/quick"]
  let sets = try folders.map { try ResultSet(readingFolder: $0) }
  for problem in sets.flatMap(\.problems) { complain(problem.description) }
  guard let results = sets.first else { throw UsageError("--results needs a folder") }
  let others = Array(sets.dropFirst())
  if let path = options.value("readme") ?? options.value("check-readme") {
    let content = try ReportContent(results, with: others, known: try knownClaims(for: results))
    return try readme(path, content, options, onlyCheck: !options.contains("readme"))
  }
  if let path = options.value("errata") {
    let content = try ReportContent(results, with: others, known: try knownClaims(for: results))
    try AtomicFile.commit(Errata.text(content), to: path)
    return .success
  }

  let output = options.value("output") ?? FilePaths.join(results.folder, "report")
  let page = FilePaths.join(output, "index.html")
  let reference = try reference(for: results, options)
  let known = try knownClaims(for: results)
  let inputs = try inputs(of: sets, reference: reference, known: known)
  if options.contains("if-changed"), sets.allSatisfy(\.problems.isEmpty),
    Report.isComplete(in: output, inputs: inputs)
  {
    if !options.contains("quiet") { Console.show("report: nothing to do, \(page) is complete\n") }
    return .success
  }

  var status = sets.flatMap(\.problems).first?.status ?? .success
  var gnuplot: Gnuplot?
  var figureProblem: String?
  do {
    gnuplot = try Gnuplot(options.value("gnuplot") ?? "gnuplot")
  } catch let error as ReportError {
    complain(error.description)
    figureProblem = error.description
    status = error.exitStatus
  }
  let content = try ReportContent(
    results, with: others, reference: reference, known: known, gnuplot: gnuplot,
    figureProblem: figureProblem)
  if let error = content.figureError {
    complain("no figures: \(error)")
    status = error.exitStatus
  }
  try Report.write(content, to: output, inputs: inputs)
  if !options.contains("quiet") {
    show(content)
    Console.show("report: \(page)\n")
  }
  return status
}

/// The verdicts from real data, of each claim and arm the one that counts, with the counts of the page;
/// and what there are none of.
func show(_ content: ReportContent) {
  let generated = content.parts.filter { $0.experiment.document.dataOrigin == "stand-in" }
  let real = Set(content.parts.map(\.experiment.name))
    .subtracting(generated.map(\.experiment.name))
  let shown = content.claims.filter { real.contains($0.experiment) }
  if !real.isEmpty {
    Console.show(
      ClaimTable.text(shown.flatMap(\.outcomes), details: false, counts: content.counts))
  }
  if !generated.isEmpty {
    Console.show(
      "no verdicts: generated data (\(generated.map(\.experiment.name).joined(separator: ", ")))\n")
  }
  for name in ResultSet.experimentNames
  where !content.parts.contains(where: { $0.experiment.name == name }) {
    Console.show("not run: \(name)\n")
  }
}

/// The hash of all that a report is made from: the files, the list of claims, and this program.
func inputs(of sets: [ResultSet], reference: ResultSet?, known: ClaimList) throws -> String {
  func files(_ set: ResultSet?) -> [String] {
    (set?.experiments ?? []).map { "\(FilePaths.name(of: $0.path)) \($0.sha256)" }
  }
  let parts =
    [try ExecutableDigest.hexDigest(ofFile: "/proc/self/exe")]
    + sets.flatMap { [$0.folder, "results"] + files($0) } + ["reference"] + files(reference) + [
      "claims", known.text,
    ]
  return SHA256.hexDigest(of: parts.joined(separator: "\n"))
}

CommandLineTool.main("report", run)
