import Foundation
import FoundationXML
import Reporting
import ResultStore
import Testing

/// Lines that are derived from what was recorded, and what stands under panels and in titles.
@Suite struct FigureDataTests {
  private func panel(
    _ lines: [Figure.Line], _ results: SyntheticResults, largest: [Figure.Largest]? = nil,
    costLevels: [Double]? = nil, paper: PaperCurves = PaperCurves()
  ) -> PanelData {
    let panel = Figure.Panel(
      "tuned", x: .linear("epoch"), y: .logarithmic("cost"), select: ["arm": "tuned"], lines: lines,
      costLevels: costLevels, largest: largest)
    return PanelData(
      panel, of: Figure("made-up", "", panels: [panel]), document: results.document, paper: paper)
  }

  @Test func `a line is divided by another one within each seed, and the paper's by the paper's`() {
    var results = SyntheticResults()
    results.cost = { _, contender, seed, epoch in
      contender == 0 ? Double(seed + 1) : Double(seed + 1) * Double(2 + seed) + 0 * Double(epoch)
    }
    results.diverged = [[0, 4]: 3]
    var line = Figure.Line.contender("SGDNesterov", .green)
    line.relativeTo = ["optimizer": "Adam"]
    func curve(_ name: String, _ values: [Double]) -> PaperCurves.Curve {
      .init(
        figure: "made-up", name: name,
        points: values.enumerated().map { .init(x: Double($0.offset), y: $0.element) })
    }
    let paper = PaperCurves([curve("SGDNesterov", [6, 8, 9]), curve("Adam", [2, 4])])
    let data = panel([line], results, paper: paper).lines[0]
    #expect(data.points[0] == .init(x: 0, middle: 4, low: 2, high: 6))
    // Seed 4 has no ratio once its Adam has diverged.
    #expect(data.points[5] == .init(x: 5, middle: 3.5, low: 2, high: 5))
    #expect(data.paper?.points.map(\.y) == [3, 2])
  }

  @Test func `both of the paper's curves of a ratio are stored with the figure`() throws {
    var line = Figure.Line.contender("SGDNesterov", .green)
    line.relativeTo = ["optimizer": "Adam"]
    let panel = Figure.Panel("", x: .linear(""), y: .linear(""), lines: [line])
    let curves = ["Adam", "SGDNesterov", "AdaGrad"].map {
      PaperCurves.Curve(figure: "f", name: $0, points: [.init(x: 1, y: 1)])
    }
    let stored = try Figure("f", "", panels: [panel]).encoded(paper: PaperCurves(curves))
    let (figure, paper) = try Figure.decode("f", stored)
    #expect(figure.panels == [panel])
    #expect(Set(paper.curves.map(\.name)) == ["Adam", "SGDNesterov"])
  }

  @Test func `smoothing averages each seed around a place, and keeps what stands still`() {
    var results = SyntheticResults()
    results.cost = { _, _, seed, epoch in
      Double(seed + 1) * (epoch.isMultiple(of: 2) ? 1 : 3)
    }
    var line = Figure.Line.contender("Adam", .red)
    line.smoothing = 3
    let points = panel([line], results).lines[0].points
    // Of 1, 3, 1, 3, ...: at the end two places, inside three.
    #expect(points[0].middle == 3 * 2)
    #expect(abs(points[1].middle - 3 * 5 / 3) < 1e-12)
    #expect(abs(points[2].middle - 3 * 7 / 3) < 1e-12)
    #expect(abs(points[2].high - 5 * 7.0 / 3) < 1e-12 && abs(points[2].low - 7.0 / 3) < 1e-12)
    results.cost = { _, _, _, _ in 2 }
    #expect(panel([line], results).lines[0].points.allSatisfy { abs($0.middle - 2) < 1e-12 })
    // A seed that diverges does not come back by its neighbours, nor does the band close.
    results.diverged = [[0, 0]: 3]
    let broken = panel([line], results).lines[0]
    #expect(broken.perSeed[3...].allSatisfy { $0[0] == .infinity })
    #expect(broken.points[3...].allSatisfy { $0.high == .infinity })
    // Where most seeds have diverged there is nothing to average.
    results.diverged = [[0, 0]: 5, [0, 1]: 5, [0, 2]: 5]
    #expect(panel([line], results).lines[0].isDiverged)
  }

