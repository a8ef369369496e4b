import Foundation
import Reporting
import ResultStore
import Storage
import TestSupport
import Testing

extension TemporaryFolder {
  func file(_ name: String) -> String { self / name }
}

extension SyntheticResults {
  /// The document with verdicts and figures, as an experiment writes it.
  func complete(_ experiment: String = "mnist-logistic") throws -> Document {
    var document = self.document
    document.root.set(Attribute("experiment", experiment))
    let claims: [Claim] = [
      .lower(
        "fig1a.adam-faster-than-adagrad", "Adam converges faster than AdaGrad", place: "6.1",
        "Adam", than: "AdaGrad", at: [5, 10, 20]),
      .similar(
        "fig1a.adam-like-nesterov", "Adam converges like SGD & momentum", place: "6.1", "Adam",
        to: "SGDNesterov", within: 0.1, at: [5, 10]),
      .figureMatch(figure: "fig1a", contender: "Adam", epochs: 1...44, place: "Figure 1 (left)"),
    ]
    let paper = FigureTests.paper
    var volatile = Group()
    volatile.attributes = [
      Attribute("seconds_of_this_invocation", 90.0), Attribute("jobs", 2),
      Attribute("written_at", "2026-01-01T00:00:00Z"),
    ]
    if experiment == "mnist-logistic" {
      var makers = Group()
      makers.dimensions = [Dimension("maker", .string(["a", "b"]), "maker")]
      makers.variables = [
        Variable("runs", ["maker"], .int64([20, 3])),
        Variable("elapsed_seconds", ["maker"], .double([80, 3])),
        Variable("training_seconds", ["maker"], .double([60, .nan])),
      ]
      volatile.groups = [Subgroup("makers", makers)]
    }
    document.root.groups = [
      Subgroup("claims", claims.judge(document, paper: paper).encoded()),
      Subgroup("figures", try [FigureTests.figure].encoded(paper: paper)),
      Subgroup(
        "choices",
        [OpenChoice("L2", taken: "1e-4", alternative: "none", effect: "0.2 % lower")].encoded()),
      Subgroup("volatile", volatile),
    ]
    return document
  }

  func write(to path: String, experiment: String = "mnist-logistic") throws {
    try ResultFile.write(try complete(experiment), to: path)
  }
}

@Suite struct ReportTests {
  @Test func `a report has everything and follows from the files`() throws {
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    var short = SyntheticResults()
    short.origin = "stand-in"
    short.epochs = 4
    short.shortened = "4 of 45 epochs"
    try short.write(to: folder.file("mnist-mlp.h5"), experiment: "mnist-mlp")

    let gnuplot = try Gnuplot()
    let results = try ResultSet(readingFolder: folder.path)
    #expect(results.experiments.map(\.name) == ["mnist-logistic", "mnist-mlp"])
    let content = try ReportContent(results, gnuplot: gnuplot)
    let output = folder.file("report")
    try Report.write(content, to: output)
    let page = String(decoding: try FileContents.read(output + "/index.html"), as: UTF8.self)
    let text = String(decoding: try FileContents.read(output + "/report.md"), as: UTF8.self)

    // In this order.
    let order = [
      "verdicts", "figures", "protocols", "errata", "summary", "times", "provenance", "citation",
    ]
    let places = order.compactMap { page.firstRange(of: "<section id=\"\($0)\"")?.lowerBound }
    #expect(places.count == order.count)
    #expect(places == places.sorted())
    for piece in [
      "Adam converges faster than AdaGrad", "✓ reproduced", "✗ not reproduced", "– not run",
      "Adam / AdaGrad = 0.556 [0.556, 0.556]", "href=\"#figure-fig1a\"",
      "id=\"protocol-mnist-logistic-quick\"", "SGD &amp; momentum",
      "MNIST &lt;logistic&gt; regression",
      "stand-in data", "4 of 45 epochs", "Not run: imdb-logistic", "0.2 % lower", "1 min 23 s",
      "0123456789ab",
    ] {
      #expect(page.contains(piece), "\(piece)")
    }
    #expect(text.contains("![MNIST &lt;logistic> regression](figures/fig1a.svg)"))
    #expect(text.contains("median \\|log(ours / paper)\\|"))
    // Times, of all runs as far as they are told.
    #expect(text.contains("| mnist-logistic | 23 | more than 1 min 0 s | 1 min 23 s |"))
    #expect(text.contains("| all | more than 23 | more than 1 min 0 s | more than 1 min 23 s |"))
    // Self-contained: nothing from elsewhere, and a small script.
    #expect(page.components(separatedBy: "<script").count == 2)
    let foreign = ["src=", "http://", "https://", "@import", "url("].filter {
      page.replacing("http://www.w3.org/", with: "").contains($0)
    }
    #expect(foreign == [])
    for ending in ["svg", "png", "pdf"] {
      #expect(FilePaths.exists(output + "/figures/fig1a.\(ending)"))
    }

    #expect(ReportChecker.problems(of: output, gnuplot: gnuplot) == [])
    #expect(ReportChecker.problems(of: folder.file("mnist-logistic.h5")) == [])
    #expect(ReportChecker.problems(of: folder.file("mnist-mlp.h5")) == [])
    // A number that is not in the files.
    let forged = page.replacing("0.556 [0.556", with: "0.456 [0.456")
    #expect(forged != page)
    try AtomicFile.commit(forged, to: output + "/index.html")
    let problems = ReportChecker.problems(of: output + "/index.html", gnuplot: gnuplot)
    #expect(problems.count == 1)
    #expect(problems.first?.contains("does not follow from the result files (line ") == true)
    #expect(ReportChecker.problems(of: output + "/report.md") == [])
  }

