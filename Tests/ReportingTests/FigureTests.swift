import Foundation
import FoundationXML
import Reporting
import ResultStore
import Testing

@Suite struct FigureTests {
  static let figure = Figure(
    "fig1a", "MNIST <logistic> regression", place: "Figure 1 (left)", caption: "Adam & others",
    x: .linear("iterations over entire dataset", 0...45), y: .linear("training cost", 0.2...0.7),
    lines: [
      .contender("AdaGrad", .blue), .contender("SGDNesterov", .green, paper: "SGD"),
      .contender("Adam", .red),
    ])
  static let paper = PaperCurves(
    [
      .init(
        figure: "fig1a", name: "Adam",
        points: [.init(x: 0.5, y: 0.8, note: .clip)]
          + (1...45).map { .init(x: Double($0), y: 0.26 + 0.2 / Double($0)) }),
      .init(figure: "fig1a", name: "Nobody", points: [.init(x: 1, y: 1)]),
    ], comments: ["source: Kingma & Ba 2015, arXiv 1412.6980v9, vector paths of figure 1 (left)"])

  private static func isWellFormed(_ xml: [UInt8]) -> Bool {
    XMLParser(data: Data(xml)).parse()
  }

  @Test func `the file alone is enough to draw again`() throws {
    let group = try [Self.figure].encoded(paper: Self.paper)
    let stored = try #require(group.group("fig1a"))
    let (figure, paper) = try Figure.decode("fig1a", stored)
    #expect(figure == Self.figure)
    // Only the curves that are shown travel along.
    #expect(paper.curves == [Self.paper.curves[0]])
    #expect(paper.comments == Self.paper.comments)
  }

  @Test func `malformed groups are refused`() throws {
    let group = try Self.figure.encoded(paper: Self.paper)
    var broken = group
    broken.attributes.removeAll { $0.name == "description" }
    #expect(throws: ReportError.self) { try Figure.decode("fig1a", broken) }
    broken = group
    broken.set(Attribute("description", "{\"id\": 3}"))
    #expect(throws: ReportError.self) { try Figure.decode("fig1a", broken) }
    broken = group
    broken.variables.removeAll { $0.name == "y" }
    #expect(throws: ReportError.self) { try Figure.decode("fig1a", broken) }
  }

  @Test func `panels hold medians and ranges`() throws {
    var results = SyntheticResults()
    results.cost = { arm, contender, seed, epoch in
      Double(arm + 1) * Double(contender + 1) * [1, 5, 2, 4, 3][seed] + Double(epoch)
    }
    results.diverged = [[1, 0]: 7, [1, 1]: 7, [1, 2]: 9]
    results.notRun = [[2, 1]]
    let panel = PanelData(
      Self.figure.panels[1], of: Self.figure, document: results.document, paper: Self.paper)
    let adaGrad = panel.lines[0]
    // Seeds 1, 2, 4, 3 of contender 2 in arm 1.
    #expect(adaGrad.points[3] == .init(x: 3, middle: 6 * 2.5 + 3, low: 9, high: 27))
    #expect(adaGrad.seeds == 4)
    // A run that diverged counts as infinite.
    let sgd = panel.lines[1]
    #expect(sgd.points[6].middle == 4 * 3 + 6)
    #expect(sgd.points[8].middle == 4 * 4 + 8)
    #expect(sgd.points[8].high == .infinity)
    #expect(sgd.points[9].middle == .infinity)
    #expect(sgd.isDiverged)
    // The last label of a running mean has no value.
    #expect(panel.lines[2].points.last?.x == 44)
    #expect(panel.xRange == 0...45)
  }