  @Test func `a band of two standard errors follows from the deviation in standard errors`() {
    var root = Group()
    root.dimensions = [Dimension("t", .int64([1, 2, 3]))]
    root.variables = [
      Variable("mean", ["t"], .double([1.02, 0.99, 1])), Variable("z", ["t"], .double([4, -1, 0])),
    ]
    let line = Figure.Line(
      "normal", .blue, variable: "mean", along: "t",
      band: .standardErrors(from: 1, deviation: "z"))
    let panel = Figure.Panel("", x: .linear("t"), y: .linear("mean - 1"), lines: [line])
    let points = PanelData(
      panel, of: Figure("moments", "", panels: [panel]), document: Document(root: root),
      paper: PaperCurves()
    ).lines[0].points
    let expected = [(0.02, 0.01, 0.03), (-0.01, -0.03, 0.01), (0, 0, 0)]
    #expect(points.count == 3)
    for (point, (middle, low, high)) in zip(points, expected) {
      #expect(abs(point.middle - middle) < 1e-12)
      #expect(abs(point.low - low) < 1e-12 && abs(point.high - high) < 1e-12)
    }
  }

  @Test func `titles tell the largest values of lines`() {
    var results = SyntheticResults()
    results.cost = { _, contender, _, epoch in Double(contender + 1) / Double(epoch + 1) }
    let lines = [Figure.Line.contender("Adam", .red), .contender("AdaGrad", .blue)]
    let told = panel(
      lines, results,
      largest: [.init("Adam:", of: "Adam"), .init("stated", of: "AdaGrad"), .init("x", of: "none")])
    #expect(told.panel.title == "tuned; Adam: 1, stated 3")
    #expect(panel(lines, results).panel.title == "tuned")
  }

  @Test func `a seed that diverged at once never reaches a cost, one not run says nothing`() throws
  {
    var results = SyntheticResults()
    results.cost = { _, _, _, epoch in exp(-Double(epoch)) }
    results.diverged = [[0, 1]: 0]
    results.notRun = [[0, 4]]
    let data = panel([.contender("Adam", .red)], results, costLevels: [0.1])
    #expect(data.lines[0].diverged == [1])
    let place = try #require(CostLevels(data)?.places.first)
    #expect(place.high == .infinity)
    #expect(abs(place.middle - (log(10) + 1)) < 1e-9)
    results.diverged[[0, 4]] = 0
    results.notRun = []
    #expect(CostLevels(panel([.contender("Adam", .red)], results, costLevels: [0.1])) != nil)
    results.diverged = [[0, 0]: 0, [0, 1]: 0, [0, 2]: 0]
    #expect(CostLevels(panel([.contender("Adam", .red)], results, costLevels: [0.1])) == nil)
  }

