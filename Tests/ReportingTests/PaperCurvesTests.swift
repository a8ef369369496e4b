import Reporting
import Testing

@Suite struct PaperCurvesTests {
  private static func read(_ text: String) throws -> PaperCurves {
    try PaperCurves(Array(text.utf8))
  }

  private static let small = """
    # source: Kingma & Ba 2015, arXiv 1412.6980v9, vector paths of figure 1 (left)
    figure\tcurve\tx\ty\tnote
    fig1a\tAdaGrad\t5.107\t0.7658\tclip
    fig1a\tAdaGrad\t6\t0.73175\t-
    fig1a\tAdam\t0\t0.71177\t-
    fig1b\tAdam\t-3.522879\t400\tfailed

    """

  @Test func readsCurvesInOrderWithTheirSource() throws {
    let curves = try Self.read(Self.small)
    #expect(
      curves.comments == [
        "source: Kingma & Ba 2015, arXiv 1412.6980v9, vector paths of figure 1 (left)"
      ])
    #expect(curves.curves(of: "fig1a").map(\.name) == ["AdaGrad", "Adam"])
    let adaGrad = try #require(curves.curve("AdaGrad", of: "fig1a"))
    #expect(adaGrad.points.count == 2)
    #expect(adaGrad.data == [PaperCurves.Point(x: 6, y: 0.73175)])
    let failed = try #require(curves.curve("Adam", of: "fig1b"))
    #expect(failed.data.isEmpty)
    #expect(failed.points == [PaperCurves.Point(x: -3.522879, y: 400, note: .failed)])
  }

  @Test func windowsLineEndsAreFine() throws {
    let text = Self.small.split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "\r\n")
    #expect(try Self.read(text) == Self.read(Self.small))
  }

  @Test(arguments: [
    ("", 1), ("# only a comment\n", 1), ("figure\tcurve\tx\ty\n", 1),
    ("figure\tcurve\tx\ty\tnote\nfig1a\tAdam\t1\t2\n", 2),
    ("figure\tcurve\tx\ty\tnote\nfig1a\tAdam\tone\t2\t-\n", 2),
    ("figure\tcurve\tx\ty\tnote\nfig1a\tAdam\tnan\t2\t-\n", 2),
    ("figure\tcurve\tx\ty\tnote\nfig1a\tAdam\t1\t2\tperhaps\n", 2),
    ("figure\tcurve\tx\ty\tnote\nf\ta\t1\t2\t-\nf\tb\t1\t2\t-\nf\ta\t2\t2\t-\n", 4),
  ])
  func badFilesNameTheLine(text: String, line: Int) throws {
    let error = #expect(throws: PaperCurvesError.self) { try Self.read(text) }
    #expect(error?.line == line)
    #expect(error?.exitStatus == .badData)
  }
}