  @Test func `without gnuplot the tables still appear`() throws {
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let content = try ReportContent(
      try ResultSet(readingFolder: folder.path),
      figureProblem: "gnuplot is not installed; install it with 'apt-get install gnuplot-nox'")
    let page = HTMLReport.text(content)
    #expect(page.contains("apt-get install gnuplot-nox"))
    #expect(page.contains("Adam / AdaGrad = 0.556"))
    #expect(!page.contains("class=\"panels"))
    #expect(!MarkdownReport.text(content).contains("figures/fig1a.svg"))
    try Report.write(content, to: folder.file("report"))
    #expect(ReportChecker.problems(of: folder.file("report"), gnuplot: try Gnuplot()) == [])
  }

  @Test func `bad files do not keep the others from being read`() throws {
    let folder = try TemporaryFolder()
    let good = folder.file("mnist-logistic.h5")
    try SyntheticResults().write(to: good)
    try Data("not HDF5 at all".utf8).write(to: URL(fileURLWithPath: folder.file("a.h5")))
    // The same file in a later schema, without the seal.
    let bytes = try FileContents.read(good)
    let schema = Array("adam-reproduction/1".utf8)
    var newer = Array(bytes.dropLast(40))
    for start in newer.indices.dropLast(schema.count)
    where newer[start] == schema[0] && Array(newer[start..<start + schema.count]) == schema {
      newer[start + schema.count - 1] = UInt8(ascii: "9")
    }
    try Data(newer).write(to: URL(fileURLWithPath: folder.file("b.h5")))
    try Data(bytes.prefix(bytes.count / 2)).write(
      to: URL(fileURLWithPath: folder.file("c.h5")))
    try Data([]).write(to: URL(fileURLWithPath: folder.file("d.h5")))

    let results = try ResultSet(readingFolder: folder.path)
    #expect(results.experiments.map(\.name) == ["mnist-logistic"])
    #expect(results.problems.map(\.path) == ["a", "b", "c", "d"].map { folder.file("\($0).h5") })
    #expect(results.problems.allSatisfy { $0.status == .badData })
    #expect(results.problems.allSatisfy { !$0.description.contains("\n") })
    let newest = try #require(results.problems.first { $0.path.hasSuffix("b.h5") })
    #expect(newest.description.contains("adam-reproduction/9"))
    let page = HTMLReport.text(try ReportContent(results))
    #expect(page.contains("Left out: "))
    for name in ["a", "b", "c", "d"] {
      #expect(ReportChecker.problems(of: folder.file("\(name).h5")).count == 1)
    }
  }

