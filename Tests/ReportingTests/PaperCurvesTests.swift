import Reporting
import Storage
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

  @Test func `curves are read in order, with their source`() throws {
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

  @Test func `the line ends of Windows are fine`() throws {
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
  func `a bad file is refused with its line`(text: String, line: Int) throws {
    let error = #expect(throws: TableError.self) { try Self.read(text) }
    #expect(error?.line == line)
    #expect(error?.exitStatus == .badData)
  }

  /// Spot checks of the committed files against values read from the paper's figures.
  @Test(arguments: [
    ("mnist-logistic", "fig1a", "Adam", 10, 0.2798),
    ("mnist-logistic", "fig1a", "AdaGrad", 45, 0.4594),
    ("imdb-logistic", "fig1b", "Adagrad+dropout", 160, 0.250),
    ("mnist-mlp", "fig2a", "AdaDelta", 100, 0.0232),
    ("mnist-mlp-deterministic", "fig2b", "SFO", 0, 2.536),
    ("mnist-mlp-deterministic", "fig2b-walltime", "SFO", 5, 0.706),
    ("cifar-cnn", "fig3_left", "AdaGrad", 3, 1.219),
    ("cifar-cnn", "fig3_right", "SGDNesterov+dropout", 45, 0.034),
    ("vae-bias-correction", "fig4", "100 epochs, beta1=0.9, beta2=0.999, uncorrected", -3, 98.68),
  ])
  func `the committed curves have the values read from the paper's figures`(
    experiment: String, figure: String, curve: String, x: Int, y: Double
  ) throws {
    let path =
      #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
      + "/reproductions/\(experiment)/paper-curves.tsv"
    let curves = try PaperCurves(try FileContents.read(path))
    #expect(curves.comments.contains { $0.contains("Kingma & Ba 2015, arXiv 1412.6980v9") })
    let data = try #require(curves.curve(curve, of: figure)).data
    let point = try #require(data.first { $0.x == Double(x) })
    #expect(abs(point.y / y - 1) < 0.02)
    #expect(zip(data, data.dropFirst()).allSatisfy { $0.x < $1.x })
  }
}