  @Test func `passes to a cost are counted within each seed, and never is no place`() throws {
    var results = SyntheticResults()
    results.cost = { _, contender, seed, epoch in
      contender == 2 ? 1 : exp(-Double(epoch) / Double(contender + 1 + seed))
    }
    let lines = [
      Figure.Line.contender("Adam", .red), .contender("SGDNesterov", .green),
      .contender("AdaGrad", .blue),
    ]
    let levels = try #require(CostLevels(panel(lines, results, costLevels: [0.1, 1e-30])))
    let adam = try #require(levels.places.first)
    // Seed s is at 0.1 after (1 + s) ln 10 epochs, each the mean over the pass that follows.
    #expect(abs(adam.middle - (3 * log(10) + 1)) < 1e-9)
    #expect(abs(adam.low - (log(10) + 1)) < 1e-9 && abs(adam.high - (5 * log(10) + 1)) < 1e-9)
    #expect(
      levels.places.filter { $0.line == 2 || $0.level == 1 }.allSatisfy { $0.middle == .infinity })
    #expect(
      levels.text.hasPrefix("Passes to a cost of 0.1: Adam 7.91, SGDNesterov 10.2, AdaGrad never"))
    #expect(CostLevels(panel(lines, results)) == nil)
    #expect(CostLevels(panel(lines, results, costLevels: [1e-30])) == nil)
    let figure = Figure(
      "made-up", "", x: .linear("epoch"), y: .logarithmic("cost"), arms: [.tuned], lines: lines,
      costLevels: [0.1, 1e-30])
    let drawn = try Gnuplot().draw(figure, of: results.document, paper: PaperCurves())
    #expect(drawn.panels[0].contains("passes until the cost is there"))
    #expect(!drawn.panels[0].contains("as a ratio to"))
  }

  @Test func `very long names are shortened where they are drawn, and whole in the words`() throws {
    #expect("uncorrected 0.9, 0.999".shortened(to: 22) == "uncorrected 0.9, 0.999")
    #expect("uncorrected 0.9, 0.999".shortened(to: 10) == "uncorr…999")
    let long = String(repeating: "AdamWithAVeryLongName", count: 8)
    var results = SyntheticResults()
    results.contenders = [long, "SGDNesterov", "AdaGrad"]
    let figure = Figure(
      "made-up", "", x: .linear("epoch"), y: .logarithmic("cost"), arms: [.tuned],
      lines: [.contender(long, .red), .contender("AdaGrad", .blue)])
    let drawn = try Gnuplot().draw(figure, of: results.document, paper: PaperCurves())
    #expect(drawn.panels[0].contains("\(long): "))
    let words = drawn.panels[0].split(separator: "<text>").dropFirst()
      .map { $0.prefix { $0 != "/" }.count }
    #expect(words.allSatisfy { $0 < 80 })
    #expect(drawn.panels[0].contains("AdamWithAVery"))
  }

  @Test func `lines without a name have the colour of theirs, and references stay grey`() {
    func line(_ name: String, _ colour: Figure.Colour) -> Figure.Line {
      Figure.Line(name, colour, variable: "v", along: "t")
    }
    #expect(
      Palette.colours(of: [
        line("a", .red), line("b", .red), line("", .red), line("stated: a", .grey),
        line("stated: b", .grey),
      ]) == [.red, .blue, .red, .grey, .grey])
  }

  @Test func `what gnuplot writes gets smaller and says the same`() throws {
    let svg = """
      <?xml version="1.0" encoding="utf-8"  standalone="no"?>
      <svg 
       width="430" height="330"
       viewBox="0 0 430 330"
       xmlns="http://www.w3.org/2000/svg"
       xmlns:xlink="http://www.w3.org/1999/xlink"
      >

      <title>Gnuplot</title>
      <desc>Produced by GNUPLOT 5.4 patchlevel 4 </desc>
      <rect x="0" y="0" width="430" height="330" fill="#ffffff"/>
      <g fill="none" color="black" stroke="currentColor" stroke-width="1.00" stroke-linecap="butt" stroke-linejoin="miter">
      </g>
      \t<g id="gnuplot_plot_1" ><title>gnuplot_plot_1</title>
      <g fill="none" color="black" stroke="currentColor" stroke-width="2.00" stroke-linecap="butt" stroke-linejoin="miter">
      \t<path stroke='rgb(204,  76,   0)'  d='M54.53,225.00 L229.68,9.96 M-0.04,87.01  '/></g>
      \t</g>
      <text>3.16 at 68.25</text>
      </svg>
      """
    let drawn = GnuplotSVG(Array(svg.utf8))
    let file = String(decoding: drawn.file(title: "a < b", description: "d"), as: UTF8.self)
    #expect(file.contains("d='M54.5,225 L229.7,10 M-0,87  '"))
    #expect(file.contains("<text>3.16 at 68.25</text>"))
    #expect(file.contains("<title>a &lt; b</title>") && file.contains("<desc>d</desc>"))
    #expect(!file.contains("stroke-width=\"1.00\"") && file.contains("stroke-width=\"2.00\""))
    #expect(!file.contains("gnuplot_plot_1</title>"))
    #expect(file.count(where: { $0 == "\n" }) < 20)
    #expect(XMLParser(data: Data(file.utf8)).parse())
    let inline = drawn.inline(id: "x", title: "t", description: "d")
    #expect(inline.hasPrefix("<svg ") && inline.contains("viewBox=\"0 0 430 330\""))
    #expect(inline.contains("stroke='var(--c-red)'") && inline.contains("id=\"x-gnuplot_plot_1\""))
    #expect(!inline.contains("<rect"))
    #expect(XMLParser(data: Data(inline.utf8)).parse())
  }
}