  @Test func `no results is an error of its own`() throws {
    let folder = try TemporaryFolder()
    for path in [folder.path, folder.file("nowhere")] {
      let error = #expect(throws: ReportError.self) { try ResultSet(readingFolder: path) }
      #expect(error?.exitStatus == .noInput)
      #expect(error?.description.contains("make reproduce-all") == true)
    }
    #expect(ReportChecker.problems(of: folder.file("nowhere.h5")).count == 1)
  }

  @Test func `the checker sees what does not fit`() throws {
    let folder = try TemporaryFolder()
    func problems(_ change: (inout Document) throws -> Void) throws -> [String] {
      var document = try SyntheticResults().complete()
      try change(&document)
      let path = folder.file("x.h5")
      try ResultFile.write(document, to: path)
      return ReportChecker.problems(of: path)
    }
    func setting(_ name: String, _ index: Int, _ value: Double) -> (inout Document) -> Void {
      return { document in
        guard let variable = document.root.variables.firstIndex(where: { $0.name == name }),
          var values = document.root.variables[variable].values.doubles
        else { return }
        values[index] = value
        document.root.variables[variable].values =
          name == "status" ? .uint8(values.map(UInt8.init)) : .double(values)
      }
    }
    #expect(try problems { _ in } == [])
    #expect(
      try problems { $0.root.attributes.removeAll { $0.name == "git_commit" } }
        == ["the attribute git_commit is missing"])
    let epochs = try SyntheticResults().complete().root.dimensions.first { $0.name == "epoch" }
    let last = try #require(epochs).length - 1
    #expect(
      try problems(setting("train_cost", last, .nan)).first?.contains("finished, but") == true)
    #expect(
      try problems(setting("train_cost", 3, .nan)).allSatisfy { !$0.contains("finished, but") })
    #expect(try problems(setting("status", 0, 0)).first?.contains("not run, but") == true)
    #expect(try problems(setting("status", 0, 2)).contains { $0.contains("it is not said when") })
    #expect(
      try problems { $0.root.set(Attribute("data_origin", "stand-in")) }
        .contains { $0.contains("is judged on data that are not the paper's") })
    #expect(
      try problems { $0.root.variables[0].attributes = [] } == ["train_cost has no long_name"])
    #expect(
      try problems {
        $0.root.set(Attribute("hdf5_version", HDF5File.libraryVersion))
        $0.root.set(Attribute("content_sha256", String(repeating: "0", count: 64)))
      } == ["the content is not that of its content_sha256"])
    let unknown = try problems { document in
      var group = try #require(document.root.group("claims"))
      group.set(Variable("verdict", ["claim"], .string(Array(repeating: "perhaps", count: 5))))
      document.root.set(Subgroup("claims", group))
    }
    #expect(unknown.first?.contains("unknown verdict 'perhaps'") == true)
    let outside = try problems { document in
      var group = try #require(document.root.group("claims"))
      let lows = Values.double(Array(repeating: 99, count: 5))
      group.set(Variable("low", ["claim"], lows))
      document.root.set(Subgroup("claims", group))
    }
    #expect(outside.contains { $0.contains("outside of its interval") })
    #expect(
      try problems { $0.root.variables.removeAll { $0.name == "train_cost_running" } }
        .contains("figure fig1a shows train_cost_running, which is not there"))
  }

  @Test func `results are compared with the reference`() throws {
    let mine = try TemporaryFolder()
    let theirs = try TemporaryFolder()
    var results = SyntheticResults()
    for name in ["mnist-logistic", "imdb-logistic", "mnist-mlp"] {
      try results.write(to: theirs.file("\(name).h5"), experiment: name)
    }
    try results.write(to: mine.file("mnist-logistic.h5"), experiment: "mnist-logistic")
    let cost = results.cost
    results.cost = {
      $1 == 2 && $2 == 3 && $3 == 7 ? 1.001 * cost($0, $1, $2, $3) : cost($0, $1, $2, $3)
    }
    try results.write(to: mine.file("imdb-logistic.h5"), experiment: "imdb-logistic")
    results.cost = { arm, contender, seed, epoch in 1 / cost(arm, contender, seed, epoch) }
    try results.write(to: mine.file("regret.h5"), experiment: "regret")

    let content = try ReportContent(
      ResultSet(readingFolder: mine.path), reference: ResultSet(readingFolder: theirs.path))
    let comparisons = content.comparisons
    #expect(
      comparisons.map(\.experiment) == ["mnist-logistic", "imdb-logistic", "mnist-mlp", "regret"])
    #expect(
      comparisons.map(\.agreement) == [.identical, .sameVerdicts, .notRun, .noReference])
    #expect(
      comparisons[1].largest
        == "largest difference: 0.1 %, train_cost at arm fitted, optimizer AdaGrad, seed 3, "
        + "epoch 7")
    #expect(
      content.agreement
        == "Against the reference results, by experiment: 1 the same numbers, 1 the same verdicts, "
        + "1 not run here and 1 without a reference.")
    // The claims of an experiment without a file are known from the reference.
    let missing = content.claims.filter { $0.experiment == "mnist-mlp" }
    #expect(missing.count == 3)
    #expect(missing.flatMap(\.outcomes).allSatisfy { $0.verdict == .notRun })
  }

  @Test func `other verdicts are named`() throws {
    let mine = try TemporaryFolder()
    let theirs = try TemporaryFolder()
    var results = SyntheticResults()
    try results.write(to: theirs.file("mnist-logistic.h5"))
    let cost = results.cost
    results.cost = { arm, contender, seed, epoch in 1 / cost(arm, contender, seed, epoch) }
    try results.write(to: mine.file("mnist-logistic.h5"))
    let comparison = try #require(
      ReferenceComparison.compare(
        ResultSet(readingFolder: mine.path), with: ResultSet(readingFolder: theirs.path)
      ).first)
    #expect(comparison.agreement == .otherVerdicts)
    #expect(
      comparison.text.contains(
        "fig1a.adam-faster-than-adagrad@tuned: reproduced, reference not reproduced"))
  }

  @Test func `claims of experiments that have not been run are shown`() throws {
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let claims: [Claim] = [
      .custom(
        "fig3.a", "a\tb", place: "6.3", threshold: .init("x", .atMost(0.25)), rule: "r"
      ) { _ in throw NotRun("none") }
    ]
    let list = ClaimList(claims, of: "cifar-cnn")
    let digest = claims[0].ruleDigest
    #expect(
      list.text
        == "cifar-cnn\tfig3.a\t\t6.3\tpaper\ta b\tx <= 0.25\tr\tall\tfig3\tnot in a figure: no figure draws what is "
        + "measured\t\(digest)\t\t\n")
    #expect(ClaimList.header.hasPrefix("# experiment\tclaim\tpart_of\tplace\t"))
    #expect(
      ClaimList.header.split(separator: "\t").count
        == list.text.split(separator: "\t", omittingEmptySubsequences: false).count)
    // Those of an experiment with results are told by its file.
    let path = folder.file("claims.tsv")
    try AtomicFile.commit(
      "# comment\n\(list.text)mnist-logistic\tfig1a.other\tfig1a\t6.1\tpaper\tother\tx < 1\trule\tall\tfig1a\tyes\tx\ty\t\n",
      to: path)
    let known = try ClaimList(reading: path)
    #expect(known.entries.count == 2)
    #expect(known.entries.first?.statement == "a b")

    let results = try ResultSet(readingFolder: folder.path)
    let without = try ReportContent(results)
    let content = try ReportContent(results, known: known)
    #expect(content.claims.count == without.claims.count + 1)
    let row = try #require(content.claims.last)
    #expect(row.id == "fig3.a" && row.experiment == "cifar-cnn")
    #expect(row.outcomes.map(\.verdict) == [.notRun])
    #expect(row.outcomes.first?.detail == "cifar-cnn has not been run")
    #expect(content.summary.hasPrefix("3 claims of the paper: "))
    #expect(content.counts.count(.paper, .notRun) == 1)
    #expect(MarkdownReport.text(content).contains("cifar-cnn has not been run"))

    try AtomicFile.commit("cifar-cnn\tfig3.a\n", to: path)
    let error = #expect(throws: TableError.self) { try ClaimList(reading: path) }
    #expect(error?.line == 1 && error?.exitStatus == .badData)
    #expect(error?.description.hasSuffix("make it again with 'make claims'") == true)
  }

  @Test func `the experiments are those of the package`() throws {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Package.swift").standardized.path
    let text = String(decoding: try FileContents.read(package), as: UTF8.self)
    let start = try #require(text.firstRange(of: "let experiments = [\n")).upperBound
    let end = try #require(text[start...].firstRange(of: "\n]")).lowerBound
    let names = text[start..<end].split(separator: "\"").filter {
      !$0.allSatisfy { " ,\n".contains($0) }
    }
    #expect(names.map(String.init) == ResultSet.experimentNames)
  }

  @Test func `open choices are in both forms`() throws {
    let folder = try TemporaryFolder()
    var document = try SyntheticResults().complete()
    let choices = [
      OpenChoice(
        "L2 | penalty", taken: "1e-4 <none>", alternative: "a_b", effect: "cost * 1.02\nhigher"),
      OpenChoice("epsilon", taken: "1e-8"),
    ]
    document.root.set(Subgroup("choices", choices.encoded()))
    try ResultFile.write(document, to: folder.file("mnist-logistic.h5"))
    #expect(ReportChecker.problems(of: folder.file("mnist-logistic.h5")) == [])
    let content = try ReportContent(try ResultSet(readingFolder: folder.path))
    let text = MarkdownReport.text(content)
    let page = HTMLReport.text(content)
    #expect(text.contains("| open in the paper | taken | alternative | measured effect |"))
    #expect(text.contains("| L2 \\| penalty | 1e-4 &lt;none> | a\\_b | cost \\* 1.02 higher |"))
    #expect(text.contains("| epsilon | 1e-8 |  | not measured |"))
    let start = try #require(page.firstRange(of: "aria-label=\"What the paper leaves open.\""))
    let table = page[start.lowerBound...]
    #expect(table.contains(">L2 | penalty</th>"))
    #expect(table.contains(">1e-4 &lt;none&gt;</td>"))
    #expect(table.contains("data-label=\"measured effect\">not measured</td>"))
  }

  /// Opened in Chromium, where that is there.
  @Test func `a wide table of choices fits the page`() throws {
    let folder = try TemporaryFolder()
    var document = try SyntheticResults().complete()
    let wide = String(repeating: "reproductions/support/", count: 12)
    let choices = [
      OpenChoice("what", taken: wide, alternative: wide, effect: wide + " and words besides")
    ]
    document.root.set(Subgroup("choices", choices.encoded()))
    try ResultFile.write(document, to: folder.file("mnist-logistic.h5"))
    let content = try ReportContent(
      try ResultSet(readingFolder: folder.path), gnuplot: try Gnuplot())
    try Report.write(content, to: folder.file("report"))
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../report/check-page.sh").standardized
    let process = Process()
    process.executableURL = script
    process.arguments = [folder.file("report/index.html")]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let said = String(
      decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(said)")
  }

  @Test func `choices survive the file`() {
    let choices = [
      OpenChoice("L2", taken: "1e-4", alternative: "0", effect: "none"),
      OpenChoice("epsilon", taken: "1e-8"),
    ]
    #expect([OpenChoice](decoding: choices.encoded()) == choices)
    #expect([OpenChoice](decoding: Group()).isEmpty)
  }

  @Test func `durations are readable`() {
    #expect(NumberText.duration(3.14159) == "3.1 s")
    #expect(NumberText.duration(59.4) == "59 s")
    #expect(NumberText.duration(200) == "3 min 20 s")
    #expect(NumberText.duration(7500) == "2 h 5 min")
    #expect(NumberText.duration(.nan) == "-")
  }
}