  @Test func `the distance to the paper uses its data only`() throws {
    var results = SyntheticResults()
    results.cost = { _, _, _, epoch in 1.1 * (0.26 + 0.2 / Double(Swift.max(1, epoch))) }
    let panel = PanelData(
      Self.figure.panels[0], of: Self.figure, document: results.document, paper: Self.paper)
    let distance = try #require(panel.lines[2].distanceToPaper)
    #expect(distance.count == 44)
    #expect(abs(distance.value - 0.09531) < 1e-5)
    #expect(panel.lines[0].distanceToPaper == nil)
  }

  @Test func `a line can have a band of quantiles and other axes`() throws {
    var root = Group()
    root.dimensions = [
      Dimension("layer", .string(["conv1", "fc"])), Dimension("epoch", .int64([0, 1])),
      Dimension("quantile", .double([0.05, 0.5, 0.95])),
    ]
    root.variables = [
      Variable(
        "root_second_moment", ["layer", "epoch", "quantile"],
        .double([1, 2, 3, 4, 5, 6, 7, 8, 9, .nan, .nan, .nan])),
      Variable("seconds", ["epoch"], .double([0, 2.5])),
    ]
    let line = Figure.Line(
      "fc", .blue, variable: "root_second_moment", along: "epoch", select: ["layer": "conv1"],
      band: .quantiles(dimension: "quantile", middle: "0.5", low: "0.05", high: "0.95"),
      xVariable: "seconds")
    let figure = Figure(
      "v", "v", x: .linear("s"), y: .logarithmic("v"), arms: [], lines: [line])
    let panel = PanelData(
      figure.panels[0], of: figure, document: Document(root: root), paper: PaperCurves())
    #expect(
      panel.lines[0].points == [
        .init(x: 0, middle: 2, low: 1, high: 3), .init(x: 2.5, middle: 5, low: 4, high: 6),
      ])
    #expect(panel.yRange.lowerBound < 1 && panel.yRange.lowerBound > 0.9)
  }

  @Test func `the same numbers give the same bytes`() throws {
    let gnuplot = try Gnuplot()
    let document = SyntheticResults().document
    let first = try gnuplot.draw(Self.figure, of: document, paper: Self.paper)
    let second = try gnuplot.draw(Self.figure, of: document, paper: Self.paper)
    #expect(first.svg == second.svg)
    #expect(first.png == second.png)
    #expect(first.pdf == second.pdf)
    #expect(first.panels == second.panels)
    #expect(first.png.starts(with: [0x89, 0x50, 0x4e, 0x47]))
    #expect(first.panels.count == 2)
    #expect(Self.isWellFormed(first.svg))
    for panel in first.panels {
      #expect(Self.isWellFormed(Array(panel.utf8)))
      #expect(panel.contains("MNIST &lt;logistic&gt; regression, "))
      #expect(!panel.contains("gnuplot_plot_1</title>"))
      #expect(!panel.contains("\"black\""))
    }
    let ids = first.panels.joined().split(separator: "id=").dropFirst()
      .map { $0.dropFirst().prefix { $0 != "\"" && $0 != "'" } }
    #expect(Set(ids).count == ids.count)
  }

  @Test func `a figure says that its data are stand-ins and its runs shortened`() throws {
    var results = SyntheticResults()
    results.origin = "stand-in"
    results.shortened = "20 of 45 epochs"
    let drawn = try Gnuplot().draw(Self.figure, of: results.document, paper: Self.paper)
    for svg in drawn.panels + [String(decoding: drawn.svg, as: UTF8.self)] {
      #expect(svg.contains("stand-in data"))
      #expect(svg.contains("shortened: 20 of 45 epochs"))
    }
  }

  @Test func `an arm that was not run has no panel beside one that was`() throws {
    var results = SyntheticResults()
    results.arms = ["tuned"]
    let drawn = try Gnuplot().draw(Self.figure, of: results.document, paper: Self.paper)
    #expect(drawn.panels.count == 1)
    #expect(!String(decoding: drawn.svg, as: UTF8.self).contains(">not run<"))
  }

  @Test func `a figure without data says so`() throws {
    let drawn = try Gnuplot().draw(Self.figure, of: Document(), paper: PaperCurves())
    #expect(drawn.panels.count == 2)
    #expect(drawn.panels.allSatisfy { $0.contains(">not run<") })
  }

  @Test func `a missing gnuplot is told with what to install`() {
    let error = #expect(throws: ReportError.self) { try Gnuplot("no-such-gnuplot") }
    #expect(error?.exitStatus == .unavailable)
    #expect(error?.description.contains("apt-get install gnuplot-nox") == true)
    #expect(throws: ReportError.self) { try Gnuplot("/no/such/gnuplot") }
  }

  @Test func `a failing gnuplot is reported`() throws {
    let failing = try Gnuplot("false")
    let error = #expect(throws: ReportError.self) {
      try failing.draw(Self.figure, of: Document(), paper: PaperCurves())
    }
    #expect(error == .gnuplotFailed(figure: "fig1a", message: "status 1"))
  }

  @Test func `labels do not overlap`() {
    let wanted = [0.5, 0.51, 0.52, -0.3, 1.2, 1.0]
    let places = FigureLayout.spread(wanted, gap: 0.05)
    let sorted = places.sorted()
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $1 - $0 > 0.05 - 1e-12 })
    #expect(places.allSatisfy { (-1e-12...1 + 1e-12).contains($0) })
    // Their order is that of the lines.
    #expect(places[0] < places[1] && places[1] < places[2])
    #expect(places[3] == 0)
    #expect(abs(places[1] - 0.51) < 1e-12)
    #expect(FigureLayout.spread([0.2], gap: 0.1) == [0.2])
  }

  @Test func `a single point has axes and is drawn`() throws {
    var results = SyntheticResults()
    results.epochs = 0
    let figure = Figure(
      "one", "one", x: .linear("epoch"), y: .logarithmic("cost"),
      lines: [.contender("Adam", .red, measure: .trainingCost)])
    let panel = PanelData(
      figure.panels[0], of: figure, document: results.document, paper: PaperCurves())
    #expect(panel.lines[0].points.count == 1)
    #expect(panel.xRange == -0.5...0.5)
    #expect(panel.yRange.lowerBound < 0.475 && panel.yRange.upperBound > 0.475)
    let drawn = try Gnuplot().draw(figure, of: results.document, paper: PaperCurves())
    #expect(Self.isWellFormed(drawn.svg))
    // Neither may a running cost that has no value at all be a reason to fail.
    let none = Figure(
      "none", "none", x: .linear("epoch"), y: .linear("cost"),
      lines: [.contender("Adam", .red)])
    #expect(
      String(
        decoding: try Gnuplot().draw(none, of: results.document, paper: PaperCurves()).svg,
        as: UTF8.self
      ).contains("not run"))
  }

  private func panel(_ results: SyntheticResults) -> PanelData {
    PanelData(
      Self.figure.panels[0], of: Self.figure, document: results.document, paper: Self.paper)
  }

  @Test func `words are ink and have a coloured sample`() {
    let panel = panel(SyntheticResults())
    let script = GnuplotScript(figure: Self.figure, panels: [panel], notes: []).text
    let labels = script.split(separator: "\n").filter { $0.hasPrefix("set label") }
    let colours = Figure.Colour.allCases.map(Palette.rgb)
    // A label with words has no colour of a line; a sample has, and no words.
    for label in labels where colours.contains(where: label.contains) {
      #expect(label.contains(" \"\" at "), "\(label)")
    }
    #expect(labels.contains { $0.contains("\"Adam\"") })
    #expect(labels.contains { $0.contains("\"the paper\"") })
    #expect(script.contains("dt (6,4)"))
  }

  @Test func `many small panels name the paper in the legend that they share alone`() {
    let one = Self.figure.panels[0]
    let figure = Figure(
      "grid", "Grid", place: "Figure 1", caption: "", columns: 3,
      panels: Array(repeating: one, count: 6))
    #expect(figure.isGrid)
    let panels = figure.panels.map { _ in panel(SyntheticResults()) }
    let script = GnuplotScript(figure: figure, panels: panels, notes: []).text
    let labels = script.split(separator: "\n").filter {
      $0.hasPrefix("set label") && $0.contains("\"the paper\"")
    }
    // The script draws the figure wide and narrow.
    #expect(!labels.isEmpty && labels.allSatisfy { $0.contains(" at screen ") }, "\(labels)")
    // On a narrow canvas the legend takes more than one row, so that all of it is seen.
    let places = script.split(separator: "\n").filter {
      $0.hasPrefix("set label 11") && $0.contains(" left ")
    }.compactMap { line in
      line.firstMatch(of: /at screen ([-0-9.]+), screen ([0-9.]+)/).flatMap { match in
        Double(match.1).map { (x: $0, y: String(match.2)) }
      }
    }
    #expect(places.count >= 2 * 4 && places.allSatisfy { (0..<0.9).contains($0.x) }, "\(places)")
    #expect(Set(places.map(\.y)).count > 2)
  }

  @Test func `a title is not told again below itself`() {
    func labels(_ finding: String) -> Int {
      let panels = [panel(SyntheticResults())]
      let script = GnuplotScript(
        figure: Self.figure, panels: panels, finding: finding, notes: []
      ).text
      return script.split(separator: "\n").count { $0.contains(Self.figure.title) }
    }
    #expect(labels("\(Self.figure.title); 2 of 3") == labels("") && labels("") > 0)
  }

  @Test func `a figure says of how many seeds its points are`() {
    func counts(_ results: SyntheticResults) -> [Set<Int>] {
      panel(results).lines.map(\.seedCounts)
    }
    var results = SyntheticResults()
    #expect(counts(results) == Array(repeating: [5], count: 3))
    results.notRun = [[1, 2]]
    #expect(counts(results) == [[5], [4], [5]])
  }

  @Test func `lines that were never inside the frame are named too`() {
    var gone = SyntheticResults()
    for seed in 0..<5 { gone.diverged[[1, seed]] = 0 }
    gone.contenders = ["Adam", "SGDNesterov"]
    let data = panel(gone)
    let labels = FigureLayout.labels(data)
    let diverged = labels.first { data.lines[$0.line].line.name == "SGDNesterov" }
    #expect(diverged?.x == 0 && diverged?.y == 1)
  }

  @Test func `what ends early is no stub in a corner`() {
    var short = SyntheticResults()
    short.epochs = 10
    #expect(panel(short).xRange == 0...9)
    #expect(panel(SyntheticResults()).xRange == 0...45)
    short.epochs = 30
    #expect(panel(short).xRange == 0...45)
  }

  @Test func `curves that coincide have a strip of ratios`() throws {
    func figure(_ results: SyntheticResults) -> PanelData {
      let lines: [Figure.Line] = [.contender("Adam", .red), .contender("SGDNesterov", .green)]
      let panel = Figure.Panel(
        "tuned", x: .linear("epochs", 0...45), y: .linear("cost", 0.2...0.7),
        select: ["arm": "tuned"], lines: lines)
      let figure = Figure("f", "title", panels: [panel])
      return PanelData(panel, of: figure, document: results.document, paper: PaperCurves())
    }
    var results = SyntheticResults()
    let strip = try #require(RatioStrip(figure(results)))
    #expect(strip.name == "Adam" && strip.lines.map(\.index) == [1])
    let points = strip.lines[0].points
    #expect(points.count == 45)
    #expect(points.allSatisfy { abs($0.middle - 1.04) < 1e-9 && abs($0.high - $0.low) < 1e-9 })
    #expect(strip.range.contains(1) && strip.range.contains(1.04))
    // Seed by seed: a missing run of one leaves the others.
    results.notRun = [[1, 2]]
    #expect(RatioStrip(figure(results))?.lines[0].points.count == 45)
    results = SyntheticResults()
    let cost = results.cost
    results.cost = { arm, contender, seed, epoch in
      (contender == 1 ? 1.8 : 1) * cost(arm, contender, seed, epoch)
    }
    #expect(RatioStrip(figure(results)) == nil)
    results.contenders = ["Adamant", "SGDNesterov"]
    #expect(RatioStrip(figure(results)) == nil)
  }

  @Test func `an optimizer has one colour everywhere`() {
    func line(_ name: String, _ colour: Figure.Colour) -> Figure.Line {
      Figure.Line(name, colour, variable: "v", along: "epoch")
    }
    #expect(
      Palette.colours(of: [
        line("Adam", .cyan), line("Adam+dropout", .black), line("AdaGrad", .red),
      ])
        == [.red, .red, .blue])
    #expect(Palette.hasDropout("Adam+dropout") && !Palette.hasDropout("Adam"))
    // Two lines of one optimizer are told apart.
    let two = Palette.colours(of: [
      line("SFO frozen masks", .cyan), line("SFO fresh masks", .orange),
    ])
    #expect(two == [.cyan, .orange])
    #expect(Palette.colours(of: [line("corrected", .blue), line("C = 3", .blue)]).count == 2)
    for colour in Figure.Colour.allCases {
      #expect(Palette.contrast(Palette.rgb(colour), "#ffffff") >= 3, "\(colour)")
      #expect(Palette.contrast(Palette.dark(colour), "#0d1117") >= 3, "\(colour)")
    }
    for words in [Palette.quiet, Palette.warning] {
      #expect(Palette.contrast(words, "#ffffff") >= 4.5)
    }
    #expect(abs(Palette.contrast("#000000", "#ffffff") - 21) < 1e-9)
  }

  @Test func `short logarithmic axes have numbers`() {
    let tenths = FigureLayout.logarithmicTicks(0.4...2.5, atMost: 9)?.map { ($0 * 10).rounded() }
    #expect(tenths == [5, 7, 10, 20])
    #expect(FigureLayout.logarithmicTicks(0.5...60, atMost: 9) == [0.5, 1, 2, 5, 10, 20, 50])
    #expect(FigureLayout.logarithmicTicks(150...190, atMost: 9) == [150, 160, 170, 180, 190])
    #expect(FigureLayout.logarithmicTicks(1e-4...1, atMost: 9) == nil)
  }

  @Test func `ticks are round`() {
    #expect(FigureLayout.ticks(0...45, atMost: 10) == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45])
    #expect(FigureLayout.ticks(-5...(-1), atMost: 5) == [-5, -4, -3, -2, -1])
    #expect(FigureLayout.ticks(0...200, atMost: 10).count == 5)
    #expect(
      FigureLayout.ticks(0.7...1.4, atMost: 3)
        == [0.8, 1, 1.2, 1.4].map { ($0 * 5).rounded() * 0.2 })
    let fine = FigureLayout.ticks(0.2...0.7, atMost: 8)
    #expect(fine.count == 6)
    #expect(abs(fine[1] - 0.3) < 1e-12)
  }

  @Test func `long curves keep their extremes`() {
    let points = (0..<10_000).map { index in
      LineData.Point(x: Double(index), middle: index == 4321 ? 99 : 1, low: 0, high: 2)
    }
    let figure = Figure(
      "x", "x", x: .linear("x", 0...10_000), y: .linear("y"), arms: [], lines: [])
    let panel = PanelData(
      figure.panels[0], of: figure, document: Document(), paper: PaperCurves())
    let thinned = FigureLayout.thinned(points, panel)
    #expect(thinned.count <= 1604)
    #expect(thinned.contains { $0.middle == 99 && $0.x == 4321 })
    #expect(thinned.first?.x == 0)
    #expect(thinned.last?.x == 9999)
  }
}
